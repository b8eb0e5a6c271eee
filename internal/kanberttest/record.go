// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is the record of one request. All callers share its maps and bytes, and
// must not change them.
type Request struct {
	// ID is the X-Request-Id of the response.
	ID string
	// Time is the time of its arrival, by the sandbox's clock.
	Time   time.Time
	Method string
	// Path is the escaped path as sent: /api/v1/webhooks/….
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	// Status is 0 if there was no response. An incomplete response has its status.
	Status int
	// Fault is the name of the applied fault, see [Fault.String], or empty.
	Fault string
	// Duration is the time until the response was decided.
	Duration time.Duration

	// uriLength is the length of path and query as sent, in bytes.
	uriLength int
	// forgetCursor is set by the fault ForgottenCursor.
	forgetCursor bool
	// principal is the user of the token, when it is known.
	principal principal
	// late says that the work is done after the request has ended.
	late bool
}

// Requests returns the records of all requests, in the order of arrival.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Request, len(s.requests))
	for i, r := range s.requests {
		all[i] = *r
	}
	return all
}

// ResetRequests deletes the records. Faults that count requests continue counting.
func (s *Sandbox) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Count returns the number of recorded requests with the method, or of all requests
// if it is empty.
func (s *Sandbox) Count(method string) int {
	return s.CountOf(Match{Method: method})
}

// CountOf returns the number of recorded requests that m selects.
func (s *Sandbox) CountOf(m Match) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if m.matches(r) {
			n++
		}
	}
	return n
}

// Match selects requests. The zero value selects all.
type Match struct {
	// Method is the method to select, or empty for all.
	Method string
	// PathPrefix is a prefix of the escaped path, including BasePath:
	// [WhoamiPath], or "/api/v1/webhooks/" for requests about one webhook.
	PathPrefix string
}

func (m Match) matches(r *Request) bool {
	return (m.Method == "" || m.Method == r.Method) && strings.HasPrefix(r.Path, m.PathPrefix)
}
