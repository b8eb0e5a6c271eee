// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// reference is the API reference's table, copied as it stands there.
const reference = `
url	string	in, nin, notin, eq, ne, neq, contains, like, startswith, endswith, isnull, isnotnull, notnull
created_at	datetime	eq, ne, neq, lt, lte, le, gt, gte, ge, in, nin, notin, isnull, isnotnull, notnull
`

func TestFieldsAreTheReferences(t *testing.T) {
	var rows []string
	for _, f := range filter.Fields() {
		rows = append(rows, f.Name+"\t"+f.Type+"\t"+strings.Join(f.Operators, ", "))
	}
	if got := strings.Join(rows, "\n"); got != strings.TrimSpace(reference) {
		t.Errorf("Fields() =\n%s\nwant\n%s", got, reference)
	}
	if got := strings.Join(filter.Sorts(), ", "); got != "url, is_active, created_at" {
		t.Errorf("Sorts() = %s", got)
	}
}

// TestTablesAreCopies changes what the functions return, and finds the tables
// as they were.
func TestTablesAreCopies(t *testing.T) {
	filter.Fields()[0].Operators[0] = "changed"
	filter.Fields()[0].Name = "changed"
	filter.Sorts()[0] = "changed"
	if f := filter.Fields()[0]; f.Name != "url" || f.Operators[0] != "in" {
		t.Errorf("Fields() gives the table itself: %v", f)
	}
	if filter.Sorts()[0] != "url" {
		t.Error("Sorts() gives the table itself")
	}
}

// spellings are all spellings of each operator, the signs last.
var spellings = map[string][]string{
	"eq": {"eq", "="}, "ne": {"ne", "neq", "!="},
	"lt": {"lt", "<"}, "lte": {"lte", "le", "<="}, "gt": {"gt", ">"}, "gte": {"gte", "ge", ">="},
	"in": {"in"}, "nin": {"nin", "notin"},
	"contains": {"contains"}, "like": {"like"}, "startswith": {"startswith"}, "endswith": {"endswith"},
	"isnull": {"isnull"}, "isnotnull": {"isnotnull", "notnull"},
}

// TestOperators tries every spelling of every operator on every field, with
// every kind of value, in both forms and several cases of letters.
func TestOperators(t *testing.T) {
	for _, f := range filter.Fields() {
		for name, all := range spellings {
			for _, spelling := range all {
				for _, op := range []string{spelling, strings.ToUpper(spelling), strings.ToUpper(spelling[:1]) + spelling[1:]} {
					checkSpelling(t, f, name, op)
				}
			}
		}
	}
}

func checkSpelling(t *testing.T, f filter.Field, name, op string) {
	t.Helper()
	takes := `"2024-01-01T00:00:00Z"`
	switch name {
	case "in", "nin":
		takes = `["2024-01-01T00:00:00Z"]`
	case "isnull", "isnotnull":
		takes = ""
	}
	for _, value := range []string{"", `"2024-01-01T00:00:00Z"`, `["2024-01-01T00:00:00Z"]`} {
		object := `{"field":"` + f.Name + `","op":"` + op + `"}`
		if value != "" {
			object = strings.TrimSuffix(object, "}") + `,"value":` + value + `}`
		}
		for _, text := range []string{f.Name + " " + op + " " + value, object} {
			errs, warnings := filter.Check(text)
			want := value == takes && slices.Contains(f.Operators, name)
			if got := len(errs) == 0; got != want {
				t.Errorf("%s: the errors are %v", text, errs)
			}
			isSign := strings.ContainsAny(op, "=<>")
			if want && len(warnings) > 0 != (name == "like" || isSign && text == object) {
				t.Errorf("%s: the warnings are %v", text, warnings)
			}
		}
	}
}

// TestSpellingsAreComplete finds each name of the reference among the spellings.
func TestSpellingsAreComplete(t *testing.T) {
	for _, f := range filter.Fields() {
		for _, op := range f.Operators {
			found := false
			for _, all := range spellings {
				found = found || slices.Contains(all, op)
			}
			if !found {
				t.Errorf("%s %s is in the reference and in no spelling here", f.Name, op)
			}
		}
	}
}
