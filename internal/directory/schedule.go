// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"slices"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
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
	// notBefore is when a listing must have begun, at the earliest, to say that
	// a webhook is not there.
	notBefore time.Time
	list      *kanbert.ListOptions
	limit     int // of the list, or 0
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

// send sends a request. took is called, under the lock, when it has returned.
func (d *Directory) send(ctx context.Context, opts kanbert.ListOptions, list func(context.Context, kanbert.ListOptions) (*kanbert.Page, error), took func(*call)) *call {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call{began: d.stamp(), cancel: cancel}
	d.calls = append(d.calls, c)
	go func() {
		defer cancel()
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
		return needNothing, answer{asOf: earlier(d.scan.began, lookup).at}
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

// stamp is a moment: its place in the order of things, and its time. Clocks are
// for ages alone.
type stamp struct {
	sequence uint64
	at       time.Time
}

// stamp is the moment at which something begins.
func (d *Directory) stamp() *stamp {
	d.sequence++
	return &stamp{sequence: d.sequence, at: time.Now()}
}

func earlier(s, other *stamp) *stamp {
	if s.after(other) {
		return other
	}
	return s
}

func (s *stamp) after(other *stamp) bool { return s != nil && s.sequence > other.sequence }
