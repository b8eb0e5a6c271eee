// SPDX-License-Identifier: MPL-2.0

// Package eval reads, evaluates and prints list filters for the test server.
//
// It has its own tables and its own grammar, written from the API reference, and
// shares nothing with the provider's checker (internal/filter). The tests of this
// package find where the two disagree, which shows a mistake in one of them. It
// accepts only what the reference specifies: if the reference does not specify the
// meaning of a filter, Parse returns an error.
//
// The package must never send a request, read a clock or import another package
// of this module.
package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Filter is a parsed filter. Two filters that differ only in form, spacing,
// unnecessary parentheses or the spelling of an operator have equal trees.
type Filter struct{ root node }

// Record contains the fields of a webhook for the evaluation of a filter. A zero
// value means null, which no webhook of the API has.
type Record struct {
	URL       string
	CreatedAt time.Time
}

// Parse parses text. It is in the JSON form if it begins with "[" or "{", and
// otherwise in the string form.
func Parse(text string) (*Filter, error) {
	read := parseString
	if strings.HasPrefix(strings.TrimSpace(text), "[") || strings.HasPrefix(strings.TrimSpace(text), "{") {
		read = parseJSON
	}
	root, err := read(text)
	if err != nil {
		return nil, err
	}
	return &Filter{root: root}, nil
}

// Operators returns the operators in f, each once, sorted, with their main names
// and not their aliases: nin for notin, lte for <=.
func (f *Filter) Operators() []string {
	var names []string
	f.root.walk(func(c *condition) { names = append(names, c.operator) })
	slices.Sort(names)
	return slices.Compact(names)
}

// MapStrings returns f with change applied to each string that url is compared
// with, as a collation does.
func (f *Filter) MapStrings(change func(string) string) *Filter {
	return &Filter{root: f.root.mapStrings(change)}
}

// maxNesting limits the nesting of a filter. It is larger than in filters of the
// provider, and keeps the stack small.
const maxNesting = 200

var errTooDeep = errors.New("the filter nests too deeply")

// operatorNames maps each spelling of an operator to the operator.
var operatorNames = map[string]string{
	"eq": "eq", "=": "eq",
	"ne": "ne", "neq": "ne", "!=": "ne",
	"lt": "lt", "<": "lt",
	"lte": "lte", "le": "lte", "<=": "lte",
	"gt": "gt", ">": "gt",
	"gte": "gte", "ge": "gte", ">=": "gte",
	"in":  "in",
	"nin": "nin", "notin": "nin",
	"contains": "contains", "like": "like", "startswith": "startswith", "endswith": "endswith",
	"isnull":    "isnull",
	"isnotnull": "isnotnull", "notnull": "isnotnull",
}

const (
	fieldURL       = "url"
	fieldCreatedAt = "created_at"
)

// fieldOperators contains the operators of each field.
var fieldOperators = map[string][]string{
	fieldURL:       {"in", "nin", "eq", "ne", "contains", "like", "startswith", "endswith", "isnull", "isnotnull"},
	fieldCreatedAt: {"eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "isnull", "isnotnull"},
}

func takesNothing(operator string) bool { return operator == "isnull" || operator == "isnotnull" }
func takesList(operator string) bool    { return operator == "in" || operator == "nin" }

// newCondition returns the condition with the parts in either form. The values are
// nil if there is none. An unquoted word can only be a special value.
func newCondition(field, spelling string, values []rawValue, isList bool) (*condition, error) {
	operator := operatorNames[strings.ToLower(spelling)]
	if !slices.Contains(fieldOperators[field], operator) {
		return nil, fmt.Errorf("field %q has no operator %q", field, spelling)
	}
	c := &condition{field: field, operator: operator}
	if takesNothing(operator) != (values == nil) || takesList(operator) != isList {
		return nil, fmt.Errorf("operator %q does not take this value", spelling)
	}
	if isList && len(values) == 0 {
		return nil, errors.New("the list is empty")
	}
	for _, raw := range values {
		v, err := raw.of(field)
		if err != nil {
			return nil, err
		}
		c.values = append(c.values, v)
	}
	return c, nil
}

// rawValue is a string, or a word without quotes.
type rawValue struct {
	text string
	bare bool
}

// of returns the value of v in a condition on field.
func (v rawValue) of(field string) (value, error) {
	if field == fieldURL {
		if v.bare {
			return value{}, fmt.Errorf("%q is not in quotes", v.text)
		}
		return value{kind: textValue, text: v.text}, nil
	}
	if special, ok := specialOf(v.text); ok {
		return special, nil
	}
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, v.text); err == nil && !v.bare {
			return value{kind: dateValue, text: v.text, at: at}, nil
		}
	}
	return value{}, fmt.Errorf("%q is no date that can be evaluated", v.text)
}

// dateLayouts are the forms of a date with only one meaning, apart from the time
// zone, which is UTC if none is written.
var dateLayouts = []string{
	"2006-01-02",
	"2006-01-02T15:04", "2006-01-02 15:04",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05",
	time.RFC3339, "2006-01-02 15:04:05Z07:00",
}
