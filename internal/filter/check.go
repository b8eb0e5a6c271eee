// SPDX-License-Identifier: MPL-2.0

package filter

import "strings"

// check compares the syntax tree with the tables and returns the filter, or nil
// if anything was refused.
func (r *report) check(tree *expression) *Filter {
	root := r.checkExpression(tree)
	if len(r.refused) > 0 {
		return nil
	}
	if root.depth() > MaxDepth {
		r.refuseDepth(tree.at)
		return nil
	}
	return &Filter{root: root}
}

func (r *report) checkExpression(e *expression) node {
	if e.join == "" {
		return node{cond: r.checkCondition(e)}
	}
	terms := make([]node, len(e.terms))
	for i, t := range e.terms {
		terms[i] = r.checkExpression(t)
	}
	return newGroup(e.join, terms)
}

// checkCondition goes on after a fault where it can, so that a condition with
// two faults shows both.
func (r *report) checkCondition(e *expression) *condition {
	field, knownField := fieldNamed(e.field.text)
	if !knownField && !e.field.missing() {
		r.refuseField(e)
	}
	if e.operator.missing() {
		r.refuseMissingOperator(e, field)
		return nil
	}
	op, knownOperator := operatorNamed(e.operator.text)
	if !knownOperator {
		r.refuseOperator(e, field)
	}
	if !knownField || !knownOperator {
		return nil
	}
	if !op.fits(field) {
		r.refuse(e.operator.at, "Operator does not fit the field",
			"The operator %s cannot be used with %s.%s %s", e.operator.text, field.Name, instead(op, field), r.allowed(field))
		return nil
	}
	if r.json && op.sign != "" && strings.EqualFold(e.operator.text, op.sign) {
		r.warn(e.operator.at, "Sign in the JSON form",
			"Public documentation shows the signs in the string form only. The filter is passed to the API as written. The JSON form writes %s.", op.name())
	}
	if op.name() == "like" {
		r.warn(e.operator.at, "Wildcards of like",
			"Public documentation does not say which wildcards like knows, nor whether it compares the whole value or a part of it. The filter is passed to the API as written. The operators contains, startswith and endswith leave no doubt.")
	}
	return &condition{field: field, operator: op.name(), values: r.checkValues(e, field, op)}
}

func (r *report) refuseField(e *expression) {
	name := e.field.text
	if _, isOperator := operatorNamed(name); isOperator && !r.json {
		r.refuse(e.field.at, "Missing field", "There is no field before the operator %s. %s", name, conditionText)
		return
	}
	candidates := fieldNames()
	for other := range elsewhere {
		candidates = append(candidates, other)
	}
	hint, known := elsewhere[name]
	near := nearest(name, candidates)
	switch {
	case known:
		hint = " " + hint
	case len(near) > 0 && elsewhere[near[0]] != "":
		hint = " " + elsewhere[near[0]]
	default:
		hint = didYouMean(name, fieldNames())
	}
	r.refuse(e.field.at, "Unknown filter field",
		"The API cannot filter by %s.%s The fields are %s. By event, project or client the data source selects with its arguments events, project_id and client_id.",
		quote(name), hint, strings.Join(fieldNames(), " and "))
}

func (r *report) refuseMissingOperator(e *expression, field Field) {
	if field.Name == "" {
		r.refuse(span{e.at.end(), 0}, "Missing operator", "There is no operator behind the field. %s", conditionText)
		return
	}
	r.refuse(span{e.field.at.end(), 0}, "Missing operator", "There is no operator behind the field. %s", r.allowed(field))
}

func (r *report) refuseOperator(e *expression, field Field) {
	names := field.Operators
	text := ""
	if field.Name != "" {
		text = " " + r.allowed(field)
	}
	for _, o := range operators {
		if field.Name == "" || o.fits(field) {
			names = append(names[:len(names):len(names)], o.names[0])
			if o.sign != "" && !r.json {
				names = append(names, o.sign)
			}
		}
	}
	r.refuse(e.operator.at, "Unknown filter operator", "There is no operator %s.%s%s",
		quote(e.operator.text), didYouMean(e.operator.text, names), text)
}

