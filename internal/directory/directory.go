// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// Freshness is how old an answer to a walk may be, counted from the start of
	// the request that gave it. A walk over ten thousand webhooks fits into it; a
	// process that lives longer than one walk asks again.
	Freshness = 2 * time.Minute
	// GoneWithin is how old the complete listing may be that, beside a look-up
	// by URL, proves a webhook gone.
	GoneWithin = time.Minute
	// BatchSize is how many waiters form a batch that is sent at once: the CLI's
	// own parallelism, unless its user chose another.
	BatchSize = 10
	// BatchWindow is how long no call must have come or been answered before a
	// smaller batch is sent.
	BatchWindow = 50 * time.Millisecond
	// MaxBatchWindow is how far the window is stretched where calls come slowly, as
	// on a busy machine: to six times the gap between them.
	MaxBatchWindow = 200 * time.Millisecond
	// PageWait is how long look-ups wait for the first page, and a batch for the
	// requests of the one before.
	PageWait = 2 * time.Second
	// FirstRecheck is the first pause before a webhook that does not show, but is
	// too young to be believed gone, is looked for again. Each pause is twice as
	// long as the one before.
	FirstRecheck = time.Second
)

// Source is what the directory reads from: [kanbert.Client] in life.
type Source interface {
	ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error)
}

var (
	// ErrGone says that a webhook is gone: a look-up by URL and a complete listing
	// agree.
	ErrGone = errors.New("the webhook is gone")
	// ErrStillListed says that a webhook whose delete was answered with "not
	// found" still shows in a look-up or in the listing.
	ErrStillListed = errors.New("the webhook is still listed")

	errNoURL = errors.New("the webhook is not listed, and no URL is known to make sure by that it is gone")
)

// Directory answers for single webhooks and for lists. It is safe for concurrent
// use.
type Directory struct {
	source  Source
	started time.Time

	mu    sync.Mutex
	cache cache
	// waiters wait for an answer, in order of arrival. calls are the requests in
	// flight, batch those that were last sent together, scan is the newest listing.
	waiters      []*waiter
	calls, batch []*call
	scan         *scan
	// large says that the workspace does not fit into one page, or that it is not
	// known in time whether it does.
	large bool
	// refused says that the API refused a look-up: from then on the listing is asked
	// first, and what it does not hold is looked up by itself.
	refused   bool
	maxFilter int // of a look-up, in bytes as sent
	// maxConcurrent is how many waited at a time, at most.
	maxConcurrent int
	lastActivity  time.Time // when a call last came or was answered
	// arrivalGap is the time from that to the next call, the greatest lately.
	arrivalGap time.Duration
	timer      *time.Timer
	sequence   uint64
}

// New returns a directory over source. It sends nothing.
func New(source Source) *Directory {
	return &Directory{source: source, started: time.Now(), cache: newCache(), maxFilter: MaxFilterLength}
}

// Read returns the webhook with this id, which was last known at url. The error
// is [ErrGone] only when a look-up by URL, begun after the call, and a complete
// listing agree, both begun at notBefore or later. So it takes a url: without one
// a webhook that is not listed is an error of another kind. While notBefore lies
// ahead, a webhook that does not show is looked for again, with growing pauses.
// notBefore is asked anew after each answer of the API, which may be the first to
// tell the server's time. A nil notBefore, and the zero time, are no bound.
func (d *Directory) Read(ctx context.Context, id, url string, notBefore func() time.Time) (kanbert.Webhook, error) {
	w, found, err := whole(d.awaitEvidence(ctx, query{id: id, url: url, absence: lookUpAndScan}, notBefore))
	if err == nil && !found {
		err = ErrGone
	}
	return w, err
}

// ConfirmGone returns nil if a look-up by URL and a complete listing, both begun
// after the call and at notBefore or later, do not show the webhook. The error is
// [ErrStillListed] if one of them shows it. It waits for notBefore like
// [Directory.Read].
func (d *Directory) ConfirmGone(ctx context.Context, id, url string, notBefore func() time.Time) error {
	got := d.awaitEvidence(ctx, query{id: id, url: url, absence: lookUpAndScan, fresh: true}, notBefore)
	if got.found {
		return ErrStillListed
	}
	return got.err
}

