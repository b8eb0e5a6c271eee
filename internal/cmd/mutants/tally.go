// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// result is what became of a change.
type result int

const (
	found result = iota
	missed
	notBuilt
	// interrupted is a change whose tests were interrupted.
	interrupted
)

// tally counts what was noticed of what was changed. The workers share it.
type tally struct {
	out     io.Writer
	sample  int // how many changes count; 0 for all
	until   time.Time
	verbose bool

	mu   sync.Mutex
	done *sync.Cond
	left []mutant
	// busy are being tried, changed were tried and compile.
	busy, changed, noticed, accepted int
}

func newTally(out io.Writer, s settings, until time.Time) *tally {
	t := &tally{out: out, sample: s.sample, until: until, verbose: s.verbose}
	t.done = sync.NewCond(&t.mu)
	return t
}

// take returns the next change to try, if there is one and the budget allows it.
// Where those that are being tried would complete the sample, it waits: one that
// does not compile leaves its place to another.
func (t *tally) take() (mutant, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.sample > 0 && t.busy > 0 && t.changed+t.busy >= t.sample {
		t.done.Wait()
	}
	if t.ended() || t.overBudget() {
		return mutant{}, false
	}
	m := t.left[0]
	t.left = t.left[1:]
	t.busy++
	return m, true
}

func (t *tally) ended() bool { return len(t.left) == 0 || t.sample > 0 && t.changed >= t.sample }

func (t *tally) overBudget() bool { return !time.Now().Before(t.until) }

// add counts what became of a change that was taken.
func (t *tally) add(m mutant, r result, by string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.done.Broadcast()
	t.busy--
	switch r {
	case notBuilt:
		return
	case interrupted:
		t.left = append(t.left, m)
		return
	case missed:
		fmt.Fprintf(t.out, "unnoticed: %s (line %d)\n", m.key, m.line)
	case found:
		t.noticed++
		if t.verbose {
			fmt.Fprintf(t.out, "noticed: %s, by %s\n", m.key, by)
		}
	}
	t.changed++
}

// row returns the score as a row of the table in CONTRIBUTING.md. The percentage is
// rounded down.
func (t *tally) row(s settings, took time.Duration) string {
	why := ""
	if !t.ended() {
		why = ", for lack of time"
	}
	return fmt.Sprintf("| %#q | %d of %d noticed (%d %%) | %d accepted, %d not tried%s | %#q | %v |",
		s.directory, t.noticed, t.changed, 100*t.noticed/max(1, t.changed), t.accepted, len(t.left), why, s.shown, took.Round(time.Second))
}
