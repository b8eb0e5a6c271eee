// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// seeds are filters of every kind, beside those of the golden files.
var seeds = []string{
	`url eq "a\"b"`, `url eq "a\"`, `url in ["a", 'b']`, `url in [`, `()`, `and`, `or or`, `created_at > "last monday"`,
	"url = \"zażółć\"\n\tand źle = 1", "url = \"日本\xff\"", "url = \"\x00\u202e\"", "\u202e\n\xff",
	`[{}]`, `[`, `{"and":[]}`, `[1, "a", null, true]`, `{"not":{"and":{}}}`, `{"and":[{"field":"url","op":"in","value":["a",["b"]]}]}`,
	`[{"field":"url","op":"eq","value":"\ud800\u0000\\\"'"}]`, `[{"field":"url","op":"eq","value":1e999}]`,
}

func addSeeds(f *testing.F) {
	for _, text := range append(seeds, accepted...) {
		f.Add(text)
	}
	for _, cases := range [][]textCase{refused, warned} {
		for _, c := range cases {
			if len(c.text) < 1000 {
				f.Add(c.text)
			}
		}
	}
}

// FuzzCheck holds what Check promises of every text: it comes back, each problem
// has a proper text, and what is accepted as JSON is JSON.
func FuzzCheck(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		errs, warnings := filter.Check(text)
		trimmed := strings.TrimSpace(text)
		if isJSON := strings.HasPrefix(trimmed, "[") || strings.HasPrefix(trimmed, "{"); isJSON && len(errs) == 0 && !json.Valid([]byte(text)) {
			t.Error("broken JSON is accepted")
		}
		if len(errs) > 10 || len(warnings) > 20 {
			t.Errorf("%d errors and %d warnings", len(errs), len(warnings))
		}
		for _, p := range append(warnings, errs...) {
			checkProblem(t, text, p)
		}
	})
}

func checkProblem(t *testing.T, text string, p filter.Problem) {
	t.Helper()
	if p.Summary == "" || strings.Contains(p.Summary, "\n") || p.Detail == "" {
		t.Errorf("a problem without a proper text: %q, %q", p.Summary, p.Detail)
	}
	if strings.Contains(p.Detail, "%!") && !strings.Contains(text, "%!") {
		t.Errorf("%s: the detail is formatted wrongly: %q", p.Summary, p.Detail)
	}
	if !utf8.ValidString(p.Detail) {
		t.Errorf("%s: the detail is not UTF-8: %q", p.Summary, p.Detail)
	}
	if lines := strings.Split(p.Detail, "\n"); len(lines) > 4 {
		t.Errorf("%s: %d lines", p.Summary, len(lines))
	}
}

// FuzzSort holds what CheckSort promises of every entry.
func FuzzSort(f *testing.F) {
	for _, c := range sortRefused {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		if p := filter.CheckSort(entry); p != nil {
			checkProblem(t, entry, *p)
		}
	})
}
