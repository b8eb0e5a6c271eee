// SPDX-License-Identifier: MPL-2.0

// Package filter checks the filter and the sort of the webhook list before they
// are sent.
//
// A filter is either JSON or a readable string:
//
//	[{"field":"url","op":"contains","value":"acme"}]
//	url contains "acme" and created_at >= today-30d
//
// The conditions of both forms are checked by the same code, so that a rule
// cannot hold in one form and not in the other. What the API reference rules out
// is an error. What it does not specify is a warning, because a filter that the
// API understands must not be refused on a guess.
//
// The package must never send a request, read a clock or import another package
// of this module. It evaluates nothing: the API does.
package filter

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// MaxLength is the longest filter that is read, in bytes. A filter travels
	// in the query of a URL, where servers take far less.
	MaxLength = 64 << 10
	// MaxDepth is how many groups (parentheses in the string form) can be inside
	// one another. It bounds the stack.
	MaxDepth = 64
)

// Check checks text, which is in the JSON form if it begins with "[" or "{" and
// in the string form otherwise, against the API reference (GET /webhooks,
// parameter filter). It returns what is wrong and what the reference does not
// specify, each in the order of the text.
func Check(text string) (errs, warnings []Problem) {
	c := &checker{text: strings.ToValidUTF8(text, "\ufffd")}
	trimmed := strings.TrimSpace(c.text)
	switch {
	case len(c.text) > MaxLength:
		c.addError(wholeText, "Filter too long",
			"The filter has %d bytes. The provider reads at most %d. Use fewer values, or list all webhooks and select among them with a for expression.",
			len(c.text), MaxLength)
	case trimmed == "":
		c.addError(wholeText, "Empty filter", "The filter is empty. %s", leaveOut)
	case trimmed[0] == '[' || trimmed[0] == '{':
		c.json = true
		c.checkJSON()
	default:
		c.checkString()
	}
	for _, found := range [][]Problem{c.errs, c.warnings} {
		slices.SortStableFunc(found, func(a, b Problem) int { return cmp.Compare(a.offset, b.offset) })
	}
	return c.errs, c.warnings
}

const leaveOut = "To list all webhooks, leave out the argument or set it to null."
