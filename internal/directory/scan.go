// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"slices"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// scan is one listing of all webhooks, sorted by URL and read from both ends. It
// is complete when an end has come to its last page, or when the two ends meet.
type scan struct {
	number uint32
	began  stamp
	// ctx is for the pages: it ends when no call waits for anything any more.
	ctx         context.Context
	cancel      context.CancelFunc
	front, back end
	extent      kanbert.Extent
	complete    bool
	// sameWay says that both ends may go the same way: then one works alone.
	sameWay bool
}

// end is one of the two directions.
type end struct {
	sort    string
	cursor  string
	cursors map[string]struct{}
	items   []*item // those that it has shown, in order
	first   string  // id
	taken   int
	// started is when the page in flight was asked for, or zero.
	started time.Time
}

func newEnd(sort string) end {
	return end{sort: sort, cursors: map[string]struct{}{"": {}}}
}

func (e *end) inFlight() bool { return !e.started.IsZero() }

func (s *scan) inFlight() bool { return s != nil && (s.front.inFlight() || s.back.inFlight()) }

// mayAnswer reports whether s, once complete, may say that what w asks for is not
// there.
func (s *scan) mayAnswer(w *waiter, now time.Time) bool {
	return w.accepts(s.began, w.maxAge(), now) && !s.began.at.Before(w.notBefore)
}

// list returns the webhooks in the server's order by URL, or sorted by what sort
// says beside that.
func (s *scan) list(sort []string, c *cache) []kanbert.Webhook {
	all := make([]kanbert.Webhook, 0, len(s.front.items)+len(s.back.items))
	add := func(it *item) {
		if !c.isDeleted(it.webhook.ID) {
			all = append(all, it.webhook)
		}
	}
	for _, it := range s.front.items {
		add(it)
	}
	rest := slices.Clone(s.back.items)
	if !s.sameWay {
		slices.Reverse(rest)
	}
	for _, it := range rest {
		if it.front != s.number {
			add(it)
		}
	}
	sortLocally(all, sort)
	return all
}

// newScan begins the listing anew. Nothing is sent yet.
func (d *Directory) newScan(ctx context.Context) *scan {
	number := uint32(1)
	if d.scan != nil {
		number = d.scan.number + 1
	}
	s := &scan{number: max(number, d.cache.scans+1), began: d.stamp(), front: newEnd("url"), back: newEnd("-url")}
	d.cache.scans = s.number
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if d.scan != nil && !d.scan.inFlight() {
		d.scan.cancel()
	}
	d.scan = s
	return s
}

// waitForScan makes waiters wait for a listing that may answer all of them. While
// another one is in flight that others wait for, those that it cannot answer stay
// idle: the next one begins then.
func (d *Directory) waitForScan(waiters []*waiter, all bool, now time.Time) {
	useless := func(w *waiter) bool { return d.scan == nil || d.scan.complete || !d.scan.mayAnswer(w, now) }
	awaited := slices.ContainsFunc(d.waiters, func(w *waiter) bool { return w.scan != nil && w.scan == d.scan })
	if !awaited && slices.ContainsFunc(waiters, useless) {
		d.newScan(waiters[0].ctx)
	}
	for _, w := range waiters {
		if !useless(w) {
			w.scan, w.all = d.scan, all
		}
	}
}

// continueScan fetches the pages that waiters cannot do without. It returns when
// to be called again for those that wait for the first page alone, or 0.
func (d *Directory) continueScan(now time.Time) time.Duration {
	s := d.scan
	if s == nil || s.complete {
		return 0
	}
	var first, all, both bool
	for _, w := range d.waiters {
		if w.scan == s {
			first = first || !w.all
			all = all || w.all
			both = both || w.all && w.list == nil
		}
	}
	if !first && !all {
		return 0
	}
	if !s.front.inFlight() {
		d.startPage(s, &s.front, nil, !all)
	}
	// A list alone reads as the API would be read without this package. For others
	// two ends are faster, but the first page may be all there is.
	if both && d.large && !s.back.inFlight() && !s.sameWay {
		d.startPage(s, &s.back, nil, false)
	}
	if !first {
		return 0
	}
	if s.late(now) {
		d.release(s)
		return 0
	}
	return s.front.started.Add(PageWait).Sub(now)
}

// late reports whether the first page is waited for no longer.
func (s *scan) late(now time.Time) bool {
	return s != nil && s.front.taken == 0 && s.front.inFlight() && now.Sub(s.front.started) >= PageWait
}

// release lets go those that waited for the first page of s alone, or all once s
// is complete.
func (d *Directory) release(s *scan) {
	for _, w := range d.waiters {
		if w.scan == s && (!w.all || s.complete) {
			w.scan, w.declined = nil, true
		}
	}
}

