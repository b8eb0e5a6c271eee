// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// unexpected refuses the word at which the parser stopped. What is wrong with it
// depends on the word before it and on the bracket around it.
func (s *stringReader) unexpected(err error) {
	i := -1
	var stop participle.Error
	if errors.As(err, &stop) {
		i = slices.IndexFunc(s.tokens, func(t lexer.Token) bool { return t.Pos.Offset == stop.Position().Offset })
	}
	if i < 0 {
		// The grammar takes an end everywhere, so that no known text leads here.
		s.refuse(span{len(s.text), 0}, "Unreadable filter", "The filter cannot be read: %s. %s", err, conditionText)
		return
	}
	if s.refuseBetween(i) {
		return
	}
	summary, detail := s.explain(i)
	s.refuse(place(s.tokens[i]), summary, "%s", detail)
}

// explain says what is wrong with token i.
func (s *stringReader) explain(i int) (summary, detail string) {
	t, bracket := s.tokens[i], s.openBracket(i)
	begins := i == 0 || s.tokens[i-1].Value == "(" || isKeyword(s.tokens[i-1])
	switch {
	case bracket == "[" && (isKeyword(t) || t.Value == ")"):
		return "Open bracket", "The list is not closed by a ] before this."
	case bracket == "[" && t.Value == "]":
		return "Unexpected text", "Before this ] stands something that is no value. " + listText
	case bracket == "[" && (s.isValue(t) || t.Value == "["):
		return "Missing comma", "There is no comma before this value. " + listText
	case bracket == "[":
		return "Unexpected text", quote(t.Value) + " cannot stand in a list. " + listText
	case t.Value == ")" || t.Value == "]":
		return "Unexpected closing bracket", "There is nothing open that this " + t.Value + " could close."
	case t.Value == ",":
		return "Unexpected comma", `A comma stands only between the values of a list in brackets. Conditions are joined by "and" or "or".`
	case begins && t.Type == s.types[tokenSign]:
		return "Missing field", "There is no field before this operator. " + conditionText
	case begins:
		return "Missing field", "Here a condition begins with a field, which is written without quotes and brackets: " + strings.Join(fieldNames(), " or ") + "."
	case brokenOffset.MatchString(s.tokens[i-1].Value + " " + t.Value):
		return "Unknown special value", "Days are added and taken without spaces: today+5d, today-30d."
	case t.Value == "(" && operatorLike(s.tokens[i-1]):
		return "List in parentheses", `A list is written in brackets: ["A", "B"].`
	case t.Type == s.types[tokenSign] && place(s.tokens[i-1]).end() == t.Pos.Offset && i > 1 && operatorLike(s.tokens[i-2]):
		return "Value without quotes", "The value that goes on here has no quotes. Write the whole of it in quotes."
	}
	hint := didYouMean(t.Value, []string{joinAnd, joinOr})
	return `Missing "and" or "or"`, `A condition has ended before this. The next one is joined to it by "and" or "or".` + hint
}

// brokenOffset matches two words of which a space has made two: today -30d,
// today - and today-30 d.
var brokenOffset = regexp.MustCompile(`^(?i:today [+-]([0-9]+d?)?|today[+-] [0-9]+d?|today[+-][0-9]+ d)$`)

// refuseBetween refuses the operator between, behind whose "and" the parser
// stopped at token i, and reports whether it stands there.
func (s *stringReader) refuseBetween(i int) bool {
	if i < 4 || !strings.EqualFold(s.tokens[i-1].Value, joinAnd) || !strings.EqualFold(s.tokens[i-3].Value, "between") {
		return false
	}
	from, to := s.tokens[i-2].Value, s.tokens[i].Value
	field := s.tokens[i-4].Value
	s.refuse(place(s.tokens[i-3]), "Unknown filter operator", "There is no operator between. Write %s >= %s and %s <= %s.", field, from, field, to)
	return true
}

const listText = `A list holds values, separated by commas: ["A", "B"].`

// openBracket returns the innermost bracket that is open before token i, or
// nothing.
func (s *stringReader) openBracket(i int) string {
	var open []string
	for _, t := range s.tokens[:i] {
		switch t.Value {
		case "(", "[":
			open = append(open, t.Value)
		case ")", "]":
			open = open[:max(0, len(open)-1)]
		}
	}
	if len(open) == 0 {
		return ""
	}
	return open[len(open)-1]
}

func (s *stringReader) isValue(t lexer.Token) bool {
	return t.Type == s.types[tokenString] || t.Type == s.types[tokenWord]
}

func isKeyword(t lexer.Token) bool {
	switch strings.ToLower(t.Value) {
	case joinAnd, joinOr, "not":
		return true
	}
	return false
}

func operatorLike(t lexer.Token) bool {
	_, known := operatorNamed(t.Value)
	return known
}
