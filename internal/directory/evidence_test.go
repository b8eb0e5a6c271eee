// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// TestYoungWebhookIsWaitedFor makes webhooks that no list shows for six seconds,
// and reads them at once.
func TestYoungWebhookIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 20)...)
		d := directory.New(source)
		notBefore := time.Now().Add(20 * time.Second)
		began := time.Now()
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				h := hook("late", i)
				if got, err := d.Read(t.Context(), h.ID, h.URL, fixed(notBefore)); err != nil || got.ID != h.ID {
					t.Errorf("Read = %v, %v", got, err)
				}
			})
		}
		after(6 * time.Second)
		for i := range 10 {
			source.add(hook("late", i))
		}
		all.Wait()
		if took := time.Since(began); took > 9*time.Second {
			t.Errorf("it took %s", took)
		}
		// At 0, 1, 2, 4 and 8 seconds, all ten at once.
		if lookups, pages := source.sent(); lookups > 5 || pages > 10 {
			t.Errorf("%d look-ups and %d pages", lookups, pages)
		}
	})
}

// TestYoungWebhookIsGoneInTime reads what another program has deleted at once.
func TestYoungWebhookIsGoneInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 20)...)
		d := directory.New(source)
		notBefore := time.Now().Add(20 * time.Second)
		h := hook("gone", 1)
		if _, err := d.Read(t.Context(), h.ID, h.URL, fixed(notBefore)); !errors.Is(err, directory.ErrGone) {
			t.Errorf("Read = %v", err)
		}
		if late := time.Since(notBefore); late < 0 || late > time.Second {
			t.Errorf("it was decided %s after the named time", late)
		}
		// Another one, as old, is decided by that listing.
		mustCost(t, source, 1, 0, func() {
			if _, err := d.Read(t.Context(), "id-gone-2", hook("gone", 2).URL, fixed(notBefore)); !errors.Is(err, directory.ErrGone) {
				t.Errorf("Read = %v", err)
			}
		})
	})
}

// TestEvidenceOfBeforeDoesNotCount has a listing that is young enough for any
// other read, and began before the named time.
func TestEvidenceOfBeforeDoesNotCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 20)...)
		d := directory.New(source)
		mustBeGone(t, d, hook("gone", 1))
		after(5 * time.Second)
		notBefore := time.Now()
		late := hook("late", 1)
		elsewhere := late
		elsewhere.URL += "/elsewhere" // No look-up finds it.
		source.add(elsewhere)
		after(5 * time.Second)
		if got, err := d.Read(t.Context(), late.ID, late.URL, fixed(notBefore)); err != nil || got.ID != late.ID {
			t.Errorf("Read = %v, %v", got, err)
		}
	})
}

// TestWaitEndsWithTheContext gives up while it waits.
func TestWaitEndsWithTheContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := directory.New(newAPI(30))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		_, err := d.Read(ctx, "id", "https://young.example.com/", fixed(began.Add(20*time.Second)))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
			t.Errorf("Read = %v after %s", err, time.Since(began))
		}
	})
}

// TestConfirmGone asks after a DELETE that was answered with "not found".
func TestConfirmGone(t *testing.T) {
	h := hook("ours", 1)
	elsewhere := h
	elsewhere.URL += "/elsewhere"
	broken := refusal(http.StatusInternalServerError, kanbert.ErrServer)
	for _, c := range []struct {
		name   string
		stands []kanbert.Webhook
		fault  func(int, request) error
		want   error
	}{
		{"gone", nil, nil, nil},
		{"the look-up shows it", []kanbert.Webhook{h}, nil, directory.ErrStillListed},
		{"the listing alone shows it", []kanbert.Webhook{elsewhere}, nil, directory.ErrStillListed},
		{"the look-up fails", nil, func(_ int, r request) error {
			if r.isLookup() {
				return broken
			}
			return nil
		}, broken},
		{"the listing fails", nil, func(_ int, r request) error {
			if !r.isLookup() {
				return broken
			}
			return nil
		}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := newAPI(30, append(hooks("other", 70), c.stands...)...)
				source.fault = c.fault
				d := directory.New(source)
				if err := d.ConfirmGone(t.Context(), h.ID, h.URL, nil); !errors.Is(err, c.want) {
					t.Errorf("ConfirmGone = %v, want %v", err, c.want)
				}
			})
		})
	}
}

