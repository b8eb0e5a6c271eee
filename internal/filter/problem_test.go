// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// TestPlaces cuts the offending words out of the text by what the problem says.
func TestPlaces(t *testing.T) {
	tests := []struct{ text, words string }{
		{`url = "zażółć" and creatd_at > now`, `creatd_at`},
		{"url = \"日本語\"\n\tand url matches '😀'", `matches`},
		{`url = "a" and źródło = "b"`, `źródło`},
		{`created_at > "złoty"`, `"złoty"`},
		{`[{"field":"url","op":"eq","value":"ż"},{"field":"url","op":"łike","value":"a"}]`, `"łike"`},
		{`[{"field":"url","op":"eq","value":"\u017c"},{"field":"źle","op":"eq","value":"a"}]`, `"źle"`},
		{`[{"field":"url",ż}]`, `ż`},
		{`url contains`, ``},
	}
	for _, test := range tests {
		p := refusalOf(t, test.text)[0]
		if got := test.text[p.Offset : p.Offset+p.Length]; got != test.words {
			t.Errorf("%s: the problem is at %q, want %q", test.text, got, test.words)
		}
	}
}

func TestProblemsAsError(t *testing.T) {
	_, _, err := filter.Parse("creatd_at > now and url matches 'a'")
	var first *filter.Problem
	if !errors.As(err, &first) || first.Offset != 0 {
		t.Fatalf("errors.As finds %v, want the first problem", first)
	}
	for _, want := range []string{"Unknown filter field", "Unknown filter operator", "^^^^^^^^^", "created_at", "contains"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in the error's text:\n%v", want, err)
		}
	}
}

// TestProblemsAreInOrder has a fault that is seen while reading behind one that
// is seen while checking.
func TestProblemsAreInOrder(t *testing.T) {
	problems := refusalOf(t, `creatd_at > now and (url matches "a"`)
	for i := 1; i < len(problems); i++ {
		if problems[i].Offset < problems[i-1].Offset {
			t.Errorf("%q is behind %q", problems[i].Summary, problems[i-1].Summary)
		}
	}
	if len(problems) != 3 {
		t.Errorf("%d problems, want 3", len(problems))
	}
}

// TestWarningsAreInOrder has a doubt that is seen while reading behind one that
// is seen while checking.
func TestWarningsAreInOrder(t *testing.T) {
	_, warnings, err := filter.Parse(`url like "a" and not url = "b"`)
	if err != nil || len(warnings) != 2 || warnings[0].Offset > warnings[1].Offset {
		t.Errorf("warnings %v and error %v, want two warnings in order", warnings, err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	text := strings.TrimSuffix(strings.Repeat(`creatd_at > now and `, 1000), " and ")
	if n := len(refusalOf(t, text)); n != 10 {
		t.Errorf("%d problems, want 10", n)
	}
}

// TestWarningsAreBounded has many doubts of two kinds.
func TestWarningsAreBounded(t *testing.T) {
	text := strings.TrimSuffix(strings.Repeat(`url like "%a%" or created_at = "2024-01-01" or `, 1000), " or ")
	_, warnings, err := filter.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 2 || warnings[0].Offset > warnings[1].Offset {
		t.Errorf("%d warnings, want one of each kind, in order", len(warnings))
	}
}

// TestCaretsStayUnderWords looks at the columns, for lines of every length.
func TestCaretsStayUnderWords(t *testing.T) {
	for n := range 200 {
		padding := strings.Repeat("x", n)
		p := refusalOf(t, `url = "`+padding+`" and creatd_at > now and url != "`+padding+`"`)[0]
		lines := strings.Split(p.Detail, "\n")
		at := strings.Index(lines[1], "^")
		shown := []rune(lines[0])
		if got := string(shown[at : at+len("creatd_at")]); got != "creatd_at" {
			t.Fatalf("the carets are under %q:\n%s\n%s", got, lines[0], lines[1])
		}
		if len(shown) > 72 {
			t.Fatalf("the line has %d columns:\n%s", len(shown), lines[0])
		}
	}
}
