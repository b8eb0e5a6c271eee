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

// TestOperatorsFold parses every spelling of every operator, in both forms and
// in several cases of letters, and finds one filter for each meaning.
func TestOperatorsFold(t *testing.T) {
	spellings := map[string][]string{
		"eq": {"eq", "="}, "ne": {"ne", "neq", "!="},
		"lt": {"lt", "<"}, "lte": {"lte", "le", "<="}, "gt": {"gt", ">"}, "gte": {"gte", "ge", ">="},
		"in": {"in"}, "nin": {"nin", "notin"},
		"contains": {"contains"}, "like": {"like"}, "startswith": {"startswith"}, "endswith": {"endswith"},
		"isnull": {"isnull", "is null"}, "isnotnull": {"isnotnull", "notnull"},
	}
	listed := map[string]bool{}
	for _, f := range filter.Fields() {
		for name, all := range spellings {
			if !slices.Contains(f.Operators, name) {
				continue
			}
			for _, spelling := range all {
				listed[f.Name+" "+spelling] = true
				checkSpelling(t, f, name, spelling)
			}
		}
		for _, op := range f.Operators {
			if !listed[f.Name+" "+op] {
				t.Errorf("%s %s is in the reference and in no spelling here", f.Name, op)
			}
		}
	}
}

func checkSpelling(t *testing.T, f filter.Field, name, spelling string) {
	t.Helper()
	value := ` "2024-01-01T00:00:00Z"`
	switch name {
	case "in", "nin":
		value = ` ["2024-01-01T00:00:00Z"]`
	case "isnull", "isnotnull":
		value = ""
	}
	want, _, err := filter.Parse(f.Name + " " + name + value)
	if err != nil {
		t.Fatal(err)
	}
	titled := strings.ToUpper(spelling[:1]) + spelling[1:]
	for _, op := range []string{spelling, strings.ToUpper(spelling), titled} {
		texts := []string{f.Name + " " + op + value, f.Name + "\n\t" + op + " " + value + " "}
		if spelling != "is null" {
			texts = append(texts, forms(f.Name, op, strings.TrimSpace(value))[1:]...)
		}
		if !strings.ContainsAny(spelling, "abcdefghijklmnopqrstuvwxyz") {
			texts = append(texts, f.Name+op+strings.TrimSpace(value))
		}
		for _, text := range texts {
			got, _, err := filter.Parse(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if got.String() != want.String() || got.JSON() != want.JSON() {
				t.Errorf("%s is %s, want %s", text, got, want)
			}
			if ops := got.Operators(); !slices.Equal(ops, []string{name}) {
				t.Errorf("%s: Operators() = %q, want %q", text, ops, name)
			}
		}
	}
}
