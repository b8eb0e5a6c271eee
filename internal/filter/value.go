// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// checkValue checks one value of a condition on field.
func (c *checker) checkValue(v *operand, field Field, op operator) {
	switch {
	case v.kind != quoted && v.kind != bare:
		c.addTypeError(v, field, op)
	case v.kind == bare && strings.EqualFold(v.text, "me.id"):
		c.addError(v.at, "Special value does not fit the field", "The value me.id is for fields of type id. A webhook has none. %s", wanted(field, op))
	case field.Type == typeDatetime:
		c.checkDatetime(v, field, op)
	case v.kind == bare:
		hint := ""
		if isSpecial(v.text) {
			hint = " As a special value it is for dates only."
		}
		c.addError(v.at, "Value without quotes", "Write %s in quotes.%s", quote(v.text), hint)
	}
}

// addTypeError refuses what is not even written like a value of any field.
func (c *checker) addTypeError(v *operand, field Field, op operator) {
	hint := wanted(field, op)
	switch {
	case v.kind == list && op.takes == takesValue:
		hint = "To compare with several values, use in or nin."
	case v.kind == null:
		hint = "To compare with null, use isnull or isnotnull."
	}
	c.addError(v.at, "Wrong type of value", "The field %s (%s) cannot be compared with %s. %s", field.Name, field.Type, v.kind, hint)
}

// wanted says what value field and op take.
func wanted(field Field, op operator) string {
	one := `a string in quotes, e.g. "https://example.com/hook"`
	if field.Type == typeDatetime {
		one = `a date in quotes, e.g. "2024-01-31" or "2024-01-31T12:00:00Z", or one of ` + specialsText
	}
	if op.takes == takesList {
		return "It requires a list in brackets; each value is " + one + "."
	}
	return "It requires " + one + "."
}

// checkDatetime checks a special value or a date.
func (c *checker) checkDatetime(v *operand, field Field, op operator) {
	if isSpecial(v.text) {
		c.warnSpecial(v)
		return
	}
	if v.kind == bare {
		c.addBareError(v)
		return
	}
	dayOnly, unknown, fault := readDate(v.text)
	switch {
	case fault != "":
		c.addError(v.at, "Not a date", "%s%s %s", fault, nearestSpecial(v.text), wanted(field, op))
	case unknown:
		c.warnUnspecified(v.at, "Date that cannot be checked", "which other forms of a date the API reads.%s",
			`Use the form "2024-01-31T12:00:00Z" instead.`, nearestSpecial(v.text))
	case dayOnly && op.asksForEquality():
		c.warnUnspecified(v.at, "Equality with a date without a time",
			"whether a date without a time is the whole day here or its midnight.", "To select a day, use gte and lt.")
	}
}

// warnSpecial warns of a special value that is not written as in the reference,
// which shows them without quotes. The JSON form has no other way.
func (c *checker) warnSpecial(v *operand) {
	if lower := strings.ToLower(v.text); v.text != lower {
		c.warnUnspecified(v.at, "Special value in capitals", "special values in capitals.", "Write %s instead.", lower)
	}
	if v.kind == quoted && !c.json {
		c.warnUnspecified(v.at, "Special value in quotes", "special values in quotes.", "Write %s instead.", v.text)
	}
}

// addBareError refuses a word without quotes that is no special value.
func (c *checker) addBareError(v *operand) {
	if v.text[0] >= '0' && v.text[0] <= '9' {
		c.addError(v.at, "Value without quotes", "Write the date in quotes: %s.", quote(v.text))
		return
	}
	c.addError(v.at, "Unknown special value", "There is no special value %s.%s The special values are %s. Days can be added to today only. A date is written in quotes.",
		quote(v.text), nearestSpecial(v.text), specialsText)
}

var anyOffset = regexp.MustCompile(`^(?i)[a-z]+([+-][0-9]{1,4})([dw]?)$`)

// nearestSpecial proposes a special value: for now-3d, today-3 and today-1w the
// offset that was meant, else the nearest name.
func nearestSpecial(text string) string {
	m := anyOffset.FindStringSubmatch(text)
	if m == nil {
		return didYouMean(text, append([]string{"today-1d", "today+1d"}, specials...))
	}
	days, _ := strconv.Atoi(m[1])
	if strings.EqualFold(m[2], "w") {
		days *= 7
	}
	return fmt.Sprintf(" Did you mean today%+dd?", days)
}

const dayLayout = "2006-01-02"

// dateLayouts are the forms that leave no doubt: a day, RFC 3339, and what
// databases print. A fraction may follow the seconds of each.
var dateLayouts = []string{
	dayLayout,
	time.RFC3339,
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
}

// laterThanGo matches times that PHP reads and Go does not: the end of a day and
// a leap second.
var laterThanGo = regexp.MustCompile(`[T ]24:00|:\d\d:60`)

// readDate checks a date. The API is visibly built on PHP, which reads nearly any
// English description of a time, so that only what plainly is none is a fault. A
// date that is unknown may be one to the API.
func readDate(text string) (dayOnly, unknown bool, fault string) {
	for _, layout := range dateLayouts {
		_, err := time.Parse(layout, text)
		if err == nil {
			return layout == dayLayout, false, ""
		}
		var bad *time.ParseError
		if errors.As(err, &bad) && strings.HasSuffix(bad.Message, "out of range") && !laterThanGo.MatchString(text) {
			return false, false, fmt.Sprintf("There is no date %s%s.", quote(text), bad.Message)
		}
	}
	if !beginsLikeDate.MatchString(strings.TrimSpace(text)) {
		return false, false, quote(text) + " is not a date."
	}
	return false, true, ""
}

// beginsLikeDate matches a digit, also behind a sign, and the beginnings of the
// words that PHP's date formats have.
var beginsLikeDate = regexp.MustCompile(`^(?i)[-+@ ]*([0-9]|` +
	`now|today|midnight|noon|tomorrow|yesterday|ago|back|front|of|` +
	`first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|next|last|previous|this|` +
	`msec|millisec|ms|usec|microsec|sec|min|hour|day|weekday|fortnight|week|month|year|` +
	`sat|sun|mon|tue|wed|thu|fri|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`)
