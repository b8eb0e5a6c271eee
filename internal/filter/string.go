// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"regexp"
	"slices"
	"strings"
)

// checkString checks the string form. A text that is right when a backslash
// escapes nothing is not refused: the API may read it either way.
func (c *checker) checkString() {
	c.parse(withBackslash)
	if len(c.errs) == 0 || !strings.Contains(c.text, `\`) {
		return
	}
	other := &checker{text: c.text}
	other.parse(withoutBackslash)
	if len(other.errs) == 0 {
		*c = *other
	}
}

func (c *checker) parse(pattern *regexp.Regexp) {
	p := &parser{checker: c, tokens: c.tokens(pattern)}
	for _, t := range p.tokens {
		if !c.checkToken(t) {
			return
		}
	}
	if p.conditions(0, token{}) && p.peek().kind != endToken {
		p.unexpected()
	}
}

// parser reads the string form. A method that returns false has reported an
// error after which the rest cannot be read.
type parser struct {
	*checker
	tokens []token
	index  int
}

func (p *parser) peek() token     { return p.tokens[p.index] }
func (p *parser) previous() token { return p.tokens[p.index-1] }

func (p *parser) next() token {
	t := p.peek()
	if t.kind != endToken {
		p.index++
	}
	return t
}

const conditionText = `A condition is a field, an operator and a value: url contains "acme".`

// conditions reads conditions with "and" and "or" between them. The keyword is
// the one before them, if any.
func (p *parser) conditions(depth int, keyword token) bool {
	first := keyword // of the joining keywords at this depth
	for {
		if !p.term(depth, keyword) {
			return false
		}
		keyword = p.peek()
		if !keyword.is("and") && !keyword.is("or") {
			return true
		}
		if first.text == "" {
			first = keyword
		}
		if or := keyword; !strings.EqualFold(first.text, keyword.text) {
			if first.is("or") {
				or = first
			}
			p.warnUnspecified(or.place, `Precedence of "and" and "or"`,
				`which of "and" and "or" comes first.`, `Most likely "and" does. Use parentheses around what belongs together.`)
		}
		p.next()
	}
}

// nots takes each "not" that comes next.
func (p *parser) nots() []token {
	begin := p.index
	for p.peek().is("not") {
		p.index++
	}
	return p.tokens[begin:p.index]
}

// term reads one condition, or several in parentheses. The keyword is the one
// before it, if any.
func (p *parser) term(depth int, keyword token) bool {
	nots := p.nots()
	if len(nots) > 0 {
		keyword = nots[len(nots)-1]
	}
	switch t := p.peek(); {
	case t.is("("):
		p.warnNot(nots, operator{})
		return p.parentheses(depth + 1)
	case t.isName():
		return p.condition(nots)
	case t.kind == signToken || t.kind == stringToken || t.is("[") || t.is(","):
		p.addError(t.place, "Missing field", "A condition begins with a field, without quotes: %s.", strings.Join(fieldNames(), " or "))
		return false
	case keyword.text != "":
		p.addError(keyword.place, "Missing condition", `There is no condition after "%s". %s`, keyword.text, conditionText)
	case t.isKeyword():
		p.addError(t.place, "Missing condition", `There is no condition before "%s". %s`, t.text, conditionText)
	case t.is(")") && depth > 0:
		p.addError(p.previous().to(t.place), "Missing condition", "There is nothing in these parentheses. %s", conditionText)
	}
	return true
}

func (p *parser) parentheses(depth int) bool {
	open := p.next()
	if depth > MaxDepth {
		p.addDepthError(open.place)
		return false
	}
	if !p.conditions(depth, token{}) {
		return false
	}
	if p.peek().kind == endToken {
		p.addError(open.place, "Open parenthesis", "This parenthesis is not closed.")
		return true
	}
	if !p.peek().is(")") {
		p.unexpected()
		return false
	}
	p.next()
	return true
}

func (c *checker) addDepthError(at place) {
	c.addError(at, "Filter nests too deeply", "Groups can be at most %d deep. Remove parentheses and groups that change nothing.", MaxDepth)
}

// condition reads a field, an operator and a value, each of which can be
// missing, and checks them. A "not" can come before each of the three.
func (p *parser) condition(nots []token) bool {
	field := p.next()
	c := condition{field: word{field.text, field.place}}
	before := p.nots()
	if t := p.peek(); t.isName() || t.kind == signToken {
		c.operator = p.operator()
	}
	behind := p.nots()
	c.at = p.previous().place
	if t := p.peek(); t.isName() || t.kind == stringToken || t.is("[") {
		value, ok := p.value()
		if !ok {
			return false
		}
		c.value = value
	}
	if !p.endsWell() {
		return false
	}
	switch {
	case c.operator.is("is"):
		if !p.isNull(&c, len(behind) > 0) {
			return true
		}
		behind = nil
	case c.operator.is("in") && len(before) > 0:
		c.operator = word{"nin", before[0].to(c.operator.place)}
		p.warnUnspecified(c.operator.place, "Negated list", `"not in".`, "Use nin instead.")
		before = nil
	case c.operator.is("between"):
		p.skipSecond()
	}
	op, _ := operatorNamed(c.operator.text)
	p.warnNot(slices.Concat(nots, before, behind), op)
	p.checkCondition(c)
	return true
}

// operator reads an operator. Two words that other languages write for one, as
// "starts with", are taken together, so that the error can name both.
func (p *parser) operator() word {
	first := p.next()
	second := p.peek()
	if both := strings.ToLower(first.text + " " + second.text); second.isName() && aliases[both] != nil {
		p.next()
		return word{first.text + " " + second.text, first.to(second.place)}
	}
	return word{first.text, first.place}
}

// endsWell refuses what people write behind an operator or a value and what is
// part of it.
func (p *parser) endsWell() bool {
	before, t := p.previous(), p.peek()
	_, isOperator := operatorNamed(before.text)
	switch {
	case t.is("(") && isOperator:
		p.addError(t.place, "List in parentheses", `A list is written in brackets: ["A", "B"].`)
	case brokenOffset.MatchString(before.text + " " + t.text):
		p.addError(before.to(t.place), "Unknown special value", "Write the number of days without spaces: today+5d, today-30d.")
	default:
		return true
	}
	return false
}

// brokenOffset matches two words of which a space has made two: today -30d,
// today - and today-30 d.
var brokenOffset = regexp.MustCompile(`^(?i:today [+-]([0-9]+d?)?|today[+-] [0-9]+d?|today[+-][0-9]+ d)$`)

// skipSecond skips the second value of between. No operator has that name, which
// is the error to report.
func (p *parser) skipSecond() {
	if !p.peek().is("and") {
		return
	}
	if t := p.tokens[p.index+1]; t.kind == stringToken || isSpecial(t.text) || numeral.MatchString(t.text) {
		p.index += 2
	}
}

// isNull makes isnull of "is null", and isnotnull of "is not null". It reports
// whether c is one of them.
func (p *parser) isNull(c *condition, not bool) bool {
	is := c.operator.place
	if c.value == nil || c.value.kind != null {
		p.addError(is, "Unknown filter operator",
			`The operator "is" takes null only: %s is null. To compare with a value, use = or !=.`, c.field.text)
		return false
	}
	c.operator, c.value = word{"isnull", is.to(c.value.at)}, nil
	if not {
		c.operator.text = "isnotnull"
		p.warnUnspecified(c.operator.place, "Negated null", `"is not null".`, "Use isnotnull instead.")
	}
	return true
}

var numeral = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

func (p *parser) value() (*operand, bool) {
	t := p.next()
	switch {
	case t.is("["):
		return p.list(t)
	case t.kind == stringToken:
		return &operand{at: t.place, kind: quoted, text: t.text[1 : len(t.text)-1]}, true
	}
	// A URL without quotes falls apart at each "=".
	for n := p.peek(); (n.kind == signToken || n.kind == wordToken) && n.offset == t.end(); n = p.peek() {
		t.text, t.place = t.text+n.text, t.to(p.next().place)
	}
	o := &operand{at: t.place, kind: bare, text: t.text}
	if strings.EqualFold(o.text, "null") {
		o.kind = null
	} else if numeral.MatchString(o.text) {
		o.kind = number
	}
	return o, true
}

const listText = `A list has values with commas between them: ["A", "B"].`

func (p *parser) list(open token) (*operand, bool) {
	l := &operand{at: open.place, kind: list}
	for before := open; ; before = p.previous() {
		t, afterValue := p.peek(), before.kind != bracketToken
		switch isValue := t.isName() || t.kind == stringToken; {
		case isValue && !afterValue:
			item, _ := p.value()
			l.items = append(l.items, item)
			continue
		case isValue:
			p.addError(t.place, "Missing comma", "There is no comma before this value. %s", listText)
			return l, false
		case t.is(",") && !afterValue:
			p.addError(t.place, "Missing value", "There is no value before this comma. %s", listText)
		case t.is("]") && before.is(","):
			p.addError(before.place, "Missing value", "There is no value after this comma. %s", listText)
		case t.is(",") || t.is("]"):
		case t.kind == signToken || t.is("(") || t.is("["):
			p.addError(t.place, "Unexpected text", "A list cannot contain %s. %s", quote(t.text), listText)
			return l, false
		default:
			p.addError(open.place, "Open bracket", "The list that begins here is not closed by a ].")
			return l, t.kind == endToken
		}
		if p.next(); t.is("]") {
			l.at = open.to(t.place)
			return l, true
		}
	}
}

// unexpected reports the token behind a whole condition that continues nothing.
func (p *parser) unexpected() {
	t := p.peek()
	switch {
	case t.is(")") || t.is("]"):
		p.addError(t.place, "Unexpected closing bracket", "No bracket is open that this %s could close.", t.text)
	case t.is(","):
		p.addError(t.place, "Unexpected comma", `Commas are for lists in brackets. Use "and" or "or" between conditions.`)
	default:
		p.addError(t.place, `Missing "and" or "or"`, `A condition ends before this. Use "and" or "or" between conditions.%s`, didYouMean(t.text, []string{"and", "or"}))
	}
}
