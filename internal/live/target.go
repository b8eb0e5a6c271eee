// SPDX-License-Identifier: MPL-2.0

package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// maxBody is the largest response that is read, in bytes.
	maxBody = 8 << 20
	// requestTimeout limits one request.
	requestTimeout = 30 * time.Second
	// maxLimitWait is the longest wait for a rate limit, and maxLimitWaits is the
	// number of waits of one request.
	maxLimitWait  = 2 * time.Minute
	maxLimitWaits = 3
	// maxListPages is the maximum number of pages of one list.
	maxListPages = 1000
)

// Target is an API and a token for it.
type Target struct {
	// BaseURL is kanbert.DefaultBaseURL if empty.
	BaseURL string
	Token   kanbert.Secret
	// Wait waits for d or until ctx is done. If it is nil, it uses real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// api sends requests unchanged and returns raw responses. The provider's client
// would interpret, retry or refuse them.
type api struct {
	base  *url.URL
	token kanbert.Secret
	http  *http.Client
	wait  func(ctx context.Context, d time.Duration) error
	// limited is the last 429.
	limited atomic.Pointer[answer]
}

// newAPI checks the target as the provider does. transport may be nil.
func newAPI(target Target, transport http.RoundTripper) (*api, error) {
	if target.BaseURL == "" {
		target.BaseURL = kanbert.DefaultBaseURL
	}
	if _, err := kanbert.New(kanbert.WithBaseURL(target.BaseURL), kanbert.WithToken(target.Token)); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(target.BaseURL, "/"))
	if err != nil {
		return nil, errors.New("base_url is not a valid URL")
	}
	if target.Wait == nil {
		target.Wait = wait
	}
	if transport == nil {
		transport = newTransport()
	}
	return &api{base: base, token: target.Token, wait: target.Wait, http: &http.Client{
		Transport:     transport,
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: requestTimeout,
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request is one request. Path is escaped and relative to the base URL.
type request struct {
	method, path string
	query        url.Values
	body         any
	// token replaces the real one; accept replaces application/json.
	token, accept string
}

// answer is a complete response.
type answer struct {
	status int
	proto  string
	header http.Header
	body   []byte
	// at is the start of the request by the local clock, and took its duration.
	at   time.Time
	took time.Duration
}

// do sends a request, and sends it again after a 429 with a wait: a 429 had no
// effect.
func (a *api) do(ctx context.Context, r request) (answer, error) {
	for n := 0; ; n++ {
		got, err := a.once(ctx, r)
		if err != nil || got.status != http.StatusTooManyRequests {
			return got, err
		}
		a.limited.Store(&got)
		if n == maxLimitWaits {
			return got, nil
		}
		if err := a.wait(ctx, retryAfter(got.header)); err != nil {
			return got, err
		}
	}
}

func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return maxLimitWait / 2
	}
	return min(time.Duration(seconds)*time.Second, maxLimitWait)
}

func (a *api) once(ctx context.Context, r request) (answer, error) {
	req, err := a.build(ctx, r)
	if err != nil {
		return answer{}, err
	}
	began := time.Now()
	resp, err := a.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", r.method, template(r.path), withoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: the response is incomplete", r.method, template(r.path))
	}
	return answer{
		status: resp.StatusCode, proto: resp.Proto, header: resp.Header, body: body,
		took: time.Since(began), at: began,
	}, nil
}

func (a *api) build(ctx context.Context, r request) (*http.Request, error) {
	address := a.base.String() + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: the request cannot be built", r.method, template(r.path))
	}
	// No layer below may send a POST again.
	req.GetBody = nil
	token, accept := a.token.Reveal(), "application/json"
	if r.token != "" {
		token = r.token
	}
	if r.accept != "" {
		accept = r.accept
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "terraform-provider-kanbert-probe")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// template is a path without its id.
func template(path string) string {
	if strings.HasPrefix(path, webhooksPath+"/") {
		return webhooksPath + "/{id}"
	}
	return path
}

// withoutURL removes the URL from an error of net/http.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

const (
	webhooksPath = "/webhooks"
	whoamiPath   = "/whoami"
)

// isJSON reports whether the response declares JSON and contains JSON.
func (a answer) isJSON() bool {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) && json.Valid(a.body)
}

func (a answer) ok() bool { return a.status >= 200 && a.status <= 299 }

// record is a webhook in a list or in the response to a create.
type record struct {
	ID        string  `json:"id"`
	URL       string  `json:"url"`
	Event     string  `json:"event"`
	ProjectID *string `json:"project_id"`
	CreatedAt string  `json:"created_at"`
	Secret    string  `json:"signature_secret_key"`
}

// page is a response to a list. Records that cannot be read are omitted.
type page struct {
	Records []record
	Keys    map[string]bool
	Meta    map[string]json.RawMessage
	Links   json.RawMessage
}

func (a answer) page() (page, bool) {
	var raw struct {
		Data  []json.RawMessage          `json:"data"`
		Links json.RawMessage            `json:"links"`
		Meta  map[string]json.RawMessage `json:"meta"`
	}
	if !a.ok() || json.Unmarshal(a.body, &raw) != nil || raw.Data == nil {
		return page{}, false
	}
	p := page{Keys: map[string]bool{}, Meta: raw.Meta, Links: raw.Links}
	for _, data := range raw.Data {
		var r record
		var keys map[string]json.RawMessage
		if json.Unmarshal(data, &keys) != nil {
			continue
		}
		for key := range keys {
			p.Keys[key] = true
		}
		// A field with another type does not affect the others.
		_ = json.Unmarshal(data, &r)
		p.Records = append(p.Records, r)
	}
	return p, true
}

func (p page) next() string {
	var cursor string
	_ = json.Unmarshal(p.Meta["next_cursor"], &cursor)
	return cursor
}

func (p page) perPage() int {
	var n int
	_ = json.Unmarshal(p.Meta["per_page"], &n)
	return n
}

// all lists the whole workspace without a filter, so it does not depend on filters.
func (a *api) all(ctx context.Context) ([]record, error) {
	var records []record
	query := url.Values{"sort": {"url"}}
	seen := map[string]bool{}
	for range maxListPages {
		got, err := a.do(ctx, request{method: http.MethodGet, path: webhooksPath, query: query})
		if err != nil {
			return nil, err
		}
		p, ok := got.page()
		if !ok {
			return nil, fmt.Errorf("GET %s: status %d instead of a list", webhooksPath, got.status)
		}
		records = append(records, p.Records...)
		cursor := p.next()
		if cursor == "" {
			return records, nil
		}
		if seen[cursor] {
			return nil, errors.New("the list repeats a cursor")
		}
		seen[cursor] = true
		query.Set("page[cursor]", cursor)
	}
	return nil, fmt.Errorf("the list has not ended after %d pages", maxListPages)
}
