// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxBrackets bounds the nesting of the JSON form. A group takes two brackets,
// and a condition and its list one each.
const maxBrackets = 2*MaxDepth + 2

// jsonToken is one token of JSON and where it stands.
type jsonToken struct {
	value json.Token
	at    span
}

func (t jsonToken) is(delim json.Delim) bool { return t.value == delim }

// readJSON reads the JSON form. It works on tokens, because decoding into values
// would lose their places.
func (r *report) readJSON() *expression {
	r.json = true
	tokens, ok := r.scanJSON()
	if !ok {
		return nil
	}
	j := &jsonReader{report: r, tokens: tokens}
	return j.expression(true)
}

func (r *report) scanJSON() ([]jsonToken, bool) {
	dec := json.NewDecoder(strings.NewReader(r.text))
	dec.UseNumber()
	var tokens []jsonToken
	var open []span
	for {
		start := r.nextJSON(int(dec.InputOffset()))
		value, err := dec.Token()
		if err != nil {
			return tokens, r.endOfJSON(err, start, open)
		}
		t := jsonToken{value, span{start, int(dec.InputOffset()) - start}}
		if len(tokens) > 0 && len(open) == 0 {
			r.refuse(t.at, "Broken JSON", "The JSON has ended before this. A filter is one array or one object.")
			return nil, false
		}
		tokens = append(tokens, t)
		switch value {
		case json.Delim('['), json.Delim('{'):
			open = append(open, t.at)
		case json.Delim(']'), json.Delim('}'):
			open = open[:len(open)-1]
		}
		if len(open) > maxBrackets {
			r.refuseDepth(t.at)
			return nil, false
		}
	}
}

// nextJSON returns where the token after offset begins.
func (r *report) nextJSON(offset int) int {
	rest := r.text[offset:]
	return offset + len(rest) - len(strings.TrimLeft(rest, " \t\r\n,:"))
}

// endOfJSON reports whether the text ended where it may, and says what is broken
// if it did not. next is where the tokens end, open what is not closed there.
func (r *report) endOfJSON(err error, next int, open []span) bool {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF) && len(open) == 0:
		return true
	case errors.As(err, &syntax):
		r.refuseJSON()
	case next < len(r.text) && r.text[next] == '"':
		r.refuse(span{next, 1}, "Open quote", "The string that begins here has no closing \". %s", jsonencodeText)
	case len(open) > 0:
		r.refuse(open[len(open)-1], "Open bracket", "The bracket that opens here is not closed. %s", jsonencodeText)
	default:
		r.refuse(span{next, 0}, "Broken JSON", "The JSON cannot be read: %s. %s", err, jsonencodeText)
	}
	return false
}

const jsonencodeText = "In Terraform, jsonencode writes JSON without such faults."

// refuseJSON points at the character that breaks the JSON. It reads the text
// again, because a decoder of tokens gives no offset to rely on.
func (r *report) refuseJSON() {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	at, reason := span{}, "in JSON"
	if errors.As(json.Unmarshal([]byte(r.text), &raw), &syntax) {
		at.offset = int(syntax.Offset) - 1
		// The message is "invalid character 'x' after array element". Its
		// character is a byte, which may be half of one.
		if i := strings.LastIndex(syntax.Error(), "' "); i >= 0 {
			reason = syntax.Error()[i+2:]
		}
	}
	bad, size := utf8.DecodeRuneInString(r.text[at.offset:])
	at.length = size
	r.refuse(at, "Broken JSON", "The character %q is not expected here (%s).%s %s", bad, reason, r.jsonHint(at.offset, bad), jsonencodeText)
}

// jsonHint names the usual reason why the character bad, at offset, is wrong.
func (r *report) jsonHint(offset int, bad rune) string {
	before := strings.TrimRight(r.text[:offset], " \t\r\n")
	switch c := r.text[offset]; {
	case c == '\'':
		return " Strings stand in double quotes."
	case strings.ContainsRune(curlyQuotes, bad):
		return " Strings stand in straight double quotes."
	case (c == ']' || c == '}') && strings.HasSuffix(before, ","):
		return " The comma before it is one too many."
	case c == '=':
		return " A colon stands between key and value."
	}
	return ""
}

// jsonReader turns tokens into the syntax tree. The tokens are whole JSON: every
// bracket in them is closed.
type jsonReader struct {
	*report
	tokens []jsonToken
	next   int
}

func (j *jsonReader) take() jsonToken {
	t := j.tokens[j.next]
	j.next++
	return t
}

func (j *jsonReader) peek() jsonToken { return j.tokens[j.next] }

// skip goes past one value and returns its place.
func (j *jsonReader) skip() span {
	first := j.take()
	last, depth := first, 0
	for {
		switch last.value {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth == 0 {
			return first.at.to(last.at)
		}
		last = j.take()
	}
}

// expression reads a condition, a group or an array. It never returns nil.
func (j *jsonReader) expression(top bool) *expression {
	first := j.peek()
	switch {
	case first.is('{'):
		return j.object()
	case first.is('['):
		if !top {
			j.warn(first.at, "Array inside a group",
				`Public documentation shows an array of conditions at the top alone. %s Inside a group, write {"and": [...]}.`, asWritten)
		}
		return j.array(joinAnd)
	}
	at := j.skip()
	j.refuse(at, "Missing condition", `A condition is an object: {"field": "url", "op": "contains", "value": "acme"}.`)
	return &expression{at: at, join: joinAnd}
}

// array reads the terms of a group.
func (j *jsonReader) array(join string) *expression {
	open := j.take()
	e := &expression{at: open.at, join: join}
	for !j.peek().is(']') {
		e.terms = append(e.terms, j.expression(false))
	}
	e.at = open.at.to(j.take().at)
	if len(e.terms) == 0 {
		j.refuse(e.at, "Empty group", "There is no condition in this array. To select all webhooks, leave the filter out.")
	}
	return e
}