// ByURL returns the webhook that holds url, as it is spelled or in its canonical
// spelling, if one does. It costs one look-up at most, and may be answered from
// what this walk has read.
func (d *Directory) ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	got := d.load(ctx, query{url: url, canonical: kanbert.CanonicalURL(url), absence: lookUpOrScan})
	return got.webhook, got.found, got.err
}

// ByEquivalentURL returns the webhook that holds url in any spelling, if one does.
// Only requests that began after the call answer it. What a look-up does not find
// costs a complete listing, since the API filters by the text of a URL.
func (d *Directory) ByEquivalentURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	return whole(d.load(ctx, query{url: url, canonical: kanbert.CanonicalURL(url), fresh: true}))
}

// ByID returns the webhook with this id, if there is one. Only requests that began
// after the call answer it. The API cannot filter by id: an id whose URL is not
// known yet costs a complete listing.
func (d *Directory) ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error) {
	return whole(d.load(ctx, query{id: id, fresh: true}))
}

// List streams what the API lists for opts, in its order, each id once. Only
// requests that began after the call answer it, and calls that come within one
// batch window share them. limit is how many webhooks the caller reads at most,
// of those that it selects; 0 is all. A list that has a limit or a filter is
// fetched page by page, as the caller uses it. An error is yielded once, as the
// last. What the list shows is cached: a read of it costs nothing.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions, limit int) iter.Seq2[kanbert.Webhook, error] {
	if opts.PageSize == 0 {
		opts.PageSize = kanbert.DefaultPageSize
	}
	return func(yield func(kanbert.Webhook, error) bool) {
		d.mu.Lock()
		arrived := d.stamp()
		d.mu.Unlock()
		kanbert.Webhooks(kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) {
			got := d.load(ctx, query{list: &opts, limit: limit, fresh: true, arrived: arrived})
			return got.page, got.err
		}))(yield)
	}
}

// Known returns the webhooks that requests of this process have shown and that
// nothing has contradicted since, in no order. It sends nothing. After a call that
// took a complete listing it is what that listing has shown.
func (d *Directory) Known() []kanbert.Webhook {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]kanbert.Webhook, 0, len(d.cache.byID))
	for _, it := range d.cache.byID {
		all = append(all, it.webhook)
	}
	return all
}

// whole fails a call that asked for a webhook of which the API gave a part.
func whole(got answer) (kanbert.Webhook, bool, error) {
	if got.found {
		if err := got.webhook.Complete(); err != nil {
			return kanbert.Webhook{}, false, err
		}
	}
	return got.webhook, got.found, got.err
}

// SeenFree reports whether this process has seen that no webhook holds url, in
// any spelling and ignoring letter case: a look-up of the URL or a complete
// listing showed none, or only webhooks that this process has deleted since, and
// nothing that was seen later contradicts it.
func (d *Directory) SeenFree(url string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, lookedUp := d.cache.lookups[kanbert.CanonicalURL(url)]
	return (lookedUp || d.cache.listed) && len(d.cache.byURL[byCanonicalURL(url)]) == 0
}

// Created primes the cache with a webhook that this process has made. Call it as
// soon as the API has answered.
func (d *Directory) Created(w kanbert.Webhook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cache.prime([]kanbert.Webhook{w}, d.stamp())
	d.schedule()
}

// Deleted clears a webhook that this process has deleted from the cache, for good.
// Call it as soon as the API has answered.
func (d *Directory) Deleted(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cache.delete(id)
}

// awaitEvidence answers q. That the webhook is absent counts only from requests
// that began at notBefore or later; until then it looks again after each pause, and
// asks the API each time.
func (d *Directory) awaitEvidence(ctx context.Context, q query, notBefore func() time.Time) answer {
	for pause := FirstRecheck; ; pause *= 2 {
		got := d.load(ctx, q)
		if got.err != nil || got.found || notBefore == nil {
			return got
		}
		bound := notBefore()
		if !got.asOf.Before(bound) {
			return got
		}
		// To a multiple of pause on the directory's own clock: all that wait look
		// again at the same moments, and share their requests.
		rest := pause - time.Since(d.started)%pause
		select {
		case <-time.After(min(rest, time.Until(bound))):
		case <-ctx.Done():
			return answer{err: ctx.Err()}
		}
		q.fresh = true
	}
}
