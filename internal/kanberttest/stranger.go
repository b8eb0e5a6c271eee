// SPDX-License-Identifier: MPL-2.0

package kanberttest

import "fmt"

// The methods of this file act as another program, or a user, in the same
// workspace. They send no request: they are neither recorded nor counted, and no
// fault applies to them. All of them may be called from a hook.

// CreateAs creates a webhook with a token, and returns it with generated fields. It
// reports false if its URL is taken. Lists show it with the same delay as webhooks
// created over the API.
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

// DeleteAs deletes a webhook with a token, and reports whether there was one with
// the id in its workspace. Lists show it with the same delay as webhooks deleted
// over the API.
func (s *Sandbox) DeleteAs(token, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.doDueWork(now)
	return s.remove(s.mustKnow(token).key, id, now)
}

// HolderAs returns the webhook that has the URL now in the workspace of a token,
// even if lists differ.
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

// HoldURLs marks URLs as taken, in every workspace, by a webhook that no list
// shows: a soft-deleted one, or one in a workspace that the sandbox does not have.
func (s *Sandbox) HoldURLs(urls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, url := range urls {
		for _, space := range s.spaceKeys() {
			s.store.held[s.store.uniqueKey(space, url)] = true
		}
	}
}

// ReleaseURLs frees the URLs of [Sandbox.HoldURLs] or [WithSoftDeletes].
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

// SeedOdd adds a webhook to its workspace as [Sandbox.Seed] does. In lists, its
// record has the given fields instead of its own: null, of another type, or missing
// with the value [Missing].
func (s *Sandbox) SeedOdd(w Webhook, fields map[string]any) Webhook {
	w = s.Seed(w)[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.byID[w.ID].odd = fields
	return w
}

// Missing is the value of a field that [Sandbox.SeedOdd] omits.
var Missing = missing{}

type missing struct{}

// hook is a function that is called for certain requests.
type hook struct {
	match Match
	// n is the number of the matching request, or 0 for each.
	n, seen int
	after   bool
	f       func(*Sandbox)
}

// Before calls f when the n-th request that matches from now on has arrived, before
// it is processed; 1 is the next, and 0 means each. f may use the sandbox. It is
// also called for requests with a fault.
func (s *Sandbox) Before(n int, m Match, f func(*Sandbox)) { s.addHook(&hook{match: m, n: n, f: f}) }

// After calls f when the work of the n-th request that matches from now on is done,
// or will not be done, and before the client gets the response; 1 is the next, and
// 0 means each. f may use the sandbox.
func (s *Sandbox) After(n int, m Match, f func(*Sandbox)) {
	s.addHook(&hook{match: m, n: n, after: true, f: f})
}

// ClearHooks removes the functions of Before, After and OnInsert.
func (s *Sandbox) ClearHooks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks, s.onInsert = nil, nil
}

// OnInsert calls f for each create between the check for a free URL and the insert.
// f may use the sandbox: if the URL is taken when it returns, the create returns
// 500, as with a database whose unique index refuses the row. Late work
// ([Fault.LateBy]) checks and inserts in one step.
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

// chooseHooks counts r with every hook and returns those to call.
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
