// SPDX-License-Identifier: MPL-2.0

package eval

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// The provider's checker and this package read the same language with two
// grammars. These tests find where they disagree.

// seeds are filters of every kind, right and wrong.
var seeds = []string{
	``, ` `, `url`, `url =`, `url = "a"`, `url="a"`, `url = 'a"b'`, `url eq "a\"b"`, `url = "C:\"`, `url = 'it''s'`, `url in ["a""b"]`, `url = """"`,
	`url is null`, `url IS NOT NULL`, `url not in ["a"]`, `not (url = "a")`, `url in ["a", 'b']`, `url in []`, `url nin ["", ""]`, `url in [`, `url in "a"`,
	`url contains "acme" and (created_at >= "2024-01-01" or url startsWith 'https://x')`, `url isnull "a"`, `url isnull []`, `url notnull`,
	`url = "a" or url = "b" and url = "c"`, `((url = "a"))`, `(url = "a"`, `url = "a")`, `()`, `and`, `or or`, `url = and`, `url and "a"`, `and = "a"`,
	`created_at = today`, `created_at > TODAY-30D`, `created_at in [now, sow, eow, som, eom, "2024-01-01T00:00:00Z"]`, `created_at = "today"`,
	`created_at > "last monday"`, `created_at > 2024-01-01`, `created_at > "2024-02-30"`, `created_at > me.id`, `creatd_at matches 5`, `created_at > today - 1d`,
	`created_at lt "2024-01-01T10:00"`, `created_at lt "2024-01-01 10:00:00.5+02:00"`, `url = today`, `url = null`, `url starts with "a"`, `url is in ["a"]`,
	`created_at like "a"`, `url > "a"`, `url =>= "a"`, `url = a=b`, "url\t=\n'a'", "url =\u00a0'a'", "url = \"\x00\u202e\xff\"", "\ufeffurl = 'a'",
	`[]`, `{}`, `[{}]`, `[`, `{"and":[]}`, `[1, "a", null, true]`, `{"field":"url","op":"eq","value":"a"}`, `{"field":"url","op":"eq"}`, `{"Field":"url","op":"eq","value":"a"}`,
	`[{"field":"url","op":"contains","value":"acme"},{"field":"created_at","op":"gte","value":"2024-01-01"}]`,
	`{"and":[{"field":"url","op":"in","value":["a","b"]},{"or":[{"field":"url","op":"isnull","value":null},{"not":{}}]}]}`,
	`{"and":[{"or":[{"and":[{"field":"url","op":"NOTNULL"}]}]}]}`, `[[{"field":"url","op":"isnull"}]]`, `{"and":[{"field":"url","op":"isnull"}],"and":[]}`,
	`{"and":[{"field":"url","op":"isnull"}],"or":[{"field":"url","op":"isnull"}]}`, `{"and":{"field":"url","op":"isnull"}}`, `{"and":null}`,
	`[{"field":"url","op":"eq","value":"a","value":"b"}]`, `[{"field":"url","op":"eq","value":["a"]}]`, `[{"field":"url","op":"in","value":[null]}]`, `[{"field":null,"op":null}]`,
	`[{"field":"url","op":"eq","value":"\ud800\u0000\\\"'"}]`, `[{"field":"url","op":"eq","value":1e999}]`, `[{"field":"url","op":"=","value":"a"}] `, `{"field":"url","op":"isnull"} {}`,
}

func addSeeds(f *testing.F) {
	for _, text := range seeds {
		f.Add(text)
	}
}

// checkAgreement wants a filter that can be evaluated to be no error to the
// checker, and one that the checker takes without a warning to be evaluated.
func checkAgreement(t *testing.T, text string) *Filter {
	t.Helper()
	f, err := Parse(text)
	errs, warnings := filter.Check(text)
	if err == nil && len(errs) > 0 {
		t.Errorf("%s\ncan be evaluated, and the checker returns %v", text, errs)
	}
	if err != nil && len(errs)+len(warnings) == 0 {
		t.Errorf("%s\npasses the checker, and cannot be evaluated: %v", text, err)
	}
	return f
}

func FuzzAgreement(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 || strings.Count(text, "(") > 60 || strings.Count(text, "{") > 60 || strings.ToValidUTF8(text, "") != text {
			return // bounds differ, and Terraform knows no other texts than UTF-8
		}
		checkAgreement(t, text)
	})
}

// reparse reads what was printed, and wants the same tree.
func reparse(t *testing.T, f *Filter, printed string) {
	t.Helper()
	again, err := Parse(printed)
	if err != nil {
		t.Fatalf("%s\nis not read again: %v", printed, err)
	}
	if !reflect.DeepEqual(f, again) {
		t.Fatalf("%s\nis read as\n%s", printed, again)
	}
}

// FuzzPrint prints a filter in both forms and reads it again.
func FuzzPrint(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		if filter, err := Parse(text); err == nil && strings.ToValidUTF8(text, "") == text {
			reparse(t, filter, filter.String())
			reparse(t, filter, filter.JSON())
			filter.Match(Record{URL: text, CreatedAt: time.Unix(0, 0)}, time.Unix(0, 0))
		}
	})
}

// FuzzForms makes a right filter of the bytes and prints it in both forms, which
// the checker takes and which are read as the same filter.
func FuzzForms(f *testing.F) {
	f.Add([]byte{}, "https://a.example")
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "")
	f.Add([]byte("\x02\x03\x00\x05\x01\x0aabc\x01\x04\x02\x02\x01"), "abc")
	f.Fuzz(func(t *testing.T, data []byte, url string) {
		g := &grower{data: data, text: strings.ToValidUTF8(url, "?")}
		grown := &Filter{root: g.node(4)}
		for _, text := range []string{grown.String(), grown.JSON()} {
			if len(text) > filter.MaxLength {
				return
			}
			checkAgreement(t, text)
			reparse(t, grown, text)
		}
	})
}

// grower makes a filter of bytes. Without bytes left it makes the smallest one.
type grower struct {
	data []byte
	text string
}

// pick returns a number below n.
func (g *grower) pick(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := int(g.data[0])
	g.data = g.data[1:]
	return b % n
}

func (g *grower) node(depth int) node {
	join := []string{"", "and", "or"}[g.pick(3)]
	if join == "" || depth == 0 {
		return node{cond: g.condition()}
	}
	terms := make([]node, 1+g.pick(4))
	for i := range terms {
		terms[i] = g.node(depth - 1)
	}
	return newGroup(join, terms)
}

func (g *grower) condition() *condition {
	field := []string{fieldURL, fieldCreatedAt}[g.pick(2)]
	names := fieldOperators[field]
	c := &condition{field: field, operator: names[g.pick(len(names))]}
	count := 1
	switch {
	case takesNothing(c.operator):
		return c
	case takesList(c.operator):
		count += g.pick(3)
	}
	for range count {
		c.values = append(c.values, g.value(field))
	}
	return c
}

func (g *grower) value(field string) value {
	if field == fieldURL {
		texts := []string{g.text, "", "a", `"`, `'`, `\`, "and", "today", "%a_", "\n", "ż", `""`, `''`, "null", "["}
		return value{kind: textValue, text: texts[g.pick(len(texts))] + texts[g.pick(len(texts))]}
	}
	texts := []string{"2024-05-15", "2024-05-15T12:00:00Z", "2024-05-15 12:00:00", "2024-05-15T12:00:00.5+02:00", "now", "today", "today-30d", "today+5d", "sow", "eow", "som", "eom"}
	v, err := rawValue{text: texts[g.pick(len(texts))]}.of(field)
	if err != nil {
		panic(err)
	}
	return v
}
