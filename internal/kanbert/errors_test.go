// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestTextsOfErrors has each error's text, and what it wraps.
func TestTextsOfErrors(t *testing.T) {
	refused := &APIError{StatusCode: 422, Method: "POST", Path: webhooksPath, Kind: ErrInvalid}
	for want, err := range map[string]error{
		"POST /webhooks: 422 Unprocessable Entity: a field was refused":                                      refused,
		"DELETE /webhooks/{id}: 404 Not Found: Gone. (request req-1)":                                        &APIError{StatusCode: 404, Method: "DELETE", Path: "/webhooks/{id}", Kind: ErrNotFound, Message: "Gone.", RequestID: "req-1"},
		"GET /webhooks: 418 I'm a teapot":                                                                    &APIError{StatusCode: 418, Method: "GET", Path: webhooksPath},
		"GET /webhooks: 200 OK: the list gave the same cursor twice, so that it would never end":             ErrRepeatedCursor,
		"GET /webhooks: 200 OK: the list has not ended after 10000 pages, 300000 webhooks, 128 MiB or 30m0s": ErrEndlessList,
		`GET /webhooks: 200 OK: the list contains webhook "wh_1" without a valid "url" and "created_at"`:     Webhook{ID: "wh_1", missing: 1 | missingCreatedAt}.Complete(),
		"GET /webhooks: api.example: EOF":                                                                    &TransportError{Method: "GET", Path: webhooksPath, Host: "api.example", Err: io.EOF},
		"GET /webhooks: api.example: no response within 30s":                                                 &TransportError{Method: "GET", Path: webhooksPath, Host: "api.example", Err: io.EOF, Timeout: 30 * time.Second},
		"GET /webhooks: api.example: no response within 1ns":                                                 &TransportError{Method: "GET", Path: webhooksPath, Host: "api.example", Err: io.EOF, Timeout: 1},
		"proxy squid.example: CONNECT: 407 Proxy Authentication Required":                                    &ProxyError{Host: "squid.example", StatusCode: 407},
		"token is blank": optionError("token", "is %s", "blank"),
		"the URL is taken: POST /webhooks: 422 Unprocessable Entity: a field was refused": &URLTakenError{Err: refused},
		"the create got no response, and webhook wh_1 has its URL: EOF":                   &UnprovenError{Holder: Webhook{ID: "wh_1"}, Err: io.EOF},
		"webhook wh_1 exists, but its secret was lost: EOF":                               &SecretLostError{Webhook: Webhook{ID: "wh_1"}, Err: io.EOF},
		"the create may have happened: unexpected EOF; then: EOF":                         &UncertainError{Err: io.EOF, Lost: io.ErrUnexpectedEOF},
		"interrupted before a request was sent: EOF":                                      &InterruptedError{Err: io.EOF},
		"interrupted while waiting for the rate limit: EOF":                               &InterruptedError{Err: io.EOF, Waiting: "the rate limit"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%T says %q, want %q", err, got, want)
		}
	}
	for _, err := range []error{
		&TransportError{Err: io.EOF}, &URLTakenError{Err: io.EOF}, &UnprovenError{Err: io.EOF}, &SecretLostError{Err: io.EOF}, &UncertainError{Err: io.EOF},
		&InterruptedError{Err: io.EOF}, &networkError{err: io.EOF},
	} {
		if !errors.Is(err, io.EOF) {
			t.Errorf("%T does not wrap its cause", err)
		}
	}
	for _, err := range []error{ErrEndlessList, ErrRepeatedCursor, Webhook{missing: 1}.Complete()} {
		if !errors.Is(err, ErrMalformed) || outcomeOf(err) != ambiguous {
			t.Errorf("%v is none of what the API promises", err)
		}
	}
}

