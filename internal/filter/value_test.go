// SPDX-License-Identifier: MPL-2.0

package filter

import "testing"

func TestReadDate(t *testing.T) {
	for _, text := range []string{
		"2024-02-29T23:59:59Z", "2024-02-29T23:59:59+02:00", "2024-02-29T23:59:59.123456Z", "2024-02-29 23:59:59Z",
		"2024-02-29 23:59:59", "2024-02-29 23:59:59.5", "2024-02-29 23:59:59+02:00", "2024-02-29 23:59", "2024-02-29T23:59:59", "2024-02-29T23:59",
	} {
		if dayOnly, unknown, fault := readDate(text); dayOnly || unknown || fault != "" {
			t.Errorf("readDate(%q) = %t, %t, %q, want a date with a time", text, dayOnly, unknown, fault)
		}
	}
	if dayOnly, unknown, fault := readDate("2024-02-29"); !dayOnly || unknown || fault != "" {
		t.Errorf("a day = %t, %t, %q", dayOnly, unknown, fault)
	}
	// What PHP reads, or may read: each word of its formats, and each sign.
	for _, text := range []string{
		"2024", "2024-02", "2024-1-5", "20240229", "29.02.2024", "02/29/2024", "29 February 2024", "Feb 29, 2024",
		"monday", "last Monday", "first day of january", "yesterday noon", "-3 days", "+1 week", "@1709200000", " 3 days ago",
		"2024-W09-4", "2024-02-29T24:00:00", "2024-02-29 24:00", "2016-12-31 23:59:60", "2024-02-29 10:00 CET", "2024-02-29t10:00:00z",
		"tomorrow", "now +1 day", "today noon", "midnight", "ago", "back of 7pm", "front of 5am", "of",
		"second day", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "next week",
		"previous year", "this week", "msec", "millisec", "ms", "usec", "microsec", "sec", "min", "hour", "day", "weekday", "fortnight",
		"month", "sat", "sun", "tue", "wed", "thu", "fri", "jan", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
	} {
		if dayOnly, unknown, fault := readDate(text); dayOnly || !unknown || fault != "" {
			t.Errorf("readDate(%q) has the fault %q, want it unknown", text, fault)
		}
	}
	for text, want := range map[string]string{
		"": `"" is not a date.`, " ": `" " is not a date.`, "acme": `"acme" is not a date.`, "https://a.example": `"https://a.example" is not a date.`,
		"zażółć": `"zażółć" is not a date.`, "-": `"-" is not a date.`, "@": `"@" is not a date.`, "x2024-01-01": `"x2024-01-01" is not a date.`, "to": `"to" is not a date.`,
		"2024-00-10": `There is no date "2024-00-10": month out of range.`, "2024-13-01": `There is no date "2024-13-01": month out of range.`,
		"2023-02-29": `There is no date "2023-02-29": day out of range.`, "2024-04-31T10:00:00Z": `There is no date "2024-04-31T10:00:00Z": day out of range.`,
		"2024-01-01 25:00:00": `There is no date "2024-01-01 25:00:00": hour out of range.`, "2024-01-01 10:60": `There is no date "2024-01-01 10:60": minute out of range.`,
		"2024-01-01 10:00:61": `There is no date "2024-01-01 10:00:61": second out of range.`,
	} {
		if dayOnly, unknown, fault := readDate(text); dayOnly || fault != want || unknown {
			t.Errorf("readDate(%q) has the fault %q, want %q", text, fault, want)
		}
	}
}

// TestSpecialValues tries offsets at the largest number of digits and beside it.
func TestSpecialValues(t *testing.T) {
	for text, want := range map[string]bool{
		"now": true, "Today": true, "sow": true, "eow": true, "som": true, "EOM": true,
		"today-1d": true, "today+999999d": true, "TODAY-0D": true,
		"": false, "today+1000000d": false, "today-d": false, "today1d": false, "today-1": false, "now-1d": false, "xtoday-1d": false, "today-1dx": false, "me.id": false,
	} {
		if got := isSpecial(text); got != want {
			t.Errorf("isSpecial(%q) = %t", text, got)
		}
	}
}

func TestNearestSpecial(t *testing.T) {
	for text, want := range map[string]string{
		"now-3d": " Did you mean today-3d?", "today-3": " Did you mean today-3d?", "today+2w": " Did you mean today+14d?", "NOW-2W": " Did you mean today-14d?",
		"now-9999d": " Did you mean today-9999d?", "now-10000d": "", "todya": " Did you mean today?", "tomorrow": " Did you mean today+1d?", "acme": "",
		"1now-3d": "", "now-3dx": "",
	} {
		if got := nearestSpecial(text); got != want {
			t.Errorf("nearestSpecial(%q) = %q, want %q", text, got, want)
		}
	}
}
