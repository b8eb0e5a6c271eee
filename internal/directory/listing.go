// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"slices"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// round is one listing from both ends, and the account of the reads and requests
// beside it. The account is what keeps the promise of the package comment:
//
//	requests ≤ 2 × min(waves, pages) + 1
//
// holds at every moment, with waves the tens of reads that have come (⌈N/10⌉ in
// the end) and pages the least number of pages that the workspace is known to
// fill (⌈M/page⌉ in the end). Both only grow, so what holds at every moment
// holds in the end.
type round struct {
	number uint32
	began  stamp
	// ctx is for the pages: it ends when nobody waits for anything any more.
	ctx         context.Context
	cancel      context.CancelFunc
	front, back end
	// complete says that every webhook which stood there throughout was seen.
	complete bool
	// sameWay says that the server gave both ends in the same order.
	sameWay bool

	// asked counts the reads, each webhook once. covered counts those of them
	// that need no further look-up: answered, or in one that is under way.
	asked, covered int
	// lookups and pages count the requests of the account. A page that somebody
	// cannot do without is not in it.
	lookups, pages int
	// returned counts the pages that came.
	returned int
}

// end is one of the two directions.
type end struct {
	sort     string
	cursor   string
	cursors  map[string]struct{}
	first    string // id
	taken    int
	underWay bool
}

// newRound begins the listing anew. Nothing is sent yet.
func (d *Directory) newRound(ctx context.Context) {
	d.rounds++
	r := &round{number: d.rounds, began: d.stamp(), front: newEnd("url"), back: newEnd("-url")}
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	d.round = r
	for _, a := range d.open {
		a.returned, a.counted, a.covered = 0, false, false
		d.countAsk(a)
	}
}

func newEnd(sort string) end {
	return end{sort: sort, cursors: map[string]struct{}{"": {}}}
}

// ensureRound sees to it that a read which has to wait is counted in a round
// that can still speak for it.
func (d *Directory) ensureRound(a *ask, now time.Time) {
	r := d.round
	if r == nil || !r.underWay() && now.Sub(r.began.at) > Freshness {
		d.newRound(a.ctx)
	}
	a.returned = d.round.returned
	d.countAsk(a)
}

// ensureListing sees to it that a listing is on its way that will speak for
// somebody who needs one. It is called while somebody does.
func (d *Directory) ensureListing(now time.Time) {
	r := d.round
	if r == nil || !r.underWay() && r.complete || !d.worthFinishing(r, now) {
		d.newRound(d.open[0].ctx)
	}
}

// worthFinishing reports whether r, once complete, will speak for somebody. If
// not for all, the next round begins then.
func (d *Directory) worthFinishing(r *round, now time.Time) bool {
	return slices.ContainsFunc(d.open, func(a *ask) bool {
		return d.needsListing(a, now) && r.maySpeakFor(a, GoneWithin, now)
	})
}

// maySpeakFor reports whether r, once complete, may say that what a asks for is
// not there.
func (r *round) maySpeakFor(a *ask, limit time.Duration, now time.Time) bool {
	return r.began.mayAnswer(a, limit, now) && !r.began.at.Before(a.notBefore)
}

// countHit enters a read into the account that was answered at once.
func (d *Directory) countHit(e *entry) {
	r := d.round
	if r == nil || e.counted == r.number {
		return
	}
	e.counted = r.number
	r.asked++
	r.covered++
	if !r.complete {
		d.advance()
	}
}

// countAsk enters a wait into the account. A read by id is not in it: the
// listing that it needs is paid for otherwise.
func (d *Directory) countAsk(a *ask) {
	if a.kind == byID || a.counted {
		return
	}
	a.counted = true
	d.round.asked++
	if a.lookup != nil || a.lookedUp {
		d.round.cover(a)
	}
}

// cover notes that a needs no further look-up.
func (r *round) cover(a *ask) {
	if r != nil && a.counted && !a.covered {
		a.covered = true
		r.covered++
	}
}

// uncover takes that back, for a look-up that has to be made again.
func (r *round) uncover(a *ask) {
	if r != nil && a.counted && a.covered {
		a.covered = false
		r.covered--
	}
}

