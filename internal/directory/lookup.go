// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// ordinaryPage is the page[size] that the API takes for granted (API reference,
// GET /webhooks).
const ordinaryPage = 30

// lookups is what the look-ups have in common.
type lookups struct {
	// underWay is how many are. More than one only where the URLs of one wave
	// do not fit into one filter.
	underWay int
	// sent says that there was one, so that widest means something.
	sent bool
	// quiet wakes up those that wait for more to come.
	quiet *time.Timer
	// maxFilter is how long a filter may be, in bytes as sent.
	maxFilter int
	// single says that the API refused a look-up. From then on the listing is
	// asked first, and what it does not hold is looked up by itself.
	single bool
}

// lookup is one request for the webhooks at some URLs.
type lookup struct {
	asks   []*ask
	filter string
	// single says that it was made for what the listing does not hold.
	single bool
	began  stamp
	cancel context.CancelFunc
	// waiting is how many have not given up.
	waiting int
}

// leave notes that one of those that wait has given up.
func (l *lookup) leave() {
	if l == nil {
		return
	}
	l.waiting--
	if l.waiting == 0 {
		l.cancel()
	}
}

// startLookups looks up those that wait, if the time has come, and reports
// whether it did.
func (d *Directory) startLookups(now time.Time) bool {
	if d.lookups.underWay > 0 {
		return false
	}
	queue := d.queue(now)
	if len(queue) == 0 || !d.ripe(queue, now) || !d.round.mayLookUp() {
		return false
	}
	for len(queue) > 0 {
		queue = d.startLookup(queue)
	}
	return true
}

// queue is who waits for a look-up to be sent.
func (d *Directory) queue(now time.Time) []*ask {
	var queue []*ask
	for _, a := range d.open {
		if a.lookup == nil && !d.needsListing(a, now) {
			queue = append(queue, a)
		}
	}
	return queue
}

// ripe reports whether it is not worth waiting for more. It is called while no
// look-up is under way, and winds up the timer if only time is missing.
func (d *Directory) ripe(queue []*ask, now time.Time) bool {
	if len(queue) >= WaveSize {
		return true
	}
	if d.lookups.sent && len(d.open) >= min(WaveSize, d.widest) {
		return true
	}
	if wait := d.stirred.Add(d.quietTime()).Sub(now); wait > 0 {
		d.wake(wait)
		return false
	}
	// A page that was under way when the first of them came may answer it.
	return !d.round.underWay() || d.round.returned > queue[0].returned
}

// quietTime is how long to wait for more. Longest it is where the caller is
// known to read ten at a time and a piece of a wave would cost the look-up that
// the account holds for the whole.
func (d *Directory) quietTime() time.Duration {
	if r := d.round; d.widest >= WaveSize && r != nil && !r.complete && r.lookups >= r.waves() {
		return MaxQuietTime
	}
	return max(QuietTime, min(6*d.pace, MaxQuietTime))
}

func (d *Directory) wake(after time.Duration) {
	if d.lookups.quiet != nil {
		d.lookups.quiet.Reset(after)
		return
	}
	d.lookups.quiet = time.AfterFunc(after, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.advance()
	})
}

// startLookup sends a look-up for as many as fit into one, and returns the rest.
func (d *Directory) startLookup(queue []*ask) []*ask {
	n, filter := d.pack(queue)
	l := &lookup{asks: queue[:n:n], filter: filter, single: d.lookups.single, began: d.stamp(), waiting: n}
	for _, a := range l.asks {
		a.lookup = l
		d.round.cover(a)
	}
	if d.round != nil {
		d.round.lookups++
	}
	d.lookups.underWay++
	d.lookups.sent = true
	ctx, cancel := context.WithCancel(context.WithoutCancel(queue[0].ctx))
	l.cancel = cancel
	round := d.round
	go func() {
		defer cancel()
		webhooks, err := d.all(ctx, kanbert.ListOptions{Filter: l.filter, PageSize: pageSize(n)})
		d.mu.Lock()
		defer d.mu.Unlock()
		d.lookups.underWay--
		d.tookLookup(l, round, webhooks, err)
		d.advance()
	}()
	return queue[n:]
}

// pageSize is what to ask for in a look-up of n reads. Where the API's own size
// will do, no other is named, so that a server which refuses large pages has
// none to refuse.
func pageSize(n int) int {
	if 2*n <= ordinaryPage {
		return ordinaryPage
	}
	return 0
}

// pack is how many of queue fit into one filter, at least one, and that filter.
func (d *Directory) pack(queue []*ask) (int, string) {
	if d.lookups.single {
		return 1, kanbert.FilterByURL(queue[0].url)
	}
	urls := spellings(nil, queue[0])
	filter := kanbert.FilterByURL(urls...)
	for n := 1; n < len(queue); n++ {
		urls = spellings(urls, queue[n])
		longer := kanbert.FilterByURL(urls...)
		if len(url.QueryEscape(longer)) > d.lookups.maxFilter {
			return n, filter
		}
		filter = longer
	}
	return len(queue), filter
}

// spellings adds the URL of a as given and, if that differs, as canonical.
func spellings(urls []string, a *ask) []string {
	if a.canonical != a.url {
		return append(urls, a.url, a.canonical)
	}
	return append(urls, a.url)
}

func (d *Directory) tookLookup(l *lookup, round *round, webhooks []kanbert.Webhook, err error) {
	retry := err != nil && d.lookups.adapt(l, err)
	if retry && round != nil && round == d.round {
		round.lookups-- // It is made again, and not counted twice.
	}
	if err == nil {
		d.book.learn(webhooks, l.began, nil)
	}
	for _, a := range l.asks {
		a.lookup = nil
		switch {
		case retry:
			d.round.uncover(a)
		case err != nil:
			d.finish(a, answer{err: err})
		default:
			a.lookedUp = true
			d.book.lookedUp[foldedURL(a.url)] = struct{}{}
			if a.kind == byURL && d.book.find(&a.question) == nil {
				d.book.noteAbsent(a.canonical, l.began.at)
			}
		}
	}
}

// adapt makes look-ups smaller if err says that the API does not take one like
// l, and reports whether it is worth another try.
func (ls *lookups) adapt(l *lookup, err error) bool {
	var refusal *kanbert.APIError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.StatusCode {
	case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		if len(l.asks) > 1 {
			ls.maxFilter = min(ls.maxFilter, len(url.QueryEscape(l.filter))) / 2
			return true
		}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
	default:
		return false
	}
	ls.single = true
	return !l.single // Else this was the last resort.
}
