// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// server is a server in the comparison: Laravel or the test server.
type server struct {
	base                      string
	token, unscoped, stranger string
	seed                      func(t *testing.T, webhooks []Webhook)
	throttle                  func(t *testing.T, n int, window time.Duration)
	// overlap makes the next two creates pass the check of uniqueness together. It
	// returns a function that ends it.
	overlap func(t *testing.T) (end func())
	// maintain begins the maintenance, in HTML if requested. retry is in seconds,
	// and 0 means unspecified. It returns a function that ends it.
	maintain func(t *testing.T, html bool, retry int) (end func())
	kill     func(t *testing.T, phase Phase, method string)
}

func laravelServer(t *testing.T) server {
	l := Start(t, Options{})
	return server{
		base: l.BaseURL(), token: l.Token(), unscoped: l.UnscopedToken(), stranger: l.OtherToken(),
		seed:     func(t *testing.T, webhooks []Webhook) { l.Seed(t, webhooks...) },
		throttle: func(t *testing.T, n int, window time.Duration) { l.SetThrottle(t, n, window) },
		overlap: func(t *testing.T) func() {
			l.FailNext(t, 2, Meet, Before, http.MethodPost)
			return func() {}
		},
		maintain: func(t *testing.T, html bool, retry int) func() {
			var options []string
			if html {
				options = append(options, "--render=errors::503")
			}
			if retry > 0 {
				options = append(options, "--retry="+strconv.Itoa(retry))
			}
			l.Down(t, options...)
			return func() { l.Up(t) }
		},
		kill: func(t *testing.T, phase Phase, method string) { l.FailNext(t, 1, Kill, phase, method) },
	}
}

// sandboxServer sets the options of the test server to Laravel's behaviour.
func sandboxServer(t *testing.T) server {
	options := []kanberttest.Option{kanberttest.WithTiesLost(), kanberttest.WithRetryAfterForm(kanberttest.AsLaravel)}
	if driver() == "mysql" {
		options = append(options, kanberttest.WithMariaDBCollation())
	}
	s := kanberttest.Start(t, options...)
	other := s.AddWorkspace("Other")
	return server{
		base: s.BaseURL(), token: s.Token(), unscoped: s.UnscopedToken(), stranger: other.Token,
		seed: func(t *testing.T, webhooks []Webhook) {
			for _, w := range webhooks {
				at, err := time.Parse(time.DateTime, w.CreatedAt)
				if err != nil {
					t.Fatal(err)
				}
				s.Seed(kanberttest.Webhook{URL: w.URL, Event: w.Event, ProjectID: w.ProjectID, ClientID: w.ClientID, CreatedAt: at})
			}
		},
		throttle: func(_ *testing.T, n int, window time.Duration) { s.Set(kanberttest.WithRateLimit(n, window)) },
		overlap: func(*testing.T) func() {
			met := make(chan struct{}, 1)
			s.OnInsert(func(*kanberttest.Sandbox, kanberttest.Webhook) {
				select {
				case met <- struct{}{}:
					// The first waits until the second has the same state.
					met <- struct{}{}
				default:
					<-met
				}
			})
			return s.ClearHooks
		},
		maintain: func(_ *testing.T, html bool, retry int) func() {
			f := kanberttest.Status(http.StatusServiceUnavailable)
			if html {
				f = kanberttest.HTML(http.StatusServiceUnavailable)
			}
			if retry > 0 {
				f = f.RetryAfter(kanberttest.InSeconds, time.Duration(retry)*time.Second)
			}
			s.FailEvery(kanberttest.Match{}, f)
			return s.ClearFaults
		},
		kill: func(_ *testing.T, phase Phase, method string) {
			f := kanberttest.HTML(http.StatusBadGateway)
			if phase == After {
				f = f.AfterWork()
			}
			s.FailNth(1, kanberttest.Match{Method: method}, f)
		},
	}
}

// call is one request. "{name}" in the path means the id, and "{name.next}" and
// "{name.prev}" the cursors, of the response to the call with that name.
type call struct {
	name   string
	method string // GET if empty
	path   string
	query  url.Values
	body   string
	// anyOrder is for a list whose order depends on the database.
	anyOrder bool
	// header replaces the usual headers with the same names. An empty value removes
	// one.
	header map[string]string
}

// observation is the visible part of a response.
type observation struct {
	Status  int
	Headers map[string]string
	Body    string
}

// String returns one line, for comparisons and for the table of differences.
func (o observation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", o.Status, o.Body)
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		fmt.Fprintf(&b, " | %s: %s", name, o.Headers[name])
	}
	return b.String()
}

// session stores data that later calls refer to.
type session struct {
	server server
	names  map[string]string
}

func (s *session) do(t *testing.T, c call) observation {
	t.Helper()
	request := s.request(t, c)
	response, err := client.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	s.remember(c.name, body)
	return observation{Status: response.StatusCode, Headers: visibleHeaders(response), Body: shapeOfBody(response, body, c.anyOrder)}
}