// TestConfirmGoneTakesTwoSignals has a look-up alone that shows the webhook, in a
// workspace of one page and in a larger one.
func TestConfirmGoneTakesTwoSignals(t *testing.T) {
	for _, others := range []int{20, 70} {
		bubble(t, func(t *testing.T) {
			h := hook("ours", 1)
			source := newAPI(30, hooks("other", others)...)
			source.byURL[h.URL] = h // No listing shows it.
			d := directory.New(source)
			if err := d.ConfirmGone(t.Context(), h.ID, h.URL, nil); !errors.Is(err, directory.ErrStillListed) {
				t.Errorf("beside %d others: ConfirmGone = %v", others, err)
			}
		})
	}
}

// TestConfirmGoneAsksAnew has all that it needs already, of before.
func TestConfirmGoneAsksAnew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := hook("ours", 1)
		source := newAPI(30, append(hooks("other", 20), h)...)
		d := directory.New(source)
		mustRead(t, d, h)
		source.remove(h.ID) // By another program.
		if err := d.ConfirmGone(t.Context(), h.ID, h.URL, nil); err != nil {
			t.Errorf("ConfirmGone = %v", err)
		}
		source.add(h)
		if err := d.ConfirmGone(t.Context(), h.ID, h.URL, nil); !errors.Is(err, directory.ErrStillListed) {
			t.Errorf("ConfirmGone = %v", err)
		}
	})
}

// TestSeenFree says of a URL that it is free only after it was seen so.
func TestSeenFree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		held, free := hook("ours", 1), hook("free", 1)
		source := newAPI(30, append(hooks("other", 70), held)...)
		source.latency = func(r request) time.Duration { return slower(!r.isLookup()) }
		d := directory.New(source)
		mustBe := func(want bool, url string) {
			t.Helper()
			if got := d.SeenFree(url); got != want {
				t.Errorf("SeenFree(%s) = %t", url, got)
			}
		}
		mustBe(false, free.URL) // Not seen at all.
		if _, _, err := d.ByURL(t.Context(), free.URL); err != nil {
			t.Fatal(err)
		}
		mustBe(true, free.URL)
		mustBe(true, strings.Replace(free.URL, "https://free", "HTTPS://FREE", 1))
		mustBe(false, strings.ToUpper(free.URL)) // Another path.
		mustBe(false, "https://never.example.com/asked")
		if _, found, err := d.ByEquivalentURL(t.Context(), held.URL); !found || err != nil {
			t.Fatal(found, err)
		}
		mustBe(false, held.URL)
		mustBe(false, strings.ToUpper(held.URL))
		d.Deleted(held.ID)
		mustBe(true, held.URL)
		d.Created(free)
		mustBe(false, free.URL)
		d.Deleted(free.ID)
		mustBe(true, free.URL)
		mustBeGone(t, d, hook("gone", 1)) // After a complete listing.
		mustBe(true, "https://never.example.com/asked")
		mustBe(false, strings.ToUpper(hook("other", 3).URL))
	})
}

// TestFailedLookupSeesNothingFree fails.
func TestFailedLookupSeesNothingFree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30)
		source.fault = func(int, request) error { return refusal(http.StatusInternalServerError, kanbert.ErrServer) }
		d := directory.New(source)
		if _, _, err := d.ByURL(t.Context(), "https://free.example.com/"); err == nil {
			t.Error("ByURL did not fail")
		}
		if d.SeenFree("https://free.example.com/") {
			t.Error("SeenFree after a failed look-up")
		}
	})
}

// TestLaggingListDoesNotBringBack has a list that still shows what this process
// has deleted.
func TestLaggingListDoesNotBringBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 3)
		source := newAPI(30, ours...)
		d := directory.New(source)
		d.Deleted(ours[1].ID) // The list lags: it keeps showing it.
		for _, err := range d.List(t.Context(), kanbert.ListOptions{}, 0) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, found, err := d.ByURL(t.Context(), ours[1].URL); found || err != nil {
			t.Errorf("ByURL = %v, %t, %v", got, found, err)
		}
		if got, found, err := d.ByID(t.Context(), ours[1].ID); found || err != nil {
			t.Errorf("ByID = %v, %t, %v", got, found, err)
		}
		for w, err := range d.List(t.Context(), kanbert.ListOptions{}, 0) {
			if err != nil || w.ID == ours[1].ID {
				t.Errorf("List gave %v, %v", w, err)
			}
		}
	})
}

