// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// Freshness is how old an answer may be, counted from the start of the
	// request that gave it. A walk over ten thousand webhooks fits into it; a
	// process that lives longer than one walk asks again.
	Freshness = 2 * time.Minute
	// GoneWithin is how old the complete listing may be that, beside a look-up
	// by URL, proves a webhook gone.
	GoneWithin = time.Minute
	// QuietTime is how long no read must have come or been answered before those
	// that wait are looked up although they are few.
	QuietTime = 20 * time.Millisecond
	// MaxQuietTime is how far the quiet time is stretched where reads come
	// slowly, as on a busy machine: to six times the distance between them.
	MaxQuietTime = 200 * time.Millisecond
	// FirstRecheck is the first pause before a webhook that does not show, but is
	// too young to be believed gone, is looked for again. Each pause is twice as
	// long as the one before.
	FirstRecheck = time.Second
	// startPace is the distance that is expected before reads have shown theirs.
	startPace = 10 * time.Millisecond
	// WaveSize is how many waiting reads are looked up at once without waiting
	// for more: the CLI's own parallelism, unless its user chose another.
	WaveSize = 10
	// MaxFilterLength is how long the filter of a look-up may be, in bytes as
	// sent, percent-encoding included. Servers commonly take 8 KiB for a whole
	// request line. Ten URLs of the greatest length fit, each in two spellings.
	MaxFilterLength = 7000
)

// Source is what the directory reads from: [kanbert.Client] in life.
type Source interface {
	ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error)
}

// ErrGone says that a webhook is gone, on two signals.
var ErrGone = errors.New("the webhook is gone")

// ErrStillListed says that a webhook whose delete was answered with "not found"
// still shows in a look-up or in the listing.
var ErrStillListed = errors.New("the webhook is still listed")

// errNoURL is why a webhook that is not listed is not simply gone.
var errNoURL = errors.New("the webhook is not listed, and no URL is known to make sure by that it is gone")

// Directory answers for single webhooks. It is safe for concurrent use.
type Directory struct {
	source   Source
	unshared bool
	started  time.Time

	mu   sync.Mutex
	book book
	// open are the reads that wait, in the order they came.
	open []*ask
	// widest is how many reads were ever open at a time.
	widest int
	// stirred is when a read last came or was answered: then others may follow.
	stirred time.Time
	// lastAsk is when a read last came, and pace the distance between two: the
	// greatest lately.
	lastAsk time.Time
	pace    time.Duration
	round   *round
	// rounds is how many there were.
	rounds  uint32
	lookups lookups
	// sequence orders reads and loads: a load "began after" a read if its number
	// is higher. Clocks are for ages alone.
	sequence uint64
}

// Option configures a [Directory].
type Option func(*Directory)

// WithoutSharing makes the directory ask for each webhook by itself and keep
// nothing. It is there to measure what sharing is worth.
func WithoutSharing() Option { return func(d *Directory) { d.unshared = true } }

// New returns a directory over source. It sends nothing.
func New(source Source, opts ...Option) *Directory {
	d := &Directory{source: source, started: time.Now(), book: newBook(), pace: startPace, lookups: lookups{maxFilter: MaxFilterLength}}
	for _, opt := range opts {
		opt(d)
	}
	return d
}

// Read returns the webhook with this id, which was last known at url. The error
// is [ErrGone] only when two signals agree, both begun at notBefore or later, so
// it takes a url: without one a webhook that is not listed is an error of another
// kind. While notBefore lies ahead, a webhook that does not show is looked for
// again, with growing pauses. The zero notBefore is no bound.
func (d *Directory) Read(ctx context.Context, id, url string, notBefore time.Time) (kanbert.Webhook, error) {
	if d.unshared {
		return d.readAlone(ctx, id, url)
	}
	w, found, err := d.awaitEvidence(ctx, question{kind: read, id: id, url: url}, notBefore)
	if err == nil && !found {
		err = ErrGone
	}
	return w, err
}

