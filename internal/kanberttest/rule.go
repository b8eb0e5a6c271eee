// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"math/rand/v2"
	"slices"
)

// rule assigns faults to requests.
type rule struct {
	match  Match
	faults []Fault
	// seen counts the requests that matched.
	seen int
	// applies reports whether the fault is applied to the request that was just counted.
	applies func(seen int) bool
	// random chooses among several faults.
	random *rand.Rand
}

// FailNth applies f to the n-th request that matches from now on; 1 is the next. A
// request to which f cannot be applied (a missing secret in a list, a forgotten
// cursor on a first page) does not match.
//
// If several faults could be applied to one request, the first one assigned is
// applied. The others have counted the request.
func (s *Sandbox) FailNth(n int, m Match, f Fault) {
	s.place(&rule{match: m, faults: []Fault{f}, applies: func(seen int) bool { return seen == n }})
}

// FailEvery applies f to every request that matches from now on, until
// [Sandbox.ClearFaults].
func (s *Sandbox) FailEvery(m Match, f Fault) {
	s.place(&rule{match: m, faults: []Fault{f}, applies: func(int) bool { return true }})
}

// FailShare applies one of the faults to a share (between 0 and 1) of the requests
// that match from now on, until [Sandbox.ClearFaults]. The seed and the order of
// arrival determine which requests and which faults.
func (s *Sandbox) FailShare(share float64, seed uint64, m Match, faults ...Fault) {
	random := rand.New(rand.NewPCG(seed, 1))
	s.place(&rule{
		match:   m,
		faults:  slices.Clone(faults),
		applies: func(int) bool { return random.Float64() < share },
		random:  random,
	})
}

// ClearFaults removes all faults that were not applied yet. Late work is still
// done.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

func (s *Sandbox) place(r *rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, r)
}

// chooseFault counts r with every rule. It returns the fault of the first rule that
// applies, or the zero Fault.
func (s *Sandbox) chooseFault(r *Request) Fault {
	var chosen Fault
	for _, rule := range s.rules {
		if f := rule.count(r); chosen == (Fault{}) {
			chosen = f
		}
	}
	return chosen
}

func (rule *rule) count(r *Request) Fault {
	if !rule.match.matches(r) {
		return Fault{}
	}
	fitting := slices.DeleteFunc(slices.Clone(rule.faults), func(f Fault) bool { return !f.fits(r) })
	if len(fitting) == 0 {
		return Fault{}
	}
	rule.seen++
	if !rule.applies(rule.seen) {
		return Fault{}
	}
	if len(fitting) == 1 {
		return fitting[0]
	}
	return fitting[rule.random.IntN(len(fitting))]
}