// TestFreshByOrder lets another program create and delete between two reads.
func TestFreshByOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		old, made := hook("ours", 1), hook("made", 1)
		source := newAPI(30, append(hooks("other", 70), old)...)
		d := directory.New(source)
		find := func(want bool, w kanbert.Webhook) {
			t.Helper()
			if got, found, err := d.ByID(t.Context(), w.ID); found != want || err != nil {
				t.Errorf("ByID = %v, %t, %v, want %t", got, found, err, want)
			}
			if got, found, err := d.ByEquivalentURL(t.Context(), w.URL); found != want || err != nil {
				t.Errorf("ByEquivalentURL = %v, %t, %v, want %t", got, found, err, want)
			}
		}
		find(true, old)
		find(false, made)
		source.remove(old.ID)
		source.add(made)
		find(false, old)
		find(true, made)
	})
}

// TestLastEvidenceIsYoung lets the listing alone show a young webhook, between the
// last look and the named time.
func TestLastEvidenceIsYoung(t *testing.T) {
	for _, at := range []time.Duration{500 * time.Millisecond, 5 * time.Second, 17 * time.Second} {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("other", 20)...)
			d := directory.New(source)
			late := hook("late", 1)
			elsewhere := late
			elsewhere.URL += "/elsewhere" // No look-up finds it.
			var all sync.WaitGroup
			all.Go(func() {
				after(at)
				source.add(elsewhere)
			})
			if got, err := d.Read(t.Context(), late.ID, late.URL, fixed(time.Now().Add(20*time.Second))); err != nil || got.ID != late.ID {
				t.Errorf("shown after %s: Read = %v, %v", at, got, err)
			}
			all.Wait()
		})
	}
}

// fixed is a bound that does not move.
func fixed(t time.Time) func() time.Time { return func() time.Time { return t } }

// TestBoundIsAskedAnew learns the bound from the first answer alone, as a process
// that does not know the server's time before, and has webhooks that lists show
// from some moment on.
func TestBoundIsAskedAnew(t *testing.T) {
	late := hook("late", 1)
	for _, c := range []struct {
		name   string
		lists  time.Duration // from when on they show it; 0: never
		bound  time.Duration // known once the API has answered
		want   error
		within time.Duration
		cost   int // requests
	}{
		{"an old one is gone at once", 0, -time.Hour, directory.ErrGone, time.Second, 2},
		{"as old as the call", 0, 0, directory.ErrGone, time.Second, 2},
		{"a young one shows", 6 * time.Second, 20 * time.Second, nil, 9 * time.Second, 10},
		{"a young one is gone in time", 0, 20 * time.Second, directory.ErrGone, 21 * time.Second, 14},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := newAPI(30, hooks("other", 20)...)
				d := directory.New(source)
				began := time.Now()
				var all sync.WaitGroup
				if c.lists > 0 {
					all.Go(func() { after(c.lists); source.add(late) })
				}
				_, err := d.Read(t.Context(), late.ID, late.URL, func() time.Time {
					if source.answered() == 0 {
						return time.Time{}
					}
					return began.Add(c.bound)
				})
				if took := time.Since(began); !errors.Is(err, c.want) || took < c.bound && err != nil || took > c.within {
					t.Errorf("Read = %v after %s, want %v within %s", err, took, c.want, c.within)
				}
				if n := source.total(); n > c.cost {
					t.Errorf("%d requests, want %d at most", n, c.cost)
				}
				all.Wait()
			})
		})
	}
}

// TestBoundThatWasLearntAfterTheListing has a listing on its way that began before
// the bound, which only its answer tells: the webhook was made meanwhile.
func TestBoundThatWasLearntAfterTheListing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 20)...)
		source.latency = always(time.Second)
		d := directory.New(source)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() { mustBeGone(t, d, hook("gone", 1)) })
		after(700 * time.Millisecond)
		late := hook("late", 1)
		elsewhere := late
		elsewhere.URL += "/elsewhere" // No look-up finds it.
		source.add(elsewhere)
		got, err := d.Read(t.Context(), late.ID, late.URL, func() time.Time {
			if source.answered() == 0 {
				return time.Time{}
			}
			return began.Add(600 * time.Millisecond)
		})
		if err != nil || got.ID != late.ID {
			t.Errorf("Read = %v, %v", got, err)
		}
		all.Wait()
	})
}
