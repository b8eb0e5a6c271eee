// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestAnswersToADelete has a row for each kind of answer, with what the delete
// returns and how many requests it sends. An answer that proves nothing is never a
// success, and never says of the webhook that it was deleted.
func TestAnswersToADelete(t *testing.T) {
	const page = "<html>gone</html>"
	html := http.Header{"Content-Type": {"text/html"}}
	for _, test := range []struct {
		status   int
		header   http.Header
		body     string
		want     error // nil for success
		notFound bool
		requests int
	}{
		{status: 204, requests: 1},
		{status: 200, requests: 1},
		{status: 200, body: " \n", requests: 1},
		{status: 200, header: html, body: " \n", requests: 1},
		{status: 200, body: "{}", requests: 1},
		{status: 200, body: "[]", requests: 1},
		{status: 200, body: "null", requests: 1},
		{status: 202, body: `{"message":"Queued."}`, want: ErrMalformed, requests: 4},
		{status: 200, body: `{"message":"Blocked."}`, want: ErrMalformed, requests: 4},
		{status: 200, body: `{"error":"no route"}`, want: ErrMalformed, requests: 4},
		{status: 200, body: `nonsense`, want: ErrMalformed, requests: 4},
		{status: 200, header: html, body: page, want: ErrNotJSON, requests: 4},
		{status: 200, header: html, body: "{}", want: ErrNotJSON, requests: 4},
		{status: 302, header: html, want: ErrRedirect, requests: 1},
		{status: 304, want: ErrRedirect, requests: 1},
		{status: 400, body: `{"message":"Bad."}`, want: ErrBadRequest, requests: 1},
		{status: 400, header: html, body: page, want: ErrNotJSON, requests: 1},
		{status: 401, body: `{"message":"Unauthenticated."}`, want: ErrUnauthorized, requests: 1},
		{status: 403, body: `{"message":"Invalid scope(s) provided."}`, want: ErrForbidden, requests: 1},
		{status: 403, header: html, body: page, want: ErrNotJSON, requests: 1},
		{status: 404, body: `{"message":"No query results."}`, want: ErrNotFound, notFound: true, requests: 1},
		{status: 404, body: `{"message":""}`, want: ErrNotFound, notFound: true, requests: 1},
		{status: 404, want: ErrNotFound, notFound: true, requests: 1},
		{status: 404, body: `{"error":"no route"}`, want: ErrNotFound, notFound: true, requests: 1},
		{status: 404, body: `[]`, want: ErrNotFound, notFound: true, requests: 1},
		{status: 404, body: `nonsense`, want: ErrMalformed, notFound: true, requests: 1},
		{status: 404, header: html, body: page, want: ErrNotJSON, notFound: true, requests: 1},
		{status: 409, body: `{"message":"Busy."}`, want: ErrConflict, requests: 1},
		{status: 410, body: `{"message":"Gone."}`, want: ErrBadRequest, notFound: true, requests: 1},
		{status: 410, header: html, body: page, want: ErrNotJSON, notFound: true, requests: 1},
		{status: 408, body: `{"message":"Slow."}`, want: ErrBadRequest, requests: 9},
		{status: 422, body: `{"message":"Bad."}`, want: ErrInvalid, requests: 1},
		{status: 500, body: `{"message":"Server Error"}`, want: ErrServer, requests: 9},
		{status: 502, header: html, body: page, want: ErrServer, requests: 9},
		{status: 504, header: html, body: page, want: ErrServer, requests: 9},
	} {
		t.Run(http.StatusText(test.status)+" "+test.body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, transport := answering(t, reply{status: test.status, header: test.header, body: test.body})
				err := c.DeleteWebhook(t.Context(), "wh_1")
				if test.want == nil && err != nil || test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if IsNotFound(err) != test.notFound {
					t.Errorf("not found is %t, want %t", !test.notFound, test.notFound)
				}
				if got := c.claims.isDeleted("wh_1"); got != (test.want == nil) {
					t.Errorf("deleted is %t", got)
				}
				transport.expect(t, test.requests, "DELETE /api/v1/webhooks/wh_1")
			})
		})
	}
}

// TestIDsInPaths deletes by ids that could mean another path, over a listener that
// cleans paths as many servers do. Each request has to arrive for the one id, and
// none at the collection or above it.
func TestIDsInPaths(t *testing.T) {
	for id, escaped := range map[string]string{
		"wh_1":           "wh_1",
		"..":             "%2E%2E",
		".":              "%2E",
		"/":              "%2F",
		"//":             "%2F%2F",
		"../x":           "..%2Fx",
		"/..":            "%2F..",
		"../../webhooks": "..%2F..%2Fwebhooks",
		"a/b":            "a%2Fb",
		"%2F":            "%252F",
		"%2E%2E":         "%252E%252E",
		"..;":            "..%3B",
		"a?b=c":          "a%3Fb=c",
		"a#b":            "a%23b",
		" ":              "%20",
		"a b":            "a%20b",
		"...":            "...",
		"é":              "%C3%A9",
		"a\nb":           "a%0Ab",
		"\x00":           "%00",
		`\..\`:           "%5C..%5C",
		"https://x/":     "https:%2F%2Fx%2F",
	} {
		t.Run(id, func(t *testing.T) {
			var paths []string
			mux := http.NewServeMux()
			mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				paths = append(paths, r.Method+" "+r.RequestURI)
				w.WriteHeader(http.StatusNoContent)
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			c, err := New(WithToken(NewSecret("a-token")), WithBaseURL(server.URL+"/api/v1"), WithMaxRetries(0))
			if err != nil {
				t.Fatal(err)
			}
			_ = c.DeleteWebhook(t.Context(), id)
			c.http.CloseIdleConnections()
			server.Close() // The handler has ended.
			if want := "DELETE /api/v1/webhooks/" + escaped; len(paths) != 1 || paths[0] != want {
				t.Errorf("the server got %q, want %q", paths, want)
			}
		})
	}
}

// TestIDsInTheSandbox deletes by the same ids from a real listener, and expects the
// one webhook to be gone and its neighbour to exist.
func TestIDsInTheSandbox(t *testing.T) {
	for _, id := range []string{"..", ".", "a/b", "%2F", "../x", " "} {
		s := kanberttest.Start(t)
		s.Seed(kanberttest.Webhook{ID: id, URL: "https://receiver.example/"}, kanberttest.Webhook{ID: "other", URL: "https://other.example/"})
		c, err := New(WithToken(NewSecret(s.Token())), WithBaseURL(s.BaseURL()), WithMaxRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.DeleteWebhook(t.Context(), id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		if held := s.Webhooks(); len(held) != 1 || held[0].ID != "other" {
			t.Errorf("%q: the server holds %+v", id, held)
		}
		c.http.CloseIdleConnections()
	}
}

// TestEmptyIDSendsNothing expects no request: its path would be that of the whole
// collection.
func TestEmptyIDSendsNothing(t *testing.T) {
	c, transport := answering(t, reply{status: 204})
	if err := c.DeleteWebhook(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "id is empty") {
		t.Errorf("got %v", err)
	}
	if n := len(transport.requests); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
