// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"fmt"
	"net/http"
	"time"
)

// Fault is one thing that can go wrong with a request. It says what becomes of
// the answer, and whether the server does the work nevertheless. The zero value
// is no fault. Faults are comparable.
type Fault struct {
	kind   kind
	moment moment
	// status is that of Status and HTML.
	status int
	// form is that of RateLimited.
	form RetryAfterForm
	// wait is the length of a delay, or how long a rate limit lasts.
	wait time.Duration
	// lateBy is when late work is done, counted from the request's arrival.
	lateBy time.Duration
}

type kind int

const (
	none kind = iota
	// These leave no answer.
	refusal
	closedConnection
	resetConnection
	timeout
	// These answer instead of the API.
	statusAnswer
	htmlAnswer
	rateLimited
	// These alter the API's own answer, for which the work has to be done.
	delay
	cutBody
	stalledBody
	emptyBody
	wrongContentType
	missingID
	missingSecret
	forgottenCursor
	repeatedCursor
)

// moment is when the fault strikes.
type moment int

const (
	beforeWork     moment = iota // the work is never done
	afterWork                    // the work is done
	lateWork                     // the work is done after a time
	workAtNextPOST               // the work is done when the next POST arrives
)

// Refused lets the attempt end before there is a connection, so that nothing was
// sent: the error is a *[net.OpError] with the Op "dial". Only
// [Sandbox.Transport] can do that; over HTTP the connection stands already, and
// is reset.
func Refused() Fault { return Fault{kind: refusal} }

// Closed lets the server close the connection instead of answering. Over HTTP,
// net/http then sends a GET again by itself if the connection had been used
// before; the sandbox sees that as one more request.
func Closed() Fault { return Fault{kind: closedConnection} }

// Reset lets the server reset the connection instead of answering. For a GET the
// note on [Closed] holds.
func Reset() Fault { return Fault{kind: resetConnection} }

// Timeout leaves the request without an answer until the client gives up.
func Timeout() Fault { return Fault{kind: timeout} }

// Status answers with the status and a JSON body that has a message, as Laravel
// words it.
func Status(status int) Fault { return Fault{kind: statusAnswer, status: status} }

// HTML answers with the status and a page in HTML, as a proxy does. A 3xx has a
// Location.
func HTML(status int) Fault { return Fault{kind: htmlAnswer, status: status} }

// RateLimited answers 429 and asks, in the form, to come back after wait. It
// cannot strike after the work: a rate limit stands in front of the API.
func RateLimited(form RetryAfterForm, wait time.Duration) Fault {
	return Fault{kind: rateLimited, form: form, wait: wait}
}

// Delay lets the request wait for d before the work, or with [Fault.AfterWork]
// before the answer. A request whose client gives up before the work is not
// worked on.
func Delay(d time.Duration) Fault { return Fault{kind: delay, wait: d} }

// CutBody ends the connection in the middle of the body. The work is done. An
// answer without a body is left alone.
func CutBody() Fault { return Fault{kind: cutBody, moment: afterWork} }

// StalledBody sends half of the body, and then nothing until the client gives
// up. The work is done. An answer without a body is left alone.
func StalledBody() Fault { return Fault{kind: stalledBody, moment: afterWork} }

// EmptyBody answers with the right status and no body. The work is done.
func EmptyBody() Fault { return Fault{kind: emptyBody, moment: afterWork} }

// WrongContentType declares the body of the right answer as text/plain. The work
// is done. An answer without a body is left alone.
func WrongContentType() Fault { return Fault{kind: wrongContentType, moment: afterWork} }

// MissingID leaves the id out of the answer to a create. The work is done.
func MissingID() Fault { return Fault{kind: missingID, moment: afterWork} }

// MissingSecret leaves the secret out of the answer to a create. The work is
// done.
func MissingSecret() Fault { return Fault{kind: missingSecret, moment: afterWork} }

// ForgottenCursor lets a list that asks for a later page give the first one, as
// Laravel does with a cursor that it cannot read.
func ForgottenCursor() Fault { return Fault{kind: forgottenCursor, moment: afterWork} }

// RepeatedCursor lets a list that asks for a later page name that page's own
// cursor as the next.
func RepeatedCursor() Fault { return Fault{kind: repeatedCursor, moment: afterWork} }

// AfterWork lets the server do the work before the fault strikes.
func (f Fault) AfterWork() Fault {
	if f.kind == refusal || f.kind == rateLimited {
		panic(fmt.Sprintf("kanberttest: the fault %q cannot strike after the work", f))
	}
	f.moment = afterWork
	return f
}

// LateBy lets the server do the work of a POST or DELETE only when d has passed
// since it arrived. The fault itself strikes at once.
func (f Fault) LateBy(d time.Duration) Fault {
	f.mustLeaveWorkOpen()
	f.moment, f.lateBy = lateWork, d
	return f
}

// LateUntilNextPOST lets the server do the work of a POST or DELETE when the next
// POST has arrived, just before that one's. The fault itself strikes at once.
func (f Fault) LateUntilNextPOST() Fault {
	f.mustLeaveWorkOpen()
	f.moment = workAtNextPOST
	return f
}

func (f Fault) mustLeaveWorkOpen() {
	if f.kind == refusal || f.kind == rateLimited || f.needsAnswer() {
		panic(fmt.Sprintf("kanberttest: with the fault %q the work cannot be late", f))
	}
}

// needsAnswer reports whether the fault starts from the API's own answer.
func (f Fault) needsAnswer() bool { return f.kind == none || f.kind >= delay }

// fits reports whether the fault can strike r at all.
func (f Fault) fits(r *Request) bool {
	switch f.kind {
	case missingID, missingSecret:
		return r.Method == http.MethodPost
	case forgottenCursor, repeatedCursor:
		return r.Method == http.MethodGet && r.Query.Get("page[cursor]") != ""
	}
	if f.moment == lateWork || f.moment == workAtNextPOST {
		return r.Method == http.MethodPost || r.Method == http.MethodDelete
	}
	return true
}

// String names the fault: "reset after the work". It is empty for no fault.
func (f Fault) String() string {
	name := f.name()
	switch {
	case f.moment == lateWork:
		return fmt.Sprintf("%s, work done %s late", name, f.lateBy)
	case f.moment == workAtNextPOST:
		return name + ", work done at the next POST"
	case f.moment == afterWork && f.kind <= delay:
		return name + " after the work"
	}
	return name
}

func (f Fault) name() string {
	switch f.kind {
	case none:
		return ""
	case refusal:
		return "connection refused"
	case closedConnection:
		return "connection closed"
	case resetConnection:
		return "reset"
	case timeout:
		return "time-out"
	case statusAnswer:
		return fmt.Sprint(f.status)
	case htmlAnswer:
		return fmt.Sprintf("%d with HTML", f.status)
	case rateLimited:
		return fmt.Sprintf("429 with %s (%s)", f.form, f.wait)
	case delay:
		return fmt.Sprintf("delay of %s", f.wait)
	case cutBody:
		return "cut body"
	case stalledBody:
		return "stalled body"
	case emptyBody:
		return "empty body"
	case wrongContentType:
		return "wrong content type"
	case missingID:
		return "missing id"
	case missingSecret:
		return "missing secret"
	case forgottenCursor:
		return "forgotten cursor"
	default:
		return "repeated cursor"
	}
}
