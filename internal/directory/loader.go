// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// MaxFilterLength is how long the filter of a look-up may be, in bytes as
	// sent, percent-encoding included: with the rest of the request line less than
	// 4 KiB. Ten URLs of the greatest length fit.
	MaxFilterLength = 3800
	// harmlessLength is a length that every server takes: where a connection
	// breaks on a shorter filter, its length is not the reason.
	harmlessLength = 1000
	// ordinaryPage is the page[size] that the API takes for granted (API
	// reference, GET /webhooks).
	ordinaryPage = 30
)

// absence is what it takes to say that a webhook is not there.
type absence int

const (
	scanAlone     absence = iota // a complete listing
	lookUpOrScan                 // or a look-up by URL
	lookUpAndScan                // both
)

// query is what a call asks for: a webhook, or a page of a list.
type query struct {
	// The webhook is the one with this id, which was last known at url; or, where
	// canonical is set, the one at url, of which canonical is the canonical spelling.
	id, url, canonical string
	absence            absence
	list               *kanbert.ListOptions
	limit              int // of the list, or 0
	// fresh says that only requests which began after it arrived answer it.
	fresh   bool
	arrived *stamp
}

// accepts reports whether a request that began at s, and is no older than maxAge,
// may answer q.
func (q *query) accepts(s *stamp, maxAge time.Duration) bool {
	return s.after(q.arrived) || s != nil && !q.fresh && time.Since(s.at) <= maxAge
}

// answer is what a call gets.
type answer struct {
	webhook kanbert.Webhook
	found   bool
	// asOf is when the earlier of the two requests began that do not show the
	// webhook, where it takes both to say that it is absent.
	asOf time.Time
	page *kanbert.Page
	err  error
}

// waiter is a query that waits for its answer.
type waiter struct {
	query
	// ctx gives its values, not its end, to the requests that are sent for it.
	ctx context.Context
	// call is the look-up that asks for its URL, or the request for its page.
	call *call
	// done takes the one answer, without blocking.
	done chan answer
}

// call is a request and what it gave, as in singleflight.
type call struct {
	began  *stamp
	cancel context.CancelFunc
	done   bool                 // It has returned, or was called off.
	list   *kanbert.ListOptions // if it is for a page of a list

	page  *kanbert.Page
	shown []*item // what page has shown
	err   error
}

func (c *call) inFlight() bool { return c != nil && !c.done }

// load answers q from the cache, or waits for requests that do.
func (d *Directory) load(ctx context.Context, q query) answer {
	if err := ctx.Err(); err != nil {
		return answer{err: err}
	}
	w, got := d.enqueue(ctx, q)
	if w == nil {
		return got
	}
	select {
	case got = <-w.done:
		return got
	case <-ctx.Done():
		d.abandon(w)
		return answer{err: ctx.Err()}
	}
}

// enqueue answers q from the cache if it can, which costs no allocation. Else it
// returns a waiter.
func (d *Directory) enqueue(ctx context.Context, q query) (*waiter, answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noteArrival()
	it := d.cache.find(&q)
	if it != nil && q.accepts(it.seen, Freshness) {
		return nil, answer{webhook: it.webhook, found: true}
	}
	if it != nil && q.url == "" && q.absence == scanAlone {
		q.url = it.webhook.URL // A look-up costs less than a listing, and is as young.
	}
	if q.arrived == nil {
		q.arrived = d.stamp()
	}
	w := &waiter{query: q, ctx: ctx, done: make(chan answer, 1)}
	d.waiters = append(d.waiters, w)
	d.schedule()
	return w, answer{}
}

// noteArrival notes that a call has come. Where no other waits, the time before it
// says nothing of how slowly the calls of one wave come.
func (d *Directory) noteArrival() {
	now := time.Now()
	if gap := now.Sub(d.lastActivity); len(d.waiters) > 0 && gap <= MaxBatchWindow {
		d.arrivalGap = max(gap, d.arrivalGap-d.arrivalGap/16)
	}
	d.lastActivity = now
}

// abandon gives up a waiter, and calls off what no other waits for.
func (d *Directory) abandon(w *waiter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiters = slices.DeleteFunc(d.waiters, func(other *waiter) bool { return other == w })
	d.callOff(func(c *call) bool {
		return !slices.ContainsFunc(d.waiters, func(w *waiter) bool { return w.call == c || d.scan.owns(c) })
	})
	d.schedule()
}