// ConfirmGone returns nil if a look-up by URL and a complete listing, both begun
// after this call and at notBefore or later, do not show the webhook. The error
// is [ErrStillListed] if one of them shows it. It waits for notBefore like
// [Directory.Read].
func (d *Directory) ConfirmGone(ctx context.Context, id, url string, notBefore time.Time) error {
	_, found, err := d.awaitEvidence(ctx, question{kind: read, id: id, url: url, fresh: true}, notBefore)
	if err == nil && found {
		err = ErrStillListed
	}
	return err
}

// SeenFree reports whether this process has seen that no webhook holds url, in
// any spelling and ignoring letter case: a look-up by URL or a complete listing
// showed none, or only webhooks that this process has deleted since, and nothing
// that was seen later contradicts it.
func (d *Directory) SeenFree(url string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.book.seenFree(url)
}

// awaitEvidence answers q. That the webhook is absent counts only from requests
// that began at notBefore or later; until then it looks again after each pause.
func (d *Directory) awaitEvidence(ctx context.Context, q question, notBefore time.Time) (kanbert.Webhook, bool, error) {
	for pause := FirstRecheck; ; pause *= 2 {
		if !time.Now().Before(notBefore) {
			q.notBefore = notBefore
			return d.answer(ctx, q)
		}
		w, found, err := d.answer(ctx, q)
		if err != nil || found {
			return w, found, err
		}
		if err := sleepUntil(ctx, d.nextRecheck(pause, notBefore)); err != nil {
			return kanbert.Webhook{}, false, err
		}
		q.fresh = true
	}
}

// nextRecheck is the next multiple of pause on the directory's own clock, so that
// all that wait look again at the same moments and share their requests.
func (d *Directory) nextRecheck(pause time.Duration, notBefore time.Time) time.Time {
	since := time.Since(d.started)
	next := d.started.Add((since/pause + 1) * pause)
	if next.After(notBefore) {
		return notBefore
	}
	return next
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ByURL returns the webhook that holds url, as it is spelled or in its canonical
// spelling, if one does. It costs a look-up at most.
func (d *Directory) ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	if d.unshared {
		return d.byURLAlone(ctx, url)
	}
	return d.answer(ctx, question{kind: byURL, url: url})
}

// ByEquivalentURL returns the webhook that holds url in whatever spelling, if one
// does. Only requests that began after the call answer it. What a look-up does not find costs a complete listing, since the API
// filters by the text of a URL; all that ask at that time share it.
func (d *Directory) ByEquivalentURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	if d.unshared {
		return d.byEquivalentURLAlone(ctx, url)
	}
	return d.answer(ctx, question{kind: byEquivalentURL, url: url, fresh: true})
}

// ByID returns the webhook with this id, if there is one. Only requests that began
// after the call answer it. The API cannot filter
// by id, so an id costs a complete listing; all that ask
// at that time share it.
func (d *Directory) ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error) {
	if d.unshared {
		return d.byIDAlone(ctx, id)
	}
	return d.answer(ctx, question{kind: byID, id: id, fresh: true})
}

// Created tells the directory of a webhook that this process has made. Call it
// as soon as the API has answered.
func (d *Directory) Created(w kanbert.Webhook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.book.created(w, d.stamp())
	d.advance()
}

// Deleted tells the directory that this process has deleted a webhook. Call it
// as soon as the API has answered.
func (d *Directory) Deleted(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.book.deleted(id)
}

// answer is the way of every question: out of what is known, or by waiting.
func (d *Directory) answer(ctx context.Context, q question) (kanbert.Webhook, bool, error) {
	if err := ctx.Err(); err != nil {
		return kanbert.Webhook{}, false, err
	}
	a, got := d.enter(ctx, q)
	if a == nil {
		return got.webhook, got.found, got.err
	}
	select {
	case got = <-a.done:
		return got.webhook, got.found, got.err
	case <-ctx.Done():
		d.leave(a)
		return kanbert.Webhook{}, false, ctx.Err()
	}
}

