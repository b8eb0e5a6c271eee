// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// applyFault applies the fault to the response a, which is unset if the fault needs
// none. It returns the new response, and the fault if it changed anything.
func (s *Sandbox) applyFault(f Fault, r *Request, a reply) (reply, Fault) {
	switch f.kind {
	case none, delay:
		return a, f
	case closedConnection:
		return reply{ending: closed}, f
	case resetConnection:
		return reply{ending: reset}, f
	case resetStream:
		return reply{ending: streamReset, code: f.code}, f
	case goAway:
		return reply{ending: goneAway}, f
	case timeout:
		return reply{ending: hanging}, f
	case statusAnswer, htmlAnswer, givenAnswer:
		return s.answer(f, r), f
	case goAwayAfterAnswer:
		a.lastOfConnection = true
		return a, f
	case rateLimited:
		now := s.now()
		return s.tooMany(r, f.form, now, now.Add(f.wait)), f
	}
	if len(a.body) == 0 {
		return a, Fault{}
	}
	switch f.kind {
	case cutBody:
		a.ending = cut
	case stalledBody:
		a.ending = stalled
	case emptyBody:
		a.body = nil
	case wrongContentType:
		a.header.Set("Content-Type", "text/plain; charset=UTF-8")
	default:
		return alter(f, r, a)
	}
	return a, f
}

// answer is the response that f sends instead of the API.
func (s *Sandbox) answer(f Fault, r *Request) reply {
	var a reply
	switch f.kind {
	case statusAnswer:
		a = r.errorReply(f.status, errorBody{Message: laravelMessage(f.status)})
	case htmlAnswer:
		a = htmlReply(f.status)
	default:
		a = bodilessReply(f.status)
		a.body = []byte(f.body)
		a.header["Content-Type"] = nil // net/http would guess one.
		if f.contentType != "" {
			a.header.Set("Content-Type", f.contentType)
		}
	}
	if f.status/100 == 3 {
		a.header.Set("Location", "/login")
	}
	if f.headerName != "" {
		a.header.Set(f.headerName, f.headerValue)
	}
	if f.retryAfter {
		now := s.now()
		setRetryAfter(a.header, f.form, now, now.Add(f.wait))
	}
	return a
}

// alter changes a field of a correct response. It does not change an error.
func alter(f Fault, r *Request, a reply) (reply, Fault) {
	var body map[string]any
	if a.status/100 != 2 || json.Unmarshal(a.body, &body) != nil {
		return a, Fault{}
	}
	switch f.kind {
	case missingID:
		delete(body, "id")
	case missingSecret:
		delete(body, "signature_secret_key")
	case repeatedCursor:
		if meta, ok := body["meta"].(map[string]any); ok {
			meta["next_cursor"] = r.Query.Get("page[cursor]")
		}
	}
	altered := jsonReply(a.status, body)
	altered.header = a.header
	return altered, f
}

func laravelMessage(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Unauthenticated."
	case http.StatusForbidden:
		return "Invalid scope(s) provided."
	case http.StatusTooManyRequests:
		return "Too Many Attempts."
	case http.StatusInternalServerError:
		return "Server Error"
	}
	return http.StatusText(status)
}

// delayedWork is the work of a request that is done after the request has ended.
type delayedWork struct {
	request   *Request
	operation operation
	// due is zero for work that waits for a POST.
	due time.Time
}

// postpone delays the work of r, unless r would be refused anyway.
func (s *Sandbox) postpone(r *Request, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op, refusal := s.admit(r, s.now())
	if refusal != nil {
		return
	}
	r.late = true
	work := delayedWork{request: r, operation: op}
	if f.phase == lateWork {
		work.due = r.Time.Add(f.lateBy)
	}
	s.late = append(s.late, work)
}

// doDueWork does the late work that is due, in the order of its times and with
// these times. No request was processed in between.
func (s *Sandbox) doDueWork(now time.Time) {
	slices.SortStableFunc(s.late, func(a, b delayedWork) int { return a.due.Compare(b.due) })
	s.late = slices.DeleteFunc(s.late, func(w delayedWork) bool {
		if w.due.IsZero() || w.due.After(now) {
			return false
		}
		w.operation(w.request, w.due)
		return true
	})
}

func (s *Sandbox) doWorkThatWaitsForPOST(now time.Time) {
	s.late = slices.DeleteFunc(s.late, func(w delayedWork) bool {
		if w.due.IsZero() {
			w.operation(w.request, now)
		}
		return w.due.IsZero()
	})
}
