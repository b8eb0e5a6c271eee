// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"slices"
	"time"
)

// batch is the requests that were sent together: look-ups, and pages of the
// listing beside them. The next batch is sent when all have returned.
type batch struct {
	began          time.Time
	lookups, pages int
}

// step is what a waiter needs next.
type step int

const (
	needFirstPage step = iota // the first page of a listing, which may be all of it
	needScan                  // a complete listing
	needLookup                // a look-up by URL
	needPages                 // pages of a list of its own
)

// schedule answers the waiters that can be answered and starts what the others
// need. It is called, under the lock, whenever something has become known.
func (d *Directory) schedule() {
	now := time.Now()
	d.resolveAll(now)
	wake := d.continueScan(now)
	idle := slices.DeleteFunc(slices.Clone(d.waiters), func(w *waiter) bool {
		return w.lookup != nil || w.scan != nil && w.scan == d.scan
	})
	if len(idle) > 0 {
		wait := d.untilReady(now)
		if wait <= 0 {
			wait = d.dispatch(idle, now)
		}
		wake = sooner(wake, wait)
	}
	if wake > 0 {
		d.wakeIn(wake)
	}
}

// sooner is the shorter of two waits, of which 0 or less is none.
func sooner(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

func (d *Directory) wakeIn(wait time.Duration) {
	if d.timer != nil {
		d.timer.Reset(wait)
		return
	}
	d.timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.schedule()
	})
}

func (d *Directory) resolveAll(now time.Time) {
	for _, w := range slices.Clone(d.waiters) {
		if got, ok := d.resolve(w, now); ok {
			d.finish(w, got)
		}
	}
}

// resolve answers w from what is known, if that may answer it.
func (d *Directory) resolve(w *waiter, now time.Time) (answer, bool) {
	scanned := d.scanned(w, now)
	if w.list != nil {
		if !scanned || !w.list.local() {
			return answer{}, false
		}
		return answer{list: d.scan.list(w.list.Sort, &d.cache)}, true
	}
	if it := d.cache.find(&w.query); it != nil && w.accepts(it.seen, Freshness, now) {
		return answer{webhook: it.webhook, found: true}, true
	}
	switch w.absence {
	case lookUpAndScan:
		if w.url == "" {
			return answer{err: errNoURL}, scanned
		}
		return answer{}, w.lookedUp && scanned
	case scanAlone:
		return answer{}, scanned
	default:
		return answer{}, w.lookedUp || scanned || !w.fresh && d.cache.lookedUp(w.canonical, now)
	}
}

// scanned reports whether a complete listing may answer w.
func (d *Directory) scanned(w *waiter, now time.Time) bool {
	return d.scan != nil && d.scan.complete && d.scan.mayAnswer(w, now)
}

// untilReady is how long to wait for more calls before a batch is sent.
func (d *Directory) untilReady(now time.Time) time.Duration {
	full := BatchSize
	if d.batches > 0 {
		full = min(full, d.maxConcurrent)
	}
	if len(d.waiters) >= full {
		return 0
	}
	window := BatchWindow
	if d.large || slices.ContainsFunc(d.waiters, func(w *waiter) bool { return w.fresh }) {
		// What is sent too early has to be sent again for those that come late. A
		// first page answers them too, unless they ask for fresh requests.
		window = max(window, min(6*d.arrivalGap, MaxBatchWindow))
	}
	return d.lastActivity.Add(window).Sub(now)
}

// next is what w needs.
func (d *Directory) next(w *waiter, now time.Time) step {
	switch scanned := d.scanned(w, now); {
	case w.list != nil && w.list.shared():
		return needScan
	case w.list != nil:
		return needPages
	case w.url == "" || w.lookedUp || d.lookups.refused && !scanned:
		return needScan
	case d.large || d.listingFailed || scanned || d.scan.late(now):
		return needLookup
	default:
		return needFirstPage
	}
}

// dispatch starts what the idle waiters need. It returns when to be called again
// for those that have to wait, or 0.
func (d *Directory) dispatch(idle []*waiter, now time.Time) time.Duration {
	var need [needPages + 1][]*waiter
	for _, w := range idle {
		step := d.next(w, now)
		need[step] = append(need[step], w)
	}
	d.waitForScan(need[needScan], true, now)
	d.waitForScan(need[needFirstPage], false, now)
	d.startLists(need[needPages], now)
	wake := d.continueScan(now)
	if len(need[needLookup]) == 0 {
		return wake
	}
	if wait := d.untilBatchOver(now); wait > 0 {
		return sooner(wake, wait)
	}
	d.startBatch(need[needLookup], now)
	return wake
}

// untilBatchOver is how long the batch in flight keeps the next one waiting: until
// it has returned, but for pages no longer than [PageWait], nor after the listing
// has failed.
func (d *Directory) untilBatchOver(now time.Time) time.Duration {
	switch b := d.batch; {
	case b == nil:
		return 0
	case b.lookups > 0:
		return time.Hour // Its return comes first.
	case b.pages == 0 || d.listingFailed:
		return 0
	default:
		return b.began.Add(PageWait).Sub(now)
	}
}

// startBatch looks the waiters up and, beside that, fetches a page at each open
// end of the listing. A single call at the beginning of a walk may be all there
// is, and fetches none; nor do calls that a page could not answer.
func (d *Directory) startBatch(waiters []*waiter, now time.Time) {
	b := &batch{began: now}
	alone := d.batches == 0 && len(waiters) == 1
	d.batch = b
	d.batches++
	if !alone && slices.ContainsFunc(waiters, func(w *waiter) bool { return !w.fresh }) {
		d.startBatchPages(waiters[0].ctx, b, now)
	}
	for len(waiters) > 0 {
		waiters = d.startLookup(waiters, b)
	}
}