// finish answers the waiters of which got reports true.
func (d *Directory) finish(got func(*waiter) (answer, bool)) {
	d.waiters = slices.DeleteFunc(d.waiters, func(w *waiter) bool {
		a, ok := got(w)
		if ok {
			w.done <- a
			d.lastActivity = time.Now()
		}
		return ok
	})
}

// step is what a waiter needs next.
type step int

const (
	needFirstPage step = iota // the first page of the listing, which may be all of it
	needScan                  // the complete listing
	needLookup                // a look-up by URL
	needPage                  // the first page of a list of its own
	needNextPage              // a later one
	needNothing
)

// wanted are the waiters for which no look-up or page of their own is in flight.
type wanted [needNothing][]*waiter

// next is what w needs, or its answer if what is known may answer it.
func (d *Directory) next(w *waiter) (step, answer) {
	scanned := d.scan.accepted(w) && d.scan.complete
	switch {
	case w.list == nil:
	case w.list.Cursor != "":
		return needNextPage, answer{}
	case !isLocal(w.list):
		return needPage, answer{}
	case scanned:
		return needNothing, answer{page: d.listing(w.list.Sort)}
	case w.limit > 0:
		return needPage, answer{}
	default:
		return needScan, answer{}
	}
	if it := d.cache.find(&w.query); it != nil && w.accepts(it.seen, Freshness) {
		return needNothing, answer{webhook: it.webhook, found: true}
	}
	lookup := d.cache.lookups[w.url]
	lookedUp := lookup.after(w.arrived)
	switch {
	case scanned && w.absence == lookUpAndScan && w.url == "":
		return needNothing, answer{err: errNoURL}
	case scanned && lookedUp && w.absence == lookUpAndScan:
		return needNothing, answer{asOf: d.scan.began.orEarlier(lookup).at}
	case scanned && w.absence != lookUpAndScan, w.absence == lookUpOrScan && w.accepts(lookup, Freshness):
		return needNothing, answer{}
	case w.url == "" || lookedUp || d.refused && !scanned:
		return needScan, answer{}
	case d.large || scanned:
		return needLookup, answer{}
	}
	return needFirstPage, answer{}
}

// schedule answers the waiters that can be answered, and starts what the others
// need and is not in flight. It is called, under the lock, whenever something has
// become known.
func (d *Directory) schedule() {
	if s := d.scan; s != nil && s.front.call.inFlight() && time.Since(s.front.call.began.at) >= PageWait {
		d.large = true // If this is a later page, it is known to be.
	}
	var want wanted
	d.finish(func(w *waiter) (answer, bool) {
		step, got := d.next(w)
		if step != needNothing && !w.call.inFlight() {
			want[step] = append(want[step], w)
		}
		return got, step == needNothing
	})
	if len(d.waiters) == 0 {
		return
	}
	// What has begun goes on without waiting for more calls.
	scanning := d.scan != nil && d.scan.awaited && d.continueScan(&want)
	d.startLists(want[needNextPage])
	if wait := d.untilReady(); wait > 0 {
		if d.timer == nil {
			d.timer = time.AfterFunc(wait, d.wake)
		}
		d.timer.Reset(wait)
		return
	}
	if listing := slices.Concat(want[needFirstPage], want[needScan]); !scanning && len(listing) > 0 {
		if slices.ContainsFunc(listing, func(w *waiter) bool { return !d.scan.accepted(w) }) {
			d.newScan()
		}
		d.continueScan(&want)
	}
	d.startLists(want[needPage])
	pending := func(c *call) bool { return c.inFlight() && time.Since(c.began.at) < PageWait }
	if len(want[needLookup]) > 0 && !slices.ContainsFunc(d.batch, pending) {
		d.startBatch(want[needLookup])
	}
}

func (d *Directory) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.schedule()
}

// untilReady is how long to wait for more calls before a batch is sent.
func (d *Directory) untilReady() time.Duration {
	d.maxConcurrent = max(d.maxConcurrent, len(d.waiters))
	full := BatchSize
	if d.batch != nil {
		full = min(full, d.maxConcurrent)
	}
	if len(d.waiters) >= full {
		return 0
	}
	window := max(BatchWindow, min(6*d.arrivalGap, MaxBatchWindow))
	return time.Until(d.lastActivity.Add(window))
}

