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
// two faults shows both. It returns nil if it refused the condition.
func (r *report) checkCondition(e *expression) *condition {
	if _, isOperator := operatorNamed(e.field.text); isOperator && e.operator.missing() {
		r.refuse(e.field.at, "Missing field", "There is no field before the operator %s. %s", e.field.text, conditionText)
		return nil
	}
	field, knownField := fieldNamed(e.field.text)
	if !knownField {
		r.refuseField(e.field)
	}
	if e.operator.missing() {
		r.refuse(span{e.field.at.end(), 0}, "Missing operator",
			"There is no operator behind the field.%s", r.allowed(field))
		return nil
	}
	op, knownOperator := operatorNamed(e.operator.text)
	switch {
	case !knownOperator:
		r.refuse(e.operator.at, "Unknown filter operator", "There is no operator %s.%s%s",
			quote(e.operator.text), didYouMean(e.operator.text, r.operatorNames(field)), r.allowed(field))
		return nil
	case !knownField:
		return nil
	case !op.fits(field):
		r.refuse(e.operator.at, "Operator does not fit the field", "The operator %s cannot be used with the field %s.%s%s",
			e.operator.text, field.Name, instead(field), r.allowed(field))
		return nil
	}
	r.doubtOperator(e.operator, op)
	return &condition{field: field, operator: op.name(), values: r.checkValues(e, field, op)}
}

func (r *report) refuseField(field word) {
	hint := didYouMean(field.text, fieldNames())
	switch field.text {
	case "id":
		hint = " To read one webhook by its id, use the data source kanbert_webhook."
	case "is_active":
		hint = " The list can be sorted by it."
	}
	r.refuse(field.at, "Unknown filter field",
		"The API cannot filter by %s.%s It can filter by %s. To select by event, project or client, set the arguments events, project_id and client_id, which the provider applies itself.",
		quote(field.text), hint, strings.Join(fieldNames(), " and "))
}

// allowed is a sentence that lists what a condition on f may say, with a space
// in front. It is empty for the zero field, which stands for an unknown one.
func (r *report) allowed(f Field) string {
	if f.Name == "" {
		return ""
	}
	text := " The field " + f.Name + " (" + f.Type + ") takes " + strings.Join(f.Operators, ", ")
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

// operatorNames gives the spellings of the operators that f takes, or of all
// operators for the zero field.
func (r *report) operatorNames(f Field) []string {
	var names []string
	for _, o := range operators {
		if f.Name != "" && !o.fits(f) {
			continue
		}
		names = append(names, o.names...)
		if o.sign != "" && !r.json {
			names = append(names, o.sign)
		}
	}
	return names
}

// instead says how to get at what an operator of the other type is used for.
func instead(f Field) string {
	if f.Type == typeDatetime {
		return " A part of a date is selected by its limits, with gte and lt."
	}
	return " Strings have no order here."
}

// doubtOperator warns of what documentation does not say about op.
func (r *report) doubtOperator(spelling word, op operator) {
	if r.json && spelling.text == op.sign {
		r.warn(spelling.at, "Sign in the JSON form",
			"Public documentation shows signs in the string form alone. %s The JSON form writes %s.", asWritten, op.name())
	}
	if op.name() == "like" {
		r.warn(spelling.at, "Wildcards of like",
			"Public documentation does not say which wildcards like knows, nor whether it compares the whole value or a part of it. %s The operators contains, startswith and endswith leave no doubt.", asWritten)
	}
}

// asWritten ends every warning's first part: what becomes of the filter.
const asWritten = "The filter is passed to the API as written."

func (r *report) checkValues(e *expression, field Field, op operator) []value {
	v := e.value
	switch {
	case op.takes == takesNothing:
		if v != nil && v.kind != null {
			r.refuse(v.at, "Unexpected value", "The operator %s takes no value.", e.operator.text)
		}
		return nil
	case v == nil:
		r.refuse(r.gap(e), "Missing value", "There is no value for the operator %s. %s", e.operator.text, wanted(field, op))
		return nil
	case op.takes == takesValue:
		return []value{r.checkValue(v, field, op)}
	case v.kind != list:
		r.refuse(v.at, "Wrong type of value", "The operator %s takes no single value. %s", e.operator.text, wanted(field, op))
		return nil
	case len(v.items) == 0:
		r.refuse(v.at, "Empty list", "A list holds one value at least. %s", wanted(field, op))
		return nil
	}
	values := make([]value, len(v.items))
	for i, item := range v.items {
		values[i] = r.checkValue(item, field, op)
	}
	return values
}

// gap is where e lacks its value.
func (r *report) gap(e *expression) span {
	if r.json {
		return e.at
	}
	return span{e.operator.at.end(), 0}
}
