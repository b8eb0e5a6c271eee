// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkValue reads one value for field and op. What it returns for a value that
// it refused or left open is never used.
func (r *report) checkValue(o *operand, field Field, op operator) value {
	switch {
	case o.kind != quoted && o.kind != bare:
		r.refuseType(o, field, op)
		return value{}
	case o.kind == bare && strings.EqualFold(o.text, "me.id"):
		r.refuse(o.at, "Special value does not fit the field",
			"The value me.id is for fields of type id, and a webhook has none that can be filtered by. %s", wanted(field, op))
		return value{}
	case field.Type == typeDatetime:
		return r.checkDatetime(o, field, op)
	case o.kind == bare:
		hint := ""
		if _, ok := readSpecial(o.text); ok {
			hint = " As a special value it is for dates alone."
		}
		r.refuse(o.at, "Value without quotes", "Write %s in quotes.%s", quote(o.text), hint)
	}
	return value{kind: textValue, text: o.text}
}

// refuseType refuses what is not even written like a value of any field.
func (r *report) refuseType(o *operand, field Field, op operator) {
	hint := wanted(field, op)
	switch {
	case o.kind == list && op.takes == takesValue:
		hint = "To compare with several values, use in or nin."
	case o.kind == null:
		hint = "To compare with null, use isnull or isnotnull."
	}
	r.refuse(o.at, "Wrong type of value", "The field %s (%s) is not compared with %s. %s", field.Name, field.Type, o.kind, hint)
}

// wanted says what value field and op take.
func wanted(field Field, op operator) string {
	one := `a string in quotes, e.g. "https://example.com/hook"`
	if field.Type == typeDatetime {
		one = `a date in quotes, e.g. "2024-01-31" or "2024-01-31T12:00:00Z", or one of ` + specialsText
	}
	if op.takes == takesList {
		return "It takes a list in brackets; each value is " + one + "."
	}
	return "It takes " + one + "."
}

// checkDatetime reads a special value or a date.
func (r *report) checkDatetime(o *operand, field Field, op operator) value {
	if special, ok := readSpecial(o.text); ok {
		r.doubtSpelling(o)
		return special
	}
	if o.kind == bare {
		r.refuseBare(o)
		return value{}
	}
	date := readDate(o.text)
	switch {
	case date.fault != "":
		r.refuse(o.at, "Not a date", "%s%s %s", date.fault, nearestSpecial(o.text), wanted(field, op))
	case date.unknown:
		r.leaveOpen(o.at, "Date that cannot be checked",
			`The API may read this as a date, but it has none of the usual forms.%s %s The form "2024-01-31T12:00:00Z" leaves no doubt.`,
			nearestSpecial(o.text), asWritten)
	case date.dayOnly && op.asksForEquality():
		r.warn(o.at, "Equality with a date without a time",
			"Public documentation does not say whether a date without a time means the whole day here or its midnight. %s A day is selected without doubt by gte and lt.", asWritten)
	}
	return value{kind: dateValue, text: o.text, at: date.at}
}

var dayOffset = regexp.MustCompile(`^today([+-][0-9]{1,6})d$`)

// readSpecial reads one of the reference's special values for a datetime. An
// offset has six digits at most: more of them lead past any date.
func readSpecial(text string) (value, bool) {
	text = strings.ToLower(text)
	if slices.Contains(specials, text) {
		return value{kind: specialValue, text: text}, true
	}
	m := dayOffset.FindStringSubmatch(text)
	if m == nil {
		return value{}, false
	}
	days, _ := strconv.Atoi(m[1])
	return value{kind: specialValue, text: "today", days: days}, true
}

// doubtSpelling warns of a special value that is written otherwise than in the
// reference, which shows them without quotes. The JSON form has no other way.
func (r *report) doubtSpelling(o *operand) {
	if o.text != strings.ToLower(o.text) {
		r.warn(o.at, "Special value in capitals",
			"The API reference writes special values in lower case. %s Write %s.", asWritten, strings.ToLower(o.text))
	}
	if o.kind == quoted && !r.json {
		r.warn(o.at, "Special value in quotes",
			"The API reference writes special values without quotes. %s Write %s.", asWritten, o.text)
	}
}

// refuseBare refuses a word without quotes that is no special value.
func (r *report) refuseBare(o *operand) {
	if o.text[0] >= '0' && o.text[0] <= '9' {
		r.refuse(o.at, "Value without quotes", "Write the date in quotes: %s.", quote(o.text))
		return
	}
	r.refuse(o.at, "Unknown special value", "There is no special value %s.%s The special values are %s. Days can be added to and taken from today alone. A date is written in quotes.",
		quote(o.text), nearestSpecial(o.text), specialsText)
}

var anyOffset = regexp.MustCompile(`^(?i)[a-z]+([+-][0-9]{1,4})([dw]?)$`)

// nearestSpecial proposes a special value: for now-3d, today-3 and today-1w the
// offset that was meant, else the nearest name.
func nearestSpecial(text string) string {
	m := anyOffset.FindStringSubmatch(text)
	if m == nil {
		return didYouMean(text, append(slices.Clone(specials), "today-1d", "today+1d"))
	}
	days, _ := strconv.Atoi(m[1])
	if strings.EqualFold(m[2], "w") {
		days *= 7
	}
	return fmt.Sprintf(" Did you mean today%+dd?", days)
}
