// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

func summaries(problems []filter.Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Summary)
	}
	return strings.Join(all, "; ")
}

// TestErrorsAreInOrder has a fault that is seen at the end of the text before
// one that is seen on the way.
func TestErrorsAreInOrder(t *testing.T) {
	got := summaries(errorsOf(t, `creatd_at > now and (url matches "a"`))
	if want := "Unknown filter field; Open parenthesis; Unknown filter operator"; got != want {
		t.Errorf("the errors are %s, want %s", got, want)
	}
}

// TestWarningsAreInOrder has a warning that is seen late before one that is seen
// early.
func TestWarningsAreInOrder(t *testing.T) {
	errs, warnings := filter.Check(`url like "a" and not url = "b\"" or url like "c"`)
	want := `Wildcards of like; Negation; Escape in a quoted string; Precedence of "and" and "or"`
	if got := summaries(warnings); got != want || len(errs) > 0 {
		t.Errorf("warnings %s and errors %v, want %s", got, errs, want)
	}
}

// TestErrorsAreBounded tries as many faults as are shown, and one more.
func TestErrorsAreBounded(t *testing.T) {
	for faults, want := range map[int]int{1: 1, 9: 9, 10: 10, 11: 10, 1000: 10} {
		text := strings.TrimSuffix(strings.Repeat(`creatd_at > now and `, faults), " and ")
		if n := len(errorsOf(t, text)); n != want {
			t.Errorf("%d errors for %d faults, want %d", n, faults, want)
		}
	}
}

// TestWarningsAreBounded has many warnings of two kinds.
func TestWarningsAreBounded(t *testing.T) {
	text := strings.TrimSuffix(strings.Repeat(`url like "%a%" or created_at = "2024-01-01" or `, 1000), " or ")
	_, warnings := filter.Check(text)
	if got, want := summaries(warnings), "Wildcards of like; Equality with a date without a time"; got != want {
		t.Errorf("the warnings are %s, want %s", got, want)
	}
}

// TestLengthIsBounded tries the longest filter, and one byte more.
func TestLengthIsBounded(t *testing.T) {
	for length, want := range map[int]string{65535: "", 65536: "", 65537: "Filter too long"} {
		for _, parts := range [][2]string{{`url = "`, `"`}, {`[{"field":"url","op":"eq","value":"`, `"}]`}} {
			text := parts[0] + strings.Repeat("x", length-len(parts[0]+parts[1])) + parts[1]
			errs, _ := filter.Check(text)
			if got := summaries(errs); got != want {
				t.Errorf("%d bytes: %q, want %q", length, got, want)
			}
		}
	}
}

// TestDepthIsBounded tries the deepest filter, and one group more, in both forms.
func TestDepthIsBounded(t *testing.T) {
	for depth, want := range map[int]string{63: "", 64: "", 65: "Filter nests too deeply"} {
		for form, text := range map[string]string{
			"string": strings.Repeat("(", depth) + `url = "a"` + strings.Repeat(")", depth),
			"JSON":   strings.Repeat(`{"or":[`, depth) + `{"field":"url","op":"isnull"}` + strings.Repeat("]}", depth),
			"not":    strings.Repeat(`{"not":`, depth) + `{"field":"url","op":"isnull"}` + strings.Repeat("}", depth),
			"array":  strings.Repeat(`[`, depth) + `{"field":"url","op":"isnull"}` + strings.Repeat("]", depth),
		} {
			errs, _ := filter.Check(text)
			if got := summaries(errs); got != want {
				t.Errorf("%d groups in the form %s: %q, want %q", depth, form, got, want)
			}
		}
	}
}

// TestCaretsAreUnderTheWords looks at the columns, for lines of every length and
// scripts of several widths in bytes.
func TestCaretsAreUnderTheWords(t *testing.T) {
	for n := range 200 {
		for _, letter := range []string{"x", "ż", "日"} {
			padding := strings.Repeat(letter, n)
			p := errorsOf(t, `url = "`+padding+`" and creatd_at > now and url != "`+padding+`"`)[0]
			lines := strings.Split(p.Detail, "\n")
			shown, carets := []rune(lines[0]), strings.TrimLeft(lines[1], " ")
			at := len(lines[1]) - len(carets)
			if got := string(shown[at : at+len(carets)]); got != "creatd_at" {
				t.Fatalf("the carets are under %q:\n%s\n%s", got, lines[0], lines[1])
			}
			if len(shown) > 70 {
				t.Fatalf("the line has %d columns:\n%s", len(shown), lines[0])
			}
		}
	}
}

