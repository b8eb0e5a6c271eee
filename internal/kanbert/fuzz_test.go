// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzListAnswer expects any body of a list to give a page whose webhooks are
// whole, or an error that quotes none of it.
func FuzzListAnswer(f *testing.F) {
	for _, body := range []string{
		listOf("2026-01-02T03:04:05Z"), `{"data":[],"meta":{"next_cursor":"c"}}`, `{"data":null,"meta":null}`,
		`[]`, `<html>`, ``, `{"data":[{"id":"a"},{"id":"a"}]}`, "{\"data\":[{\"id\":\"\u0000\"}]}",
	} {
		f.Add([]byte(body), "application/json")
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		a := &response{call: &call{method: http.MethodGet, template: webhooksPath}, status: 200, header: http.Header{"Content-Type": {contentType}}, body: body}
		page, err := readPage(a, "here")
		if err != nil {
			var api *APIError
			if !errors.As(err, &api) || page != nil {
				t.Fatalf("got %v, %v", page, err)
			}
			return
		}
		if page.NextCursor == "here" {
			t.Error("the cursor does not move on")
		}
		seen := map[string]bool{}
		for _, w := range page.Webhooks {
			if w.ID == "" || w.URL == "" || w.Event == "" || seen[w.ID] {
				t.Errorf("got %+v", w)
			}
			seen[w.ID] = true
		}
	})
}

