// SPDX-License-Identifier: MPL-2.0

package eval

import (
	"slices"
	"strings"
	"time"
)

// Match evaluates f on r at the time now.
//
// The API reference does not specify some details. Match assumes: times are in UTC,
// and weeks begin on Monday. Comparisons of letters are case-sensitive. In like, %
// means any text and _ one character, and the whole value is compared. today, with
// or without an offset, means the whole day for equality (eq, ne, in, nin) and its
// begin for other operators. Any other date is one instant. null matches only
// isnull.
func (f *Filter) Match(r Record, now time.Time) bool {
	return f.root.match(r, now.UTC())
}

func (n node) match(r Record, now time.Time) bool {
	if n.cond != nil {
		return n.cond.match(r, now)
	}
	for _, t := range n.terms {
		if t.match(r, now) == (n.join == "or") {
			return n.join == "or"
		}
	}
	return n.join == "and"
}

func (c *condition) match(r Record, now time.Time) bool {
	if c.field == fieldCreatedAt {
		if r.CreatedAt.IsZero() {
			return c.operator == "isnull"
		}
		return c.matchTime(r.CreatedAt.UTC(), now)
	}
	if r.URL == "" {
		return c.operator == "isnull"
	}
	return c.matchString(r.URL)
}

func (c *condition) matchString(s string) bool {
	is := func(v value) bool { return v.text == s }
	switch c.operator {
	case "eq", "in":
		return slices.ContainsFunc(c.values, is)
	case "ne", "nin":
		return !slices.ContainsFunc(c.values, is)
	case "contains":
		return strings.Contains(s, c.values[0].text)
	case "startswith":
		return strings.HasPrefix(s, c.values[0].text)
	case "endswith":
		return strings.HasSuffix(s, c.values[0].text)
	case "like":
		return like(s, c.values[0].text)
	}
	return c.operator == "isnotnull"
}

func (c *condition) matchTime(t, now time.Time) bool {
	is := func(v value) bool {
		begin, end := v.interval(now)
		return t.Equal(begin) || t.After(begin) && t.Before(end)
	}
	switch c.operator {
	case "eq", "in":
		return slices.ContainsFunc(c.values, is)
	case "ne", "nin":
		return !slices.ContainsFunc(c.values, is)
	case "isnull", "isnotnull":
		return c.operator == "isnotnull"
	}
	begin, _ := c.values[0].interval(now)
	order := t.Compare(begin)
	switch c.operator {
	case "lt":
		return order < 0
	case "lte":
		return order <= 0
	case "gt":
		return order > 0
	default: // gte
		return order >= 0
	}
}

// interval returns the time of v at now, which is in UTC, and for a day also its
// end. An instant ends where it begins.
func (v value) interval(now time.Time) (begin, end time.Time) {
	if v.kind == dateValue {
		return v.at, v.at
	}
	year, month, day := now.Date()
	at := func(month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	// Monday is day 0 of its week.
	monday := day - (int(now.Weekday())+6)%7
	switch v.text {
	case "today":
		return at(month, day+v.days), at(month, day+v.days+1)
	case "sow":
		begin = at(month, monday)
	case "eow":
		begin = lastMoment(at(month, monday+7))
	case "som":
		begin = at(month, 1)
	case "eom":
		begin = lastMoment(at(month+1, 1))
	default:
		begin = now
	}
	return begin, begin
}

// lastMoment returns the last microsecond before t. The library that the API
// appears to use defines the end of a week or a month like that.
func lastMoment(t time.Time) time.Time { return t.Add(-time.Microsecond) }

// like compares s with a pattern in which % means any text and _ one character. It
// goes back only to the last %, so its time is at most the product of the lengths.
func like(s, pattern string) bool {
	text, p := []rune(s), []rune(pattern)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case j < len(p) && p[j] == '%':
			star, mark = j, i
			j++
		case j < len(p) && (p[j] == '_' || p[j] == text[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(string(p[j:]), "%") == ""
}