func (s *session) request(t *testing.T, c call) *http.Request {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	address := s.server.base + s.resolve(t, c.path)
	if len(c.query) > 0 {
		query := url.Values{}
		for name, values := range c.query {
			query.Set(name, s.resolve(t, values[0]))
		}
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{
		"Authorization": "Bearer " + s.server.token,
		"Accept":        "application/json",
		"Content-Type":  "application/json",
	}
	maps.Copy(header, c.header)
	for name, value := range header {
		if value = s.resolve(t, value); value != "" {
			request.Header.Set(name, value)
		}
	}
	return request
}

// resolve replaces names in braces, but not in JSON.
func (s *session) resolve(t *testing.T, text string) string {
	t.Helper()
	for name, value := range s.names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	text = strings.ReplaceAll(text, "{unscoped}", s.server.unscoped)
	return strings.ReplaceAll(text, "{stranger}", s.server.stranger)
}

func (s *session) remember(name string, body []byte) {
	var answer struct {
		ID   string
		Meta struct {
			Next *string `json:"next_cursor"`
			Prev *string `json:"prev_cursor"`
		}
	}
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	if s.names == nil {
		s.names = map[string]string{}
	}
	set := func(name, value string) {
		if value != "" {
			s.names[name] = value
		}
	}
	set(name, url.PathEscape(answer.ID))
	if answer.Meta.Next != nil {
		set(name+".next", *answer.Meta.Next)
	}
	if answer.Meta.Prev != nil {
		set(name+".prev", *answer.Meta.Prev)
	}
}

// visibleHeaders are the headers that the client reads. The request id is not one
// of them: the API reference has none, and the test server adds it so that its
// tests can check it in errors.
func visibleHeaders(response *http.Response) map[string]string {
	seen := map[string]string{}
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "Allow"} {
		if value := response.Header.Get(name); value != "" {
			seen[name] = value
		}
	}
	if value := response.Header.Get("Retry-After"); value != "" {
		seen["Retry-After"] = "?"
		if n, err := strconv.Atoi(value); err == nil && n > 0 && n < 100 {
			seen["Retry-After"] = "seconds"
		}
	}
	if value := response.Header.Get("X-RateLimit-Reset"); value != "" {
		seen["X-RateLimit-Reset"] = "?"
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && time.Since(time.Unix(n, 0)).Abs() < time.Minute {
			seen["X-RateLimit-Reset"] = "epoch"
		}
	}
	if value := response.Header.Get("Content-Type"); value != "" {
		mediaType, _, err := mime.ParseMediaType(value)
		seen["Content-Type"] = fmt.Sprint(mediaType, errText(err))
	}
	if location, err := response.Location(); err == nil {
		seen["Location"] = "/" + strings.TrimPrefix(location.Path, "/")
	}
	if _, err := http.ParseTime(response.Header.Get("Date")); err != nil {
		seen["Date"] = err.Error()
	}
	return seen
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

// shapeOfBody describes a body without irrelevant values: the names of fields and
// the types of their values, and the URLs of a list, which are its order.
func shapeOfBody(response *http.Response, body []byte, anyOrder bool) string {
	switch {
	case len(body) == 0:
		return "nothing"
	case strings.Contains(response.Header.Get("Content-Type"), "html"):
		return "HTML"
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&value); err != nil {
		return "no JSON: " + err.Error()
	}
	if page, ok := value.(map[string]any); ok && anyOrder {
		if webhooks, ok := page["data"].([]any); ok {
			page["data"] = fmt.Sprintf("%d webhooks", len(webhooks))
		}
	}
	return shape("", value)
}

func shape(name string, value any) string {
	switch v := value.(type) {
	case map[string]any:
		var fields []string
		for _, field := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, field+":"+shape(field, v[field]))
		}
		return "{" + strings.Join(fields, " ") + "}"
	case []any:
		return shapeOfList(name, v)
	case string:
		return shapeOfText(name, v)
	case nil:
		return "null"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprintf("%T", v)
	}
}

// shapeOfList returns each shape once. It counts texts of errors and does not quote
// them.
func shapeOfList(name string, list []any) string {
	var shapes, urls []string
	for _, element := range list {
		if webhook, ok := element.(map[string]any); ok && name == "data" {
			urls = append(urls, fmt.Sprint(webhook["url"]))
			webhook["url"] = "https://"
		}
		if s := shape("", element); !slices.Contains(shapes, s) {
			shapes = append(shapes, s)
		}
	}
	slices.Sort(shapes)
	if len(urls) > 0 {
		return "[" + strings.Join(urls, " ") + " of " + strings.Join(shapes, " or ") + "]"
	}
	return "[" + strings.Join(shapes, " or ") + "]"
}

func shapeOfText(name, text string) string {
	switch name {
	case "data":
		return text
	case "created_at":
		if _, err := time.Parse(time.RFC3339, text); err == nil {
			return "time"
		}
	case "event", "client_id", "project_id":
		return strconv.Quote(text)
	case "message":
		if text == "" {
			return "empty"
		}
	}
	return "text"
}