// TestKindsOfErrors has what is asked of an error, for each kind of error.
func TestKindsOfErrors(t *testing.T) {
	answer := func(status int, kind error) *APIError { return &APIError{StatusCode: status, Kind: kind} }
	own := &APIError{StatusCode: 502, OwnJSON: true}
	for _, test := range []struct {
		name                                             string
		err                                              error
		notFound, needsProof, unanswered, filter, limits bool
	}{
		{name: "none"},
		{name: "another error", err: io.EOF},
		{name: "400", err: answer(400, ErrBadRequest), filter: true},
		{name: "401", err: answer(401, ErrUnauthorized)},
		{name: "404", err: answer(404, ErrNotFound), notFound: true, needsProof: true},
		{name: "404 of a proxy", err: answer(404, ErrNotJSON), notFound: true, needsProof: true},
		{name: "410", err: answer(410, ErrBadRequest), notFound: true, needsProof: true},
		{name: "409", err: answer(409, ErrConflict)},
		{name: "411", err: answer(411, ErrBadRequest)},
		{name: "422", err: answer(422, ErrInvalid), filter: true},
		{name: "429", err: answer(429, ErrRateLimited), limits: true},
		{name: "500", err: answer(500, ErrServer)},
		{name: "501", err: answer(501, ErrServer)},
		{name: "502", err: answer(502, ErrServer), unanswered: true},
		{name: "502 of the API", err: own},
		{name: "503", err: answer(503, ErrServer), limits: true},
		{name: "504", err: answer(504, ErrServer), unanswered: true},
		{name: "505", err: answer(505, ErrServer)},
		{name: "200 with another body", err: answer(200, ErrMalformed), needsProof: true},
		{name: "200 that was cut", err: &APIError{StatusCode: 200, Kind: ErrMalformed, cut: true}, needsProof: true, unanswered: true},
		{name: "200 of a proxy", err: answer(200, ErrNotJSON)},
		{name: "a reset", err: &TransportError{Err: io.EOF}, unanswered: true},
		{name: "a connection that was not made", err: &TransportError{Err: io.EOF, Unsent: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, err := range []error{test.err, &UncertainError{Err: test.err}} {
				for what, pair := range map[string][2]bool{
					"not found":  {IsNotFound(err), test.notFound},
					"to prove":   {NeedsProof(err), test.needsProof},
					"unanswered": {isUnanswered(err), test.unanswered},
					"a filter's": {refusesFilter(err), test.filter},
					"a limit":    {isUnavailable(err), test.limits},
				} {
					if pair[0] != pair[1] {
						t.Errorf("%T: %s is %t", err, what, pair[0])
					}
				}
			}
		})
	}
}

// TestAddressesInErrors expects each kind of error to name the request, its URL, and
// where that comes from, and none of them a query or an id that could be a URL.
func TestAddressesInErrors(t *testing.T) {
	faults := map[string]attempt{
		"refused by the API":  {status: 401, body: `{"message":"x"}`},
		"refused by a proxy":  {status: 403, html: true, body: "x"},
		"redirected":          {status: 302, html: true},
		"failed":              {status: 500, body: `{"message":"x"}`},
		"unavailable":         {status: 503, body: `{"message":"x"}`},
		"limited":             {status: 429, body: `{"message":"x"}`},
		"cut":                 {status: 200, body: `{`},
		"without a field":     {status: 200, body: `{"x":1}`},
		"not JSON":            {status: 200, html: true, body: "x"},
		"reset":               {err: io.EOF},
		"without connection":  {err: &net.OpError{Op: "dial", Err: io.EOF}},
		"without its address": {err: &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}},
	}
	for _, test := range []struct {
		method, path, url string
		call              func(c *Client) error
	}{
		{"GET", "/webhooks", "https://api.example:8443/v1/webhooks", func(c *Client) error {
			_, err := c.ListPage(t.Context(), ListOptions{Filter: "hunter2", Cursor: "hunter2"})
			return err
		}},
		{"DELETE", "/webhooks/{id}", "https://api.example:8443/v1/webhooks/wh_1", func(c *Client) error { return c.DeleteWebhook(t.Context(), "wh_1") }},
		{"DELETE", "/webhooks/{id}", "https://api.example:8443/v1/webhooks/{id}", func(c *Client) error { return c.DeleteWebhook(t.Context(), "https://hunter2/") }},
		{"POST", "/webhooks", "https://api.example:8443/v1/webhooks", func(c *Client) error {
			_, err := doOnce(t.Context(), c, c.inPlaceOf(http.MethodPost), func(a *response) (struct{}, error) { return struct{}{}, a.malformed("x") })
			return err
		}},
	} {
		for name, fault := range faults {
			c, err := New(WithToken(NewSecret("a-token")), WithBaseURL("https://api.example:8443/v1"), WithBaseURLSource("the environment variable X"),
				WithTransport(&script{method: test.method, faulty: 1000, fault: fault}), WithMaxRetries(0), WithMaxWait(0))
			if err != nil {
				t.Fatal(err)
			}
			// The second may be answered with the error of the first.
			for range 2 {
				err = test.call(checkLeaks(t, WithoutWhoami(c)))
				var answer *APIError
				var failed *TransportError
				var got [5]string
				switch {
				case errors.As(err, &answer):
					got = [5]string{answer.Method, answer.Path, answer.URL, answer.BaseURLSource}
				case errors.As(err, &failed):
					got = [5]string{failed.Method, failed.Path, failed.URL, failed.BaseURLSource, failed.Host}
				}
				want := [5]string{test.method, test.path, test.url, "the environment variable X"}
				if failed != nil {
					want[4] = "api.example:8443"
				}
				if got != want {
					t.Errorf("%s that is %s: %q, want %q (%v)", test.method, name, got, want, err)
				}
			}
		}
	}
}

// inPlaceOf returns a call of a method that is not settled.
func (c *Client) inPlaceOf(method string) *call {
	made := &call{method: method, template: webhooksPath, path: webhooksPath, baseURLSource: c.baseURLSource}
	made.url = shownAddress(*c.baseURL, made)
	return made
}