// FuzzCreateAnswer expects any body of a create to give a webhook with an id, or
// nothing; and a webhook without an error to have its secret.
func FuzzCreateAnswer(f *testing.F) {
	for _, body := range []string{
		`{"id":"wh_1","url":"https://x/","client_id":null,"project_id":null,"signature_secret_key":"s","event":"task:create","created_at":"2026-01-02T03:04:05Z"}`,
		// What could give a webhook that lacks a part, or one without its secret.
		`{"id":"","url":"https://x/","client_id":null,"project_id":null,"signature_secret_key":"s","event":"task:create","created_at":"2026-01-02T03:04:05Z"}`,
		`{"id":null,"signature_secret_key":"s"}`, `{"id":7,"signature_secret_key":"s"}`, `{"id":" ","signature_secret_key":"s"}`, `{"id":"known","signature_secret_key":"s"}`,
		`{"id":"wh_1","url":"","client_id":"","project_id":"","signature_secret_key":"","event":"","created_at":""}`,
		`{"id":"wh_1","url":"","client_id":null,"project_id":null,"signature_secret_key":"s","event":"task:create","created_at":"2026-01-02T03:04:05Z"}`,
		`{"id":"wh_1","url":"https://x/","client_id":null,"project_id":null,"signature_secret_key":"s","event":null,"created_at":"2026-01-02T03:04:05Z"}`,
		`{"id":"wh_1","url":"https://x/","client_id":null,"project_id":null,"signature_secret_key":"s","event":"task:create","created_at":"0001-01-01T00:00:00Z"}`,
		`{"id":"wh_1","url":"https://x/","client_id":null,"project_id":null,"signature_secret_key":"s","event":"task:create","created_at":null}`,
		`{"id":"wh_1","url":"https://x/","client_id":null,"project_id":null,"signature_secret_key":["s"],"event":"task:create","created_at":"2026-01-02T03:04:05Z"}`,
		`{"id":"wh_1","id":"","signature_secret_key":"s"}`, `{"id":"wh_1","signature_secret_key":"s","signature_secret_key":null}`,
		`{"id":"wh_1"}`, `{"signature_secret_key":7}`, `{}`, `null`, `"`, `{"id":"wh_1","signature_secret_key":null}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		cr := &createOp{client: &Client{}, asked: askedHook}
		cr.client.Claim("known")
		a := &response{call: &call{method: http.MethodPost, template: webhooksPath}, status: 201, header: http.Header{}, body: body}
		created, err := cr.read(a)
		if created != nil && (strings.TrimSpace(created.ID) == "" || created.ID == "known" || created.URL == "" || created.Event == "") {
			t.Errorf("created %+v", created)
		}
		if err == nil && (created == nil || created.SignatureSecretKey.IsZero()) {
			t.Errorf("created %+v without an error", created)
		}
		var sent struct {
			CreatedAt *json.RawMessage `json:"created_at"`
		}
		if err == nil && (json.Unmarshal(body, &sent) != nil || sent.CreatedAt == nil) {
			t.Errorf("created %+v without a time and without an error", created)
		}
		var secretLost *SecretLostError
		if created != nil && created.SignatureSecretKey.IsZero() != errors.As(err, &secretLost) {
			t.Errorf("created %+v with %v", created, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n\x1b") {
			t.Errorf("%q", err)
		}
		if created == nil && outcomeOf(err) != ambiguous {
			t.Errorf("%v counts as %d", err, outcomeOf(err))
		}
	})
}

// FuzzRefusal expects any refusal to become an error that is one line.
func FuzzRefusal(f *testing.F) {
	f.Add(422, []byte(`{"message":"The url has already been taken.","errors":{"url":["The url has already been taken."]}}`), "application/json")
	f.Add(404, []byte(`<html>`), "text/html")
	f.Add(409, []byte(``), "")
	f.Add(429, []byte(`{"message":7,"errors":[]}`), "application/problem+json")
	f.Add(500, []byte("{\"message\":\"a\\nb\"}"), "application/json;charset")
	// What could break the line, show the token, or move the terminal.
	f.Add(400, []byte("{\"message\":\"a\\r\\nb\\u001b[2Jc\"}"), "application/json")
	f.Add(401, []byte(`{"message":"The token a-very-secret-token is bad."}`), "application/json")
	f.Add(403, []byte(`{"message":"x","errors":{"a-very-secret-token\n":["a-very-secret-token\n"]}}`), "application/json")
	f.Add(422, []byte(`{"message":"Not https://user:hunter2@receiver.example/hunter2?hunter2","errors":{"url":["https://receiver.example/hunter2"]}}`), "application/json")
	f.Add(404, []byte(`{"message":"x"}`), "application/json")
	f.Add(410, []byte(`{"message":"x"}`), "application/json")
	f.Add(404, []byte(`a-very-secret-token`), "")
	f.Add(302, []byte("a-very-secret-token"), "application/json")
	f.Add(400, []byte("\x1b[2J"), "application/json")
	f.Fuzz(func(t *testing.T, status int, body []byte, contentType string) {
		if status >= 200 && status < 300 {
			return
		}
		c, err := New(WithToken(NewSecret("a-very-secret-token")), WithTransport(&answers{prepared: []reply{
			{status: status, header: http.Header{"Content-Type": {contentType}, "X-Request-Id": {string(body)}, "Location": {string(body)}}, body: string(body)},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.roundTrip(t.Context(), &call{method: http.MethodPost, template: webhooksPath, path: webhooksPath}, new(bytes.Buffer))
		var api *APIError
		if !errors.As(err, &api) || api.Kind == nil || api.StatusCode != status {
			t.Fatalf("got %+v", err)
		}
		text := fmt.Sprint(err.Error(), api.Message, api.RequestID, api.RedirectHost)
		for name, texts := range api.Fields {
			text += name + strings.Join(texts, "")
		}
		if strings.ContainsAny(text, "\r\n\x1b") || strings.Contains(text, "a-very-secret-token") || strings.Contains(text, "//receiver.example/hunter2") {
			t.Errorf("%q", text)
		}
		if len(api.Fields) > 10 || len([]rune(api.Message)) > 301 {
			t.Errorf("%d fields, and a message of %d bytes", len(api.Fields), len(api.Message))
		}
		if status >= 500 && (api.Message != "" || api.Fields != nil) {
			t.Errorf("%d says %q", status, text)
		}
		if errors.Is(err, ErrNotFound) && status != http.StatusNotFound {
			t.Errorf("%d is %v", status, err)
		}
	})
}

// FuzzRetryAfter expects any header to name a time that is not in the past and
// not absurdly far.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"30", "0", "-1", "Fri, 02 Jan 2026 03:05:05 GMT", "1767323105", "9223372036854775807", "99999999999999999999", "1e9", "Friday, 02-Jan-26 03:04:05 GMT"} {
		f.Add(text, text, "Fri, 02 Jan 2026 03:04:05 GMT")
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, after, reset, date string) {
		got := retryAt(http.Header{"Retry-After": {after}, "X-Ratelimit-Reset": {reset}, "Date": {date}}, now)
		if !got.IsZero() && (got.Before(now) || got.After(now.Add(maxRetryAfter))) {
			t.Errorf("Retry-After %q, X-RateLimit-Reset %q: %s", after, reset, got)
		}
	})
}

// FuzzCursor expects a list to end, whatever the cursors.
func FuzzCursor(f *testing.F) {
	f.Add("a", "b")
	f.Add("", "a")
	f.Add("a", "a")
	f.Add("a&page[size]=1", "a%00\n")
	f.Fuzz(func(t *testing.T, first, second string) {
		if !utf8.ValidString(first) || !utf8.ValidString(second) {
			return // JSON has no such text.
		}
		pages := []reply{pageWithCursor(first), pageWithCursor(second), {status: 200, body: `{"data":[],"meta":{"next_cursor":null}}`}}
		c, transport := answering(t, pages...)
		c.maxRetries = 0
		for _, err := range c.ListWebhooks(t.Context(), ListOptions{}) {
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Error(err)
			}
		}
		for i, r := range transport.requests {
			want := []string{"", first, second}[i]
			if got := r.URL.Query().Get("page[cursor]"); got != want {
				t.Errorf("page %d is asked for at %q, want %q", i+1, got, want)
			}
		}
	})
}

func pageWithCursor(cursor string) reply {
	body, err := marshal(map[string]any{"data": []any{}, "meta": map[string]any{"next_cursor": cursor}})
	if err != nil {
		panic(err)
	}
	return reply{status: 200, body: body}
}

// FuzzTime expects times to be read as [time.RFC3339] reads them, or better.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-01-02T03:04:05Z", "2026-01-02 03:04:60.5+01:00", "0000-00-00", "ſ026-01-02T03:04:05Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTime(text)
		want, wantErr := time.Parse(time.RFC3339, text)
		if wantErr == nil && (err != nil || !got.Equal(want)) {
			t.Errorf("%q is read as %s, %v, want %s", text, got, err, want)
		}
	})
}

func marshal(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}
