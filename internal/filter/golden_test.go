// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

var update = flag.Bool("update", false, "write the golden files anew")

// textCase is a text to parse. Its name is its section in the golden file.
type textCase struct{ name, text string }

// render writes problems as a golden file shows them.
func render(problems []filter.Problem) string {
	var out strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&out, "%s\n%s\n\n", p.Summary, p.Detail)
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// compareGolden holds what problems says of each case to the case's section in
// testdata/NAME.golden.
func compareGolden(t *testing.T, name string, cases []textCase, problems func(t *testing.T, text string) []filter.Problem) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	want := readGolden(t, path)
	var all strings.Builder
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := render(problems(t, c.text))
			fmt.Fprintf(&all, "=== %s\n%s\n", c.name, got)
			if !*update && got != want[c.name] {
				t.Errorf("%s\n--- got\n%s--- want\n%s", c.text, got, want[c.name])
			}
			delete(want, c.name)
		})
	}
	if *update {
		if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name := range want {
		t.Errorf("%s has a section %q that no case owns", path, name)
	}
}

// readGolden splits a golden file into its sections.
func readGolden(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && (!*update || !errors.Is(err, os.ErrNotExist)) {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, section := range strings.Split("\n"+string(data), "\n=== ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name] = strings.TrimRight(text, "\n") + "\n"
	}
	return sections
}

// errorsOf checks text, which must be refused, and returns its errors.
func errorsOf(t *testing.T, text string) []filter.Problem {
	t.Helper()
	errs, _ := filter.Check(text)
	if len(errs) == 0 {
		t.Errorf("Check(%q) returns no error", text)
	}
	return errs
}

func TestRefusals(t *testing.T) {
	compareGolden(t, "refused", refused, errorsOf)
}

var refused = []textCase{
	// Fields.
	{"field: typing error", `creatd_at > now`},
	{"field: capitals", `URL contains "acme"`},
	{"field: habit", `endpoint contains "acme"`},
	{"field: event", `event = "contact:create"`},
	{"field: project_id", `url contains "acme" and project_id = "42"`},
	{"field: client_id", `client_id in ["42"]`},
	{"field: id", `id = "0190"`},
	{"field: is_active", `is_active = 1`},
	{"field: of another resource", `client.name contains "Corp"`},
	{"field: missing", `contains "acme"`},
	{"field: missing before sign", `= "acme"`},
	{"field: quoted", `"url" = "acme"`},
	{"field: JSON", `[{"field":"uri","op":"eq","value":"a"}]`},
	{"field: JSON, empty", `[{"field":"","op":"eq","value":"a"}]`},

	// Operators.
	{"operator: unknown", `url matches "acme"`},
	{"operator: typing error", `url contians "acme"`},
	{"operator: typing error in another letter case", `url StartWith "https://"`},
	{"operator: sign", `url == "acme"`},
	{"operator: sign of another language", `created_at <> today`},
	{"operator: of strings on a date", `created_at contains "2024"`},
	{"operator: of dates on a string", `url > "a"`},
	{"operator: missing", `url`},
	{"operator: missing before value", `url "acme"`},
	{"operator: is with a value", `url is "acme"`},
	{"operator: is not with a value", `url is not "acme"`},
	{"operator: JSON", `[{"field":"created_at","op":"before","value":"now"}]`},
	{"operator: JSON is", `[{"field":"url","op":"is","value":null}]`},
	{"operator: between", `created_at BETWEEN "2024-01-01" and "2024-02-01"`},
	{"operator: JSON between", `[{"field":"created_at","op":"between","value":["2024-01-01","2024-02-01"]}]`},
	{"operator: two words", `url starts with "https://"`},
	{"operator: two words, in capitals", `url Ends With "/hook"`},
	{"operator: two words for a sign", `created_at older than today-30d`},
	{"operator: is in", `url is in ["a"]`},
	{"operator: order", `created_at desc`},
	{"operator: order behind a condition", `url contains "acme" and created_at asc`},
	{"operator: unknown field and operator", `event matches "contact"`},

	// Values.
	{"value: missing", `url contains`},
	{"value: missing before and", `url contains and created_at > now`},
	{"value: missing in the first of two lines", "url contains\nand created_at > now"},
	{"value: JSON, missing", `[{"field":"url","op":"contains"}]`},
	{"value: without quotes", `url contains acme`},
	{"value: without quotes, with a query", `url = https://example.com/hook?a=b&c=d`},
	{"value: in curly quotes", `url contains “acme corp”`},
	{"value: special, for a string", `url contains today`},
	{"value: me.id", `url = me.id`},
	{"value: me.id for a date", `created_at = me.id`},
	{"value: number for a string", `url contains 42`},
	{"value: number for a date", `created_at > 1704067200`},
	{"value: list for one value", `url = ["a", "b"]`},
	{"value: one value for a list", `url in "a"`},
	{"value: null", `url = null`},
	{"value: null in a list", `url in ["a", null]`},
	{"value: behind isnull", `url isnull "a"`},
	{"value: JSON boolean", `[{"field":"url","op":"eq","value":true}]`},
	{"value: JSON object", `[{"field":"url","op":"eq","value":{"a":1}}]`},
	{"value: JSON list inside a list", `[{"field":"url","op":"in","value":["a",["b"]]}]`},
	{"value: JSON number", `[{"field":"url","op":"eq","value":42}]`},
	{"value: JSON value behind notnull", `[{"field":"url","op":"notnull","value":"a"}]`},

	// Lists.
	{"list: empty", `url in []`},
	{"list: empty, of nin", `url nin []`},
	{"list: JSON, empty", `[{"field":"created_at","op":"in","value":[]}]`},
	{"list: in parentheses", `url in ("a", "b")`},
	{"list: open", `url in ["a", "b"`},
	{"list: open before and", `url in ["a" and created_at > now`},
	{"list: open before not", `url in ["a" not "b"]`},
	{"list: open before parenthesis", `(url in ["a")`},
	{"list: keyword inside", `url in [and]`},
	{"list: missing comma", `url in ["a" "b"]`},
	{"list: comma at the end", `url in ["a", ]`},
	{"list: comma at the begin", `url in [, "a"]`},
	{"list: sign inside", `url in ["a" = "b"]`},

	// Dates.
	{"date: a word", `created_at > "acme"`},
	{"date: empty", `created_at > ""`},
	{"date: month 13", `created_at > "2024-13-01"`},
	{"date: 30 February", `created_at >= "2024-02-30"`},
	{"date: hour 25", `created_at >= "2024-02-01 25:00:00"`},
	{"date: minute 60", `created_at >= "2024-02-01T12:60:00Z"`},
	{"date: second 61", `created_at >= "2024-02-01T12:00:61Z"`},
	{"date: without quotes", `created_at > 2024-01-01`},
	{"date: without quotes, from 0", `created_at > 0999-01-01`},
	{"date: without quotes, from 9", `created_at > 9999-01-01`},
	{"date: JSON", `[{"field":"created_at","op":"in","value":["2024-01-01T00:00:00Z","soon"]}]`},
	{"date: unknown special value", `created_at > todya`},
	{"date: yesterday", `created_at > yesterday`},
	{"date: a word that ends in a digit", `created_at > q3`},
	{"date: a letter", `created_at > x`},
	{"backslash: wrong in both readings", `url = "a\" or`},
	{"date: days from now", `created_at > now-3d`},
	{"date: weeks", `created_at > today-2w`},
	{"date: days without d", `created_at > today-30`},
	{"date: too many days", `created_at > today-1000000d`},
	{"date: JSON, special value with a typing error", `[{"field":"created_at","op":"gt","value":"todya"}]`},
	{"date: offset with spaces", `created_at > today - 30d`},
	{"date: offset with a space before the sign", `created_at > today -30d`},
	{"date: offset with a space before the unit", `created_at > today-30 d`},

	// Structure.
	{"structure: empty", ``},
	{"structure: white space", " \n\t"},
	{"structure: byte order mark", "\ufeff" + `[{"field":"url","op":"isnull"}]`},
	{"structure: no-break space", "url contains\u00a0\"acme\""},
	{"structure: open double quote", `url contains "acme and created_at > now`},
	{"structure: open single quote", `url contains 'acme`},
	{"structure: open parenthesis", `url contains "acme" and (created_at > now or url = "a"`},
	{"structure: closing parenthesis", `url contains "acme")`},
	{"structure: closing bracket", `url contains "acme"]`},
	{"structure: closing parenthesis first", `) url = "a"`},
	{"structure: closing bracket first", `]`},
	{"structure: closing bracket in parentheses", `(]`},
	{"structure: empty parentheses", `url contains "acme" or ()`},
	{"structure: and at the end", `url contains "acme" and`},
	{"structure: or at the begin", `or url contains "acme"`},
	{"structure: and twice", `url contains "acme" and and created_at > now`},
	{"structure: only not", `not`},
	{"structure: missing and", `url contains "acme" created_at > now`},
	{"structure: missing and behind a list", `url in ["a"] created_at > now`},
	{"structure: missing and behind parentheses", `(url = "a") (url = "b")`},
	{"structure: ampersands", `url contains "acme" && created_at > now`},
	{"structure: comma between conditions", `url contains "acme", created_at > now`},
	{"structure: two faults", "creatd_at > now\nor url matches 'a'"},

	// Bounds.
	{"bound: length", strings.Repeat("(", 1<<20)},
	{"bound: length of JSON", strings.Repeat("[", 1<<20)},
	{"bound: parentheses", strings.Repeat("(", 65) + `url = "a"` + strings.Repeat(")", 65)},
	{"bound: open parentheses", strings.Repeat("(", 8_000)},
	{"bound: brackets", `url in ` + strings.Repeat("[", 8_000)},
	{"bound: JSON", strings.Repeat("[", 8_000)},
	{"bound: JSON objects", strings.Repeat(`{"and":[`, 8_000)},

	// JSON.
	{"JSON: open array", `[{"field":"url","op":"eq","value":"a"}`},
	{"JSON: open array, and a line break", "[\n  {\"field\":\"url\"}\n"},
	{"JSON: open string", `[{"field":"url","op":"eq","value":"a}]`},
	{"JSON: comma too many", `[{"field":"url","op":"eq","value":"a"},]`},
	{"JSON: single quotes", `[{'field':'url'}]`},
	{"JSON: curly quotes", `[{“field”:"url"}]`},
	{"JSON: inside not", `{"not":[{"field":"uri","op":"isnull"}]}`},
	{"JSON: inside the second of two groups", `{"and":[{"field":"url","op":"isnull"}],"or":[{"field":"event","op":"isnull"}]}`},
	{"JSON: equals sign", `{"field"="url"}`},
	{"JSON: character of several bytes", `[{"field":"url",ż}]`},
	{"JSON: missing comma", `[{"field":"url" "op":"eq"}]`},
	{"JSON: text behind", `[{"field":"url","op":"eq","value":"a"}] []`},
	{"JSON: several lines", "{\n  \"and\": [\n    {\"field\": \"url\", \"op\": \"matches\", \"value\": \"a\"}\n  ]\n}"},
	{"JSON: unknown key", `[{"field":"url","operator":"eq","value":"a"}]`},
	{"JSON: key in capitals", `{"AND":[{"field":"url","op":"eq","value":"a"}]}`},
	{"JSON: repeated key", `[{"field":"url","field":"created_at","op":"eq","value":"now"}]`},
	{"JSON: missing field", `[{"op":"eq","value":"a"}]`},
	{"JSON: missing op", `[{"field":"url","value":"a"}]`},
	{"JSON: empty object", `{}`},
	{"JSON: field is a number", `[{"field":1,"op":"eq","value":"a"}]`},
	{"JSON: group is an object", `{"and":{"field":"url","op":"eq","value":"a"}}`},
	{"JSON: group and condition", `{"or":[{"field":"url","op":"isnull"}],"field":"url"}`},
	{"JSON: group and op", `{"or":[{"field":"url","op":"isnull"}],"op":"isnull"}`},
	{"JSON: group and value", `{"and":[{"field":"url","op":"isnull"}],"value":null}`},
	{"JSON: not and field", `{"not":{"field":"url","op":"isnull"},"field":"url"}`},
	{"JSON: inside not, an object", `{"not":{"field":"uri","op":"isnull"}}`},
	{"JSON: string as condition", `["url"]`},
	{"JSON: empty array", `[]`},
	{"JSON: empty group", `{"or":[]}`},

	// Places: characters of several bytes, wide ones, long lines, tabs.
	{"place: characters of several bytes", `url = "zażółć" and creatd_at > now`},
	{"place: wide characters", `url = "日本語" or creatd_at > now`},
	{"place: combining marks", "url = \"e\u0301\" or creatd_at > now"},
	{"place: wide characters offending", `日本 = "a"`},
	{"place: line of several", "url contains \"acme\"\n\tand creatd_at > now\n\tand url isnull"},
	{"place: end of a line", "url contains \"acme\" and created_at >\r\nor url isnull"},
	{"place: far into a long line", `url in ["https://hooks.acme.example/contacts", "https://hooks.acme.example/companies"] and creatd_at > now and url contains "acme" and url endswith "x"`},
	{"place: long word", `url in ["a"] and ` + strings.Repeat("long", 40) + ` = "a"`},
	{"place: control characters", "url = \"\x1b[31m\u202e\" and creatd_at > now"},
}

func TestWarnings(t *testing.T) {
	compareGolden(t, "warned", warned, func(t *testing.T, text string) []filter.Problem {
		errs, warnings := filter.Check(text)
		if len(errs) > 0 || len(warnings) == 0 {
			t.Errorf("Check(%q) returns the errors %v and the warnings %v", text, errs, warnings)
		}
		return warnings
	})
}

var warned = []textCase{
	{"escaped quote", `url = "say \"hi\""`},
	{"backslash before the last quote", `url = "C:\"`},
	{"backslash before both last quotes", `url in ["C:\", "D:\"]`},
	{"doubled quote", `url = 'it''s'`},
	{"backslash", `url contains "a\d"`},
	{"backslash first", `url contains "\d"`},
	{"not", `not url contains "acme"`},
	{"not before parentheses", `not (url contains "acme")`},
	{"not twice", `url = "a" and not not url = "b"`},
	{"not before operator", `url not contains "acme"`},
	{"not behind operator", `url = not "acme"`},
	{"not before and behind operator", `url not = not "acme"`},
	{"not before startswith", `not url startswith "https://"`},
	{"not before endswith", `url not endswith "/hook"`},
	{"not before like", `not url like "%acme%"`},
	{"not before eq", `not url = "a"`},
	{"not before isnull", `not url is null`},
	{"not before gte", `not created_at >= today`},
	{"not before is not null", `not url is not null`},
	{"not in", `url not in ["acme"]`},
	{"not before is null", `url not is null`},
	{"not null", `url is not null`},
	{"not in JSON", `{"not":[{"field":"url","op":"isnull"}]}`},
	{"not in JSON, before a condition", `{"not":{"field":"url","op":"isnull"}}`},
	{"not in JSON, before something else", `{"not":"url"}`},
	{"two groups in one JSON object", `{"and":[{"field":"url","op":"isnull"}],"or":[{"field":"url","op":"isnull"}]}`},
	{"like", `url like "%acme%" or url like "acme"`},
	{"precedence", `url contains "a" or url contains "b" and url contains "c"`},
	{"precedence, and first", `url contains "a" and url contains "b" or url contains "c"`},
	{"date in another form", `created_at > "1 January 2024"`},
	{"date in words", `created_at > "first day of last month"`},
	{"date with a zone's name", `created_at > "2024-01-01 10:00 CET"`},
	{"days from now in JSON", `[{"field":"created_at","op":"gt","value":"now-3d"}]`},
	{"equality with a day", `created_at = "2024-01-01"`},
	{"inequality with a day", `created_at != "2024-01-01"`},
	{"day in a list", `created_at in ["2024-01-01T00:00:00Z", "2024-01-01"]`},
	{"day outside of a list", `created_at nin ["2024-01-01"]`},
	{"special value in capitals", `created_at > NOW`},
	{"special value in quotes", `created_at > "today-3d"`},
	{"sign in JSON", `[{"field":"url","op":"=","value":"a"}]`},
	{"array in a group", `{"or":[[{"field":"url","op":"isnull"}],{"field":"url","op":"notnull"}]}`},
}

func TestSortRefusals(t *testing.T) {
	compareGolden(t, "sort", sortRefused, func(t *testing.T, entry string) []filter.Problem {
		p := filter.CheckSort(entry)
		if p == nil {
			t.Fatalf("CheckSort(%q) returns no problem", entry)
		}
		return []filter.Problem{*p}
	})
}

var sortRefused = []textCase{
	{"typing error", "-creatd_at"},
	{"unknown", "title"},
	{"empty", ""},
	{"sign alone", "-"},
	{"two signs", "--url"},
	{"plus", "+url"},
	{"several", "-created_at,url"},
	{"word for the direction", "created_at desc"},
	{"word for the direction, ascending", "url ASC"},
	{"word for the direction, behind another name", "title desc"},
	{"word behind a name", "url down"},
	{"sample of the API reference", "sort=-created_at"},
	{"capitals", "URL"},
}