// TestExcerptWidth tries lines of exactly the width that is shown whole, and one
// character more.
func TestExcerptWidth(t *testing.T) {
	tests := []struct {
		length       int
		begin, after string
	}{
		{67, `  url`, `x"`}, {68, `  url`, `x"`}, {69, `  url`, `x…`},
	}
	for _, test := range tests {
		text := `url == "` + strings.Repeat("x", test.length-9) + `"`
		line, _, _ := strings.Cut(errorsOf(t, text)[0].Detail, "\n")
		if utf8.RuneCountInString(line) != min(test.length, 68)+2 || !strings.HasPrefix(line, test.begin) || !strings.HasSuffix(line, test.after) {
			t.Errorf("a line of %d characters is shown as\n%s", test.length, line)
		}
	}
}

// TestExcerptContext tries words at the last place that moves nothing, and one
// character behind it.
func TestExcerptContext(t *testing.T) {
	for before, begin := range map[int]string{23: `url`, 24: `url`, 25: `…l`, 26: `…`} {
		text := `url = "` + strings.Repeat("x", before-12) + `" or bad = "` + strings.Repeat("x", 60) + `"`
		want := `  ` + begin + ` = "` + strings.Repeat("x", before-12) + `" or bad`
		line, _, _ := strings.Cut(errorsOf(t, text)[0].Detail, "\n")
		if !strings.HasPrefix(line, want) {
			t.Errorf("with %d characters before the word:\n%s\nwant\n%s", before, line, want)
		}
	}
}

// TestNothingFollowsABrokenStructure has faults and unspecified words behind the
// place at which reading stops.
func TestNothingFollowsABrokenStructure(t *testing.T) {
	for _, text := range []string{
		`url in ["a" = "b"] and creatd_at like "c"`, `url = "a", creatd_at like "c"`, `"url" = "a" and url like "b"`,
		`url = "a") and url like "b"`, `url in ("a") and url like "b"`, `url is "a" and url like "b"`,
		strings.Repeat("(", 65) + `url like "b"`, `url between "a" and "b" and url like "c"`,
	} {
		errs, warnings := filter.Check(text)
		if len(errs) != 1 || len(warnings) != 0 {
			t.Errorf("%s\nerrors %s\nwarnings %s", text, summaries(errs), summaries(warnings))
		}
	}
}

// TestNegations wants the operator that selects the rest for each operator.
func TestNegations(t *testing.T) {
	for condition, want := range map[string]string{
		`created_at = now`: "ne", `created_at != now`: "eq", `created_at < now`: "gte", `created_at >= now`: "lt", `created_at > now`: "lte", `created_at <= now`: "gt",
		`url in ["a"]`: "nin", `url nin ["a"]`: "in", `url isnull`: "isnotnull", `url isnotnull`: "isnull", `url is null`: "isnotnull",
	} {
		_, warnings := filter.Check("not " + condition)
		if len(warnings) != 1 || !strings.HasSuffix(warnings[0].Detail, " Use "+want+" instead.") {
			t.Errorf("not %s: %v, want the advice to use %s", condition, warnings, want)
		}
	}
}

// TestQuotedLength tries names of the length that is quoted whole, and one
// character more.
func TestQuotedLength(t *testing.T) {
	for length, want := range map[int]string{39: strings.Repeat("ż", 39), 40: strings.Repeat("ż", 40), 41: strings.Repeat("ż", 39) + "…"} {
		p := errorsOf(t, strings.Repeat("ż", length)+` = "a"`)[0]
		if !strings.Contains(p.Detail, `"`+want+`"`) {
			t.Errorf("a name of %d characters is quoted as\n%s", length, p.Detail)
		}
	}
}

// TestWholeLine has a fault at the end of the longest line that is shown whole,
// and of one that is a character longer.
func TestWholeLine(t *testing.T) {
	for length, want := range map[int]string{68: `  url = "`, 69: `  …`} {
		text := `url = "` + strings.Repeat("x", length-21) + `" or bad = "a"`
		line, _, _ := strings.Cut(errorsOf(t, text)[0].Detail, "\n")
		if utf8.RuneCountInString(text) != length || !strings.HasPrefix(line, want) {
			t.Errorf("a line of %d characters is shown as\n%s", utf8.RuneCountInString(text), line)
		}
	}
}