// underWay reports whether a page is.
func (r *round) underWay() bool { return r != nil && (r.front.underWay || r.back.underWay) }

func (r *round) waves() int { return (r.asked + WaveSize - 1) / WaveSize }

// allowance is how many requests the account bears now.
func (r *round) allowance() int {
	return 2*min(max(r.waves(), r.lookups), max(1, r.returned)) + 1
}

// mayPage reports whether the account bears a page, with what the reads that
// have come may still need for look-ups kept back.
func (r *round) mayPage() bool {
	used := r.lookups + r.pages
	if used+1 > r.allowance() {
		return false
	}
	reserve := 0
	if r.lookups < r.waves() {
		reserve = r.waves() - r.covered/WaveSize
	}
	return used+1+reserve <= 2*max(r.waves(), r.lookups)+1
}

// mayLookUp reports whether the account bears a look-up, or needs none. Where
// nothing is under way a look-up is the only way on: then the caller's waves are
// smaller than ten, and each of them is worth a look-up and a page.
func (r *round) mayLookUp() bool {
	return r == nil || r.complete || !r.underWay() || r.lookups+r.pages < r.allowance()
}

// startPages fetches what the account bears, or all there is if somebody cannot
// do without.
func (d *Directory) startPages(demanded bool) {
	r := d.round
	if r == nil || r.complete {
		return
	}
	for e := r.next(); e != nil; e = r.next() {
		if !demanded {
			if !r.mayPage() {
				return
			}
			r.pages++
		}
		d.startPage(r, e)
	}
}

// next is the end that is to go on: the one that is behind.
func (r *round) next() *end {
	front, back := &r.front, &r.back
	switch {
	case back.underWay || r.sameWay:
		back = nil
	case front.underWay:
		front = nil
	}
	if front == nil || front.underWay || back != nil && back.taken < front.taken {
		return back
	}
	return front
}

func (d *Directory) startPage(r *round, e *end) {
	seen := d.stamp()
	if !r.underWay() && r.front.cursor == "" && r.back.cursor == "" {
		r.began = seen // It is as young as its first page.
	}
	e.underWay = true
	opts := kanbert.ListOptions{Sort: []string{e.sort}, Cursor: e.cursor}
	go func() {
		page, err := d.source.ListPage(r.ctx, opts)
		d.mu.Lock()
		defer d.mu.Unlock()
		e.underWay = false
		d.tookPage(r, e, seen, page, err)
		if r.complete && !r.underWay() {
			r.cancel()
		}
		d.advance()
	}()
}

func (d *Directory) tookPage(r *round, e *end, seen stamp, page *kanbert.Page, err error) {
	if r != d.round || r.complete {
		if err == nil {
			d.book.learn(page.Webhooks, seen, nil)
		}
		return
	}
	if err == nil {
		err = r.turn(e, page)
	}
	if err != nil {
		d.failRound(err)
		return
	}
	met := false
	d.book.learn(page.Webhooks, seen, func(shown *entry) { met = r.mark(e, shown) || met })
	switch {
	case met || page.NextCursor == "":
		r.complete = true
		d.book.sweep(r.began)
	case r.returned >= kanbert.MaxPages:
		d.failRound(kanbert.ErrEndlessList)
	}
}

// turn goes on to the next cursor.
func (r *round) turn(e *end, page *kanbert.Page) error {
	r.returned++
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
	if r.front.first != "" && r.front.first == r.back.first {
		r.sameWay = true
	}
	return nil
}

// mark notes that e has shown a webhook, and reports whether the other end had.
func (r *round) mark(e *end, shown *entry) bool {
	if e == &r.front {
		shown.front = r.number
	} else {
		shown.back = r.number
	}
	return shown.front == shown.back && !r.sameWay
}

// failRound ends a listing. Who needs it is told why; for everybody else it is
// as if it had not been begun.
func (d *Directory) failRound(err error) {
	now := time.Now()
	d.round.cancel()
	d.round = nil
	for _, a := range append([]*ask(nil), d.open...) {
		if d.needsListing(a, now) {
			d.finish(a, answer{err: err})
		}
	}
}