// enter answers q at once if it can, which for a known webhook costs no
// allocation. Else it opens a wait.
func (d *Directory) enter(ctx context.Context, q question) (*ask, answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.notePace(now)
	if e := d.book.find(&q); e != nil && !q.fresh && now.Sub(e.seen.at) <= Freshness {
		d.countHit(e)
		return nil, answer{webhook: e.webhook, found: true}
	}
	if e := d.book.byID[q.id]; q.kind == byID && e != nil {
		q.url = e.webhook.URL // A look-up costs less than a listing, and is as young.
	}
	a := &ask{question: q, ctx: ctx, began: d.stamp()}
	if q.url != "" {
		a.canonical = kanbert.CanonicalURL(q.url)
	}
	if got, ok := d.known(a, now); ok {
		return nil, got
	}
	a.done = make(chan answer, 1)
	d.ensureRound(a, now)
	d.open = append(d.open, a)
	d.widest = max(d.widest, len(d.open))
	d.advance()
	return a, answer{}
}

// notePace notes that a read has come. A long pause is none of a walk's.
func (d *Directory) notePace(now time.Time) {
	if gap := now.Sub(d.lastAsk); gap <= MaxQuietTime {
		d.pace = max(gap, d.pace-d.pace/8)
	}
	d.lastAsk, d.stirred = now, now
}

// leave gives up a wait. What nobody waits for any more is called off.
func (d *Directory) leave(a *ask) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.close(a) {
		return
	}
	a.lookup.leave()
	if len(d.open) == 0 && d.round.underWay() {
		d.round.cancel()
		d.round = nil
	}
	d.advance()
}

// close takes a out of those that wait, and reports whether it was there.
func (d *Directory) close(a *ask) bool {
	i := slices.Index(d.open, a)
	if i < 0 {
		return false
	}
	d.open = slices.Delete(d.open, i, i+1)
	return true
}

// finish answers a wait, unless it is closed already.
func (d *Directory) finish(a *ask, got answer) {
	if !d.close(a) {
		return // Nobody takes a second answer, and to give it would block everybody.
	}
	d.stirred = time.Now()
	d.round.cover(a)
	a.done <- got
}

// stamp is the moment at which something begins.
func (d *Directory) stamp() stamp {
	d.sequence++
	return stamp{sequence: d.sequence, at: time.Now()}
}

// advance answers whom it can and starts what is worth starting. It is called,
// under the lock, whenever something has become known.
func (d *Directory) advance() {
	now := time.Now()
	d.settle(now)
	demanded := slices.ContainsFunc(d.open, func(a *ask) bool { return d.needsListing(a, now) })
	if demanded {
		d.ensureListing(now)
	}
	d.startPages(demanded)
	if d.startLookups(now) {
		d.startPages(demanded) // A look-up may have earned one.
	}
}

// settle answers every read that what is known can answer.
func (d *Directory) settle(now time.Time) {
	for i := 0; i < len(d.open); {
		a := d.open[i]
		got, ok := d.known(a, now)
		if !ok {
			i++
			continue
		}
		d.finish(a, got)
	}
}

// known is the whole of what may be said without asking further.
func (d *Directory) known(a *ask, now time.Time) (answer, bool) {
	if e := d.book.find(&a.question); e != nil && e.seen.mayAnswer(a, Freshness, now) {
		e.counted = d.rounds
		return answer{webhook: e.webhook, found: true}, true
	}
	switch a.kind {
	case read:
		if a.url == "" {
			return answer{err: errNoURL}, d.listed(a, GoneWithin, now)
		}
		return answer{}, a.lookedUp && d.listed(a, GoneWithin, now)
	case byID, byEquivalentURL:
		return answer{}, d.listed(a, Freshness, now)
	default:
		return answer{}, a.lookedUp || d.listed(a, Freshness, now) || !a.fresh && d.book.knowsAbsent(a.canonical, now)
	}
}

// listed reports whether a complete listing speaks for a: one that began after
// it, or that is no older than limit.
func (d *Directory) listed(a *ask, limit time.Duration, now time.Time) bool {
	return d.round != nil && d.round.complete && d.round.maySpeakFor(a, limit, now)
}

// needsListing reports whether nothing but a complete listing can answer a.
func (d *Directory) needsListing(a *ask, now time.Time) bool {
	switch {
	case a.lookup != nil:
		return false
	case a.lookedUp, a.url == "":
		return true
	case a.kind == read:
		return d.lookups.single && !d.listed(a, GoneWithin, now)
	default:
		return d.lookups.single
	}
}
