// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of the string form. It is more generous than the language: it
// takes conditions without operator or value, and brackets that are not closed,
// so that the reader in string.go can name what is missing instead of the next
// word, which is not to blame.
//
// Keywords are matched in any case of letters. A field, an operator and a value
// are words that are no keyword.
type (
	orGroup struct {
		First *andGroup `parser:"@@?"`
		Rest  []*orTail `parser:"@@*"`
	}
	orTail struct {
		Or   lexer.Token `parser:"@'or'"`
		Term *andGroup   `parser:"@@?"`
	}
	andGroup struct {
		First *term      `parser:"@@?"`
		Rest  []*andTail `parser:"@@*"`
	}
	andTail struct {
		And  lexer.Token `parser:"@'and'"`
		Term *term       `parser:"@@?"`
	}
	term struct {
		Not   []lexer.Token `parser:"@'not'*"`
		Group *parens       `parser:"( @@"`
		Cond  *comparison   `parser:"| @@ )?"`
	}
	parens struct {
		Open  lexer.Token  `parser:"@'('"`
		Body  *orGroup     `parser:"@@?"`
		Close *lexer.Token `parser:"@')'?"`
	}
	comparison struct {
		Field lexer.Token  `parser:"(?! 'and' | 'or' | 'not') @Word"`
		Not   *lexer.Token `parser:"@'not'?"`
		Op    *lexer.Token `parser:"( (?! 'and' | 'or' | 'not') @(Word | Sign) )?"`
		OpNot *lexer.Token `parser:"@'not'?"`
		Value *literal     `parser:"@@?"`
	}
	literal struct {
		Quoted *lexer.Token `parser:"( @String"`
		Word   *lexer.Token `parser:"| (?! 'and' | 'or' | 'not') @Word"`
		List   *brackets    `parser:"| @@ )"`
	}
	brackets struct {
		Open  lexer.Token  `parser:"@'['"`
		First *literal     `parser:"@@?"`
		Rest  []*listTail  `parser:"@@*"`
		Close *lexer.Token `parser:"@']'?"`
	}
	listTail struct {
		Comma lexer.Token `parser:"@','"`
		Value *literal    `parser:"@@?"`
	}
)

// A quoted string ends at the next quote of its kind. Two readings of what may
// stand before that quote exist, since no public page says how a quote is
// escaped: with a backslash, or not at all. A doubled quote belongs to the
// string in both: two strings side by side are nowhere right.
const (
	stringsWithBackslash = `"(?:\\[\s\S]|""|[^"\\])*"|'(?:\\[\s\S]|''|[^'\\])*'`
	stringsPlain         = `"(?:""|[^"])*"|'(?:''|[^'])*'`
)

type parser = participle.Parser[orGroup]

var (
	backslashParser = sync.OnceValue(func() *parser { return buildParser(stringsWithBackslash) })
	plainParser     = sync.OnceValue(func() *parser { return buildParser(stringsPlain) })
)

// Names of token types.
const (
	tokenString = "String"
	tokenOpen   = "OpenQuote"
	tokenSign   = "Sign"
	tokenPunct  = "Punct"
	tokenWord   = "Word"
)

// buildParser panics on a grammar that contradicts itself, which no input can
// bring about.
func buildParser(stringPattern string) *parser {
	return participle.MustBuild[orGroup](
		participle.Lexer(lexer.MustSimple([]lexer.SimpleRule{
			{Name: "space", Pattern: `\s+`}, // a lower-case name is left out of the tokens
			{Name: tokenString, Pattern: stringPattern},
			{Name: tokenOpen, Pattern: `["'][\s\S]*`}, // the rest of the text: a string without an end
			{Name: tokenSign, Pattern: `[=!<>~]+`},
			{Name: tokenPunct, Pattern: `[()\[\],]`},
			{Name: tokenWord, Pattern: `[^\s"'()\[\],=!<>~]+`},
		})),
		participle.CaseInsensitive(tokenWord),
	)
}