// instead proposes what can stand for an operator that is made for another type.
func instead(op operator, field Field) string {
	switch {
	case field.Type == typeDatetime:
		return " A part of a date is selected by its limits, e.g. gte and lt."
	case strings.HasPrefix(op.name(), "l") || strings.HasPrefix(op.name(), "g"):
		return " Strings have no order here."
	}
	return ""
}

func (r *report) checkValues(e *expression, field Field, op operator) []value {
	v := e.value
	switch {
	case op.takes == takesNothing:
		if v != nil && v.kind != null {
			r.refuse(v.at, "Unexpected value", "The operator %s takes no value. Conditions are joined by and or or.", op.name())
		}
		return nil
	case v == nil:
		r.refuse(span{e.operator.at.end(), 0}, "Missing value", "There is no value for the operator %s. %s", op.name(), wanted(field, op))
		return nil
	case op.takes == takesValue:
		return r.checkValueList([]*operand{v}, field, op)
	case v.kind != list:
		r.refuse(v.at, "Wrong type of value", "The operator %s takes no single value. %s", op.name(), wanted(field, op))
		return nil
	case len(v.items) == 0:
		r.refuse(v.at, "Empty list", "A list needs a value at least: no webhook is in an empty list. %s", wanted(field, op))
		return nil
	}
	return r.checkValueList(v.items, field, op)
}

func (r *report) checkValueList(operands []*operand, field Field, op operator) []value {
	values := make([]value, len(operands))
	for i, o := range operands {
		if field.Type == typeDatetime {
			values[i] = r.checkDatetime(o, field, op)
		} else {
			values[i] = r.checkString(o, field, op)
		}
	}
	return values
}

// wanted says what value field and op take.
func wanted(field Field, op operator) string {
	one := `a string in quotes, e.g. "https://example.com/hook"`
	if field.Type == typeDatetime {
		one = `a date in quotes, e.g. "2024-01-31" or "2024-01-31T12:00:00Z", or one of ` + specialsText
	}
	if op.takes == takesList {
		return "It takes a list in brackets; each value is " + one + "."
	}
	return "It takes " + one + "."
}

func (r *report) checkString(o *operand, field Field, op operator) value {
	switch {
	case o.kind == quoted:
		return value{kind: textValue, text: o.text}
	case o.kind == bare && strings.EqualFold(o.text, "me.id"):
		r.refuseMeID(o)
	case o.kind == bare:
		r.refuse(o.at, "Value without quotes", "Write %s in quotes.%s", quote(o.text), notForStrings(o.text))
	default:
		r.refuseType(o, field, op)
	}
	return value{}
}

// refuseType refuses a value that is no string, which is what both types of
// field take.
func (r *report) refuseType(o *operand, field Field, op operator) {
	hint := wanted(field, op)
	switch o.kind {
	case list:
		hint = "To compare with several values, use in or nin."
	case null:
		hint = "To compare with null, use isnull or isnotnull."
	}
	r.refuse(o.at, "Wrong type of value", "The operator %s takes no %s for the field %s (%s). %s",
		op.name(), o.describe(), field.Name, field.Type, hint)
}

func notForStrings(text string) string {
	if _, ok := readSpecial(text); ok {
		return " The special value " + strings.ToLower(text) + " is for dates only."
	}
	return ""
}

func (r *report) refuseMeID(o *operand) {
	r.refuse(o.at, "Special value does not fit the field",
		"The value me.id is for fields of type id, and webhooks have none that can be filtered by.")
}

// allowed lists what a condition on f may say.
func (r *report) allowed(f Field) string {
	text := "The field " + f.Name + " (" + f.Type + ") takes " + strings.Join(f.Operators, ", ")
	if r.json {
		return text + "."
	}
	var signs []string
	for _, o := range operators {
		if o.sign != "" && o.fits(f) {
			signs = append(signs, o.sign)
		}
	}
	return text + ", and " + strings.Join(signs, ", ") + ", is null."
}
