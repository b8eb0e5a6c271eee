// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest/eval"
)

var (
	guideCode    = regexp.MustCompile("(?s)```terraform\n(.*?)```")
	guideWebhook = regexp.MustCompile("(?m)^\\| ([0-9]+) \\| `(https://[^`]+)` \\| `([^`]+)` \\|$")
	guideResult  = regexp.MustCompile(`(?m)^Selects ([0-9, ]+)\.`)
	guideSource  = regexp.MustCompile(`data "kanbert_webhooks" "([a-z_]+)"`)
)

// TestFiltersGuide applies all code of the guide and holds each worked example,
// in both forms, to the result that the guide shows, and to the examples of
// package eval.
func TestFiltersGuide(t *testing.T) {
	t.Parallel()
	guide := readFile(t, "../../templates/guides/filters.md.tmpl")
	now := time.Date(2024, 5, 15, 12, 0, 0, 0, time.UTC) // as the guide says
	s := kanberttest.Start(t, kanberttest.WithClock(func() time.Time { return now }))
	urls := map[string]string{}
	for _, row := range guideWebhook.FindAllStringSubmatch(guide, -1) {
		created, err := time.Parse(time.RFC3339, row[3])
		if err != nil {
			t.Fatal(err)
		}
		urls[row[1]] = row[2]
		s.Seed(kanberttest.Webhook{URL: row[2], CreatedAt: created})
	}

	want := guideResults(t, guide, urls)
	var config strings.Builder
	for _, block := range guideCode.FindAllStringSubmatch(guide, -1) {
		config.WriteString(block[1])
	}
	for name := range want {
		fmt.Fprintf(&config, "output %q {\n  value = data.kanbert_webhooks.%s.webhooks[*].url\n}\n", name, name)
	}
	w := newWorkspace(t, configFor(s, config.String()))
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil || !onlyOverridesWarned(out) {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, got := range outputs(t, w) {
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s selects %q, want %q", name, got, want[name])
		}
	}
	wantFiltersSent(t, s)
}

// guideResults gives the URLs that the guide says each data source of a worked
// example selects, sorted. Each example has two.
func guideResults(t *testing.T, guide string, urls map[string]string) map[string][]string {
	t.Helper()
	_, examples, _ := strings.Cut(guide, "\n## Worked examples\n")
	examples, _, _ = strings.Cut(examples, "\n## ")
	want := map[string][]string{}
	sections := strings.Split(examples, "\n### ")[1:]
	for _, section := range sections {
		names, result := guideSource.FindAllStringSubmatch(section, -1), guideResult.FindStringSubmatch(section)
		if len(names) != 2 || result == nil {
			t.Fatalf("an example without two data sources and a result:\n%s", section)
		}
		var selected []string
		for number := range strings.SplitSeq(result[1], ", ") {
			selected = append(selected, urls[number])
		}
		slices.Sort(selected)
		want[names[0][1]], want[names[1][1]] = selected, selected
	}
	if len(want) != 20 {
		t.Fatalf("%d data sources in %d examples, want 20 in 10", len(want), len(sections))
	}
	return want
}

// wantFiltersSent wants each worked example of package eval to have been
// sent twice, once in each form.
func wantFiltersSent(t *testing.T, s *kanberttest.Sandbox) {
	t.Helper()
	sent := map[string]map[bool]bool{}
	for _, r := range s.Requests() {
		text := r.Query.Get("filter")
		if text == "" {
			continue
		}
		f, err := eval.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if sent[f.JSON()] == nil {
			sent[f.JSON()] = map[bool]bool{}
		}
		isJSON := strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{")
		sent[f.JSON()][isJSON] = true
	}
	for line := range strings.Lines(readFile(t, "../kanberttest/eval/testdata/examples.txt")) {
		if example, ok := strings.CutPrefix(line, "json:"); ok {
			if forms := sent[strings.TrimSpace(example)]; !forms[true] || !forms[false] {
				t.Errorf("the guide does not show both forms of %s", strings.TrimSpace(example))
			}
		}
	}
}

// outputs gives the outputs of a workspace that are lists of strings.
func outputs(t *testing.T, w *workspace) map[string][]string {
	t.Helper()
	var values map[string]struct{ Value []string }
	if err := w.ReadJSON(t.Context(), &values, "output", "-json"); err != nil {
		t.Fatal(err)
	}
	lists := map[string][]string{}
	for name, output := range values {
		lists[name] = output.Value
	}
	return lists
}

// onlyOverridesWarned reports whether the CLI's warning of development overrides
// is the only one.
func onlyOverridesWarned(out string) bool {
	return strings.Count(out, "Warning: ") == strings.Count(out, "Warning: Provider development overrides")
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
