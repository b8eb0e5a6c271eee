// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// caller sends raw requests to a sandbox.
type caller struct {
	tb      testing.TB
	client  *http.Client
	baseURL string
	token   string
	// onBody, if set, is called when bytes of a response's body have arrived.
	onBody func()
}

// overMemory returns a caller that uses the sandbox's transport.
func overMemory(tb testing.TB, s *kanberttest.Sandbox) *caller {
	tb.Helper()
	return newCaller(tb, s, s.Transport())
}

// overHTTP returns a caller that opens a connection for each request, so net/http
// never sends one again.
func overHTTP(tb testing.TB, s *kanberttest.Sandbox) *caller {
	tb.Helper()
	return newCaller(tb, s, &http.Transport{DisableKeepAlives: true})
}

func newCaller(tb testing.TB, s *kanberttest.Sandbox, transport http.RoundTripper) *caller {
	tb.Helper()
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &caller{tb: tb, client: client, baseURL: s.BaseURL(), token: s.Token()}
}

// answer is a complete response.
type answer struct {
	status int
	header http.Header
	body   string
	// readErr is the error of reading the body.
	readErr error
}

func (a answer) object(tb testing.TB) map[string]any {
	tb.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		tb.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return object
}

func (c *caller) request(method, path, body string) *http.Request {
	c.tb.Helper()
	r, err := http.NewRequestWithContext(c.tb.Context(), method, c.baseURL+path, strings.NewReader(body))
	if err != nil {
		c.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// try sends r and reads the response, if there is one.
func (c *caller) try(r *http.Request) (answer, error) {
	resp, err := c.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(hooked{resp.Body, c.onBody})
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body), readErr: err}, nil
}

// hooked calls a function, if set, when bytes were read.
type hooked struct {
	io.Reader
	onRead func()
}

func (h hooked) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n > 0 && h.onRead != nil {
		h.onRead()
	}
	return n, err
}

// must sends a request and fails the test without a complete response.
func (c *caller) must(method, path, body string) answer {
	c.tb.Helper()
	a, err := c.try(c.request(method, path, body))
	if err == nil {
		err = a.readErr
	}
	if err != nil {
		c.tb.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (c *caller) create(url string) answer {
	c.tb.Helper()
	return c.must(http.MethodPost, "/webhooks", `{"url":"`+url+`","event":"contact:create"}`)
}

// listed is a response of the list.
type listed struct {
	Data []struct{ ID, URL string }
	Meta struct {
		PerPage    int     `json:"per_page"`
		NextCursor *string `json:"next_cursor"`
		PrevCursor *string `json:"prev_cursor"`
	}
}

func (l listed) urls() []string {
	urls := []string{}
	for _, w := range l.Data {
		urls = append(urls, w.URL)
	}
	return urls
}

// page requests one page of the list.
func (c *caller) page(query url.Values) listed {
	c.tb.Helper()
	a := c.must(http.MethodGet, "/webhooks?"+query.Encode(), "")
	if a.status != http.StatusOK {
		c.tb.Fatalf("listing %v: %d %s", query, a.status, a.body)
	}
	var l listed
	if err := json.Unmarshal([]byte(a.body), &l); err != nil {
		c.tb.Fatal(err)
	}
	return l
}

// pages follows the next cursors, at most 100 of them.
func (c *caller) pages(query url.Values) []listed {
	c.tb.Helper()
	var all []listed
	for range 100 {
		l := c.page(query)
		all = append(all, l)
		if l.Meta.NextCursor == nil {
			return all
		}
		query.Set("page[cursor]", *l.Meta.NextCursor)
	}
	c.tb.Fatal("the list does not end")
	return nil
}
