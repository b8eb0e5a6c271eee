// SPDX-License-Identifier: MPL-2.0

package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// String returns f in the string form. If a value contains a backslash or both
// kinds of quotes, it returns the JSON form, because the reference does not specify
// how the string form escapes them.
func (f *Filter) String() string {
	text, ok := f.root.text(false)
	if !ok {
		return f.JSON()
	}
	return text
}

// text returns n in the string form, in parentheses if it is a group inside
// another.
func (n node) text(inside bool) (string, bool) {
	if n.cond != nil {
		return n.cond.text()
	}
	terms := make([]string, len(n.terms))
	for i, t := range n.terms {
		var ok bool
		if terms[i], ok = t.text(true); !ok {
			return "", false
		}
	}
	joined := strings.Join(terms, " "+n.join+" ")
	if inside {
		joined = "(" + joined + ")"
	}
	return joined, true
}

func (c *condition) text() (string, bool) {
	symbol := c.operator
	if sign, ok := signs[c.operator]; ok {
		symbol = sign
	}
	values := make([]string, len(c.values))
	for i, v := range c.values {
		var ok bool
		if values[i], ok = v.literal(); !ok {
			return "", false
		}
	}
	text := c.field + " " + symbol
	switch {
	case takesList(c.operator):
		text += " [" + strings.Join(values, ", ") + "]"
	case !takesNothing(c.operator):
		text += " " + values[0]
	}
	return text, true
}

// signs replace the names of operators in the string form.
var signs = map[string]string{"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

// literal returns v in the string form, if possible.
func (v value) literal() (string, bool) {
	switch {
	case v.kind == specialValue:
		return v.plain(), true
	case strings.Contains(v.text, `\`):
		return "", false
	case !strings.Contains(v.text, `"`):
		return `"` + v.text + `"`, true
	case !strings.Contains(v.text, `'`):
		return `'` + v.text + `'`, true
	}
	return "", false
}

// plain returns v without quotes.
func (v value) plain() string {
	if v.days != 0 {
		return fmt.Sprintf("%s%+dd", v.text, v.days)
	}
	return v.text
}

// The JSON form (filtering page): a condition, a group, or an array of conditions
// joined by and. The order of the fields is that of the page.
type (
	jsonCondition struct {
		Field string `json:"field"`
		Op    string `json:"op"`
		Value any    `json:"value,omitempty"` // a string or a list of strings
	}
	jsonGroup struct {
		And []any `json:"and,omitempty"`
		Or  []any `json:"or,omitempty"`
	}
)

// JSON returns f in the JSON form: an array if and joins conditions only, otherwise
// a tree.
func (f *Filter) JSON() string {
	var top any
	switch {
	case f.root.cond != nil:
		top = []any{f.root.cond.json()}
	case f.root.join == "and" && f.root.depth() == 1:
		top = f.root.json().And
	default:
		top = f.root.json()
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // a URL keeps its &, and a query its length
	if err := enc.Encode(top); err != nil {
		panic(err) // encoding strings cannot fail
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func (n node) json() jsonGroup {
	terms := make([]any, len(n.terms))
	for i, t := range n.terms {
		if t.cond != nil {
			terms[i] = t.cond.json()
		} else {
			terms[i] = t.json()
		}
	}
	if n.join == "or" {
		return jsonGroup{Or: terms}
	}
	return jsonGroup{And: terms}
}

func (c *condition) json() jsonCondition {
	out := jsonCondition{Field: c.field, Op: c.operator}
	texts := make([]string, len(c.values))
	for i, v := range c.values {
		texts[i] = v.plain()
	}
	switch {
	case takesList(c.operator):
		out.Value = texts
	case !takesNothing(c.operator):
		out.Value = texts[0]
	}
	return out
}
