// SPDX-License-Identifier: MPL-2.0

package filter

import "testing"

func TestReadDate(t *testing.T) {
	for _, text := range []string{
		"2024-02-29", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59+02:00", "2024-02-29T23:59:59.123456Z",
		"2024-02-29 23:59:59", "2024-02-29 23:59", "2024-02-29T23:59:59",
	} {
		if d := readDate(text); d.fault != "" || d.unknown || d.at.Year() != 2024 {
			t.Errorf("readDate(%q) = %+v, want a date", text, d)
		}
	}
	// What PHP reads, or may read.
	for _, text := range []string{
		"2024", "2024-02", "2024-1-5", "20240229", "29.02.2024", "02/29/2024", "29 February 2024", "Feb 29, 2024",
		"monday", "last Monday", "first day of january", "yesterday noon", "-3 days", "+1 week", "@1709200000",
		"3 days ago", "2024-W09-4", "2024-02-29T24:00:00", "2024-02-29 10:00 CET", "2024-02-29t10:00:00z", "tomorrow",
	} {
		if d := readDate(text); !d.unknown {
			t.Errorf("readDate(%q) = %+v, want it left open", text, d)
		}
	}
	for _, text := range []string{
		"", " ", "acme", "https://a.example", "null", "zażółć", "-", "@", "x2024-01-01", "2024-00-10", "2024-13-01",
		"2023-02-29", "2024-04-31T10:00:00Z", "2024-01-01 25:00:00", "2024-01-01 10:60", "2024-01-01 10:00:61",
	} {
		if d := readDate(text); d.fault == "" {
			t.Errorf("readDate(%q) = %+v, want a fault", text, d)
		}
	}
}
