// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one fault of a filter or a sort, or one thing in it that the API
// reference does not specify.
type Problem struct {
	// Summary is one line without the user's text in it.
	Summary string
	// Detail shows where the problem is, on lines that begin with two spaces,
	// which keeps the CLI from wrapping them. Then it says what is wrong, what is
	// allowed, and the nearest right name. It quotes the filter.
	Detail string

	offset int
}

// maxErrors bounds the errors of one text: each has an excerpt.
const maxErrors = 10

// place is where a problem is: bytes of the text, or a value of the JSON form,
// which is named by its path and shown.
type place struct {
	offset, length int
	path, value    string
}

// wholeText is the place of a problem of the whole text, which is not shown.
var wholeText = place{value: "the whole text"}

func (p place) end() int { return p.offset + p.length }

// to returns the place from the begin of p to the end of q.
func (p place) to(q place) place {
	p.length = q.end() - p.offset
	return p
}

// checker collects the problems of one text.
type checker struct {
	text     string
	json     bool // whether text is in the JSON form
	errs     []Problem
	warnings []Problem
	stopped  bool // whether further errors would only follow from the last one
}

func (c *checker) addError(at place, summary, detail string, args ...any) {
	if len(c.errs) < maxErrors && !c.stopped {
		c.errs = append(c.errs, c.problem(at, summary, fmt.Sprintf(detail, args...)))
	}
}

// warnUnspecified warns of something that the API reference does not specify:
// what completes the sentence. Only the first warning of each kind is kept.
func (c *checker) warnUnspecified(at place, summary, what, advice string, args ...any) {
	if slices.ContainsFunc(c.warnings, func(w Problem) bool { return w.Summary == summary }) {
		return
	}
	detail := fmt.Sprintf("The Kanbert API reference does not specify "+what+" The filter is sent as written. "+advice, args...)
	c.warnings = append(c.warnings, c.problem(at, summary, detail))
}

func (c *checker) problem(at place, summary, detail string) Problem {
	if lines := c.excerpt(at); lines != "" {
		detail = lines + "\n\n" + detail
	}
	return Problem{Summary: summary, Detail: detail, offset: at.offset}
}

const (
	// excerptWidth is how many characters of a line are shown, so that it fits
	// into a terminal of 80 columns.
	excerptWidth = 68
	// excerptContext is how many of them come before the words at fault.
	excerptContext = 24
)

// excerpt shows a value of the JSON form behind its path, or the line in which
// at begins with carets under the words at fault.
func (c *checker) excerpt(at place) string {
	if at.path != "" {
		return "  " + clip(at.path+" = "+visible(at.value), 0)
	}
	if strings.TrimSpace(c.text) == "" || at.value != "" {
		return ""
	}
	if at.offset == len(c.text) {
		// Something is missing at the end. Show it beside the last word.
		at.offset = len(strings.TrimRightFunc(c.text, unicode.IsSpace))
	}
	start := strings.LastIndexByte(c.text[:at.offset], '\n') + 1
	line, _, _ := strings.Cut(c.text[start:], "\n")
	before := utf8.RuneCountInString(c.text[start:at.offset])
	length := utf8.RuneCountInString(c.text[at.offset:min(at.end(), start+len(line))])

	skipped := 0
	if utf8.RuneCountInString(line) > excerptWidth {
		skipped = max(0, before-excerptContext)
	}
	margin := "  "
	if strings.Contains(strings.TrimSpace(c.text), "\n") {
		margin = fmt.Sprintf("  %d | ", 1+strings.Count(c.text[:start], "\n"))
	}
	column := before - skipped
	carets := strings.Repeat("^", max(1, min(length, excerptWidth-column)))
	shown := strings.TrimRight(margin+clip(visible(line), skipped), " ")
	return shown + "\n" + strings.Repeat(" ", len(margin)+column) + carets
}

// clip returns text without its first characters, cut to excerptWidth. A cut end
// is shown as "…".
func clip(text string, skipped int) string {
	shown := []rune(text)[skipped:]
	if skipped > 0 {
		shown[0] = '…'
	}
	if len(shown) > excerptWidth {
		shown = append(shown[:excerptWidth-1], '…')
	}
	return string(shown)
}

// visible replaces each character that moves the cursor or turns the direction
// of the text, and so parts the carets from their words, by a space.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// quote shows the user's text in a sentence, shortened if it is long.
func quote(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return strconv.Quote(text)
}
