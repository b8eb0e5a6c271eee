// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"regexp"
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

// operator is one operator with its spellings. The zero operator is an unknown
// one.
type operator struct {
	name  string
	alias string // another name, or empty
	sign  string // in the string form, or empty
	takes takes
}

// fits reports whether f's row lists o.
func (o operator) fits(f Field) bool { return slices.Contains(f.Operators, o.name) }

// asksForEquality reports whether o compares for equality, where "today" stands
// for the whole day.
func (o operator) asksForEquality() bool {
	return o.name == "eq" || o.name == "ne" || o.takes == takesList
}

// operators folds the names that mean the same. The signs are those of the
// string form.
var operators = []operator{
	{name: "eq", sign: "="},
	{name: "ne", alias: "neq", sign: "!="},
	{name: "lt", sign: "<"},
	{name: "lte", alias: "le", sign: "<="},
	{name: "gt", sign: ">"},
	{name: "gte", alias: "ge", sign: ">="},
	{name: "in", takes: takesList},
	{name: "nin", alias: "notin", takes: takesList},
	{name: "contains"},
	{name: "like"},
	{name: "startswith"},
	{name: "endswith"},
	{name: "isnull", takes: takesNothing},
	{name: "isnotnull", alias: "notnull", takes: takesNothing},
}

// operatorNamed finds an operator by a name, in any case of letters, or by its
// sign.
func operatorNamed(text string) (operator, bool) {
	text = strings.ToLower(text)
	i := slices.IndexFunc(operators, func(o operator) bool { return text == o.name || text == o.alias || text == o.sign })
	if i < 0 || text == "" {
		return operator{}, false
	}
	return operators[i], true
}

// specials are the values that the reference lists for a datetime, apart from
// the days counted from today.
var specials = []string{"now", "today", "sow", "eow", "som", "eom"}

// isSpecial reports whether text is one of them, or a day counted from today. An
// offset has six digits at most: more of them lead past any date.
func isSpecial(text string) bool {
	return slices.Contains(specials, strings.ToLower(text)) || dayOffset.MatchString(text)
}

var dayOffset = regexp.MustCompile(`^(?i)today[+-][0-9]{1,6}d$`)

const specialsText = "now, today, today-30d, today+5d, sow and eow (start and end of the week), som and eom (start and end of the month)"

// sorts are the names that the reference lists under "Available sorts".
var sorts = []string{"url", "is_active", "created_at"}

// Sorts returns the names that the list can be sorted by, as the API reference
// lists them. Each may have a "-" in front, to sort in descending order.
func Sorts() []string { return slices.Clone(sorts) }
