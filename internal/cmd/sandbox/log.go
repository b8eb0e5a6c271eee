// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// line describes one request for a person. It holds no header, and of URLs
// neither user info nor query: that is where receivers keep their passwords.
func line(r kanberttest.Request) string {
	status := "no answer"
	if r.Status != 0 {
		status = strconv.Itoa(r.Status)
	}
	text := fmt.Sprintf("%-6s %s%s → %s (%s, %s)", r.Method, r.Path, details(r), status, r.Duration.Round(100*time.Microsecond), r.ID)
	if r.Fault != "" {
		text += " fault: " + r.Fault
	}
	return text
}

// deliveryLine describes one delivery for a person, under the same rules.
func deliveryLine(d kanberttest.Delivery) string {
	outcome := strconv.Itoa(d.Status)
	if !d.Delivered {
		outcome = "not delivered: " + redact(d.Reason)
	}
	return fmt.Sprintf("deliver %s to %s → %s", d.Event, redact(d.URL), outcome)
}

// details gives what tells requests of one path apart.
func details(r kanberttest.Request) string {
	var words []string
	for _, name := range []string{"sort", "page[size]", "filter"} {
		if r.Query.Has(name) {
			words = append(words, name+"="+redact(r.Query.Get(name)))
		}
	}
	if r.Query.Has("page[cursor]") {
		words = append(words, "page[cursor]=…") // A cursor holds the URL of a webhook.
	}
	var create struct{ Event, URL string }
	if len(r.Body) > 0 && json.Unmarshal(r.Body, &create) == nil {
		words = append(words, redact(create.Event), redact(create.URL))
	}
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ")
}

var (
	userInfo = regexp.MustCompile(`(//)[^/?#"'\s]*@`)
	query    = regexp.MustCompile(`[?#][^"'\s,\]]*`)
)

// redact cuts user info, query and fragment from every URL in text, and whatever
// would drive a terminal.
func redact(text string) string {
	text = userInfo.ReplaceAllString(text, "$1")
	text = query.ReplaceAllString(text, "?…")
	return strings.Map(func(c rune) rune {
		if !strconv.IsPrint(c) {
			return '·'
		}
		return c
	}, text)
}
