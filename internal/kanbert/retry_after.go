// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter keeps absurd numbers from overflowing.
const maxRetryAfter = 10 * 365 * 24 * time.Hour

// retryAt reads when an answer asks to come back: Retry-After in seconds or as a
// date, else X-RateLimit-Reset in seconds, or as a Unix time in seconds or
// milliseconds. It is zero if the answer does not say. now is the local time at
// which the answer arrived; dates are compared with the answer's own Date, since
// either clock may be wrong.
func retryAt(header http.Header, now time.Time) time.Time {
	serverNow, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		serverNow = now
	}
	for _, read := range []func() (time.Duration, bool){
		func() (time.Duration, bool) { return parseSeconds(header.Get("Retry-After")) },
		func() (time.Duration, bool) { return parseDate(header.Get("Retry-After"), serverNow) },
		func() (time.Duration, bool) { return parseReset(header.Get("X-RateLimit-Reset"), serverNow) },
	} {
		if d, ok := read(); ok {
			return now.Add(min(max(d, 0), maxRetryAfter))
		}
	}
	return time.Time{}
}

var decimalNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

func parseNumber(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if !decimalNumber.MatchString(text) {
		return 0, false
	}
	number, _ := strconv.ParseFloat(text, 64) // Out of range it is infinite.
	return number, true
}

// seconds turns a number of seconds into a duration of at most [maxRetryAfter].
func seconds(number float64) time.Duration {
	return time.Duration(min(number, maxRetryAfter.Seconds()) * float64(time.Second))
}

func parseSeconds(text string) (time.Duration, bool) {
	number, ok := parseNumber(text)
	return seconds(number), ok
}

// parseReset takes a number that would be many years of waiting for a Unix time,
// and one that would then be thousands of years ahead for one in milliseconds.
func parseReset(text string, serverNow time.Time) (time.Duration, bool) {
	const milliseconds = 1e11 // As seconds this is the year 5138.
	number, ok := parseNumber(text)
	if !ok || number < maxRetryAfter.Seconds() {
		return seconds(number), ok
	}
	if number >= milliseconds {
		number /= 1000
	}
	return seconds(max(0, number-float64(serverNow.UnixMilli())/1000)), true
}

// dateLayouts are those of HTTP (RFC 9110), which are in GMT, and the same with
// the zones that servers write nevertheless.
var dateLayouts = []string{
	time.RFC850, time.ANSIC, time.RFC3339,
	"Mon, _2 Jan 2006 15:04:05 MST", "Mon, _2 Jan 2006 15:04:05 -0700",
	"_2 Jan 2006 15:04:05 MST", "_2 Jan 2006 15:04:05 -0700",
}

// zoneOffsets are the hours east of Greenwich of zones that are written as a
// name: those of RFC 5322 and the European ones. The time package knows only the
// names of the machine's own zone.
var zoneOffsets = map[string]int{
	"GMT": 0, "UTC": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// parseDate reads a date in any of the usual forms. One in a zone that is not
// known is no date.
func parseDate(text string, serverNow time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range dateLayouts {
		at, err := time.ParseInLocation(layout, text, time.UTC)
		if err != nil {
			continue
		}
		if strings.HasSuffix(layout, "MST") {
			name := text[strings.LastIndexByte(text, ' ')+1:]
			hours, known := zoneOffsets[strings.ToUpper(name)]
			if !known {
				return 0, false
			}
			at = at.Add(-time.Duration(hours) * time.Hour)
		}
		return at.Sub(serverNow), true
	}
	return 0, false
}
