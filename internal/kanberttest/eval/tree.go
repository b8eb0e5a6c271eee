// SPDX-License-Identifier: MPL-2.0

package eval

import "time"

// node is the content of a checked filter: a group or a condition. It has no
// positions and no spellings, so equal filters have equal trees.
type node struct {
	join  string // "and" or "or" for a group, empty for a condition
	terms []node // of a group: two or more, none of them a group of the same join
	cond  *condition
}

// condition is one comparison.
type condition struct {
	field    string
	operator string // the main name of the operator, not an alias
	values   []value
}

// value is the value that a field is compared with.
type value struct {
	kind valueKind
	// text is a string or a date as written, or the lower-case name of a special
	// value.
	text string
	days int       // of "today": how many days to add
	at   time.Time // of a date
}

type valueKind int

const (
	textValue valueKind = iota
	dateValue
	specialValue
)

// newGroup joins terms. A group of one term is that term. A group inside a group of
// the same kind is merged, so equivalent filters have the same tree.
func newGroup(join string, terms []node) node {
	var flat []node
	for _, t := range terms {
		if t.join == join {
			flat = append(flat, t.terms...)
		} else {
			flat = append(flat, t)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return node{join: join, terms: flat}
}

// walk calls visit for each condition, in the order of the text.
func (n node) walk(visit func(*condition)) {
	if n.cond != nil {
		visit(n.cond)
		return
	}
	for _, t := range n.terms {
		t.walk(visit)
	}
}

// depth returns how deeply groups are nested.
func (n node) depth() int {
	deepest := 0
	for _, t := range n.terms {
		deepest = max(deepest, t.depth())
	}
	if n.cond != nil {
		return 0
	}
	return deepest + 1
}

// mapStrings applies change to each string in n that url is compared with.
func (n node) mapStrings(change func(string) string) node {
	if n.cond == nil {
		terms := make([]node, len(n.terms))
		for i, t := range n.terms {
			terms[i] = t.mapStrings(change)
		}
		return node{join: n.join, terms: terms}
	}
	changed := &condition{field: n.cond.field, operator: n.cond.operator}
	for _, v := range n.cond.values {
		if v.kind == textValue {
			v.text = change(v.text)
		}
		changed.values = append(changed.values, v)
	}
	return node{cond: changed}
}
