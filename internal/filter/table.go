// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
	"strings"
)

// Field is one row of the API reference's table "Allowed filter fields (with
// allowed operators)".
type Field struct {
	// Name is how the field is written in a filter.
	Name string
	// Type is "string" or "datetime".
	Type string
	// Operators are the names that the reference lists, in its order. Several
	// may stand for one operator.
	Operators []string
}

const (
	typeString   = "string"
	typeDatetime = "datetime"
)

// fields is the reference's table, word by word. Whatever this package checks,
// says is allowed, or proposes, it takes from here.
var fields = []Field{
	{
		Name: "url", Type: typeString,
		Operators: []string{
			"in", "nin", "notin", "eq", "ne", "neq", "contains", "like", "startswith", "endswith",
			"isnull", "isnotnull", "notnull",
		},
	},
	{
		Name: "created_at", Type: typeDatetime,
		Operators: []string{
			"eq", "ne", "neq", "lt", "lte", "le", "gt", "gte", "ge", "in", "nin", "notin",
			"isnull", "isnotnull", "notnull",
		},
	},
}

// Fields returns the fields that a filter can name, with their operators, as the
// API reference lists them.
func Fields() []Field {
	rows := slices.Clone(fields)
	for i := range rows {
		rows[i].Operators = slices.Clone(rows[i].Operators)
	}
	return rows
}

func fieldNames() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

func fieldNamed(name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// takes says what an operator wants beside it.
type takes int

const (
	takesValue takes = iota
	takesList
	takesNothing
)

// operator is one operator with all its spellings. The first name is the one to
// which the others fold.
type operator struct {
	names []string
	sign  string // in the string form, or empty
	takes takes
}

func (o operator) name() string { return o.names[0] }

// fits reports whether f's row lists o.
func (o operator) fits(f Field) bool { return slices.Contains(f.Operators, o.name()) }

// asksForEquality reports whether o compares for equality, where "today" stands
// for the whole day.
func (o operator) asksForEquality() bool {
	switch o.name() {
	case "eq", "ne", "in", "nin":
		return true
	}
	return false
}

// operators folds the names that mean the same. The signs are those of the
// string form.
var operators = []operator{
	{names: []string{"eq"}, sign: "="},
	{names: []string{"ne", "neq"}, sign: "!="},
	{names: []string{"lt"}, sign: "<"},
	{names: []string{"lte", "le"}, sign: "<="},
	{names: []string{"gt"}, sign: ">"},
	{names: []string{"gte", "ge"}, sign: ">="},
	{names: []string{"in"}, takes: takesList},
	{names: []string{"nin", "notin"}, takes: takesList},
	{names: []string{"contains"}},
	{names: []string{"like"}},
	{names: []string{"startswith"}},
	{names: []string{"endswith"}},
	{names: []string{"isnull"}, takes: takesNothing},
	{names: []string{"isnotnull", "notnull"}, takes: takesNothing},
}

// operatorNamed finds an operator by a name, in any case of letters, or by its
// sign.
func operatorNamed(text string) (operator, bool) {
	text = strings.ToLower(text)
	i := slices.IndexFunc(operators, func(o operator) bool {
		return o.sign == text && text != "" || slices.Contains(o.names, text)
	})
	if i < 0 {
		return operator{}, false
	}
	return operators[i], true
}

// specials are the values that the reference lists for a datetime, apart from
// the days counted from today.
var specials = []string{"now", "today", "sow", "eow", "som", "eom"}

const specialsText = "now, today, today-30d, today+5d, sow and eow (start and end of the week), som and eom (start and end of the month)"

// sorts are the names that the reference lists under "Available sorts".
var sorts = []string{"url", "is_active", "created_at"}

// Sorts returns the names that the list can be sorted by, as the API reference
// lists them. Each may have a "-" in front, to sort in descending order.
func Sorts() []string { return slices.Clone(sorts) }
