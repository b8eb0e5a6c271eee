// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// What an [APIError] can be, matched with [errors.Is].
var (
	ErrBadRequest   = errors.New("the request was refused as malformed")          // 400
	ErrUnauthorized = errors.New("the token was not accepted")                    // 401
	ErrForbidden    = errors.New("the token lacks a scope")                       // 403
	ErrNotFound     = errors.New("not found")                                     // 404
	ErrConflict     = errors.New("the URL is taken")                              // 409
	ErrInvalid      = errors.New("a field was refused")                           // 422
	ErrRateLimited  = errors.New("too many requests")                             // 429
	ErrServer       = errors.New("the server failed")                             // 5xx
	ErrRedirect     = errors.New("the server redirected the request")             // 3xx, never followed
	ErrNotJSON      = errors.New("the response is not JSON")                      // any status
	ErrMalformed    = errors.New("the response does not match the API reference") // a 2xx that lacks a required field or cannot be read
)

// APIError is an answer of the API that is not the one asked for.
type APIError struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Message is the body's "message". Empty where the body was no JSON object.
	Message string
	// Fields holds the body's "errors": for each field of the request (url,
	// event, project_id, client_id, …) what is wrong with it. Usually only a
	// 422 has them. Names and texts are the server's, on one line each, without
	// control characters and the token.
	Fields map[string][]string
	// RequestID is the answer's X-Request-Id, or empty.
	RequestID string
	// Method and Path say what was asked. Path is a template: /webhooks/{id}.
	Method, Path string
	// URL is the URL that was asked, without its query, and BaseURLSource is where
	// its beginning comes from, if that was said with [WithBaseURLSource].
	URL, BaseURLSource string
	// RedirectHost is the host that a 3xx leads to, or empty.
	RedirectHost string
	// RetryAt is when a 429 or a 503 asks to come back; zero if it did not say,
	// or for another status.
	RetryAt time.Time
	// Kind is one of the Err… variables.
	Kind error

	// OwnJSON is true if the answer has the form of the API's own errors: JSON, an
	// object with a text "message". What else answers may be a proxy.
	OwnJSON bool

	// Attempts and Elapsed say how often and how long the call was tried.
	Attempts int
	Elapsed  time.Duration
	// Incident is what the error has in common with those of other calls, or nil.
	Incident *Incident

	// isHeld is true if it is the answer to another call, and this one was not
	// sent.
	isHeld bool
	// cut is true if the body broke off, although the server called it whole.
	cut bool
	// unread is true for a refusal of which the status alone arrived.
	unread bool
}

// Error gives one line, without a URL or a body in it.
func (e *APIError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.StatusCode, http.StatusText(e.StatusCode))
	if e.Message != "" {
		text += ": " + e.Message
	} else if e.Kind != nil {
		text += ": " + e.Kind.Error()
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Is makes errors.Is(err, ErrNotFound) and its like work.
func (e *APIError) Is(target error) bool { return target == e.Kind }

// URLTakenError says that a create was refused because of its URL, and was still
// refused after a short wait. Nothing was created.
type URLTakenError struct {
	// Holder is the webhook that has the URL. It is nil if no webhook that the
	// API lists has it: it may be deleted softly, be another tenant's, or the
	// URL may be refused for its form. Then Err has the API's own words.
	Holder *Webhook
	// MadeHere is true if another create of this client made Holder.
	MadeHere bool
	// Lookup is why the holder could not be looked up, or nil.
	Lookup error
	// Err is the refusal, an [*APIError].
	Err error
}

func (e *URLTakenError) Error() string { return "the URL is taken: " + e.Err.Error() }
func (e *URLTakenError) Unwrap() error { return e.Err }

// UnprovenError says that a create was not answered, and that a webhook exists
// at its URL which this create or another program may have made. It was left alone.
type UnprovenError struct {
	// Holder is the webhook found at the URL.
	Holder Webhook
	// Err is why the answer is missing.
	Err error
}

func (e *UnprovenError) Error() string {
	return "the create got no response, and webhook " + e.Holder.ID + " has its URL: " + e.Err.Error()
}
func (e *UnprovenError) Unwrap() error { return e.Err }

// UncertainError says that a create failed after an attempt that was not
// answered, so that a webhook may exist (or come to exist) at its URL, although
// none was seen or no look could be had.
type UncertainError struct {
	// URL is the address to look for.
	URL string
	// Event is what was asked for.
	Event Event
	// Err is the failure that ended the create.
	Err error
	// Lost is why the earlier answer is missing.
	Lost error
}

func (e *UncertainError) Error() string {
	return "the create may have happened: " + e.Lost.Error() + "; then: " + e.Err.Error()
}
func (e *UncertainError) Unwrap() error { return e.Err }

// SecretLostError says that a create made a webhook whose secret never arrived,
// and that it exists. It comes with a [CreatedWebhook] that has no secret: keep
// its id.
type SecretLostError struct {
	// Webhook is the one that exists.
	Webhook Webhook
	// Err is why the secret is missing or why the webhook could not be deleted.
	Err error
}

func (e *SecretLostError) Error() string {
	return "webhook " + e.Webhook.ID + " exists, but its secret was lost: " + e.Err.Error()
}
func (e *SecretLostError) Unwrap() error { return e.Err }
