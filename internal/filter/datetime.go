// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkDatetime reads a value of a datetime field: a special value or a date.
func (r *report) checkDatetime(o *operand, field Field, op operator) value {
	special, isSpecial := readSpecial(o.text)
	switch {
	case o.kind != quoted && o.kind != bare:
		r.refuseType(o, field, op)
	case isSpecial:
		r.doubtSpelling(o)
		return special
	case strings.EqualFold(o.text, "me.id"):
		r.refuseMeID(o)
	case o.kind == bare:
		r.refuseBareDate(o)
	default:
		return r.checkDate(o, field, op)
	}
	return value{}
}

var dayOffset = regexp.MustCompile(`^today([+-][0-9]{1,6})d$`)

// readSpecial reads one of the reference's special values for a datetime. An
// offset has six digits at most, which is past the last year that a date can be
// written in.
func readSpecial(text string) (value, bool) {
	text = strings.ToLower(text)
	if slices.Contains(specials, text) {
		return value{kind: specialValue, text: text}, true
	}
	m := dayOffset.FindStringSubmatch(text)
	if m == nil {
		return value{}, false
	}
	days, err := strconv.Atoi(m[1])
	return value{kind: specialValue, text: "today", days: days}, err == nil
}

// doubtSpelling warns of a special value that is written otherwise than in the
// reference, which shows them without quotes. The JSON form has no other way.
func (r *report) doubtSpelling(o *operand) {
	if o.text != strings.ToLower(o.text) {
		r.warn(o.at, "Special value in capitals",
			"The API reference writes special values in lower case: %s. The filter is passed to the API as written.", strings.ToLower(o.text))
	}
	if o.kind == quoted && !r.json {
		r.warn(o.at, "Special value in quotes",
			"The API reference writes special values without quotes: %s. The filter is passed to the API as written.", o.text)
	}
}

func (r *report) refuseBareDate(o *operand) {
	if o.text[0] >= '0' && o.text[0] <= '9' {
		r.refuse(o.at, "Value without quotes", "Write the date in quotes: %s.", quote(o.text))
		return
	}
	r.refuse(o.at, "Unknown special value", "There is no special value %s.%s The special values are %s. Days can be added to and taken from today alone. A date is written in quotes.",
		quote(o.text), nearestSpecial(o.text), specialsText)
}

var otherOffset = regexp.MustCompile(`^(?i)[a-z]+([+-][0-9]{1,4})([dw]?)$`)

// nearestSpecial proposes a special value: for "now-3d", "today-3" and "today-1w"
// the offset that was meant, else the nearest name.
func nearestSpecial(text string) string {
	m := otherOffset.FindStringSubmatch(text)
	if m == nil {
		return didYouMean(text, append(slices.Clone(specials), "today-1d", "today+1d"))
	}
	days, _ := strconv.Atoi(m[1])
	if strings.EqualFold(m[2], "w") {
		days *= 7
	}
	return fmt.Sprintf(" Did you mean today%+dd?", days)
}

func (r *report) checkDate(o *operand, field Field, op operator) value {
	date := readDate(o.text)
	switch {
	case date.fault != "":
		r.refuse(o.at, "Not a date", "%s %s", date.fault, wanted(field, op))
	case date.unknown:
		r.leaveOpen(o.at, "Date that cannot be checked",
			"The API may read this as a date, but no documented form of a date looks so. The filter is passed to the API as written. The form \"2024-01-31T12:00:00Z\" leaves no doubt.")
	case date.dayOnly && op.comparesEqual():
		r.warn(o.at, "Equality with a date without a time",
			"Public documentation does not say whether a date without a time means its midnight or the whole day here. The filter is passed to the API as written. A day is selected without doubt by gte and lt.")
	}
	return value{kind: dateValue, text: o.text, at: date.at}
}
