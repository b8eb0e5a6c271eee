// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// reply is the outcome of a request: a response, or the end of its connection. Both
// transports execute it, and decide nothing.
type reply struct {
	ending ending
	// status, header and body are the response. They are unset if the client gets
	// no part of it.
	status int
	header http.Header
	body   []byte
	// code is that of streamReset.
	code StreamCode
	// lastOfConnection says that a GOAWAY follows the response.
	lastOfConnection bool
}

// ending says how the exchange ends for the client.
type ending int

const (
	complete    ending = iota // the whole response
	cut                       // half of the body, then the end of the connection
	stalled                   // half of the body, then nothing until the client gives up
	closed                    // the connection is closed without a byte of a response
	reset                     // the connection is reset
	streamReset               // HTTP/2: the stream is reset
	goneAway                  // HTTP/2: the connection ends, and says that the request was not processed
	refused                   // no connection was made
	hanging                   // nothing happens until the client gives up
	abandoned                 // the client gave up while the sandbox was waiting
)

// answers reports whether a status reaches the client.
func (a reply) answers() bool { return a.ending <= stalled }

// sent is the part of the body that reaches the client.
func (a reply) sent() []byte {
	if a.ending == complete {
		return a.body
	}
	return a.body[:len(a.body)/2]
}

func (a reply) set(name, value string) reply {
	a.header.Set(name, value)
	return a
}

func jsonReply(status int, body any) reply {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // A user reads URLs with "&" in them.
	if err := encoder.Encode(body); err != nil {
		panic(err) // Bodies consist of strings, numbers, maps and slices.
	}
	return reply{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: bytes.TrimSpace(text.Bytes())}
}

func bodilessReply(status int) reply {
	return reply{status: status, header: http.Header{}}
}

func htmlReply(status int) reply {
	text := fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>%[1]d %[2]s</title></head><body><h1>%[2]s</h1></body></html>\n",
		status, http.StatusText(status))
	return reply{status: status, header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}}, body: []byte(text)}
}

func redirectReply(location string) reply {
	return htmlReply(http.StatusFound).set("Location", location)
}

// errorBody has the format of Laravel's errors.
type errorBody struct {
	Message string              `json:"message"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

// errorReply returns an error for r: in JSON to a client that accepts it, and
// otherwise, as Laravel does for a browser, with a redirect to a page for the login
// or back to its form.
func (r *Request) errorReply(status int, body errorBody) reply {
	switch {
	case r.wantsJSON():
		return jsonReply(status, body)
	case status == http.StatusUnauthorized:
		return redirectReply("/login")
	case status == http.StatusUnprocessableEntity:
		return redirectReply("/")
	}
	return htmlReply(status)
}

func (r *Request) fail(status int, format string, args ...any) reply {
	return r.errorReply(status, errorBody{Message: fmt.Sprintf(format, args...)})
}

// wantsJSON looks at the first type of Accept and at no other, as Laravel does.
func (r *Request) wantsJSON() bool {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	return isJSON(first)
}

func isJSON(mediaType string) bool {
	return strings.Contains(mediaType, "/json") || strings.Contains(mediaType, "+json")
}

// invalid collects the field errors of a 422, in the order of the fields.
type invalid struct {
	locale Locale
	fields []string
	errors map[string][]string
}

// add records that a field breaks a rule. value is the rule's parameter.
func (v *invalid) add(field string, rule validationRule, value ...string) {
	if v.errors == nil {
		v.errors = map[string][]string{}
	}
	if !slices.Contains(v.fields, field) {
		v.fields = append(v.fields, field)
	}
	v.errors[field] = append(v.errors[field], v.locale.text(rule, field, value...))
}

// body has the same message as Laravel: the first error, and the number of further
// ones.
func (v *invalid) body() errorBody {
	count := 0
	for _, texts := range v.errors {
		count += len(texts)
	}
	return errorBody{Message: v.errors[v.fields[0]][0] + v.locale.more(count-1), Errors: v.errors}
}
