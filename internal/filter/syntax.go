// SPDX-License-Identifier: MPL-2.0

package filter

// span is a part of the filter's text, in bytes.
type span struct{ offset, length int }

func (s span) end() int { return s.offset + s.length }

// to returns the part from the begin of s to the end of t.
func (s span) to(t span) span { return span{s.offset, t.end() - s.offset} }

// word is a name in the text, of a field or an operator. The zero word stands
// for a missing one.
type word struct {
	text string
	at   span
}

func (w word) missing() bool { return w == word{} }

// expression is the syntax tree that both forms are read into. It is a group if
// join is set, else a condition. Nothing in it was compared with the tables yet.
// A group without terms stands for a part that was refused already.
type expression struct {
	at    span
	join  string // joinAnd or joinOr
	terms []*expression

	field    word
	operator word
	value    *operand // nil if there is none
}

const (
	joinAnd = "and"
	joinOr  = "or"
)

// operand is a value as it was written.
type operand struct {
	at    span
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
	mapping operandKind = "an object"     // in the JSON form only
)
