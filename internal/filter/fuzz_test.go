// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// seeds are filters of every kind, right and wrong. The targets that read a text
// begin with them and with the worked examples.
var seeds = []string{
	``, ` `, `url`, `url =`, `url = "a"`, `url = 'a"b'`, `url eq "a\"b"`, `url eq "a\"`, `url = 'it''s'`,
	`url is null`, `url IS NOT NULL`, `url not in ["a"]`, `not (url = "a")`, `url in ["a", 'b']`, `url in []`, `url in [`,
	`url contains "acme" and (created_at >= "2024-01-01" or url startsWith 'https://x')`,
	`url = "a" or url = "b" and url = "c"`, `((url = "a"))`, `(url = "a"`, `url = "a")`, `()`, `and`, `or or`,
	`created_at = today`, `created_at > today-30d`, `created_at in [now, sow, eow, som, eom, "2024-01-01T00:00:00Z"]`,
	`created_at > "last monday"`, `created_at > 2024-01-01`, `created_at > me.id`, `creatd_at matches 5`,
	"url = \"zażółć\"\n\tand źle = 1", "url = \"日本\xff\"", "url = \"\x00\u202e\"",
	`[]`, `{}`, `[{}]`, `[`, `{"and":[]}`, `[1, "a", null, true]`, `{"field":"url","op":"eq","value":"a"}`,
	`[{"field":"url","op":"contains","value":"acme"},{"field":"created_at","op":"gte","value":"2024-01-01"}]`,
	`{"and":[{"field":"url","op":"in","value":["a","b"]},{"or":[{"field":"url","op":"isnull"},{"not":{}}]}]}`,
	`[{"field":"url","op":"eq","value":"\ud800\u0000\\\"'"}]`, `[{"field":"url","op":"eq","value":1e999}]`,
}

func addSeeds(f *testing.F) {
	for _, text := range seeds {
		f.Add(text)
	}
	data, err := os.ReadFile(filepath.Join("testdata", "examples.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if key, text, _ := strings.Cut(line, ":"); key == "string" || key == "json" {
			f.Add(strings.TrimSpace(text))
		}
	}
}

// FuzzParse holds what Parse promises of every text: it comes back, with a
// filter, a warning or an error, and its problems lie inside the text.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		filter, warnings, err := Parse(text)
		refused, _ := err.(Problems)
		switch {
		case err != nil && (filter != nil || len(refused) == 0):
			t.Fatalf("an error of type %T with %d problems, and the filter %v", err, len(refused), filter)
		case err == nil && filter == nil && len(warnings) == 0:
			t.Fatal("neither filter nor warning nor error")
		case err == nil && isJSON(text) && !json.Valid([]byte(text)):
			t.Fatal("broken JSON was taken")
		}
		for _, p := range append(warnings, refused...) {
			checkProblem(t, text, p)
		}
		if filter != nil {
			filter.Match(Record{URL: text, CreatedAt: time.Unix(0, 0)}, time.Unix(0, 0))
		}
	})
}