// startBatchPages fetches a page at each open end beside a look-up; the first
// time, after the first page, only at the far one.
func (d *Directory) startBatchPages(ctx context.Context, b *batch, now time.Time) {
	s := d.scan
	if s == nil || now.Sub(s.began.at) > Freshness && !s.inFlight() {
		s = d.newScan(ctx)
	}
	if s.complete {
		return
	}
	if !s.front.inFlight() && (s.front.taken != 1 || s.back.taken > 0) {
		d.startPage(s, &s.front, b, false)
	}
	if !s.back.inFlight() && !s.sameWay {
		d.startPage(s, &s.back, b, false)
	}
}

// startPage fetches the next page of an end, as a part of b if it is not nil.
func (d *Directory) startPage(s *scan, e *end, b *batch, once bool) {
	seen := d.stamp()
	if s.front.taken+s.back.taken == 0 && !s.inFlight() {
		s.began = seen // It is as young as its first page.
	}
	e.started = seen.at
	if b != nil {
		b.pages++
	}
	opts := kanbert.ListOptions{Sort: []string{e.sort}, Cursor: e.cursor, Once: once}
	go func() {
		page, err := d.source.ListPage(s.ctx, opts)
		d.mu.Lock()
		defer d.mu.Unlock()
		e.started = time.Time{}
		if b != nil {
			b.pages--
		}
		d.tookPage(s, e, seen, page, err, once)
		if (s.complete || s != d.scan) && !s.inFlight() {
			s.cancel()
		}
		d.schedule()
	}()
}

func (d *Directory) tookPage(s *scan, e *end, seen stamp, page *kanbert.Page, err error, once bool) {
	if s != d.scan || s.complete {
		if err == nil {
			d.cache.prime(page.Webhooks, seen, nil)
		}
		return
	}
	if err == nil {
		err = s.advance(e, page)
	}
	if err != nil {
		d.failScan(s, err, once)
		return
	}
	var shown []*item
	d.cache.prime(page.Webhooks, seen, func(it *item) { shown = append(shown, it) })
	met := s.show(e, shown)
	d.listingFailed = false
	if e == &s.front && e.taken == 1 {
		d.large = page.NextCursor != ""
	}
	if met || page.NextCursor == "" {
		s.complete = true
		d.cache.sweep(s.began)
	} else if err := s.extent.Add(page); err != nil {
		d.failScan(s, err, false)
		return
	}
	if s.front.taken > 0 || s.complete {
		d.release(s)
	}
}

// advance goes on to the next cursor.
func (s *scan) advance(e *end, page *kanbert.Page) error {
	e.taken++
	if _, ok := e.cursors[page.NextCursor]; ok && page.NextCursor != "" {
		return kanbert.ErrRepeatedCursor
	}
	e.cursor = page.NextCursor
	e.cursors[e.cursor] = struct{}{}
	if e.first == "" && len(page.Webhooks) > 0 {
		e.first = page.Webhooks[0].ID
	}
	// Two ends of more than one webhook do not begin with the same one. Where
	// they do, the back end is a second front end, and to meet it proves nothing.
	if s.front.first != "" && s.front.first == s.back.first {
		s.sameWay = true
	}
	return nil
}

// show notes what a page of e has shown, and reports whether it met the other end:
// whether it ends with what that end has shown last, the other way round. Pages
// that overlap in another way are those of a server which ignores the direction,
// or of a list that changed meanwhile: to meet then proves nothing.
func (s *scan) show(e *end, shown []*item) bool {
	other := &s.back
	if e == other {
		other = &s.front
	}
	seen := func(it *item) bool {
		return e == &s.front && it.back == s.number || e == &s.back && it.front == s.number
	}
	met := false
	if first := slices.IndexFunc(shown, seen); first >= 0 && !s.sameWay {
		tail := slices.Clone(other.items[max(0, len(other.items)-len(shown)+first):])
		slices.Reverse(tail)
		met = slices.Equal(shown[first:], tail)
		s.sameWay = !met
	}
	for _, it := range shown {
		if e == &s.front {
			it.front = s.number
		} else {
			it.back = s.number
		}
	}
	e.items = append(e.items, shown...)
	return met
}

// failScan ends a listing. Those that need all of it get the error, unless it was
// asked for in one attempt: then they ask again. For all others it is as if it had
// not begun.
func (d *Directory) failScan(s *scan, err error, once bool) {
	s.cancel()
	d.scan = nil
	d.listingFailed = true
	for _, w := range slices.Clone(d.waiters) {
		if w.scan != s {
			continue
		}
		w.scan = nil
		if w.all && !once {
			d.finish(w, answer{err: err})
		}
	}
}
