// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
	"strings"
)

// condition is one comparison as it was written, in either form.
type condition struct {
	at       place // where it lacks something
	field    token
	operator token
	value    *operand // nil if there is none
}

// operand is a value as it was written.
type operand struct {
	at    place
	kind  operandKind
	text  string // of a quoted or bare one, without quotes
	items []*operand
}

// operandKind is how a value was written. Its text is for error texts.
type operandKind string

const (
	quoted  operandKind = "a string"
	bare    operandKind = "a word without quotes" // in the string form only
	number  operandKind = "a number"
	null    operandKind = "null"
	list    operandKind = "a list"
	boolean operandKind = "true or false" // in the JSON form only
	object  operandKind = "an object"     // in the JSON form only
)

// checkCondition compares a condition with the tables. A condition with several
// faults shows each of them.
func (c *checker) checkCondition(cond condition) {
	if _, isOperator := operatorNamed(cond.field.text); isOperator && cond.operator.missing() {
		c.addError(cond.field.place, "Missing field", "There is no field before the operator %s. %s", cond.field.text, conditionText)
		return
	}
	field, knownField := fieldNamed(cond.field.text)
	if !knownField {
		c.addFieldError(cond.field)
	}
	if cond.operator.missing() {
		c.addError(c.gap(cond.at), "Missing operator", "The condition has no operator.%s", c.allowed(field))
		return
	}
	op, knownOperator := operatorNamed(cond.operator.text)
	switch {
	case !knownOperator:
		c.addError(cond.operator.place, "Unknown filter operator", "There is no operator %s.%s%s",
			quote(cond.operator.text), c.operatorHint(cond, field), c.allowed(field))
	case !knownField:
	case !op.fits(field):
		hint := " Strings have no order here."
		if field.Type == typeDatetime {
			hint = " To select a part of a date, use gte and lt."
		}
		c.addError(cond.operator.place, "Operator does not fit the field", "The operator %s cannot be used with the field %s.%s%s",
			cond.operator.text, field.Name, hint, c.allowed(field))
	default:
		c.warnOperator(cond.operator, op)
		c.checkValues(cond, field, op)
	}
}

// gap returns where something is missing: behind the words at, or in the object.
func (c *checker) gap(at place) place {
	if c.json {
		return at
	}
	return place{offset: at.end()}
}

func (c *checker) addFieldError(field token) {
	hint := didYouMean(field.text, fieldNames())
	switch field.text {
	case "id":
		hint = " To read one webhook by its id, use the data source kanbert_webhook."
	case "is_active":
		hint = " The list can be sorted by it."
	}
	c.addError(field.place, "Unknown filter field",
		"The API cannot filter by %s.%s It can filter by %s. To select by event, project or client, set the arguments events, project_id and client_id.",
		quote(field.text), hint, strings.Join(fieldNames(), " and "))
}

// operatorHint says what to write instead of an unknown operator.
func (c *checker) operatorHint(cond condition, field Field) string {
	switch name := strings.ToLower(cond.operator.text); name {
	case "between":
		return " Use two conditions, with gte and lte."
	case "asc", "desc":
		sign := map[string]string{"desc": "-"}[name]
		return ` A filter does not sort. Set the argument sort: ["` + sign + cond.field.text + `"].`
	}
	return didYouMean(cond.operator.text, c.operatorNames(field))
}

// allowed is a sentence that lists the operators of f, with a space in front. It
// is empty for the zero field, which is an unknown one.
func (c *checker) allowed(f Field) string {
	if f.Name == "" {
		return ""
	}
	names := c.operatorNames(f)
	if !c.json {
		names = append(names, "is null")
	}
	return " The field " + f.Name + " (" + f.Type + ") takes " + strings.Join(names, ", ") + "."
}

// operatorNames returns the names of the operators that f takes, or of all
// operators for the zero field, and in the string form their signs.
func (c *checker) operatorNames(f Field) []string {
	names, signs := slices.Clone(f.Operators), []string{}
	for _, o := range operators {
		if f.Name == "" {
			names = append(names, o.name, o.alias)
		}
		if o.sign != "" && !c.json && (f.Name == "" || o.fits(f)) {
			signs = append(signs, o.sign)
		}
	}
	return append(names, signs...)
}

func (c *checker) warnOperator(spelling token, op operator) {
	if c.json && spelling.text == op.sign {
		c.warnUnspecified(spelling.place, "Sign in the JSON form", "signs in the JSON form.", "Use %s instead.", op.name)
	}
	if op.name == "like" {
		c.warnUnspecified(spelling.place, "Wildcards of like",
			"which wildcards like has, nor whether it compares the whole value.", "Use contains, startswith or endswith instead.")
	}
}

// negations leads from each operator to the one that selects the rest, where
// there is one.
var negations = map[string]string{
	"eq": "ne", "ne": "eq", "lt": "gte", "gte": "lt", "gt": "lte", "lte": "gt",
	"in": "nin", "nin": "in", "isnull": "isnotnull", "isnotnull": "isnull",
}

// negatedFunctions are Terraform's functions for the operators that have no
// negation.
var negatedFunctions = map[string]string{"contains": "strcontains", "startswith": "startswith", "endswith": "endswith"}

// warnNot warns of the first "not", if any, before a condition with op or before
// a group, which has no operator.
func (c *checker) warnNot(nots []token, op operator) {
	if len(nots) == 0 {
		return
	}
	advice := "Use ne, nin or isnotnull instead."
	if name := negations[op.name]; name != "" {
		advice = "Use " + name + " instead."
	}
	if function := negatedFunctions[op.name]; function != "" {
		advice = "The API has no operator for the opposite of " + op.name +
			". Leave out this condition and select with a for expression: [for w in data.kanbert_webhooks.NAME.webhooks : w if !" + function + `(w.url, "…")].`
	}
	c.warnUnspecified(nots[0].place, "Negation", `"not".`, "%s", advice)
}

func (c *checker) checkValues(cond condition, field Field, op operator) {
	v := cond.value
	switch {
	case op.takes == takesNothing:
		if v != nil && v.kind != null {
			c.addError(v.at, "Unexpected value", "The operator %s takes no value.", cond.operator.text)
		}
	case v == nil:
		c.addError(c.gap(cond.at), "Missing value", "The operator %s has no value. %s", cond.operator.text, wanted(field, op))
	case op.takes == takesValue:
		c.checkValue(v, field, op)
	case v.kind != list:
		c.addError(v.at, "Wrong type of value", "The operator %s does not accept %s. %s", cond.operator.text, v.kind, wanted(field, op))
	case len(v.items) == 0:
		c.addEmptyListError(v, op)
	default:
		for _, item := range v.items {
			c.checkValue(item, field, op)
		}
	}
}

// addEmptyListError says what to write for a list that can become empty.
func (c *checker) addEmptyListError(v *operand, op operator) {
	advice := "An empty list selects no webhook. Set count or for_each of the data source so that it is not read while the list is empty."
	if op.name == "nin" {
		advice = "An empty list excludes no webhook. Leave out this condition while the list is empty."
	}
	c.addError(v.at, "Empty list", "The operator %s needs a list with at least one value. %s", op.name, advice)
}
