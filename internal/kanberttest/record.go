// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is the record of one request. Its maps and bytes are shared by all who
// ask for the record, and are not to be changed.
type Request struct {
	// ID is the X-Request-Id of the answer.
	ID string
	// Time is when it arrived, by the sandbox's clock.
	Time   time.Time
	Method string
	// Path is the escaped path as it was sent: /api/v1/webhooks/….
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	// Status is 0 if the request was not answered. A cut answer has its status.
	Status int
	// Fault is the fault that was applied, as [Fault.String] gives it, or empty.
	Fault string
	// Duration is how long the request took until its answer was decided.
	Duration time.Duration

	// uriLength is the length of path and query as sent, in bytes.
	uriLength int
	// forgetCursor is set by the fault ForgottenCursor.
	forgetCursor bool
	// principal is the user of the token, once it is known.
	principal principal
	// late says that the work is done later than the request arrived.
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

// ResetRequests forgets the records. Faults that count requests go on counting.
func (s *Sandbox) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Count returns how many requests of the method were recorded; of all methods if
// it is empty.
func (s *Sandbox) Count(method string) int {
	return s.CountOf(Match{Method: method})
}

// CountOf returns how many requests were recorded that m selects.
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
	// PathPrefix is how the escaped path begins, BasePath included:
	// [WhoamiPath], or "/api/v1/webhooks/" for what concerns one webhook.
	PathPrefix string
}

func (m Match) matches(r *Request) bool {
	return (m.Method == "" || m.Method == r.Method) && strings.HasPrefix(r.Path, m.PathPrefix)
}
