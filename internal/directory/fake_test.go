// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var _ directory.Source = (*api)(nil)

// api is a workspace in memory that counts what it is asked. It sorts by a
// collation of its own, so that code which compares strings goes wrong.
type api struct {
	page int
	// latency is how long a request takes, half of it before the work: 1 ms if
	// nothing else is set.
	latency func(r request) time.Duration
	// fault, if not nil, ends the n-th request (from 0) with its error, if any.
	fault func(n int, r request) error
	// failed, if not nil, is called as such an error arrives.
	failed func()
	// sameWay ignores the direction of a sort.
	sameWay bool
	// repeat names a page's own cursor as the next.
	repeat bool

	mu       sync.Mutex
	webhooks []kanbert.Webhook // in the order of the collation
	byURL    map[string]kanbert.Webhook
	requests []request
	done     int // requests that were answered
}

type request struct {
	opts  kanbert.ListOptions
	began time.Time
}

func (r request) isLookup() bool { return r.opts.Filter != "" }

// urls are those that a look-up asks for.
func (r request) urls() []string {
	var conditions []struct {
		Field, Op string
		Value     json.RawMessage
	}
	if err := json.Unmarshal([]byte(r.opts.Filter), &conditions); err != nil || len(conditions) != 1 || conditions[0].Field != "url" {
		panic("a filter that the test's API does not understand: " + r.opts.Filter)
	}
	var one string
	if conditions[0].Op == "eq" && json.Unmarshal(conditions[0].Value, &one) == nil {
		return []string{one}
	}
	var many []string
	if err := json.Unmarshal(conditions[0].Value, &many); err != nil || conditions[0].Op != "in" {
		panic("a filter that the test's API does not understand: " + r.opts.Filter)
	}
	return many
}

// collate is the API's own order: "first" and "last" in a URL mean what they
// say, and the rest is scattered.
func collate(a, b string) int { return cmp.Compare(weight(a), weight(b)) }

// weights are kept: walks over ten thousand webhooks sort the same ones again.
var weights sync.Map

func weight(url string) string {
	if known, ok := weights.Load(url); ok {
		return known.(string)
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(url))
	place := "m"
	switch {
	case strings.Contains(url, "first"):
		place = "a"
	case strings.Contains(url, "last"):
		place = "z"
	}
	text := fmt.Sprintf("%s%016x%s", place, h.Sum64(), url)
	weights.Store(url, text)
	return text
}

func newAPI(page int, webhooks ...kanbert.Webhook) *api {
	a := &api{page: page, latency: always(time.Millisecond), byURL: make(map[string]kanbert.Webhook, len(webhooks))}
	a.webhooks = slices.Clone(webhooks)
	weights := make(map[string]string, len(webhooks))
	for _, w := range webhooks {
		a.byURL[w.URL] = w
		weights[w.URL] = weight(w.URL)
	}
	slices.SortFunc(a.webhooks, func(v, w kanbert.Webhook) int { return cmp.Compare(weights[v.URL], weights[w.URL]) })
	return a
}

// openContexts is how many requests have a context that has not ended. The tests of
// this package run one after the other.
var openContexts atomic.Int64

func (a *api) ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	openContexts.Add(1)
	context.AfterFunc(ctx, func() { openContexts.Add(-1) })
	r := request{opts: opts, began: time.Now()}
	a.mu.Lock()
	n := len(a.requests)
	a.requests = append(a.requests, r)
	a.mu.Unlock()
	wait := a.latency(r)
	if err := pause(ctx, wait/2); err != nil {
		return nil, err
	}
	page, err := a.work(n, r)
	if err := pause(ctx, wait-wait/2); err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.done++
	a.mu.Unlock()
	if err != nil && a.failed != nil {
		a.failed()
	}
	return page, err
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *api) work(n int, r request) (*kanbert.Page, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault != nil {
		if err := a.fault(n, r); err != nil {
			return nil, err
		}
	}
	if r.isLookup() {
		page := &kanbert.Page{}
		for _, url := range r.urls() {
			if w, ok := a.byURL[url]; ok {
				page.Webhooks = append(page.Webhooks, w)
			}
		}
		return page, nil
	}
	return a.slice(r.opts), nil
}

// slice is one page, from the cursor on: the URL of the last webhook before.
func (a *api) slice(opts kanbert.ListOptions) *kanbert.Page {
	down := len(opts.Sort) == 1 && opts.Sort[0] == "-url" && !a.sameWay
	at := 0
	if down {
		at = len(a.webhooks)
	}
	if opts.Cursor != "" {
		i, ok := slices.BinarySearchFunc(a.webhooks, opts.Cursor, func(w kanbert.Webhook, url string) int { return collate(w.URL, url) })
		at = i
		if ok && !down {
			at++
		}
	}
	page := &kanbert.Page{PerPage: a.page}
	if down {
		from := max(0, at-a.page)
		page.Webhooks = slices.Clone(a.webhooks[from:at])
		slices.Reverse(page.Webhooks)
		if from > 0 {
			page.NextCursor = a.webhooks[from].URL
		}
	} else {
		to := min(len(a.webhooks), at+a.page)
		page.Webhooks = slices.Clone(a.webhooks[at:to])
		if to < len(a.webhooks) {
			page.NextCursor = a.webhooks[to-1].URL
		}
	}
	if a.repeat && opts.Cursor != "" {
		page.NextCursor = opts.Cursor
	}
	return page
}

func (a *api) add(w kanbert.Webhook) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, _ := slices.BinarySearchFunc(a.webhooks, w.URL, func(w kanbert.Webhook, url string) int { return collate(w.URL, url) })
	a.webhooks = slices.Insert(a.webhooks, i, w)
	a.byURL[w.URL] = w
}

func (a *api) remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.webhooks = slices.DeleteFunc(a.webhooks, func(w kanbert.Webhook) bool {
		if w.ID == id {
			delete(a.byURL, w.URL)
		}
		return w.ID == id
	})
}

// sent is what was asked so far: look-ups and pages.
func (a *api) sent() (lookups, pages int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.requests {
		if r.isLookup() {
			lookups++
		} else {
			pages++
		}
	}
	return lookups, pages
}

func (a *api) answered() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.done
}

func (a *api) total() int {
	lookups, pages := a.sent()
	return lookups + pages
}

// always is a latency.
func always(d time.Duration) func(request) time.Duration {
	return func(request) time.Duration { return d }
}

// hook is the i-th webhook of its kind.
func hook(kind string, i int) kanbert.Webhook {
	return kanbert.Webhook{
		ID:        fmt.Sprintf("id-%s-%05d", kind, i),
		URL:       fmt.Sprintf("https://%s.example.com/hooks/%05d", kind, i),
		Event:     kanbert.ContactCreate,
		CreatedAt: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func hooks(kind string, n int) []kanbert.Webhook {
	all := make([]kanbert.Webhook, n)
	for i := range all {
		all[i] = hook(kind, i)
	}
	return all
}

func refusal(status int, kind error) error {
	return &kanbert.APIError{StatusCode: status, Method: http.MethodGet, Path: "/webhooks", Kind: kind}
}

func escapedLength(filter string) int { return len(url.QueryEscape(filter)) }
