// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

type kind int

const (
	read kind = iota
	byURL
	byEquivalentURL
	byID
)

// namesID reports whether the question is about an id, and not about a URL.
func (k kind) namesID() bool { return k == read || k == byID }

// question is what a caller wants to know.
type question struct {
	kind    kind
	id, url string
	// canonical is url in its one canonical spelling. It is set for a wait, and
	// worked out when needed before.
	canonical string
	// fresh says that only requests which began after the question count.
	fresh bool
	// notBefore is when a listing must have begun, at the earliest, to say that
	// a webhook is gone.
	notBefore time.Time
}

// ask is one caller that waits.
type ask struct {
	question
	// ctx lends its values, not its end, to the loads that are started for it.
	ctx   context.Context
	began stamp
	// returned is how many pages had come when it came.
	returned int
	// lookup is the one under way that will answer it, if any.
	lookup *lookup
	// lookedUp says that a look-up that began later did not find it.
	lookedUp bool
	// counted and covered are the round's bookkeeping: see [round].
	counted, covered bool
	// done takes the one answer, without blocking.
	done chan answer
}

type answer struct {
	webhook kanbert.Webhook
	found   bool
	err     error
}

// stamp is a moment: its place in the order of things, and its time.
type stamp struct {
	sequence uint64
	at       time.Time
}

// mayAnswer reports whether what began at s may answer a.
func (s stamp) mayAnswer(a *ask, limit time.Duration, now time.Time) bool {
	if a.fresh {
		return s.sequence > a.began.sequence
	}
	return s.serves(a.began, limit, now)
}

// serves reports whether what began at s may answer a read that began at since.
func (s stamp) serves(since stamp, limit time.Duration, now time.Time) bool {
	return s.sequence > since.sequence || now.Sub(s.at) <= limit
}
