// SPDX-License-Identifier: MPL-2.0

package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// jsonKind returns the type of a JSON value.
func jsonKind(raw json.RawMessage) string {
	text := strings.TrimSpace(string(raw))
	switch {
	case text == "":
		return "absent"
	case text == "[]":
		return "an empty array"
	case text[0] == '[':
		return "an array"
	case text[0] == '{':
		return "an object"
	}
	return "of another type"
}

// timeForm describes the format of a time, without the time.
func timeForm(text string) (string, bool) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return "not in a form of RFC 3339", false
	}
	form := "RFC 3339"
	if strings.Contains(text, ".") {
		form += " with a fraction"
	}
	if strings.HasSuffix(text, "Z") {
		return form + " and Z", true
	}
	return form + " and the offset " + at.Format("-07:00"), true
}

// idForm describes the characters of an id, without the id.
func idForm(id string) string {
	digits, letters, others := false, false, false
	for _, r := range id {
		switch {
		case r >= '0' && r <= '9':
			digits = true
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_':
			letters = true
		default:
			others = true
		}
	}
	return fmt.Sprintf("%d characters; digits: %t, letters or dashes: %t, others: %t", len([]rune(id)), digits, letters, others)
}

func isNumber(text string) bool {
	return text != "" && len(text) < 10 && strings.Trim(text, "0123456789") == ""
}

// skew returns how far the server's clock is ahead of the local one, to about a
// second, and whether the response has a Date.
func (a answer) skew() (time.Duration, bool) {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return date.Sub(a.at.Add(a.took / 2)).Round(time.Second), true
}
