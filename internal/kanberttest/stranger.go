// SPDX-License-Identifier: MPL-2.0

package kanberttest

import "fmt"

// The methods of this file are another program that uses the same workspace, or
// a person. What they do is no request: it is neither recorded nor counted, and
// no fault is applied to it. All of them may be called from a hook.

// CreateAs creates a webhook as the holder of a token, and returns it with what
// was filled in, or reports that its URL is taken. Lists show it as late as they
// show what the API created.
func (s *Sandbox) CreateAs(token string, w Webhook) (created Webhook, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.doDueWork(now)
	w.SpaceID = s.mustKnow(token).key
	if w.Event == "" {
		w.Event = events[0]
	}
	if w.CreatedAt.IsZero() {
		w.CreatedAt = s.createdAt(now)
	}
	if s.store.taken(w.SpaceID, w.URL) {
		return Webhook{}, false
	}
	w = s.complete(w)
	s.insert(w, now)
	return w, true
}

// DeleteAs deletes a webhook as the holder of a token, and reports whether there
// was one with the id in its workspace. Lists go on showing it as long as they
// show what the API deleted.
func (s *Sandbox) DeleteAs(token, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.doDueWork(now)
	return s.remove(s.mustKnow(token).key, id, now)
}

// HolderAs returns the webhook that has the URL now in the workspace of a token,
// whatever lists show.
func (s *Sandbox) HolderAs(token, url string) (Webhook, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doDueWork(s.now())
	space := s.mustKnow(token).key
	r := s.store.holder(space, url)
	if r == nil || r.SpaceID != space {
		return Webhook{}, false
	}
	return r.Webhook, true
}

func (s *Sandbox) mustKnow(token string) principal {
	p, known := s.tokens[token]
	if !known {
		panic(fmt.Sprintf("kanberttest: the sandbox has no token %q", token))
	}
	return p
}

// HoldURLs lets URLs be taken, in every workspace, by what no list shows: a
// soft-deleted webhook, or one of a workspace that the sandbox does not have.
func (s *Sandbox) HoldURLs(urls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, url := range urls {
		for _, space := range s.spaceKeys() {
			s.store.held[s.store.uniqueKey(space, url)] = true
		}
	}
}

// ReleaseURLs frees what [Sandbox.HoldURLs] or [WithSoftDeletes] holds.
func (s *Sandbox) ReleaseURLs(urls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, url := range urls {
		for _, space := range s.spaceKeys() {
			delete(s.store.held, s.store.uniqueKey(space, url))
		}
	}
}

func (s *Sandbox) spaceKeys() []string {
	var keys []string
	for _, p := range s.tokens {
		keys = append(keys, p.key)
	}
	return keys
}

// SeedOdd puts a webhook into its workspace as [Sandbox.Seed] does. In lists its
// record has the given fields instead of its own: null, of another type, or,
// with the value [Missing], not at all.
func (s *Sandbox) SeedOdd(w Webhook, fields map[string]any) Webhook {
	w = s.Seed(w)[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.byID[w.ID].odd = fields
	return w
}

// Missing is the value of a field that [Sandbox.SeedOdd] leaves out.
var Missing = missing{}

type missing struct{}

// hook is a function that is called when certain requests come.
type hook struct {
	match Match
	// n is which of the requests that match, or 0 for each.
	n, seen int
	after   bool
	f       func(*Sandbox)
}

// Before calls f when the n-th request that matches from now on has come, before
// anything is done with it; 1 is the next, and 0 stands for each. f may use the
// sandbox. It is called for requests that a fault is applied to as well.
func (s *Sandbox) Before(n int, m Match, f func(*Sandbox)) { s.addHook(&hook{match: m, n: n, f: f}) }

// After calls f when the work of the n-th request that matches from now on is
// done, or will not be done, and before the client sees the answer; 1 is the
// next, and 0 stands for each. f may use the sandbox.
func (s *Sandbox) After(n int, m Match, f func(*Sandbox)) {
	s.addHook(&hook{match: m, n: n, after: true, f: f})
}

// ClearHooks takes the functions of Before, After and OnInsert away.
func (s *Sandbox) ClearHooks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks, s.onInsert = nil, nil
}

// OnInsert calls f for each create between the check that its URL is free and
// the insert. f may use the sandbox: if the URL is taken when it returns, the
// create is answered 500, as by a database whose unique index refuses the row.
// Late work ([Fault.LateBy]) is checked and inserted in one.
func (s *Sandbox) OnInsert(f func(s *Sandbox, w Webhook)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onInsert = f
}

func (s *Sandbox) addHook(h *hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, h)
}

// chooseHooks counts r with every hook and returns those to be called.
func (s *Sandbox) chooseHooks(r *Request) (before, after []func(*Sandbox)) {
	for _, h := range s.hooks {
		if !h.match.matches(r) {
			continue
		}
		h.seen++
		switch {
		case h.n != 0 && h.seen != h.n:
		case h.after:
			after = append(after, h.f)
		default:
			before = append(before, h.f)
		}
	}
	return before, after
}

// call calls functions without the lock.
func (s *Sandbox) call(functions []func(*Sandbox)) {
	for _, f := range functions {
		f(s)
	}
}
