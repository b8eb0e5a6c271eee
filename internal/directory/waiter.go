// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// absence is what it takes to say that a webhook is not there.
type absence int

const (
	lookUpOrScan  absence = iota // either of the two
	scanAlone                    // a complete listing
	lookUpAndScan                // both
)

// query is what a call asks for.
type query struct {
	// matchID says that id identifies the webhook, and url only helps to find it.
	matchID bool
	id, url string
	// canonical is url in its canonical spelling. It is set for a waiter, and
	// worked out when needed before.
	canonical string
	absence   absence
	// fresh says that only requests which began after the call answer it.
	fresh bool
	// notBefore is when a listing must have begun, at the earliest, to say that
	// a webhook is not there.
	notBefore time.Time
	// list is set if the call asks for a list.
	list *listQuery
}

// maxAge is how old a listing may be to say that a webhook is not there.
func (q *query) maxAge() time.Duration {
	if q.absence == lookUpAndScan {
		return GoneWithin
	}
	return Freshness
}

// answer is what a call gets: a webhook, or a list, or pages to read one from.
type answer struct {
	webhook kanbert.Webhook
	found   bool
	list    []kanbert.Webhook
	pages   *pages
	err     error
}

// waiter is a call in flight.
type waiter struct {
	query
	// ctx gives its values, not its end, to the loads that are started for it.
	ctx     context.Context
	arrived stamp
	// lookup is the one in flight that asks for its URL; lookedUp says that one
	// which began after its arrival did not find it.
	lookup   *lookup
	lookedUp bool
	// scan is the listing that it waits for: for all of it, or for its first page.
	scan *scan
	all  bool
	// declined says that a first page did not answer this list, which then has
	// pages of its own.
	declined bool
	pages    *pages
	// done takes the one answer, without blocking.
	done chan answer
}

func newWaiter(ctx context.Context, q query, arrived stamp) *waiter {
	return &waiter{query: q, ctx: ctx, arrived: arrived, done: make(chan answer, 1)}
}

// accepts reports whether a request that began at s, and is no older than maxAge,
// may answer w.
func (w *waiter) accepts(s stamp, maxAge time.Duration, now time.Time) bool {
	return s.sequence > w.arrived.sequence || !w.fresh && now.Sub(s.at) <= maxAge
}

// stamp is a moment: its place in the order of things, and its time.
type stamp struct {
	sequence uint64
	at       time.Time
}
