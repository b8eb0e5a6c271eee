// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"encoding/json"
	"fmt"
	"strings"
)

var jsonKeys = []string{"field", "op", "value", joinAnd, joinOr}

// jsonObject is what stands between two braces.
type jsonObject struct {
	keys   map[string]bool
	cond   expression  // of the keys field, op and value
	group  *expression // of the keys and, or, not
	broken bool        // whether a key was refused
}

// object reads a group or a condition.
func (j *jsonReader) object() *expression {
	open := j.take()
	o := &jsonObject{keys: map[string]bool{}}
	for !j.peek().is('}') {
		j.member(o)
	}
	o.cond.at = open.at.to(j.take().at)
	if !o.broken {
		j.checkKeys(o)
	}
	switch {
	case o.group != nil:
		return o.group
	case o.broken:
		return &expression{at: o.cond.at, join: joinAnd}
	}
	return &o.cond
}

// refuse marks o as broken, so that no key is called missing that was refused.
func (o *jsonObject) refuse(j *jsonReader, at span, summary, detail string, args ...any) {
	o.broken = true
	j.refuse(at, summary, detail, args...)
}

func (j *jsonReader) member(o *jsonObject) {
	key := j.take()
	name := fmt.Sprint(key.value)
	if o.keys[name] {
		o.refuse(j, key.at, "Repeated JSON key", "The key %s stands twice in this object.", quote(name))
		j.skip()
		return
	}
	o.keys[name] = true
	switch name {
	case "field":
		o.cond.field = j.name(o, name)
	case "op":
		o.cond.operator = j.name(o, name)
	case "value":
		o.cond.value = j.operand()
	case joinAnd, joinOr:
		o.addGroup(j.group(name))
	case "not":
		j.doubtNot(key.at)
		o.addGroup(j.negated())
	default:
		o.refuse(j, key.at, "Unknown JSON key", "There is no key %s.%s A condition has the keys field, op and value; a group has the key and or the key or.",
			quote(name), didYouMean(name, jsonKeys))
		j.skip()
	}
}

// name reads the value of the key field or op.
func (j *jsonReader) name(o *jsonObject, key string) word {
	if text, ok := j.peek().value.(string); ok {
		return word{text, j.take().at}
	}
	at := j.skip()
	o.refuse(j, at, "Wrong type of value", "The key %s takes a string.", key)
	return word{at: at}
}

// group reads the value of the key and or or.
func (j *jsonReader) group(join string) *expression {
	if j.peek().is('[') {
		return j.array(join)
	}
	at := j.skip()
	j.refuse(at, "Wrong type of value", "The key %s takes an array of conditions.", join)
	return &expression{at: at, join: join}
}

// negated reads the value of the key not: one condition or group, or an array of
// them. Its shape is nowhere documented, so that another one is let through.
func (j *jsonReader) negated() *expression {
	switch {
	case j.peek().is('{'):
		return j.object()
	case j.peek().is('['):
		return j.array(joinAnd)
	}
	return &expression{at: j.skip(), join: joinAnd}
}

// addGroup keeps all groups of one object, so that each of them is checked.
func (o *jsonObject) addGroup(group *expression) {
	if o.group != nil {
		group = &expression{at: o.group.at.to(group.at), join: joinAnd, terms: []*expression{o.group, group}}
	}
	o.group = group
}

// conditional reports whether o has a key of a condition.
func (o *jsonObject) conditional() bool { return o.keys["field"] || o.keys["op"] || o.keys["value"] }

// checkKeys refuses an object that is neither a condition nor a group, or both.
func (j *jsonReader) checkKeys(o *jsonObject) {
	at := o.cond.at
	switch {
	case o.group != nil && len(o.keys) > 1 && !o.conditional():
		j.leaveOpen(at, "Several groups in one object",
			"Public documentation shows objects with one key and, or or. %s Make each group an object of its own.", asWritten)
	case o.group != nil && o.conditional():
		o.refuse(j, at, "Group with further keys", "An object is either a condition (field, op, value) or one group (and, or). Make each an object of its own.")
	case o.group != nil:
	case o.cond.field.missing() && o.cond.operator.missing():
		o.refuse(j, at, "Missing JSON key", "This object is no condition, which has a field and an op, and no group, which has and or or.")
	case o.cond.field.missing():
		o.refuse(j, at, "Missing JSON key", "This condition has no field. It can be %s.", strings.Join(fieldNames(), " or "))
	case o.cond.operator.missing():
		field, _ := fieldNamed(o.cond.field.text)
		o.refuse(j, at, "Missing JSON key", "This condition has no op.%s", j.allowed(field))
	}
}

// operand reads the value of a condition.
func (j *jsonReader) operand() *operand {
	first := j.peek()
	if first.is('[') {
		return j.list()
	}
	o := &operand{kind: mapping}
	switch v := first.value.(type) {
	case string:
		o.kind, o.text = quoted, v
	case json.Number:
		o.kind = number
	case bool:
		o.kind = boolean
	case nil:
		o.kind = null
	}
	o.at = j.skip()
	return o
}

// list reads a list of scalars. A list inside it is no value of any operator,
// and is not read.
func (j *jsonReader) list() *operand {
	o := &operand{at: j.take().at, kind: list}
	for !j.peek().is(']') {
		if j.peek().is('[') {
			o.items = append(o.items, &operand{kind: list, at: j.skip()})
			continue
		}
		o.items = append(o.items, j.operand())
	}
	o.at = o.at.to(j.take().at)
	return o
}
