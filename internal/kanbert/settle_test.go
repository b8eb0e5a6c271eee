// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestSettling reaches each branch of create_settle.go by name, most of them with a
// second actor. The requests are those until the create has ended.
func TestSettling(t *testing.T) {
	gets, deletes := kanberttest.Match{Method: http.MethodGet}, kanberttest.Match{Method: http.MethodDelete}
	other := sameHook()
	other.Event = string(ContactDelete)
	strangers := map[string]bool{}
	creates := func(w kanberttest.Webhook) func(*kanberttest.Sandbox) {
		return func(s *kanberttest.Sandbox) {
			if made, ok := s.CreateAs(s.Token(), w); ok {
				strangers[made.ID] = true
			}
		}
	}
	removesHolder := func(s *kanberttest.Sandbox) {
		if w, held := s.HolderAs(s.Token(), askedHook.URL); held {
			s.Remove(w.ID)
		}
	}
	const waits = "GET GET GET GET GET" // Ten seconds, beginning with half a one.
	for _, test := range []struct {
		name     string
		server   []kanberttest.Option
		seed     []kanberttest.Webhook
		prepare  func(s *kanberttest.Sandbox)
		seenFree func() bool
		// want is the type of the error, or nil.
		want     any
		requests string
		// left is what the server holds in the end: own for what was created, and
		// other for what another program has made.
		left string
		// deletes is how many DELETEs are sent.
		deletes int
		check   func(t *testing.T, err error)
	}{
		// settleLost
		{
			name:    "lost, not done: sent again after three looks",
			prepare: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset()) }, seenFree: seenFree,
			requests: "POST GET GET GET POST", left: "own",
		},
		{
			name:    "lost, done: deleted, and sent again",
			prepare: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset().AfterWork()) }, seenFree: seenFree,
			requests: "POST GET DELETE POST", left: "own", deletes: 1,
		},
		{
			name:    "lost, done, and the URL was never seen free",
			prepare: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset().AfterWork()) }, seenFree: nil,
			want: new(UnprovenError), requests: "POST GET " + waits, left: "own",
		},
		{
			name:    "lost, done, and the URL was seen held",
			prepare: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset().AfterWork()) }, seenFree: heldBefore,
			want: new(UnprovenError), requests: "POST GET " + waits, left: "own",
		},
		{
			name: "lost, and the look fails",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.FailEvery(gets, kanberttest.Status(401))
			},
			seenFree: seenFree, want: new(UncertainError), requests: "POST GET",
		},
		{
			name: "lost, and another program takes the URL for something else",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, kanberttest.Match{}, creates(other))
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET " + waits, left: "other",
		},
		{
			name: "lost, and another program takes the URL for a while",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, kanberttest.Match{}, creates(other))
				s.Before(5, kanberttest.Match{}, removesHolder)
			},
			seenFree: seenFree, requests: "POST GET GET GET GET POST", left: "own",
		},
		{
			name: "a stranger's webhook takes the URL between the last look and the repeated POST",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, posts, creates(sameHook()))
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET GET GET POST GET " + waits, left: "other",
		},
		{
			name: "the same, of something else",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, posts, creates(other))
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET GET GET POST GET " + waits, left: "other",
		},
		{
			name: "the same, and the repeated POST is lost",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, posts, creates(other))
				s.FailNth(2, posts, kanberttest.Reset())
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET GET GET POST GET " + waits, left: "other",
		},
		{
			name: "a stranger's webhook takes the URL between the DELETE and the repeated POST",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.Before(2, posts, creates(other))
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET DELETE POST GET " + waits, left: "other", deletes: 1,
		},

		// settleRefusal
		{
			name: "taken, and the look fails", seed: []kanberttest.Webhook{other},
			prepare:  func(s *kanberttest.Sandbox) { s.FailEvery(gets, kanberttest.Status(401)) },
			seenFree: heldBefore, want: new(URLTakenError), requests: "POST GET", left: "other",
			check: func(t *testing.T, err error) {
				var taken *URLTakenError
				if errors.As(err, &taken) && (taken.Holder != nil || !errors.Is(taken.Lookup, ErrUnauthorized)) {
					t.Errorf("got %+v", taken)
				}
			},
		},
		{
			name: "refused after an answer was lost, and the look fails",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, posts, creates(other))
				s.Before(2, posts, func(s *kanberttest.Sandbox) { s.FailEvery(gets, kanberttest.Status(401)) })
			},
			seenFree: seenFree, want: new(UncertainError), requests: "POST GET GET GET POST GET", left: "other",
		},
		{
			name: "taken by a webhook that no list shows", prepare: func(s *kanberttest.Sandbox) { s.HoldURLs(askedHook.URL) },
			seenFree: heldBefore, want: new(URLTakenError), requests: "POST GET POST GET",
		},
		{
			name: "taken, and the holder goes before the look", seed: []kanberttest.Webhook{other},
			prepare:  func(s *kanberttest.Sandbox) { s.Before(1, gets, removesHolder) },
			seenFree: heldBefore, requests: "POST GET POST", left: "own",
		},
		{
			name: "taken although it was seen free", seed: []kanberttest.Webhook{other},
			seenFree: seenFree, want: new(URLTakenError), requests: "POST GET", left: "other",
		},
		{
			name: "taken by what is asked for, although it was seen free", seed: []kanberttest.Webhook{sameHook()},
			seenFree: seenFree, want: new(URLTakenError), requests: "POST GET", left: "other",
		},
		{
			name: "taken, and the holder stays", seed: []kanberttest.Webhook{other},
			seenFree: heldBefore, want: new(URLTakenError), requests: "POST GET " + waits, left: "other",
		},
		{
			name: "taken, and the holder goes during the wait", seed: []kanberttest.Webhook{other},
			prepare:  func(s *kanberttest.Sandbox) { s.Before(3, gets, removesHolder) },
			seenFree: heldBefore, requests: "POST GET GET GET POST", left: "own",
		},
		{
			name: "taken, the holder goes, and another comes", seed: []kanberttest.Webhook{other},
			prepare: func(s *kanberttest.Sandbox) {
				s.Before(3, gets, removesHolder)
				s.Before(2, posts, creates(other))
			},
			// It came after the URL was seen free.
			seenFree: heldBefore, want: new(URLTakenError), requests: "POST GET GET GET POST GET", left: "other",
		},
		{
			name: "taken, and a look of the wait fails", seed: []kanberttest.Webhook{other},
			prepare: func(s *kanberttest.Sandbox) {
				s.Before(2, gets, func(s *kanberttest.Sandbox) { s.FailEvery(gets, kanberttest.Status(403)) })
			},
			seenFree: heldBefore, want: new(URLTakenError), requests: "POST GET GET GET", left: "other",
			check: func(t *testing.T, err error) {
				var taken *URLTakenError
				if errors.As(err, &taken) && (taken.Holder == nil || taken.Holder.Event != ContactDelete || !errors.Is(taken.Lookup, ErrForbidden)) {
					t.Errorf("got %+v", taken)
				}
			},
		},
		{
			name: "lost, held by another program, and a look of the wait fails",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(2, kanberttest.Match{}, creates(other))
				s.Before(3, kanberttest.Match{}, func(s *kanberttest.Sandbox) { s.FailEvery(gets, kanberttest.Status(403)) })
			},
			seenFree: seenFree, want: new(UncertainError), requests: "POST GET GET GET", left: "other",
		},
		{
			// What no evidence can tell from the own: it is what was asked for, and was
			// made while the request was under way.
			name: "lost, held by another program, which goes; then what was asked for appears during the wait",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Timeout())
				s.Before(2, kanberttest.Match{}, creates(other))
				s.Before(3, kanberttest.Match{}, func(s *kanberttest.Sandbox) {
					removesHolder(s)
					creates(sameHook())(s)
				})
			},
			seenFree: seenFree, requests: "POST GET GET DELETE POST", left: "own", deletes: 1,
		},
		{
			name: "refused after 503, and held by what is asked for",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.HTML(503))
				s.Before(2, posts, creates(sameHook()))
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST POST GET " + waits, left: "other",
		},
		{
			name: "refused after 503 that did the work",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Status(503).AfterWork())
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST POST GET " + waits, left: "own",
		},
		{
			name: "refused after 503, and no list shows a holder",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.HTML(503))
				s.HoldURLs(askedHook.URL)
			},
			// Lists may lag by twenty seconds.
			seenFree: seenFree, want: new(UncertainError), requests: "POST POST GET GET GET GET GET GET GET",
		},
		{
			name: "lost, held by another program for a while, and then by a webhook that no list shows",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset())
				s.Before(1, gets, creates(other))
				s.Before(2, gets, removesHolder)
				s.Before(2, posts, func(s *kanberttest.Sandbox) { s.HoldURLs(askedHook.URL) })
			},
			// The one that has gone is not named.
			seenFree: seenFree, want: new(UncertainError), requests: "POST GET GET POST GET GET GET GET GET",
		},
		{
			name: "a proxy's refusal, and the same again",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailEvery(posts, kanberttest.HTML(403))
			},
			seenFree: seenFree, want: new(APIError), requests: "POST GET GET GET GET GET GET",
		},

		{
			name: "taken by a webhook that no list shows; then the repeated POST is lost, and done",
			prepare: func(s *kanberttest.Sandbox) {
				s.HoldURLs(askedHook.URL)
				s.Before(2, posts, func(s *kanberttest.Sandbox) { s.ReleaseURLs(askedHook.URL) })
				s.FailNth(2, posts, kanberttest.Reset().AfterWork())
			},
			// The refusal contradicted the look that saw the URL free.
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET POST GET " + waits, left: "own",
		},
		{
			name:   "lost, done, and shown by lists only after the repeated POST was refused",
			server: []kanberttest.Option{kanberttest.WithReplicaLag(3600*time.Millisecond, 0)},
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
			},
			seenFree: seenFree, requests: "POST GET GET GET POST GET DELETE POST", left: "own", deletes: 1,
		},

		// deleteOwn
		{
			name: "ours is answered 404 although it exists, and the repeated POST is lost",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(deletes, kanberttest.Status(404))
				s.FailNth(2, posts, kanberttest.Reset())
			},
			seenFree: seenFree, want: new(SecretLostError), requests: "POST GET DELETE POST GET " + waits, left: "own", deletes: 1,
		},
		{
			name: "ours was deleted by another program, the next is lost and deleted, and the last is refused",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.Before(1, deletes, removesHolder)
				s.FailNth(2, posts, kanberttest.Reset().AfterWork())
				s.FailNth(3, posts, kanberttest.Status(401))
			},
			seenFree: seenFree, want: new(UncertainError), requests: "POST GET DELETE POST GET DELETE POST", deletes: 2,
		},
		{
			name: "ours, and its DELETE is refused",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(deletes, kanberttest.Status(403))
			},
			seenFree: seenFree, want: new(SecretLostError), requests: "POST GET DELETE", left: "own", deletes: 1,
		},
		{
			name: "ours, and its DELETE is answered 404 although it exists",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(deletes, kanberttest.Status(404))
			},
			seenFree: seenFree, want: new(SecretLostError), requests: "POST GET DELETE POST GET", left: "own", deletes: 1,
		},
		{
			name: "ours is answered 404, and no list shows it, although it has the URL",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(deletes, kanberttest.Status(404))
				s.Before(2, posts, func(s *kanberttest.Sandbox) {
					removesHolder(s)
					s.HoldURLs(askedHook.URL)
				})
			},
			seenFree: seenFree, want: new(SecretLostError), requests: "POST GET DELETE POST GET", deletes: 1,
		},
		{
			name: "ours, and another program has deleted it",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.Before(1, deletes, removesHolder)
			},
			seenFree: seenFree, requests: "POST GET DELETE POST", left: "own", deletes: 1,
		},
		{
			name: "ours, another program has deleted it and made its own",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.Before(1, deletes, func(s *kanberttest.Sandbox) {
					removesHolder(s)
					creates(other)(s)
				})
			},
			seenFree: seenFree, want: new(UnprovenError), requests: "POST GET DELETE POST GET " + waits, left: "other", deletes: 1,
		},
		{
			name: "ours is answered 404, and the repeated POST is refused for the event",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(deletes, kanberttest.Status(404))
				s.FailNth(2, posts, kanberttest.Status(401))
			},
			seenFree: seenFree, want: new(SecretLostError), requests: "POST GET DELETE POST", left: "own", deletes: 1,
		},
		{
			name: "lost twice, done twice",
			prepare: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailNth(2, posts, kanberttest.Timeout().AfterWork())
			},
			seenFree: seenFree, requests: "POST GET DELETE POST GET DELETE POST", left: "own", deletes: 2,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(test.server...)
				clear(strangers)
				for _, w := range s.Seed(test.seed...) {
					strangers[w.ID] = true
				}
				if test.prepare != nil {
					test.prepare(s)
				}
				created, err := newTestClient(t, s, WithSteadyBackoff()).CreateWebhook(t.Context(), askedHook, test.seenFree)
				if test.want == nil && (err != nil || created.SignatureSecretKey.IsZero()) || test.want != nil && !isA(err, test.want) {
					t.Errorf("got %v, want a %T", err, test.want)
				}
				if got := methods(s); got != test.requests {
					t.Errorf("the requests are %s, want %s", got, test.requests)
				}
				if n := s.Count(http.MethodDelete); n != test.deletes {
					t.Errorf("%d DELETEs were sent, want %d", n, test.deletes)
				}
				if got := whatIsLeft(s, strangers); got != test.left {
					t.Errorf("the server holds %q, want %q", got, test.left)
				}
				expectNamed(t, s, created, err)
				if test.check != nil {
					test.check(t, err)
				}
			})
		})
	}
}

