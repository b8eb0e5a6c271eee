// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one word, string, sign or bracket of the string form, or the field or
// operator of a condition in either form. The zero token is a missing one.
type token struct {
	kind tokenKind
	text string
	place
}

type tokenKind int

// The kinds are the groups of tokenPattern, in its order.
const (
	endToken tokenKind = iota
	stringToken
	signToken
	bracketToken
	wordToken
	openQuoteToken
)

func (t token) missing() bool { return t == token{} }

// is reports whether t is the keyword or bracket.
func (t token) is(text string) bool {
	return (t.kind == wordToken || t.kind == bracketToken) && strings.EqualFold(t.text, text)
}

func (t token) isKeyword() bool { return t.is("and") || t.is("or") || t.is("not") }

// isName reports whether t can be a field, an operator or a special value.
func (t token) isName() bool { return t.kind == wordToken && !t.isKeyword() }

// A quoted string ends at the next quote of its kind. Which quotes it can hold
// is read in two ways, since the API reference does not specify it: with a
// backslash before them, or none. A doubled quote is part of the string in both,
// because two strings side by side are always wrong.
var (
	withBackslash    = tokenPattern(`"(?:\\[\s\S]|""|[^"\\])*"|'(?:\\[\s\S]|''|[^'\\])*'`)
	withoutBackslash = tokenPattern(`"(?:""|[^"])*"|'(?:''|[^'])*'`)
)

func tokenPattern(quoted string) *regexp.Regexp {
	return regexp.MustCompile(`(` + quoted + `)|([=!<>~]+)|([()\[\],])|([^\s"'()\[\],=!<>~]+)|(["'][\s\S]*)`)
}

// tokens splits the text. The last token is of kind endToken.
func (c *checker) tokens(pattern *regexp.Regexp) []token {
	var tokens []token
	for _, m := range pattern.FindAllStringSubmatchIndex(c.text, -1) {
		kind := endToken + 1
		for m[2*kind] < 0 {
			kind++
		}
		tokens = append(tokens, token{kind, c.text[m[0]:m[1]], place{offset: m[0], length: m[1] - m[0]}})
	}
	return append(tokens, token{place: place{offset: len(c.text)}})
}

// curlyQuotes are what word processors and chats make of straight quotes.
const curlyQuotes = "“”„‟‘’‚‛«»"

// checkToken refuses tokens after which nothing can be read for certain: a
// quote that is not closed, and characters that look like a quote or a space. It
// reports whether t is none of them.
func (c *checker) checkToken(t token) bool {
	switch t.kind {
	case openQuoteToken:
		c.addError(place{offset: t.offset, length: 1}, "Open quote", "The string that begins here has no closing %s.", t.text[:1])
		return false
	case stringToken:
		inside := t.text[1 : len(t.text)-1]
		if i := strings.IndexAny(inside, t.text[:1]+`\`); i >= 0 {
			c.warnUnspecified(place{offset: t.offset + 1 + i, length: 1}, "Escape in a quoted string",
				"how the string form escapes a quote or a backslash.", "Use the other kind of quotes, or write the filter with jsonencode.")
		}
	case wordToken:
		for i, r := range t.text {
			at := place{offset: t.offset + i, length: utf8.RuneLen(r)}
			if strings.ContainsRune(curlyQuotes, r) {
				c.addError(at, "Curly quote", `Use straight quotes: "acme" or 'acme'.`)
				return false
			}
			if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
				c.addError(at, "Unusual white space", "The character %U looks like a space or is invisible. Replace it by a space, or remove it.", r)
				return false
			}
		}
	}
	return true
}
