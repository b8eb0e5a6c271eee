// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestCreate compares the response to a create with the API reference and with the
// stored webhook.
func TestCreate(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 987654321, time.UTC)
	s := kanberttest.Start(t, kanberttest.WithClock(func() time.Time { return now }))
	call := overHTTP(t, s)

	a := call.must(http.MethodPost, "/webhooks", `{"url":" https://receiver.example/x ","event":"task:create","project_id":"p1","client_id":""}`)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := a.header.Get("Date"); got != "Wed, 06 May 2026 07:08:09 GMT" {
		t.Errorf("Date %q is not the sandbox's time", got)
	}
	if a.header.Get("X-Request-Id") != s.Requests()[0].ID {
		t.Errorf("X-Request-Id %q", a.header.Get("X-Request-Id"))
	}
	created := a.object(t)
	w := s.Webhooks()[0]
	want := map[string]any{
		"id": w.ID, "url": "https://receiver.example/x", "event": "task:create", "project_id": "p1", "client_id": nil,
		"created_at": "2026-05-06T07:08:09Z", "signature_secret_key": w.Secret,
	}
	if !reflect.DeepEqual(created, want) {
		t.Errorf("created %v\nwant    %v", created, want)
	}
	if w.Secret == "" || w.ID == "" || !w.CreatedAt.Equal(now.Truncate(time.Second)) {
		t.Errorf("remembered %+v", w)
	}

	listed := call.must(http.MethodGet, "/webhooks", "").object(t)
	delete(want, "signature_secret_key")
	if !reflect.DeepEqual(listed["data"], []any{want}) {
		t.Errorf("listed %v\nwant   %v", listed["data"], want)
	}
}

// TestValidation sends every kind of invalid create.
func TestValidation(t *testing.T) {
	const (
		required = "The url field is required."
		taken    = "The url has already been taken."
	)
	at180 := "https://receiver.example/" + strings.Repeat("ż", 180-len("https://receiver.example/"))
	for _, c := range []struct {
		name, body string
		status     int
		message    string
		errors     map[string][]string
	}{
		{"180 characters of two bytes", fmt.Sprintf(`{"url":%q,"event":"contact:create"}`, at180), 201, "", nil},
		{
			"181 characters", fmt.Sprintf(`{"url":%q,"event":"contact:create"}`, at180+"x"), 422,
			"The url field must not be greater than 180 characters.",
			map[string][]string{"url": {"The url field must not be greater than 180 characters."}},
		},
		{
			"nothing", `{}`, 422, required + " (and 1 more error)",
			map[string][]string{"url": {required}, "event": {"The event field is required."}},
		},
		{
			"broken JSON", `{"url":`, 422, required + " (and 1 more error)",
			map[string][]string{"url": {required}, "event": {"The event field is required."}},
		},
		{
			"nulls", `{"url":null,"event":null,"project_id":null,"client_id":null}`, 422, required + " (and 1 more error)",
			map[string][]string{"url": {required}, "event": {"The event field is required."}},
		},
		{
			"wrong types", `{"url":1,"event":2,"project_id":3,"client_id":{}}`, 422,
			"The url field must be a string. (and 3 more errors)",
			map[string][]string{
				"url":        {"The url field must be a string."},
				"event":      {"The selected event is invalid."},
				"project_id": {"The project id field must be a string."},
				"client_id":  {"The client id field must be a string."},
			},
		},
		{
			"no URL", `{"url":"receiver.example","event":"contact:create"}`, 422, "The url field must be a valid URL.",
			map[string][]string{"url": {"The url field must be a valid URL."}},
		},
		{
			"unknown event", `{"url":"https://r.example/1","event":"contact:created"}`, 422, "The selected event is invalid.",
			map[string][]string{"event": {"The selected event is invalid."}},
		},
		{
			"task without project", `{"url":"https://r.example/1","event":"task:delete"}`, 422,
			"The project id field is required when event is task:delete.",
			map[string][]string{"project_id": {"The project id field is required when event is task:delete."}},
		},
		{
			"comment with an empty project", `{"url":"https://r.example/1","event":"comment:create","project_id":" "}`, 422,
			"The project id field is required when event is comment:create.",
			map[string][]string{"project_id": {"The project id field is required when event is comment:create."}},
		},
		{
			"taken URL", `{"url":"https://taken.example","event":"contact:delete"}`, 422, taken,
			map[string][]string{"url": {taken}},
		},
		{"client alone", `{"url":"https://r.example/2","event":"company:update","client_id":"c1"}`, 201, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kanberttest.New()
			s.Seed(kanberttest.Webhook{URL: "https://taken.example"})
			a := overMemory(t, s).must(http.MethodPost, "/webhooks", c.body)
			if a.status != c.status {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if created := len(s.Webhooks()) == 2; created != (c.status == 201) {
				t.Errorf("created: %v", created)
			}
			if c.status == 201 {
				return
			}
			body := a.object(t)
			errors := map[string]any{}
			for field, texts := range c.errors {
				list := []any{}
				for _, text := range texts {
					list = append(list, text)
				}
				errors[field] = list
			}
			if body["message"] != c.message || !reflect.DeepEqual(body["errors"], errors) {
				t.Errorf("got  %s\nwant %q %v", a.body, c.message, c.errors)
			}
		})
	}
}

