// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// readString reads the string form. A text that is wrong if a backslash escapes
// a quote, and right if it does not, is not refused: the API may read it either
// way.
func (r *report) readString() *expression {
	tree := r.readStringWith(backslashParser())
	if len(r.refused) == 0 || !strings.Contains(r.text, `\`) {
		return tree
	}
	plain := &report{text: r.text}
	second := plain.readStringWith(plainParser())
	if len(plain.refused) > 0 {
		return tree
	}
	*r = *plain
	return second
}

func (r *report) readStringWith(p *parser) *expression {
	tokens, err := p.Lex("", strings.NewReader(r.text))
	s := &stringReader{report: r, types: p.Lexer().Symbols(), tokens: tokens}
	if err == nil && !s.scan() {
		return nil
	}
	top, err := p.ParseString("", r.text)
	if err != nil {
		s.unexpected(err)
		return nil
	}
	return s.orGroup(top)
}

// stringReader turns what the grammar captured into the syntax tree, and names
// what is missing in it.
type stringReader struct {
	*report
	types  map[string]lexer.TokenType
	tokens []lexer.Token
}

// scan refuses what must not reach the parser: a quote without an end, characters
// that only look like quotes and spaces, and so many brackets that the parser,
// which calls itself, would go too deep. It reports whether the text may be
// parsed.
func (s *stringReader) scan() bool {
	depth := 0
	for _, t := range s.tokens {
		switch {
		case t.Type == s.types[tokenOpen]:
			s.refuse(span{t.Pos.Offset, 1}, "Open quote",
				"The string that begins here has no closing %s.", t.Value[:1])
			return false
		case t.Type == s.types[tokenString]:
			s.doubtEscapes(t)
		case t.Type == s.types[tokenWord] && s.refuseLookalike(t):
			return false
		case t.Value == "(" || t.Value == "[":
			depth++
		case t.Value == ")" || t.Value == "]":
			depth--
		}
		if depth > MaxDepth {
			s.refuseDepth(place(t))
			return false
		}
	}
	return true
}

// curlyQuotes are what word processors and chats make of straight quotes.
const curlyQuotes = "“”„‟‘’‚‛«»"

// refuseLookalike refuses a word with a character in it that was most likely
// pasted for a quote or a space, and reports whether there is one. No field,
// operator or special value holds any.
func (s *stringReader) refuseLookalike(t lexer.Token) bool {
	for i, c := range t.Value {
		at := span{t.Pos.Offset + i, utf8.RuneLen(c)}
		if strings.ContainsRune(curlyQuotes, c) {
			s.refuse(at, "Curly quote", `Strings stand in straight quotes: "acme" or 'acme'.`)
			return true
		}
		if unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) {
			s.refuse(at, "Unusual white space", "Here stands the character %U, which looks like a space or like nothing. Write a space.", c)
			return true
		}
	}
	return false
}

func (r *report) refuseDepth(at span) {
	r.refuse(at, "Filter nests too deeply",
		"At most %d groups can stand inside one another. Leave out parentheses that change nothing.", MaxDepth)
}

// doubtEscapes warns of a string that holds its own quote or a backslash.
func (s *stringReader) doubtEscapes(t lexer.Token) {
	mark, inside := t.Value[:1], t.Value[1:len(t.Value)-1]
	i := strings.IndexAny(inside, mark+`\`)
	if i < 0 {
		return
	}
	s.leaveOpen(span{t.Pos.Offset + 1 + i, 1}, "Escape in a quoted string",
		"Public documentation does not say how the string form escapes a quote or reads a backslash. %s A string that holds quotes of one kind can stand in quotes of the other, and the JSON form, as jsonencode writes it, can hold any string.", asWritten)
}

// place is where t stands.
func place(t lexer.Token) span { return span{t.Pos.Offset, len(t.Value)} }

// tail is a keyword and what follows it; nil if nothing does.
type tail struct {
	keyword lexer.Token
	term    *expression
}

// orGroup returns nil if g is empty, and so do andGroup and term.
func (s *stringReader) orGroup(g *orGroup) *expression {
	if g == nil {
		return nil
	}
	mixed := g.First != nil && len(g.First.Rest) > 0
	var tails []tail
	for _, t := range g.Rest {
		tails = append(tails, tail{t.Or, s.andGroup(t.Term)})
		mixed = mixed || t.Term != nil && len(t.Term.Rest) > 0
	}
	if mixed && len(tails) > 0 {
		s.warn(place(tails[0].keyword), `Precedence of "and" and "or"`,
			`Public documentation does not say which of "and" and "or" comes first. %s The API most likely takes "and" first. Put parentheses around what belongs together.`, asWritten)
	}
	return s.join(joinOr, s.andGroup(g.First), tails)
}

func (s *stringReader) andGroup(g *andGroup) *expression {
	if g == nil {
		return nil
	}
	var tails []tail
	for _, t := range g.Rest {
		tails = append(tails, tail{t.And, s.term(t.Term)})
	}
	return s.join(joinAnd, s.term(g.First), tails)
}

func (s *stringReader) join(join string, first *expression, tails []tail) *expression {
	if len(tails) == 0 {
		return first
	}
	e := &expression{at: place(tails[0].keyword), join: join}
	if first == nil {
		s.missingCondition(place(tails[0].keyword), "before")
	} else {
		e.at, e.terms = first.at, append(e.terms, first)
	}
	for _, t := range tails {
		if t.term == nil {
			s.missingCondition(place(t.keyword), "after")
			continue
		}
		e.terms = append(e.terms, t.term)
		e.at = e.at.to(t.term.at)
	}
	return e
}

func (r *report) missingCondition(keyword span, where string) {
	r.refuse(keyword, "Missing condition",
		`There is no condition %s "%s". %s`, where, r.text[keyword.offset:keyword.end()], conditionText)
}

const conditionText = `A condition is a field, an operator and a value: url contains "acme".`

func (s *stringReader) term(t *term) *expression {
	if t == nil {
		return nil
	}
	var e *expression
	switch {
	case t.Group != nil:
		e = s.parens(t.Group)
	case t.Cond != nil:
		e = s.comparison(t.Cond)
	}
	if len(t.Not) == 0 {
		return e
	}
	not := place(t.Not[0])
	s.doubtNot(not)
	if e == nil {
		s.missingCondition(place(t.Not[len(t.Not)-1]), "after")
		e = &expression{at: not, join: joinAnd}
	}
	return e
}

func (r *report) doubtNot(not span) {
	r.leaveOpen(not, "Negation",
		`Public documentation does not say whether a filter can hold "not". %s The operators ne, nin and isnotnull leave no doubt.`, asWritten)
}

func (s *stringReader) parens(p *parens) *expression {
	if p.Close == nil {
		s.refuse(place(p.Open), "Open parenthesis", "The parenthesis that opens here is not closed.")
	}
	e := s.orGroup(p.Body)
	if e == nil {
		if p.Close != nil {
			s.refuse(place(p.Open).to(place(*p.Close)), "Missing condition",
				"There is nothing in these parentheses. %s", conditionText)
		}
		e = &expression{at: place(p.Open), join: joinAnd}
	}
	return e
}

func (s *stringReader) comparison(c *comparison) *expression {
	e := &expression{field: wordOf(c.Field), at: place(c.Field)}
	if c.Op != nil {
		e.operator = wordOf(*c.Op)
		e.at = e.at.to(e.operator.at)
	}
	if c.Value != nil {
		e.value = s.literal(c.Value)
		e.at = e.at.to(e.value.at)
	}
	if strings.EqualFold(e.operator.text, "is") {
		s.isNull(e, c.OpNot)
		s.negation(e, c.Not, nil)
	} else {
		s.negation(e, c.Not, c.OpNot)
	}
	return e
}

func wordOf(t lexer.Token) word { return word{t.Value, place(t)} }

// isNull folds "is null" into isnull.
func (s *stringReader) isNull(e *expression, not *lexer.Token) {
	is, v := e.operator.at, e.value
	e.operator, e.value = word{"isnull", is.to(span{e.at.end(), 0})}, nil
	if v == nil || v.kind != null {
		s.refuse(is, "Unknown filter operator",
			`Only null stands behind "is": %s is null. To compare with a value, use = or !=.`, e.field.text)
		return
	}
	if not == nil {
		return
	}
	e.operator.text = "isnotnull"
	s.warn(e.operator.at, "Negated null",
		`Public documentation shows "is null", and not "is not null". %s Write %s isnotnull.`, asWritten, e.field.text)
}

// negation handles a "not" in front of an operator or behind it.
func (s *stringReader) negation(e *expression, before, behind *lexer.Token) {
	if before != nil && behind == nil && strings.EqualFold(e.operator.text, "in") {
		e.operator = word{"nin", place(*before).to(e.operator.at)}
		s.warn(e.operator.at, "Negated list",
			`Public documentation lists nin, and not "not in". %s Write nin.`, asWritten)
		return
	}
	for _, not := range []*lexer.Token{before, behind} {
		if not != nil {
			s.doubtNot(place(*not))
		}
	}
}

func (s *stringReader) literal(l *literal) *operand {
	switch {
	case l.Quoted != nil:
		text := l.Quoted.Value
		return &operand{at: place(*l.Quoted), kind: quoted, text: text[1 : len(text)-1]}
	case l.Word != nil:
		o := &operand{at: place(*l.Word), kind: bare, text: l.Word.Value}
		if strings.EqualFold(o.text, "null") {
			o.kind = null
		} else if numeral.MatchString(o.text) {
			o.kind = number
		}
		return o
	default:
		return s.brackets(l.List)
	}
}

var numeral = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

func (s *stringReader) brackets(b *brackets) *operand {
	o := &operand{at: place(b.Open), kind: list}
	missing := func(comma lexer.Token, where string) {
		s.refuse(place(comma), "Missing value", "There is no value %s this comma.", where)
	}
	if b.First != nil {
		o.items = append(o.items, s.literal(b.First))
	} else if len(b.Rest) > 0 {
		missing(b.Rest[0].Comma, "before")
	}
	for _, t := range b.Rest {
		if t.Value == nil {
			missing(t.Comma, "after")
			continue
		}
		o.items = append(o.items, s.literal(t.Value))
	}
	if b.Close == nil {
		s.refuse(place(b.Open), "Open bracket", "The list that begins here is not closed by a ].")
	} else {
		o.at = o.at.to(place(*b.Close))
	}
	return o
}
