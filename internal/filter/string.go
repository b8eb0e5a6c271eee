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
	if len(c.errs) == 0 {
		return
	}
	other := &checker{text: c.text}
	if other.parse(withoutBackslash); len(other.errs) == 0 {
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
	p.conditions(0)
	p.checkRest()
}

// parser reads the string form.
type parser struct {
	*checker
	tokens []token
	index  int
}

func (p *parser) peek() token     { return p.tokens[p.index] }
func (p *parser) previous() token { return p.tokens[p.index-1] }

func (p *parser) next() token {
	t := p.peek()
	p.index = min(p.index+1, len(p.tokens)-1)
	return t
}

// fail reports an error after which nothing can be read for certain.
func (p *parser) fail(at place, summary, detail string, args ...any) {
	p.addError(at, summary, detail, args...)
	p.stop()
}

// stop drops the rest of the text, and the errors of what is then missing.
func (p *parser) stop() {
	p.index = len(p.tokens) - 1
	p.stopped = true
}

// checkRest fails at what continues no condition. The readers of conditions and
// parentheses end there.
func (p *parser) checkRest() {
	switch t := p.peek(); {
	case t.kind == endToken:
	case t.is(")") || t.is("]"):
		p.fail(t.place, "Unexpected closing bracket", "There is no open bracket for this %s.", t.text)
	default:
		p.fail(t.place, `Missing "and" or "or"`, `A condition ends before this. Use "and" or "or" between conditions.%s`, didYouMean(t.text, []string{"and", "or"}))
	}
}

const conditionText = `A condition is a field, an operator and a value: url contains "acme".`

// conditions reads conditions with "and" and "or" between them.
func (p *parser) conditions(depth int) {
	p.term(depth)
	first := p.peek()
	for keyword := first; keyword.is("and") || keyword.is("or"); keyword = p.peek() {
		if !keyword.is(first.text) {
			p.warnUnspecified(keyword.place, `Precedence of "and" and "or"`,
				`which of "and" and "or" comes first.`, `Most likely "and" does. Use parentheses around what belongs together.`)
		}
		p.next()
		p.term(depth)
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

// term reads one condition, or several in parentheses.
func (p *parser) term(depth int) {
	nots := p.nots()
	switch t := p.peek(); {
	case t.is("("):
		p.warnNot(nots, operator{})
		p.parentheses(depth + 1)
	case t.isName():
		p.condition(nots)
	case t.kind == signToken || t.kind == stringToken || t.is("[") || t.is(","):
		p.fail(t.place, "Missing field", "A condition begins with a field, without quotes: %s.", strings.Join(fieldNames(), " or "))
	case t.is(")") && depth == 0 || t.is("]"):
		// Nothing is open: checkRest reports it.
	default:
		at := t.place
		if p.index > 0 {
			at = place{offset: p.previous().end()}
		}
		p.addError(at, "Missing condition", "A condition is missing here. %s", conditionText)
	}
}

func (p *parser) parentheses(depth int) {
	open := p.next()
	if depth > MaxDepth {
		p.addDepthError(open.place)
		p.stop()
	}
	p.conditions(depth)
	switch t := p.peek(); {
	case t.kind == endToken:
		p.addError(open.place, "Open parenthesis", "This parenthesis is not closed.")
	case t.is(")"):
		p.next()
	}
}

func (c *checker) addDepthError(at place) {
	c.addError(at, "Filter nests too deeply", "Groups can be at most %d deep. Remove parentheses and groups that change nothing.", MaxDepth)
}

// condition reads a field, an operator and a value, each of which can be
// missing, and checks them. A "not" can come before each of the three.
func (p *parser) condition(nots []token) {
	c := condition{field: p.next()}
	before := p.nots()
	if t := p.peek(); t.isName() || t.kind == signToken {
		c.operator = p.operator()
	}
	behind := p.nots()
	c.at = p.previous().place
	if t := p.peek(); t.isName() || t.kind == stringToken || t.is("[") {
		c.value = p.value()
	}
	p.checkEnd()
	switch {
	case c.operator.is("is"):
		p.isNull(&c, len(behind) > 0)
		behind = nil
	case c.operator.is("in") && len(before) > 0:
		c.operator = token{wordToken, "nin", before[0].to(c.operator.place)}
		p.warnUnspecified(c.operator.place, "Negated list", `"not in".`, "Use nin instead.")
		before = nil
	}
	op, _ := operatorNamed(c.operator.text)
	p.warnNot(slices.Concat(nots, before, behind), op)
	p.checkCondition(c)
	if c.operator.is("between") {
		p.stop() // at the "and" before its second value
	}
}

// operator reads an operator. Two words that other languages write for one, as
// "starts with", are taken together, so that the error can name both.
func (p *parser) operator() token {
	first := p.next()
	second := p.peek()
	both := first.text + " " + second.text
	if second.isName() && aliases[strings.ToLower(both)] != nil {
		return token{wordToken, both, first.to(p.next().place)}
	}
	return first
}

// checkEnd fails at what people write behind an operator or a value as a part of
// it.
func (p *parser) checkEnd() {
	before, t := p.previous(), p.peek()
	if _, isOperator := operatorNamed(before.text); isOperator && t.is("(") {
		p.fail(t.place, "List in parentheses", `A list is written in brackets: ["A", "B"].`)
	}
	if brokenOffset.MatchString(before.text + " " + t.text) {
		p.fail(before.to(t.place), "Unknown special value", "Write the number of days without spaces: today+5d, today-30d.")
	}
}

// brokenOffset matches two words of which a space has made two: today -30d,
// today - and today-30 d.
var brokenOffset = regexp.MustCompile(`^(?i:today [+-]([0-9]+d?)?|today[+-] [0-9]+d?|today[+-][0-9]+ d)$`)

// isNull makes isnull of "is null", and isnotnull of "is not null".
func (p *parser) isNull(c *condition, not bool) {
	if c.value == nil || c.value.kind != null {
		p.fail(c.operator.place, "Unknown filter operator",
			`The operator "is" takes null only: %s is null. To compare with a value, use = or !=.`, c.field.text)
		return
	}
	c.operator, c.value = token{wordToken, "isnull", c.operator.to(c.value.at)}, nil
	if not {
		c.operator.text = "isnotnull"
		p.warnUnspecified(c.operator.place, "Negated null", `"is not null".`, "Use isnotnull instead.")
	}
}

var numeral = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

func (p *parser) value() *operand {
	t := p.next()
	switch {
	case t.is("["):
		return p.list(t)
	case t.kind == stringToken:
		return &operand{at: t.place, kind: quoted, text: t.text[1 : len(t.text)-1]}
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
	return o
}

const listText = `A list has values with commas between them and ends with a ]: ["A", "B"].`

// list reads a list behind its bracket.
func (p *parser) list(open token) *operand {
	l := &operand{at: open.place, kind: list}
	for more := !p.peek().is("]"); more; {
		switch t := p.peek(); {
		case t.isName() || t.kind == stringToken:
			l.items = append(l.items, p.value())
		case t.is(",") || t.is("]"):
			p.addError(place{offset: p.previous().end()}, "Missing value", "A value is missing here. %s", listText)
		}
		if more = p.peek().is(","); more {
			p.next()
		}
	}
	switch t := p.peek(); {
	case t.kind == endToken:
		p.fail(open.place, "Open bracket", "This bracket is not closed.")
	case !t.is("]"):
		p.fail(t.place, "Broken list", listText)
	}
	l.at = open.to(p.next().place)
	return l
}
