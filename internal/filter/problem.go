// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a filter or a sort, or one that public
// documentation leaves open.
type Problem struct {
	// Summary is one line without the user's text in it.
	Summary string
	// Detail shows the line with carets under the offending words, then says in
	// whole sentences what is wrong, what is allowed there, and the nearest right
	// name. The shown lines begin with two spaces, which keeps the command line
	// from wrapping them. It quotes the filter: treat it as the filter is treated.
	Detail string
	// Offset is where the offending words begin, in bytes from the begin of the
	// text.
	Offset int
	// Length is how many bytes the offending words have. It is 0 where something
	// is missing.
	Length int
}

// Error gives the summary and the detail, on several lines.
func (p *Problem) Error() string { return p.Summary + "\n\n" + p.Detail }

// Problems are the reasons why a text was refused, in the order of the text.
// There is at least one.
type Problems []*Problem

// Error gives all problems, on several lines.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "\n\n")
}

// Unwrap gives the problems to [errors.As].
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

func byOffset(a, b *Problem) int { return cmp.Compare(a.Offset, b.Offset) }

// maxProblems bounds what one text can bring up: beyond it, one more complaint
// helps nobody, and each carries an excerpt.
const maxProblems = 10

// report gathers what is found in one text.
type report struct {
	text     string
	json     bool // whether text is in the JSON form
	refused  []*Problem
	warnings []*Problem
	// undecided is set where the text may be right but its meaning is not
	// documented, so that it cannot be evaluated.
	undecided bool
}

func (r *report) refuse(at span, summary, detail string, args ...any) {
	if len(r.refused) < maxProblems {
		r.refused = append(r.refused, r.problem(at, summary, fmt.Sprintf(detail, args...)))
	}
}

// warn keeps the first warning of each kind: a filter with like in five places
// is one doubt, not five.
func (r *report) warn(at span, summary, detail string, args ...any) {
	for _, w := range r.warnings {
		if w.Summary == summary {
			return
		}
	}
	r.warnings = append(r.warnings, r.problem(at, summary, fmt.Sprintf(detail, args...)))
}

// leaveOpen warns of something that keeps the filter from being evaluated.
func (r *report) leaveOpen(at span, summary, detail string, args ...any) {
	r.undecided = true
	r.warn(at, summary, detail, args...)
}

func (r *report) problem(at span, summary, detail string) *Problem {
	if lines := excerpt(r.text, at); lines != "" {
		detail = lines + "\n\n" + detail
	}
	return &Problem{Summary: summary, Detail: detail, Offset: at.offset, Length: at.length}
}

// excerptWidth is how many columns of a line are shown, so that the carets stay
// under their words on a terminal of 80 columns.
const excerptWidth = 68

// excerpt shows the line in which at begins, and a line of carets under it.
func excerpt(text string, at span) string {
	if strings.TrimSpace(text) == "" || len(text) > MaxLength {
		return ""
	}
	at = onLastWord(text, at)
	start := strings.LastIndexByte(text[:at.offset], '\n') + 1
	line := text[start:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	from := at.offset - start
	to := min(from+at.length, len(line))
	before, words, after := visible(line[:from]), visible(line[from:to]), visible(line[to:])
	before, words, after = clip(before, words, after)

	gutter := "  "
	if strings.Contains(strings.TrimSpace(text), "\n") {
		gutter = fmt.Sprintf("  %d | ", 1+strings.Count(text[:start], "\n"))
	}
	carets := strings.Repeat("^", max(1, columns(words)))
	shown := strings.TrimRight(gutter+before+words+after, " ")
	return shown + "\n" + strings.Repeat(" ", columns(gutter+before)) + carets
}

// onLastWord moves a place at the very end of the text back over trailing white
// space, so that "something is missing here" stands beside the last word and
// not on an empty line.
func onLastWord(text string, at span) span {
	if at.offset < len(text) {
		return at
	}
	return span{offset: len(strings.TrimRightFunc(text, unicode.IsSpace))}
}

// visible puts a space in place of each character that would move the cursor or
// turn the direction of the text, and so part the carets from their words.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return c
	}, s)
}

// clip cuts a long line down to excerptWidth columns around words.
func clip(before, words, after string) (string, string, string) {
	if columns(before+words+after) <= excerptWidth {
		return before, words, after
	}
	const context = 24
	before = cutBegin(before, context)
	room := excerptWidth - columns(before)
	if columns(words) > room {
		return before, cutEnd(words, room), ""
	}
	return before, words, cutEnd(after, room-columns(words))
}

// cutEnd returns s if it fits into width columns, else its begin and "…".
func cutEnd(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	used := 1
	for i, c := range s {
		used += columnsOf(c)
		if used > width {
			return s[:i] + "…"
		}
	}
	return s
}

// cutBegin returns s if it fits into width columns, else "…" and its end.
func cutBegin(s string, width int) string {
	excess := columns(s) - width
	if excess <= 0 {
		return s
	}
	for i, c := range s {
		if excess < 0 {
			return "…" + s[i:]
		}
		excess -= columnsOf(c)
	}
	return "…"
}

func columns(s string) int {
	n := 0
	for _, c := range s {
		n += columnsOf(c)
	}
	return n
}

// columnsOf counts the columns that c takes on a terminal: two for the wide
// characters of East Asian scripts and for emoji, none for combining marks.
func columnsOf(c rune) int {
	switch {
	case c < 0x300:
		return 1
	case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		c >= 0x3000 && c <= 0x303e, c >= 0xff01 && c <= 0xff60, c >= 0x1f300 && c <= 0x1faff:
		return 2
	default:
		return 1
	}
}

// quote shows the user's text in a sentence, shortened if it is long.
func quote(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return strconv.Quote(text)
}
