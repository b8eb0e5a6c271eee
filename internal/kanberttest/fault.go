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
	kind  kind
	phase phase
	// status is that of Status, HTML and Answer.
	status int
	// contentType and body are those of Answer.
	contentType, body string
	// form is that of RateLimited, and of RetryAfter where retryAfter is set.
	form       RetryAfterForm
	retryAfter bool
	// headerName and headerValue are those of WithHeader.
	headerName, headerValue string
	// code is that of ResetStream.
	code StreamCode
	// wait is the length of a delay, or how long a limit lasts.
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
	resetStream
	goAway
	timeout
	// These answer instead of the API.
	statusAnswer
	htmlAnswer
	givenAnswer
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
	goAwayAfterAnswer
)

// phase is when the fault is applied.
type phase int

const (
	beforeWork     phase = iota // the work is never done
	afterWork                   // the work is done
	lateWork                    // the work is done after a time
	workAtNextPOST              // the work is done when the next POST arrives
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

// StreamCode is an error code of HTTP/2 (RFC 9113, section 7).
type StreamCode uint32

// The codes after which net/http sends a request again by itself, if it has the
// body a second time.
const (
	ProtocolError StreamCode = 0x1
	RefusedStream StreamCode = 0x7
)

// ResetStream lets the server reset the request's stream with RST_STREAM instead
// of answering. Over anything but HTTP/2 ([StartHTTP2]) it resets the connection.
func ResetStream(code StreamCode) Fault { return Fault{kind: resetStream, code: code} }

// GoAway lets the server send a GOAWAY that says the request was not processed,
// and take no further one on the connection; after the work it says so wrongly.
// Over anything but HTTP/2 it resets the connection.
func GoAway() Fault { return Fault{kind: goAway} }

// GoAwayAfterAnswer lets the server answer rightly, and send a GOAWAY that
// covers no later request, as a server does that ends a connection gracefully.
// Over anything but HTTP/2 the answer is all there is.
func GoAwayAfterAnswer() Fault { return Fault{kind: goAwayAfterAnswer, phase: afterWork} }

// Timeout leaves the request without an answer until the client gives up.
func Timeout() Fault { return Fault{kind: timeout} }

// Status answers with the status and a JSON body that has a message, as Laravel
// words it.
func Status(status int) Fault { return Fault{kind: statusAnswer, status: status} }

// HTML answers with the status and a page in HTML, as a proxy does. A 3xx has a
// Location.
func HTML(status int) Fault { return Fault{kind: htmlAnswer, status: status} }

// Answer answers with the status and this body, as something in front of the API
// does: [NoRoute], [NotFoundElsewhere], {}, null, or nothing at all. An empty
// content type leaves the header out.
func Answer(status int, contentType, body string) Fault {
	return Fault{kind: givenAnswer, status: status, contentType: contentType, body: body}
}

// Bodies of gateways that know nothing of the API. They stand in JSON.
const (
	NoRoute           = `{"message":"no Route matched with those values"}`
	NotFoundElsewhere = `{"error":"not found"}`
)

// RetryAfter lets the answer of Status, HTML or Answer say, in the form, when to
// come back.
func (f Fault) RetryAfter(form RetryAfterForm, wait time.Duration) Fault {
	f.mustAnswer()
	f.retryAfter, f.form, f.wait = true, form, wait
	return f
}

// WithHeader adds a header to the answer of Status, HTML or Answer; a second one
// replaces the first.
func (f Fault) WithHeader(name, value string) Fault {
	f.mustAnswer()
	f.headerName, f.headerValue = name, value
	return f
}

func (f Fault) mustAnswer() {
	if f.kind != statusAnswer && f.kind != htmlAnswer && f.kind != givenAnswer {
		panic(fmt.Sprintf("kanberttest: the fault %q has no answer of its own", f))
	}
}

// RateLimited answers 429 and asks, in the form, to come back after wait. It
// cannot be applied after the work: a rate limit stands in front of the API.
func RateLimited(form RetryAfterForm, wait time.Duration) Fault {
	return Fault{kind: rateLimited, form: form, wait: wait}
}

// Delay lets the request wait for d before the work, or with [Fault.AfterWork]
// before the answer. A request whose client gives up before the work is not
// worked on.
func Delay(d time.Duration) Fault { return Fault{kind: delay, wait: d} }

// CutBody ends the connection in the middle of the body. The work is done. An
// answer without a body is left alone.
func CutBody() Fault { return Fault{kind: cutBody, phase: afterWork} }

// StalledBody sends half of the body, and then nothing until the client gives
// up. The work is done. An answer without a body is left alone.
func StalledBody() Fault { return Fault{kind: stalledBody, phase: afterWork} }

// EmptyBody answers with the right status and no body. The work is done.
func EmptyBody() Fault { return Fault{kind: emptyBody, phase: afterWork} }

// WrongContentType declares the body of the right answer as text/plain. The work
// is done. An answer without a body is left alone.
func WrongContentType() Fault { return Fault{kind: wrongContentType, phase: afterWork} }

// MissingID leaves the id out of the answer to a create. The work is done.
func MissingID() Fault { return Fault{kind: missingID, phase: afterWork} }

// MissingSecret leaves the secret out of the answer to a create. The work is
// done.
func MissingSecret() Fault { return Fault{kind: missingSecret, phase: afterWork} }

// ForgottenCursor lets a list that asks for a later page give the first one, as
// Laravel does with a cursor that it cannot read.
func ForgottenCursor() Fault { return Fault{kind: forgottenCursor, phase: afterWork} }

// RepeatedCursor lets a list that asks for a later page name that page's own
// cursor as the next.
func RepeatedCursor() Fault { return Fault{kind: repeatedCursor, phase: afterWork} }

// AfterWork lets the server do the work before the fault is applied.
func (f Fault) AfterWork() Fault {
	if f.kind == refusal || f.kind == rateLimited {
		panic(fmt.Sprintf("kanberttest: the fault %q cannot be applied after the work", f))
	}
	f.phase = afterWork
	return f
}

// LateBy lets the server do the work of a POST or DELETE only when d has passed
// since it arrived. The fault itself is applied at once.
func (f Fault) LateBy(d time.Duration) Fault {
	f.mustLeaveWorkOpen()
	f.phase, f.lateBy = lateWork, d
	return f
}

// LateUntilNextPOST lets the server do the work of a POST or DELETE when the next
// POST has arrived, just before that one's. The fault itself is applied at once.
func (f Fault) LateUntilNextPOST() Fault {
	f.mustLeaveWorkOpen()
	f.phase = workAtNextPOST
	return f
}

func (f Fault) mustLeaveWorkOpen() {
	if f.kind == refusal || f.kind == rateLimited || f.needsAnswer() {
		panic(fmt.Sprintf("kanberttest: with the fault %q the work cannot be late", f))
	}
}

// needsAnswer reports whether the fault starts from the API's own answer.
func (f Fault) needsAnswer() bool { return f.kind == none || f.kind >= delay }

// fits reports whether the fault can be applied to r.
func (f Fault) fits(r *Request) bool {
	switch f.kind {
	case missingID, missingSecret:
		return r.Method == http.MethodPost
	case forgottenCursor, repeatedCursor:
		return r.Method == http.MethodGet && r.Query.Get("page[cursor]") != ""
	}
	if f.phase == lateWork || f.phase == workAtNextPOST {
		return r.Method == http.MethodPost || r.Method == http.MethodDelete
	}
	return true
}

// String names the fault: "reset after the work". It is empty for no fault.
func (f Fault) String() string {
	name := f.name()
	switch {
	case f.phase == lateWork:
		return fmt.Sprintf("%s, work done %s late", name, f.lateBy)
	case f.phase == workAtNextPOST:
		return name + ", work done at the next POST"
	case f.phase == afterWork && f.kind <= delay:
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
		return fmt.Sprint(f.status) + f.retryName()
	case htmlAnswer:
		return fmt.Sprintf("%d with HTML", f.status) + f.retryName()
	case givenAnswer:
		return f.answerName()
	case resetStream:
		return fmt.Sprintf("RST_STREAM %s", f.code)
	case goAway:
		return "GOAWAY"
	case goAwayAfterAnswer:
		return "GOAWAY after the answer"
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

func (f Fault) answerName() string {
	const shown = 40
	body := f.body
	if len(body) > shown {
		body = body[:shown] + "…"
	}
	contentType := f.contentType
	if contentType == "" {
		contentType = "no content type"
	}
	return fmt.Sprintf("%d with %q (%s)", f.status, body, contentType) + f.retryName()
}

func (f Fault) retryName() string {
	if !f.retryAfter {
		return ""
	}
	return fmt.Sprintf(" with %s (%s)", f.form, f.wait)
}

// String gives the name of the RFC.
func (c StreamCode) String() string {
	switch c {
	case ProtocolError:
		return "PROTOCOL_ERROR"
	case RefusedStream:
		return "REFUSED_STREAM"
	default:
		return fmt.Sprintf("0x%x", uint32(c))
	}
}