// TestURLRule checks which characters a URL may contain.
func TestURLRule(t *testing.T) {
	s := kanberttest.New()
	call := overMemory(t, s)
	for url, want := range map[string]int{
		"https://r.example": 201,
		"http://127.0.0.1:8080/kanbert/new-contacts?a[]=1&b": 201,
		"https://[::1]:8080/":                                201,
		"HTTPS://User:Pass@R.example./%7E~!$&'()*+,;=:@#x/?": 201,
		"https://müller.example/日本/?ключ=ż":                  201,
		"ftp://r.example/":                                   422,
		"https://":                                           422,
		"//r.example/":                                       422,
		"https://r.example/%zz":                              422,
		"https://r.example/a b":                              422,
		"https://r.example/😀":                                422,
		"https://r.example/[1]":                              422,
	} {
		if a := call.create(url); a.status != want {
			t.Errorf("%s: %d %s", url, a.status, a.body)
		}
	}
	for _, c := range `|{}^<>"` + "`" + `\` {
		body, err := json.Marshal(map[string]string{"url": "https://r.example/?" + string(c), "event": "contact:create"})
		if err != nil {
			t.Fatal(err)
		}
		if a := call.must(http.MethodPost, "/webhooks", string(body)); a.status != 422 || !strings.Contains(a.body, `"url":[`) {
			t.Errorf("%c: %d %s", c, a.status, a.body)
		}
	}
}

// TestBodyThatIsNotDeclaredAsJSON checks that such a body counts as empty.
func TestBodyThatIsNotDeclaredAsJSON(t *testing.T) {
	call := overMemory(t, kanberttest.New())
	r := call.request(http.MethodPost, "/webhooks", `{"url":"https://r.example","event":"contact:create"}`)
	r.Header.Set("Content-Type", "text/plain")
	if a, err := call.try(r); err != nil || a.status != 422 {
		t.Errorf("%d %s %v", a.status, a.body, err)
	}
}

func TestConflictStatus(t *testing.T) {
	s := kanberttest.New(kanberttest.WithConflictStatus(http.StatusConflict))
	call := overMemory(t, s)
	call.create("https://r.example")
	a := call.create("https://r.example")
	if _, has := a.object(t)["errors"]; a.status != http.StatusConflict || has {
		t.Errorf("%d %s", a.status, a.body)
	}
	// With another invalid field, the status is 422, with both errors.
	a = call.must(http.MethodPost, "/webhooks", `{"url":"https://r.example","event":"x"}`)
	if a.status != 422 || !strings.Contains(a.body, "already been taken") || !strings.Contains(a.body, "event is invalid") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestDelete deletes webhooks, including those with odd ids, and checks that a
// second delete fails.
func TestDelete(t *testing.T) {
	for _, c := range []struct {
		status int
		opts   []kanberttest.Option
	}{
		{204, nil},
		{200, []kanberttest.Option{kanberttest.WithDeleteStatus(200)}},
		{204, []kanberttest.Option{kanberttest.WithOddIDs()}},
	} {
		s := kanberttest.Start(t, c.opts...)
		w := s.Seed(kanberttest.Webhook{URL: "https://r.example/1"}, kanberttest.Webhook{URL: "https://r.example/2"})
		call := overHTTP(t, s)
		path := "/webhooks/" + url.PathEscape(w[0].ID)
		if a := call.must(http.MethodDelete, path, ""); a.status != c.status || a.body != "" {
			t.Errorf("%s: %d %q", path, a.status, a.body)
		}
		if left := s.Webhooks(); len(left) != 1 || left[0] != w[1] {
			t.Errorf("left %v", left)
		}
		a := call.must(http.MethodDelete, path, "")
		if a.status != 404 || a.object(t)["message"] != `No query results for model [App\Models\Webhook] `+w[0].ID {
			t.Errorf("again: %d %s", a.status, a.body)
		}
	}
}

// TestAdmission sends requests that match no operation.
func TestAdmission(t *testing.T) {
	s := kanberttest.New(kanberttest.WithMaxRequestURI(200))
	for _, c := range []struct {
		name, method, path, token string
		status                    int
		message                   string
	}{
		{"no token", "GET", "/webhooks", "", 401, "Unauthenticated."},
		{"wrong token", "POST", "/webhooks", "wrong", 401, "Unauthenticated."},
		{"no scope, list", "GET", "/webhooks", s.UnscopedToken(), 403, "Invalid scope(s) provided."},
		{"no scope, create", "POST", "/webhooks", s.UnscopedToken(), 403, "Invalid scope(s) provided."},
		{"no scope, delete", "DELETE", "/webhooks/x", s.UnscopedToken(), 403, "Invalid scope(s) provided."},
		{
			"read of one", "GET", "/webhooks/x", s.Token(), 405,
			"The GET method is not supported for route api/v1/webhooks/x. Supported methods: DELETE.",
		},
		{
			"update", "PATCH", "/webhooks/x", s.Token(), 405,
			"The PATCH method is not supported for route api/v1/webhooks/x. Supported methods: DELETE.",
		},
		{
			"delete of all", "DELETE", "/webhooks", s.Token(), 405,
			"The DELETE method is not supported for route api/v1/webhooks. Supported methods: GET, HEAD, POST.",
		},
		{"unescaped slash", "DELETE", "/webhooks/x/y", s.Token(), 404, "The route api/v1/webhooks/x/y could not be found."},
		{"other path", "GET", "/projects", s.Token(), 404, "The route api/v1/projects could not be found."},
		{"longest path", "GET", "/webhooks?x=" + strings.Repeat("x", 200-len("/api/v1/webhooks?x=")), s.Token(), 200, ""},
		{"path too long", "GET", "/webhooks?x=" + strings.Repeat("x", 201-len("/api/v1/webhooks?x=")), s.Token(), 414, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := overMemory(t, s)
			call.token = c.token
			a := call.must(c.method, c.path, "")
			if a.status != c.status {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if c.message != "" && a.object(t)["message"] != c.message {
				t.Errorf("got %s, want %q", a.body, c.message)
			}
		})
	}
}

// TestWithoutAccept checks the response to a browser, where a client that accepts
// JSON gets an error.
func TestWithoutAccept(t *testing.T) {
	s := kanberttest.New()
	for _, c := range []struct {
		method, path, token string
		status              int
		location            string
	}{
		{"POST", "/webhooks", s.Token(), 302, "/"},
		{"GET", "/webhooks", "wrong", 302, "/login"},
		{"DELETE", "/webhooks/x", s.Token(), 404, ""},
	} {
		for _, accept := range []string{"", "text/html, application/json"} {
			call := overMemory(t, s)
			call.token = c.token
			r := call.request(c.method, c.path, "")
			r.Header.Set("Accept", accept)
			a, err := call.try(r)
			if err != nil || a.status != c.status || a.header.Get("Location") != c.location || a.header.Get("Content-Type") != htmlType {
				t.Errorf("%s with Accept %q: %d %v %v", c.method, accept, a.status, a.header, err)
			}
		}
	}
}

// TestSpellings checks which URLs count as equal.
func TestSpellings(t *testing.T) {
	const given, other = "HTTPS://User@Receiver.Example?A=B", "https://receiver.example/PATH"
	for _, c := range []struct {
		name            string
		opts            []kanberttest.Option
		kept            string
		conflict, fresh string
	}{
		{"as they are", nil, given, given, "HTTPS://User@receiver.example?A=B"},
		{
			"respelled",
			[]kanberttest.Option{kanberttest.WithRespelledURLs()},
			"HTTPS://User@receiver.example/?A=B", "HTTPS://User@receiver.example?A=B", "HTTPS://User@receiver.example?a=b",
		},
		{
			"without regard to case",
			[]kanberttest.Option{kanberttest.WithCaseInsensitiveCollation()},
			given, "https://user@receiver.example?a=b", other,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kanberttest.New(c.opts...)
			call := overMemory(t, s)
			if got := call.create(given).object(t)["url"]; got != c.kept {
				t.Errorf("kept %v, want %s", got, c.kept)
			}
			if a := call.create(c.conflict); a.status != 422 {
				t.Errorf("%s: %d", c.conflict, a.status)
			}
			if a := call.create(c.fresh); a.status != 201 {
				t.Errorf("%s: %d", c.fresh, a.status)
			}
		})
	}
}

func TestExtraEvents(t *testing.T) {
	const body = `{"url":"https://r.example","event":"invoice:create"}`
	if a := overMemory(t, kanberttest.New()).must("POST", "/webhooks", body); a.status != 422 {
		t.Errorf("unknown event: %d", a.status)
	}
	s := kanberttest.New(kanberttest.WithExtraEvents("invoice:create"), kanberttest.WithCreateStatus(200))
	if a := overMemory(t, s).must("POST", "/webhooks", body); a.status != 200 {
		t.Errorf("extra event: %d %s", a.status, a.body)
	}
}

func TestTimeFormats(t *testing.T) {
	now := time.Date(2026, 5, 6, 9, 8, 9, 123456789, time.FixedZone("", 7200))
	for layout, want := range map[string]string{
		time.RFC3339:                       "2026-05-06T07:08:09Z",
		"2006-01-02T15:04:05.000000Z07:00": "2026-05-06T07:08:09.123456Z",
		"2006-01-02T15:04:05-07:00":        "2026-05-06T07:08:09+00:00",
	} {
		s := kanberttest.New(kanberttest.WithTimeFormat(layout), kanberttest.WithClock(func() time.Time { return now }))
		if got := overMemory(t, s).create("https://r.example").object(t)["created_at"]; got != want {
			t.Errorf("%s: created_at %v, want %s", layout, got, want)
		}
		if at := s.Webhooks()[0].CreatedAt; at.Format(layout) != want || at.Location() != time.UTC {
			t.Errorf("%s: remembered %s", layout, at)
		}
	}
}
