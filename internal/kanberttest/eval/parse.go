// SPDX-License-Identifier: MPL-2.0

package eval

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of the string form. Keywords ignore case.
type (
	disjunction struct {
		Terms []*conjunction `parser:"@@ ( 'or' @@ )*"`
	}
	conjunction struct {
		Terms []*term `parser:"@@ ( 'and' @@ )*"`
	}
	term struct {
		Group      *disjunction `parser:"  '(' @@ ')'"`
		Comparison *comparison  `parser:"| @@"`
	}
	comparison struct {
		Field    string    `parser:"@Word"`
		IsNull   bool      `parser:"( @('is' 'null')"`
		Operator string    `parser:"| @(Word | Sign) )"`
		Value    *literal  `parser:"( @@"`
		List     *brackets `parser:"| @@ )?"`
	}
	brackets struct {
		Values []*literal `parser:"'[' ( @@ ( ',' @@ )* )? ']'"`
	}
	literal struct {
		Quoted *string `parser:"  @String"`
		Bare   string  `parser:"| (?! 'and' | 'or' | 'not') @Word"`
	}
)

// A quoted string contains neither a backslash nor its own quotes, because the
// reference does not specify their meaning.
var grammar = participle.MustBuild[disjunction](
	participle.Lexer(lexer.MustSimple([]lexer.SimpleRule{
		{Name: "space", Pattern: `\s+`}, // a token with a lower-case name is elided
		{Name: "String", Pattern: `"[^"\\]*"|'[^'\\]*'`},
		{Name: "Sign", Pattern: `[=!<>]+`},
		{Name: "Punctuation", Pattern: `[()\[\],]`},
		{Name: "Word", Pattern: `[A-Za-z0-9_.+-]+`},
	})),
	participle.CaseInsensitive("Word"),
)

func parseString(text string) (node, error) {
	if strings.Count(text, "(") > maxNesting {
		return node{}, errTooDeep
	}
	tree, err := grammar.ParseString("", text)
	if err != nil {
		return node{}, err
	}
	return tree.node()
}

func (d *disjunction) node() (node, error) {
	return group("or", d.Terms, (*conjunction).node)
}

func (c *conjunction) node() (node, error) {
	return group("and", c.Terms, (*term).node)
}

func (t *term) node() (node, error) {
	if t.Group != nil {
		return t.Group.node()
	}
	c := t.Comparison
	if c.IsNull {
		c.Operator = "isnull"
	}
	var values []rawValue
	if c.Value != nil {
		values = []rawValue{c.Value.raw()}
	}
	if c.List != nil {
		values = []rawValue{}
		for _, v := range c.List.Values {
			values = append(values, v.raw())
		}
	}
	cond, err := newCondition(c.Field, c.Operator, values, c.List != nil)
	return node{cond: cond}, err
}

func (l *literal) raw() rawValue {
	if l.Quoted == nil {
		return rawValue{text: l.Bare, bare: true}
	}
	return rawValue{text: (*l.Quoted)[1 : len(*l.Quoted)-1]}
}

// group reads terms and joins them.
func group[T any](join string, terms []T, read func(T) (node, error)) (node, error) {
	nodes := make([]node, len(terms))
	for i, t := range terms {
		var err error
		if nodes[i], err = read(t); err != nil {
			return node{}, err
		}
	}
	return newGroup(join, nodes), nil
}

var dayOffset = regexp.MustCompile(`^today([+-][0-9]{1,6})d$`)

// specialOf returns the special value with the name text.
func specialOf(text string) (value, bool) {
	text = strings.ToLower(text)
	if slices.Contains([]string{"now", "today", "sow", "eow", "som", "eom"}, text) {
		return value{kind: specialValue, text: text}, true
	}
	if m := dayOffset.FindStringSubmatch(text); m != nil {
		days, err := strconv.Atoi(m[1])
		return value{kind: specialValue, text: "today", days: days}, err == nil
	}
	return value{}, false
}
