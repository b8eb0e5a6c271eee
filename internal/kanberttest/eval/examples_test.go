// SPDX-License-Identifier: MPL-2.0

package eval_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest/eval"
)

// example is one worked example: a filter in both forms and what it selects.
type example struct {
	title, text, json string
	urls              []string
}

// examples is the content of testdata/examples.txt.
type examples struct {
	now     time.Time
	records []eval.Record
	list    []example
}

// readExamples reads lines of "key: value".
func readExamples(t *testing.T) examples {
	t.Helper()
	data, err := os.ReadFile("testdata/examples.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all examples
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		last := len(all.list) - 1
		switch key {
		case "now":
			all.now = instant(t, value)
		case "record":
			created, url, _ := strings.Cut(value, " ")
			all.records = append(all.records, eval.Record{URL: url, CreatedAt: instant(t, created)})
		case "example":
			all.list = append(all.list, example{title: value})
		case "string":
			all.list[last].text = value
		case "json":
			all.list[last].json = value
		case "url":
			all.list[last].urls = append(all.list[last].urls, value)
		default:
			t.Fatalf("unknown key in %q", line)
		}
	}
	return all
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// selected gives the URLs of the records that text selects, sorted.
func selected(t *testing.T, text string, records []eval.Record, now time.Time) []string {
	t.Helper()
	f, err := eval.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var urls []string
	for _, r := range records {
		if f.Match(r, now) {
			urls = append(urls, r.URL)
		}
	}
	slices.Sort(urls)
	return urls
}

func TestExamples(t *testing.T) {
	all := readExamples(t)
	if len(all.list) != 10 {
		t.Errorf("%d examples, want 10", len(all.list))
	}
	for _, e := range all.list {
		t.Run(e.title, func(t *testing.T) {
			for _, text := range []string{e.text, e.json} {
				if got := selected(t, text, all.records, all.now); !slices.Equal(got, e.urls) {
					t.Errorf("%s\nselects %q\nwant    %q", text, got, e.urls)
				}
			}
			f, err := eval.Parse(e.text)
			if err != nil {
				t.Fatal(err)
			}
			if f.JSON() != e.json {
				t.Errorf("JSON() = %s\nwant     %s", f.JSON(), e.json)
			}
			if f.String() != e.text {
				t.Errorf("String() = %s\nwant       %s", f.String(), e.text)
			}
		})
	}
}

// TestGuideShowsTheExamples holds the guide's records and results to those of
// the worked examples.
func TestGuideShowsTheExamples(t *testing.T) {
	data, err := os.ReadFile("../../../templates/guides/filters.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	guide, all := string(data), readExamples(t)
	numbers := map[string]string{}
	for i, r := range all.records {
		number := strconv.Itoa(i + 1)
		row := "\n| " + number + " | `" + r.URL + "` | `" + r.CreatedAt.Format(time.RFC3339) + "` |\n"
		if !strings.Contains(guide, row) {
			t.Errorf("the guide does not show%s", row)
		}
		numbers[r.URL] = number
	}
	if now := all.now.Format("Monday, 2 January 2006"); !strings.Contains(guide, now) {
		t.Errorf("the guide does not say that it is %s", now)
	}

	_, section, _ := strings.Cut(guide, "\n## Worked examples\n")
	section, _, _ = strings.Cut(section, "\n## ")
	shown := strings.Split(section, "\n### ")[1:]
	if len(shown) != len(all.list) {
		t.Fatalf("the guide shows %d examples, want %d", len(shown), len(all.list))
	}
	for i, e := range all.list {
		var selects []string
		for _, url := range e.urls {
			selects = append(selects, numbers[url])
		}
		slices.Sort(selects)
		result := "\nSelects " + strings.Join(selects, ", ") + "."
		if title, _, _ := strings.Cut(shown[i], "\n"); title != e.title {
			t.Errorf("example %d has the title %q, want %q", i+1, title, e.title)
		}
		if !strings.Contains(shown[i], result) {
			t.Errorf("example %q does not say %q", e.title, strings.TrimSpace(result))
		}
	}
}