func isJSON(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{")
}

func checkProblem(t *testing.T, text string, p *Problem) {
	t.Helper()
	if p.Summary == "" || strings.Contains(p.Summary, "\n") || p.Detail == "" {
		t.Errorf("a problem without a proper text: %q, %q", p.Summary, p.Detail)
	}
	if strings.Contains(p.Detail, "%!") && !strings.Contains(text, "%!") {
		t.Errorf("%s: the detail is formatted wrongly: %q", p.Summary, p.Detail)
	}
	if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > len(text) {
		t.Fatalf("%s: %d bytes at %d, in a text of %d", p.Summary, p.Length, p.Offset, len(text))
	}
	if !utf8.ValidString(p.Detail) {
		t.Errorf("%s: the detail is not UTF-8: %q", p.Summary, p.Detail)
	}
	if utf8.ValidString(text) && !utf8.ValidString(text[p.Offset:p.Offset+p.Length]) {
		t.Errorf("%s: the place %d, %d cuts a character", p.Summary, p.Offset, p.Length)
	}
}

// reparse parses what was printed and wants the same tree.
func reparse(t *testing.T, f *Filter, printed string) *Filter {
	t.Helper()
	if len(printed) > MaxLength {
		t.Skip("the other form is longer than a filter may be")
	}
	again, warnings, err := Parse(printed)
	if err != nil || again == nil {
		t.Fatalf("%s\nis not read again: %v, %v", printed, err, warnings)
	}
	if !reflect.DeepEqual(f, again) {
		t.Fatalf("%s\nis read as\n%s", printed, again)
	}
	return again
}

// FuzzPrint prints a filter in the string form and reads it again.
func FuzzPrint(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		if filter, _, _ := Parse(text); filter != nil {
			again := reparse(t, filter, filter.String())
			if again.String() != filter.String() {
				t.Errorf("%s\nis printed as\n%s", filter, again)
			}
		}
	})
}

// FuzzJSON prints a filter in the JSON form and reads it again.
func FuzzJSON(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		if filter, _, _ := Parse(text); filter != nil {
			again := reparse(t, filter, filter.JSON())
			if again.JSON() != filter.JSON() {
				t.Errorf("%s\nis printed as\n%s", filter.JSON(), again.JSON())
			}
		}
	})
}

// FuzzForms makes a right filter out of the bytes, so that none of them is spent
// on being refused, prints it in both forms, and evaluates what is read back.
func FuzzForms(f *testing.F) {
	f.Add([]byte{}, "https://a.example", int64(1715774400))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "", int64(0))
	f.Add([]byte("\x02\x03\x00\x05\x01\x0aabc\x01\x04\x02\x02\x01"), "abc", int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, url string, unix int64) {
		g := &grower{data: data, text: strings.ToValidUTF8(url, "?")}
		filter := &Filter{root: g.node(4)}
		text, object := reparse(t, filter, filter.String()), reparse(t, filter, filter.JSON())
		unix %= 253402300800 // before the year 10000
		now := time.Unix(1715774400, 0)
		for _, r := range []Record{
			{URL: url, CreatedAt: time.Unix(unix, 0)}, {URL: url + "x", CreatedAt: now}, {URL: "a"}, {},
		} {
			if a, b, c := filter.Match(r, now), text.Match(r, now), object.Match(r, now); a != b || b != c {
				t.Errorf("%s on %+v: %t as made, %t in the string form, %t in the JSON form", filter, r, a, b, c)
			}
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
	join := []string{"", joinAnd, joinOr}[g.pick(3)]
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
	field := fields[g.pick(len(fields))]
	op, _ := operatorNamed(field.Operators[g.pick(len(field.Operators))])
	c := &condition{field: field, operator: op.name()}
	count := 1
	switch op.takes {
	case takesNothing:
		return c
	case takesList:
		count += g.pick(3)
	}
	for range count {
		c.values = append(c.values, g.value(field))
	}
	return c
}

func (g *grower) value(field Field) value {
	if field.Type == typeString {
		texts := []string{g.text, "", "a", `"`, `'`, `\`, "and", "today", "%a_", "\n", "ż", `""`, `''`, "null", "["}
		return value{kind: textValue, text: texts[g.pick(len(texts))] + texts[g.pick(len(texts))]}
	}
	if g.pick(2) == 0 {
		texts := []string{"2024-05-15", "2024-05-15T12:00:00Z", "2024-05-15 12:00:00", "2024-05-15T12:00:00.5+02:00"}
		text := texts[g.pick(len(texts))]
		return value{kind: dateValue, text: text, at: readDate(text).at}
	}
	v := value{kind: specialValue, text: specials[g.pick(len(specials))]}
	if v.text == "today" {
		v.days = g.pick(256) - 128
	}
	return v
}
