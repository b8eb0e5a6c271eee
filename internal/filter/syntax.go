// SPDX-License-Identifier: MPL-2.0

package filter

// span is a part of the filter's text, in bytes.
type span struct{ offset, length int }

func (s span) end() int { return s.offset + s.length }

// to returns the part from the begin of s to the end of t.
func (s span) to(t span) span { return span{s.offset, t.end() - s.offset} }

// word is a name in the text: a field, an operator. The zero word is a missing
// one.
type word struct {
	text string
	at   span
}

func (w word) missing() bool { return w == word{} }

// expression is the syntax tree that both forms are read into. It is a group if
// join is set, else a condition. Nothing in it was checked yet.
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
	text  string // without quotes
	items []*operand
}

type operandKind int

const (
	quoted operandKind = iota // a string in quotes
	bare                      // a word without quotes, in the string form only
	number
	null
	list
	other // a JSON value that no operator takes: true, false, an object
)

// describe says what o is, for an error text.
func (o *operand) describe() string {
	switch o.kind {
	case quoted:
		return "string"
	case bare:
		return "word without quotes"
	case number:
		return "number"
	case null:
		return "null"
	case list:
		return "list"
	default:
		return "truth value or object"
	}
}
