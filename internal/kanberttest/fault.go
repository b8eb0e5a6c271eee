// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"fmt"
	"net/http"
	"time"
)

// Fault is one fault of a request. It decides the response, and whether the server
// still does the work. The zero value is no fault. Faults are comparable.
type Fault struct {
	kind  kind
	phase phase
	// status belongs to Status, HTML and Answer.
	status int
	// contentType and body belong to Answer.
	contentType, body string
	// form belongs to RateLimited, and to RetryAfter if retryAfter is set.
	form       RetryAfterForm
	retryAfter bool
	// headerName and headerValue belong to WithHeader.
	headerName, headerValue string
	// code belongs to ResetStream.
	code StreamCode
	// wait is the length of a delay, or the duration of a rate limit.
	wait time.Duration
	// lateBy is the time from the arrival of the request to the late work.
	lateBy time.Duration
}

type kind int

const (
	none kind = iota
	// These send no response.
	refusal
	closedConnection
	resetConnection
	resetStream
	goAway
	timeout
	// These respond instead of the API.
	statusAnswer
	htmlAnswer
	givenAnswer
	rateLimited
	// These change the API's own response, which requires the work.
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

// phase says when the fault is applied.
type phase int

const (
	beforeWork     phase = iota // the work is never done
	afterWork                   // the work is done
	lateWork                    // the work is done after a time
	workAtNextPOST              // the work is done when the next POST arrives
)

// Refused ends the attempt before there is a connection, so nothing is sent: the
// error is a *[net.OpError] with the Op "dial". Only [Sandbox.Transport] can do
// that. Over HTTP, the connection already exists and is reset.
func Refused() Fault { return Fault{kind: refusal} }

// Closed makes the server close the connection without a response. Over HTTP,
// net/http then sends a GET again if the connection was used before. The sandbox
// records that as one more request.
func Closed() Fault { return Fault{kind: closedConnection} }

// Reset makes the server reset the connection without a response. For a GET, the
// note on [Closed] applies.
func Reset() Fault { return Fault{kind: resetConnection} }

// StreamCode is an error code of HTTP/2 (RFC 9113, section 7).
type StreamCode uint32

// The codes after which net/http sends a request again, if it can read the body a
// second time.
const (
	ProtocolError StreamCode = 0x1
	RefusedStream StreamCode = 0x7
)

// ResetStream makes the server reset the stream of the request with RST_STREAM,
// without a response. Without HTTP/2 ([StartHTTP2]) it resets the connection.
func ResetStream(code StreamCode) Fault { return Fault{kind: resetStream, code: code} }

// GoAway makes the server send a GOAWAY that says that the request was not
// processed, and accept no further request on the connection. After the work, that
// statement is wrong. Without HTTP/2 it resets the connection.
func GoAway() Fault { return Fault{kind: goAway} }

// GoAwayAfterAnswer makes the server send the correct response, and a GOAWAY that
// covers no later request, like a server that closes a connection gracefully.
// Without HTTP/2, it sends only the response.
func GoAwayAfterAnswer() Fault { return Fault{kind: goAwayAfterAnswer, phase: afterWork} }

// Timeout sends no response until the client gives up.
func Timeout() Fault { return Fault{kind: timeout} }

// Status responds with the status and a JSON body with Laravel's message.
func Status(status int) Fault { return Fault{kind: statusAnswer, status: status} }

// HTML responds with the status and an HTML page, as a proxy does. A 3xx has a
// Location.
func HTML(status int) Fault { return Fault{kind: htmlAnswer, status: status} }

// Answer responds with the status and this body, like a server in front of the API:
// [NoRoute], [NotFoundElsewhere], {}, null, or an empty body. An empty content type
// omits the header.
func Answer(status int, contentType, body string) Fault {
	return Fault{kind: givenAnswer, status: status, contentType: contentType, body: body}
}

// JSON bodies of gateways that do not know the API.
const (
	NoRoute           = `{"message":"no Route matched with those values"}`
	NotFoundElsewhere = `{"error":"not found"}`
)

// RetryAfter adds the time of the next try, in the form, to the response of Status,
// HTML or Answer.
func (f Fault) RetryAfter(form RetryAfterForm, wait time.Duration) Fault {
	f.mustAnswer()
	f.retryAfter, f.form, f.wait = true, form, wait
	return f
}

// WithHeader adds a header to the response of Status, HTML or Answer. A second one
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

// RateLimited returns 429 with the time of the next try, in the form. It cannot be
// applied after the work, because a rate limit is in front of the API.
func RateLimited(form RetryAfterForm, wait time.Duration) Fault {
	return Fault{kind: rateLimited, form: form, wait: wait}
}

// Delay delays the request by d before the work, or with [Fault.AfterWork] before
// the response. If the client gives up before the work, the server does not do it.
func Delay(d time.Duration) Fault { return Fault{kind: delay, wait: d} }

// CutBody ends the connection in the middle of the body. The work is done. It does
// not change a response without a body.
func CutBody() Fault { return Fault{kind: cutBody, phase: afterWork} }

// StalledBody sends half of the body, and then nothing until the client gives up.
// The work is done. It does not change a response without a body.
func StalledBody() Fault { return Fault{kind: stalledBody, phase: afterWork} }

// EmptyBody responds with the correct status and no body. The work is done.
func EmptyBody() Fault { return Fault{kind: emptyBody, phase: afterWork} }

// WrongContentType declares the body of the correct response as text/plain. The
// work is done. It does not change a response without a body.
func WrongContentType() Fault { return Fault{kind: wrongContentType, phase: afterWork} }

// MissingID omits the id from the response to a create. The work is done.
func MissingID() Fault { return Fault{kind: missingID, phase: afterWork} }

// MissingSecret omits the secret from the response to a create. The work is done.
func MissingSecret() Fault { return Fault{kind: missingSecret, phase: afterWork} }

// ForgottenCursor returns the first page to a request for a later page, as Laravel
// does for a cursor that it cannot read.
func ForgottenCursor() Fault { return Fault{kind: forgottenCursor, phase: afterWork} }

// RepeatedCursor returns, for a request for a later page, that page's own cursor as
// the next.
func RepeatedCursor() Fault { return Fault{kind: repeatedCursor, phase: afterWork} }

// AfterWork makes the server do the work before the fault is applied.
func (f Fault) AfterWork() Fault {
	if f.kind == refusal || f.kind == rateLimited {
		panic(fmt.Sprintf("kanberttest: the fault %q cannot be applied after the work", f))
	}
	f.phase = afterWork
	return f
}

// LateBy makes the server do the work of a POST or DELETE only after d has passed
// since its arrival. The fault itself is applied at once.
func (f Fault) LateBy(d time.Duration) Fault {
	f.mustLeaveWorkOpen()
	f.phase, f.lateBy = lateWork, d
	return f
}

// LateUntilNextPOST makes the server do the work of a POST or DELETE when the next
// POST has arrived, just before the work of that POST. The fault itself is applied
// at once.
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

// needsAnswer reports whether the fault changes the API's own response.
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

// String returns the name of the fault, such as "reset after the work". It is empty
// for no fault.
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

// String returns the name in the RFC.
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
