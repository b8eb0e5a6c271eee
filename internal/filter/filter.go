// SPDX-License-Identifier: MPL-2.0

// Package filter is the filter language of the webhook list: it reads a filter
// in either of its forms, checks it against the tables of the API reference,
// prints it in both forms, and evaluates it on a record. It also checks what the
// list can be sorted by.
//
// A filter is either JSON or a readable string:
//
//	[{"field":"url","op":"contains","value":"acme"}]
//	url contains "acme" and created_at >= today-30d
//
// Both are read into one syntax tree and checked by the same code, so that a
// rule cannot hold in one form and not in the other. What the reference rules
// out is refused. What public documentation leaves open is let through with a
// warning, because a filter that the API understands must not be refused on a
// guess.
//
// The package is pure. It must never send a request, read a clock or know
// Terraform: the time is an argument, and a complaint is a [Problem], which the
// caller turns into a diagnostic.
package filter

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxLength is the longest filter that is read, in bytes. A filter travels
	// in the query of a URL, where servers take far less.
	MaxLength = 64 << 10
	// MaxDepth is how many groups may stand inside one another. It bounds the
	// stack: a filter of nothing but parentheses must end in an error.
	MaxDepth = 64
)

// Filter is a filter that was read and found right. Two filters that differ only
// in form, in spacing, in needless parentheses or in the spelling of an operator
// hold equal trees.
type Filter struct{ root node }

// Record is what a filter is evaluated on: the fields of a webhook that can be
// filtered by. A zero value stands for null, which no webhook of the API has.
type Record struct {
	URL       string
	CreatedAt time.Time
}

// Parse reads text, which is in the JSON form if it begins with "[" or "{" and
// in the string form otherwise, and checks it against the API reference (GET
// /webhooks, parameter filter).
//
// The error, if any, is of type [Problems] and holds what is wrong, in the order
// of the text. Warnings name what the API may or may not understand. A nil
// Filter without an error comes with at least one warning: the text may be
// right, but public documentation does not say what it means, so that it can be
// sent and not evaluated.
func Parse(text string) (f *Filter, warnings []*Problem, err error) {
	r := &report{text: text}
	if tree := r.read(); tree != nil {
		f = r.check(tree)
	}
	slices.SortStableFunc(r.warnings, byOffset)
	if len(r.refused) > 0 {
		slices.SortStableFunc(r.refused, byOffset)
		return nil, r.warnings, Problems(r.refused)
	}
	if r.undecided {
		return nil, r.warnings, nil
	}
	return f, r.warnings, nil
}

// read turns the text into a syntax tree. It returns nil if it refused a text of
// which no tree can be made.
func (r *report) read() *expression {
	if len(r.text) > MaxLength {
		r.refuse(span{}, "Filter too long",
			"The filter has %d bytes, and no more than %d are read. Name fewer values, or list all webhooks and select among them with a for expression.",
			len(r.text), MaxLength)
		return nil
	}
	if i := invalidUTF8(r.text); i >= 0 {
		r.refuse(span{i, 1}, "Filter is not valid UTF-8",
			"The byte %#02x belongs to no character. Save the text in UTF-8.", r.text[i])
		return nil
	}
	if strings.HasPrefix(r.text, byteOrderMark) {
		r.refuse(span{0, len(byteOrderMark)}, "Byte order mark",
			"The filter begins with a byte order mark (U+FEFF), which cannot be seen. Save the file that it comes from as UTF-8 without one.")
		return nil
	}
	trimmed := strings.TrimSpace(r.text)
	if trimmed == "" {
		r.refuse(span{}, "Empty filter", "There is no condition. To select all webhooks, leave the filter out.")
		return nil
	}
	if trimmed[0] == '[' || trimmed[0] == '{' {
		return r.readJSON()
	}
	return r.readString()
}

const byteOrderMark = "\ufeff"

// invalidUTF8 returns the offset of the first byte that belongs to no character,
// or -1.
func invalidUTF8(text string) int {
	for i, c := range text {
		if c != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
			return i
		}
	}
	return -1
}

// Operators returns the operators that f uses, each once, sorted, in the
// spelling to which its aliases fold: nin for notin, lte for <=.
func (f *Filter) Operators() []string {
	var names []string
	f.root.walk(func(c *condition) { names = append(names, c.operator) })
	slices.Sort(names)
	return slices.Compact(names)
}
