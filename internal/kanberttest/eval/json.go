// SPDX-License-Identifier: MPL-2.0

package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
)

func parseJSON(text string) (node, error) {
	var raw json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return node{}, err
	}
	raw = bytes.TrimSpace(raw)
	if raw[0] == '[' {
		return jsonArray("and", raw, 1)
	}
	return jsonObject(raw, 1)
}

// jsonArray reads the terms of a group.
func jsonArray(join string, raw json.RawMessage, depth int) (node, error) {
	var terms []json.RawMessage
	if err := json.Unmarshal(raw, &terms); err != nil {
		return node{}, err
	}
	if len(terms) == 0 {
		return node{}, fmt.Errorf("the group %q is empty", join)
	}
	return group(join, terms, func(term json.RawMessage) (node, error) { return jsonObject(term, depth+1) })
}

// jsonObject reads a condition, or a group with one key.
func jsonObject(raw json.RawMessage, depth int) (node, error) {
	if depth > maxNesting {
		return node{}, errTooDeep
	}
	members, err := uniqueMembers(raw)
	if err != nil {
		return node{}, err
	}
	for _, join := range []string{"and", "or"} {
		if terms, ok := members[join]; ok && len(members) == 1 {
			return jsonArray(join, terms, depth)
		}
	}
	var field, operator string
	for key, value := range members {
		var err error
		switch key {
		case "field":
			err = json.Unmarshal(value, &field)
		case "op":
			err = json.Unmarshal(value, &operator)
		case "value":
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return node{}, err
		}
	}
	values, isList, err := jsonValues(members["value"])
	if err != nil {
		return node{}, err
	}
	cond, err := newCondition(field, operator, values, isList)
	return node{cond: cond}, err
}

// uniqueMembers reads an object. A repeated key is an error, which encoding/json
// does not report.
func uniqueMembers(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	keys := 0
	for _, err := decoder.Token(); err == nil && decoder.More(); keys++ {
		var value json.RawMessage
		if _, err := decoder.Token(); err != nil {
			return nil, err
		}
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
	}
	if keys != len(members) {
		return nil, fmt.Errorf("a key stands twice in %s", raw)
	}
	return members, nil
}

// jsonValues reads the value of a condition. A null counts as none.
func jsonValues(raw json.RawMessage) (values []rawValue, isList bool, err error) {
	if raw == nil || string(raw) == "null" {
		return nil, false, nil
	}
	var texts []*string
	if raw[0] == '[' {
		isList = true
		err = json.Unmarshal(raw, &texts)
	} else {
		texts = make([]*string, 1)
		err = json.Unmarshal(raw, &texts[0])
	}
	values = []rawValue{}
	for _, text := range texts {
		if text == nil {
			return nil, isList, fmt.Errorf("%s holds null", raw)
		}
		values = append(values, rawValue{text: *text})
	}
	return values, isList, err
}
