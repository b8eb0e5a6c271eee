// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"encoding/json"
	"fmt"
	"strings"
)

var jsonKeys = []string{"field", "op", "value", joinAnd, joinOr}

// object reads a group or a condition.
func (j *jsonReader) object() *expression {
	open := j.take()
	o := &jsonObject{keys: map[string]span{}}
	before := len(j.refused)
	for !j.peek().is('}') {
		j.member(o)
	}
	o.cond.at = open.at.to(j.take().at)
	if len(j.refused) == before {
		j.checkKeys(o)
	}
	if o.group != nil {
		return o.group
	}
	return &o.cond
}

// jsonObject is what stands between two braces.
type jsonObject struct {
	keys  map[string]span
	cond  expression  // of the keys field, op and value
	group *expression // of the keys and, or, not
}

func (j *jsonReader) member(o *jsonObject) {
	key := j.take()
	name := fmt.Sprint(key.value)
	if _, repeated := o.keys[name]; repeated {
		j.refuse(key.at, "Repeated JSON key", "The key %s stands in this object twice.", quote(name))
		j.skip()
		return
	}
	o.keys[name] = key.at
	switch name {
	case "field":
		o.cond.field = j.name(name)
	case "op":
		o.cond.operator = j.name(name)
	case "value":
		o.cond.value = j.operand()
	case joinAnd, joinOr:
		o.group = j.group(name)
	case "not":
		j.doubtNot(key.at)
		o.group = &expression{at: j.skip(), join: joinAnd}
	default:
		j.refuse(key.at, "Unknown JSON key", "There is no key %s.%s A condition has field, op and value; a group has and or or.",
			quote(name), didYouMean(name, jsonKeys))
		j.skip()
	}
}

// name reads the value of the key field or op.
func (j *jsonReader) name(key string) word {
	if text, ok := j.peek().value.(string); ok {
		return word{text, j.take().at}
	}
	at := j.skip()
	j.refuse(at, "Wrong type of value", "The key %s takes a string.", key)
	return word{at: at}
}

func (j *jsonReader) group(join string) *expression {
	if j.peek().is('[') {
		return j.array(join)
	}
	at := j.skip()
	j.refuse(at, "Wrong type of value", "The key %s takes an array of conditions.", join)
	return &expression{at: at, join: join}
}

// checkKeys refuses an object that is neither a condition nor a group, or both.
func (j *jsonReader) checkKeys(o *jsonObject) {
	at := o.cond.at
	switch {
	case o.group != nil && len(o.keys) > 1:
		j.refuse(at, "Group with further keys", "An object is a condition (field, op, value) or one group (and, or). Make the others objects of their own.")
	case o.group != nil:
	case o.cond.field.missing() && o.cond.operator.missing():
		j.refuse(at, "Missing JSON key", "This object has neither a field and an op, nor and, nor or.")
	case o.cond.field.missing():
		j.refuse(at, "Missing JSON key", "This condition has no field. The fields are %s.", strings.Join(fieldNames(), " and "))
	case o.cond.operator.missing():
		j.refuse(at, "Missing JSON key", "This condition has no op.%s", j.operatorsFor(o.cond.field.text))
	}
}

func (j *jsonReader) operatorsFor(field string) string {
	if f, ok := fieldNamed(field); ok {
		return " " + j.allowed(f)
	}
	return ""
}

// operand reads the value of a condition.
func (j *jsonReader) operand() *operand {
	first := j.peek()
	o := &operand{at: first.at, kind: other}
	switch value := first.value.(type) {
	case string:
		o.kind, o.text = quoted, value
	case json.Number:
		o.kind, o.text = number, value.String()
	case nil:
		o.kind = null
	case json.Delim:
		return j.bracketed(value)
	}
	j.take()
	return o
}

// bracketed reads a list of scalars. What is nested deeper is no value of any
// operator, and is skipped.
func (j *jsonReader) bracketed(open json.Delim) *operand {
	if open == '{' {
		return &operand{at: j.skip(), kind: other}
	}
	o := &operand{at: j.take().at, kind: list}
	for !j.peek().is(']') {
		if _, nested := j.peek().value.(json.Delim); nested {
			o.items = append(o.items, &operand{at: j.skip(), kind: other})
			continue
		}
		o.items = append(o.items, j.operand())
	}
	o.at = o.at.to(j.take().at)
	return o
}