// expectNamed expects the webhook that an error names to be the one that the server
// holds, and one without its secret to be returned beside the error.
func expectNamed(t *testing.T, s *kanberttest.Sandbox, created *CreatedWebhook, err error) {
	t.Helper()
	var named *Webhook
	var taken *URLTakenError
	var unproven *UnprovenError
	var secretLost *SecretLostError
	switch {
	case errors.As(err, &taken):
		named = taken.Holder
	case errors.As(err, &unproven):
		named = &unproven.Holder
	case errors.As(err, &secretLost):
		named = &secretLost.Webhook
		if created == nil || created.Webhook != *named || !created.SignatureSecretKey.IsZero() {
			t.Errorf("created %+v with %v", created, err)
		}
	}
	if err != nil && created != nil && !isA(err, new(SecretLostError)) {
		t.Errorf("created %+v with %v", created, err)
	}
	held := s.Webhooks()
	if named == nil || secretLost != nil && len(held) == 0 {
		return
	}
	if len(held) != 1 || named.ID != held[0].ID || named.URL != held[0].URL || string(named.Event) != held[0].Event {
		t.Errorf("the error names %+v, and the server holds %+v", named, held)
	}
}

// whatIsLeft names what the server holds: "other" for what another program made.
func whatIsLeft(s *kanberttest.Sandbox, strangers map[string]bool) string {
	var names []string
	for _, w := range s.Webhooks() {
		name := "own"
		if strangers[w.ID] {
			name = "other"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// TestSettlingIsNotInterrupted ends the caller's context while a create is settled:
// what may exist is named, and no wait is cut short.
func TestSettlingIsNotInterrupted(t *testing.T) {
	for name, fault := range map[string]kanberttest.Fault{"lost": kanberttest.Reset(), "lost after the work": kanberttest.Reset().AfterWork()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailNth(1, posts, fault)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Millisecond, cancel)
				created, err := newTestClient(t, s, WithSteadyBackoff()).CreateWebhook(ctx, askedHook, seenFree)
				expectCreated(t, s, created, err)
			})
		})
	}
}

