// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// date is what a text is as a date. Exactly one of at, unknown and fault is set.
type date struct {
	at      time.Time
	dayOnly bool   // no time of day was written
	unknown bool   // it may be a date to the API, which reads many forms
	fault   string // why it is none, as a sentence
}

const dayLayout = "2006-01-02"

// dateLayouts are the forms that leave no doubt: a day, RFC 3339, and what
// databases print. A fraction may follow the seconds of each. A date without a
// zone is read as UTC; the API reference names no zone.
var dateLayouts = []string{
	dayLayout,
	time.RFC3339,
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
}

// readDate judges text. The API is visibly built on PHP, which reads nearly any
// English description of a time, so that only what plainly is none is at fault.
func readDate(text string) date {
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return date{at: at, dayOnly: layout == dayLayout}
		}
	}
	if strings.TrimSpace(text) == "" {
		return date{fault: "An empty string is no date."}
	}
	if fault := calendarFault(text); fault != "" {
		return date{fault: fault}
	}
	if !couldBeDate(text) {
		return date{fault: quote(text) + " is no date."}
	}
	return date{unknown: true}
}

var numericDate = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?`)

// calendarFault names the part of a numeric date that no calendar or clock has.
func calendarFault(text string) string {
	m := numericDate.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	part := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	year, month, day := part(1), part(2), part(3)
	if month < 1 || month > 12 {
		return fmt.Sprintf("There is no month %d.", month)
	}
	if days := daysIn(year, time.Month(month)); day < 1 || day > days {
		return fmt.Sprintf("%s %d has no day %d.", time.Month(month), year, day)
	}
	switch hour, minute, second := part(4), part(5), part(6); {
	case hour > 24:
		return fmt.Sprintf("There is no hour %d.", hour)
	case minute > 59:
		return fmt.Sprintf("There is no minute %d.", minute)
	case second > 60: // 60 is a leap second
		return fmt.Sprintf("There is no second %d.", second)
	}
	return ""
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

var (
	letters = regexp.MustCompile(`\pL+`)
	// timeWords are the beginnings of the words that PHP's date formats know.
	timeWords = []string{
		"now", "today", "midnight", "noon", "tomorrow", "yesterday", "ago", "back", "front", "of",
		"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
		"eleventh", "twelfth", "next", "last", "previous", "this",
		"msec", "millisec", "ms", "usec", "microsec", "sec", "min", "hour", "day", "weekday", "fortnight",
		"week", "month", "year", "sat", "sun", "mon", "tue", "wed", "thu", "fri",
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
	}
)

// couldBeDate reports whether text begins like a date: with a digit or a sign
// before one, or with a word that PHP knows.
func couldBeDate(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	start := strings.TrimLeft(text, "+-@ ")
	if start != "" && start[0] >= '0' && start[0] <= '9' {
		return true
	}
	first := letters.FindString(start)
	return strings.HasPrefix(start, first) && first != "" &&
		slices.ContainsFunc(timeWords, func(w string) bool { return strings.HasPrefix(first, w) })
}