// startBatch looks the waiters up and fetches pages beside that, as the package's
// comment says: none where all waiters take fresh answers alone.
func (d *Directory) startBatch(waiters []*waiter) {
	before := len(d.calls)
	alone := d.batch == nil && len(waiters) == 1
	if !alone && slices.ContainsFunc(waiters, func(w *waiter) bool { return !w.fresh }) {
		if d.scan == nil || time.Since(d.scan.began.at) > Freshness && !slices.ContainsFunc(d.calls, d.scan.owns) {
			d.newScan()
		}
		if s := d.scan; !s.complete {
			if s.front.cursor == "" || s.back.cursor != "" {
				d.startPage(&s.front, false)
			}
			d.startPage(&s.back, false)
		}
	}
	for len(waiters) > 0 {
		waiters = d.startLookup(waiters)
	}
	d.batch = slices.Clone(d.calls[before:])
}

// startLookup looks up as many as fit into one request, and returns the rest.
func (d *Directory) startLookup(queue []*waiter) []*waiter {
	n, urls := d.pack(queue)
	lastResort, opts := d.refused, kanbert.ListOptions{Filter: kanbert.FilterByURL(urls...)}
	// Where the API's own size will do, no other is named, so that a server which
	// refuses large pages has none to refuse.
	if len(urls) <= ordinaryPage {
		opts.PageSize = ordinaryPage
	}
	c := d.send(queue[0].ctx, opts, d.listAll, func(c *call) {
		switch {
		case c.err == nil:
			for _, url := range urls {
				d.cache.lookups[url] = c.began
			}
		case lastResort || !d.adapt(c.err, sentLength(opts.Filter), n):
			d.finish(func(w *waiter) (answer, bool) { return answer{err: c.err}, w.call == c })
		}
	})
	for _, w := range queue[:n] {
		w.call = c
	}
	return queue[n:]
}

func (d *Directory) listAll(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	all := &kanbert.Page{}
	pages := kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) { return d.source.ListPage(ctx, opts) })
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		all.Webhooks = append(all.Webhooks, page.Webhooks...)
	}
	return all, nil
}

// pack is how many of queue fit into one filter, at least one, and the URLs that
// it asks for, each once.
func (d *Directory) pack(queue []*waiter) (int, []string) {
	if d.refused {
		return 1, []string{queue[0].url}
	}
	var urls []string
	for n, w := range queue {
		more := append(slices.Clone(urls), w.url, kanbert.CanonicalURL(w.url))
		slices.Sort(more)
		more = slices.Compact(more)
		if n > 0 && sentLength(kanbert.FilterByURL(more...)) > d.maxFilter {
			return n, urls
		}
		urls = more
	}
	return len(queue), urls
}

func sentLength(filter string) int { return len(url.QueryEscape(filter)) }

// adapt makes look-ups smaller if err says that the API does not take one of this
// length for n calls, and reports whether it did.
func (d *Directory) adapt(err error, length, n int) bool {
	var refusal *kanbert.APIError
	var broken *kanbert.TransportError
	status := 0
	if errors.As(err, &refusal) {
		status = refusal.StatusCode
	}
	tooLong := status == http.StatusRequestURITooLong || status == http.StatusRequestHeaderFieldsTooLarge
	// Over HTTP/2 a server answers a request line that is too long by closing the
	// connection.
	cut := errors.As(err, &broken) && !broken.Unsent && broken.Timeout == 0 && length > harmlessLength
	if n > 1 && (tooLong || cut) {
		d.maxFilter = min(d.maxFilter, length/2)
		return true
	}
	refused := tooLong || status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
	d.refused = d.refused || refused
	return refused
}

// send sends a request. took is called, under the lock, when it has returned.
func (d *Directory) send(ctx context.Context, opts kanbert.ListOptions, list func(context.Context, kanbert.ListOptions) (*kanbert.Page, error), took func(*call)) *call {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call{began: d.stamp(), cancel: cancel}
	d.calls = append(d.calls, c)
	go func() {
		defer time.AfterFunc(PageWait, d.wake).Stop()
		page, err := list(ctx, opts)
		d.mu.Lock()
		defer d.mu.Unlock()
		if c.done {
			return // It was called off.
		}
		d.callOff(func(other *call) bool { return other == c })
		if c.page, c.err = page, err; err == nil {
			c.shown = d.cache.prime(page.Webhooks, c.began)
		}
		took(c)
		d.schedule()
	}()
	return c
}

// callOff ends the calls that are unwanted.
func (d *Directory) callOff(unwanted func(*call) bool) {
	d.calls = slices.DeleteFunc(d.calls, func(c *call) bool {
		if unwanted(c) {
			c.done = true
			c.cancel()
		}
		return c.done
	})
}
