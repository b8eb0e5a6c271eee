// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkJSON checks the JSON form. Its faults are named by their path, as
// or[1].op, because the text itself is most often written by jsonencode.
func (c *checker) checkJSON() {
	var top json.RawMessage
	err := json.Unmarshal([]byte(c.text), &top)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		c.checkTerm(jsonValue{"", bytes.TrimSpace(top)}, 0)
		return
	}
	at, reason := place{offset: len(c.text)}, "It ends too early"
	if !strings.HasPrefix(syntax.Error(), "unexpected end") {
		at = place{offset: int(syntax.Offset) - 1, length: 1}
		r, _ := utf8.DecodeRuneInString(c.text[at.offset:])
		reason = fmt.Sprintf("The character %q is not allowed here", r)
	}
	c.addError(at, "Broken JSON", "The text is not JSON. %s. Use jsonencode to write the filter.", reason)
}

// jsonValue is a value and its path.
type jsonValue struct {
	path string
	raw  json.RawMessage
}

func (v jsonValue) at() place { return place{path: v.path, value: string(v.raw)} }

// is reports whether v is an array ('[') or an object ('{').
func (v jsonValue) is(delim byte) bool { return v.raw[0] == delim }

// items returns the values of an array.
func (v jsonValue) items() []jsonValue {
	var raw []json.RawMessage
	_ = json.Unmarshal(v.raw, &raw) // the whole text is JSON
	items := make([]jsonValue, len(raw))
	for i := range raw {
		items[i] = jsonValue{fmt.Sprintf("%s[%d]", v.path, i), raw[i]}
	}
	return items
}

// member is a key of an object and its value.
type member struct {
	key   string
	value jsonValue
}

// members returns the keys and values of an object in the order of the text. A
// map would lose the order, and keys that occur twice.
func (v jsonValue) members() []member {
	var members []member
	decoder := json.NewDecoder(bytes.NewReader(v.raw))
	for _, _ = decoder.Token(); decoder.More(); {
		token, _ := decoder.Token()
		key := fmt.Sprint(token)
		m := member{key, jsonValue{path: strings.TrimPrefix(v.path+"."+key, ".")}}
		_ = decoder.Decode(&m.value.raw)
		members = append(members, m)
	}
	return members
}

// checkTerm checks a condition, a group or an array. The depth is the number of
// groups around it.
func (c *checker) checkTerm(v jsonValue, depth int) {
	switch {
	case depth > MaxDepth:
		c.addDepthError(v.at())
	case v.is('{'):
		c.checkObject(v, depth)
	case v.is('['):
		if v.path != "" {
			c.warnUnspecified(v.at(), "Array inside a group", "arrays inside a group.", `Write {"and": [...]} instead.`)
		}
		c.checkGroup(v, depth)
	default:
		c.addError(v.at(), "Missing condition", `A condition is an object: {"field": "url", "op": "contains", "value": "acme"}.`)
	}
}

// checkGroup checks the terms of a group.
func (c *checker) checkGroup(v jsonValue, depth int) {
	if !v.is('[') {
		c.addError(v.at(), "Wrong type of value", "A group is an array of conditions.")
		return
	}
	items := v.items()
	if len(items) == 0 {
		c.addError(v.at(), "Empty group", "There is no condition in this array. %s", leaveOut)
	}
	for _, item := range items {
		c.checkTerm(item, depth+1)
	}
}

var jsonKeys = []string{"field", "op", "value", "and", "or"}

const objectText = "An object is either a condition (field, op, value) or one group (and, or)."

// checkObject checks a condition or a group.
func (c *checker) checkObject(v jsonValue, depth int) {
	cond := condition{at: v.at()}
	seen := map[string]bool{}
	groups := 0
	broken := len(c.errs)
	for _, m := range v.members() {
		if seen[m.key] {
			c.addError(v.at(), "Repeated JSON key", "The key %s occurs twice in this object. Remove one of them.", quote(m.key))
			continue
		}
		seen[m.key] = true
		switch m.key {
		case "field":
			cond.field = c.jsonWord(m.value)
		case "op":
			cond.operator = c.jsonWord(m.value)
		case "value":
			cond.value = jsonOperand(m.value)
		case "and", "or":
			groups++
			c.checkGroup(m.value, depth)
		case "not":
			groups++
			c.warnNot([]token{{place: m.value.at()}}, operator{})
			if m.value.is('[') {
				c.checkGroup(m.value, depth)
			} else if m.value.is('{') { // Anything else is let through, as it is not specified.
				c.checkTerm(m.value, depth+1)
			}
		default:
			c.addError(v.at(), "Unknown JSON key", "There is no key %s.%s %s", quote(m.key), didYouMean(m.key, jsonKeys), objectText)
		}
	}
	isCondition := seen["field"] || seen["op"] || seen["value"]
	switch {
	case groups > 0 && isCondition:
		c.addError(v.at(), "Group with further keys", "This object is both a condition and a group. %s", objectText)
	case groups > 1:
		c.warnUnspecified(v.at(), "Several groups in one object", "objects with several groups.", "Make each group an object of its own.")
	case groups > 0 || len(c.errs) > broken:
	case cond.field.missing():
		c.addError(v.at(), "Missing JSON key", "This condition has no field. It can be %s. %s", strings.Join(fieldNames(), " or "), objectText)
	default:
		c.checkCondition(cond)
	}
}

// jsonWord reads the value of the key field or op.
func (c *checker) jsonWord(v jsonValue) token {
	var text *string
	if err := json.Unmarshal(v.raw, &text); err != nil || text == nil {
		c.addError(v.at(), "Wrong type of value", "This key takes a string.")
		return token{}
	}
	return token{wordToken, *text, v.at()}
}

// jsonOperand reads the value of a condition. A list in a list is the value of no
// operator, and is not read.
func jsonOperand(v jsonValue) *operand {
	o := &operand{at: v.at()}
	var decoded any
	_ = json.Unmarshal(v.raw, &decoded) // the whole text is JSON
	switch decoded := decoded.(type) {
	case string:
		o.kind, o.text = quoted, decoded
	case float64:
		o.kind = number
	case bool:
		o.kind = boolean
	case nil:
		o.kind = null
	case map[string]any:
		o.kind = object
	case []any:
		o.kind = list
		for _, item := range v.items() {
			o.items = append(o.items, jsonOperand(item))
		}
	}
	return o
}