// TestTheWaitForAHolderIsInterrupted expects Ctrl-C to end it, since nothing is in
// flight: the webhook of another program is not this create's to wait for.
func TestTheWaitForAHolderIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.Seed(sameHook())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1700*time.Millisecond, cancel)
		began := time.Now()
		_, err := newTestClient(t, s, WithSteadyBackoff()).CreateWebhook(ctx, askedHook, heldBefore)
		var interrupted *InterruptedError
		if !errors.As(err, &interrupted) || interrupted.Waiting == "" || time.Since(began) != 1700*time.Millisecond {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		wantNoDelete(t, s)
	})
}

// TestStrangerSoonAfterTheLooks lets another program take the URL for just what was
// asked for, so soon after a lost request that the tolerance of clocks would make it
// this create's. Three looks have seen the URL free since.
func TestStrangerSoonAfterTheLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, posts, kanberttest.Reset())
		var stranger kanberttest.Webhook
		s.Before(2, posts, func(s *kanberttest.Sandbox) { stranger, _ = s.CreateAs(s.Token(), sameHook()) })
		// As short as the jitter of the default pauses makes them.
		short := WithBackoff(Backoff{First: 175 * time.Millisecond, Lookup: 350 * time.Millisecond})
		_, err := newTestClient(t, s, short, WithSteadyBackoff()).CreateWebhook(t.Context(), askedHook, seenFree)
		var unproven *UnprovenError
		if !errors.As(err, &unproven) || unproven.Holder.ID != stranger.ID {
			t.Errorf("got %v", err)
		}
		wantNoDelete(t, s, stranger.ID)
	})
}

// TestHolderOfThisClient expects a create not to wait for a webhook that another
// create of this client has made: it is to stay.
func TestHolderOfThisClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		c := newTestClient(t, s)
		first, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = c.CreateWebhook(t.Context(), askedHook, heldBefore)
		var taken *URLTakenError
		if !errors.As(err, &taken) || !taken.MadeHere || taken.Holder == nil || taken.Holder.ID != first.ID || time.Since(began) != 0 {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		if got, want := methods(s), "POST POST GET"; got != want {
			t.Errorf("the requests are %s, want %s", got, want)
		}
	})
}
