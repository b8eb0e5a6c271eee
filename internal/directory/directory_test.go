// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// bubble runs f under virtual time, and lets what is under way come to its end. No
// request leaves a context behind; a goroutine that is left fails the bubble itself.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t)
		after(time.Hour)
		if n := openContexts.Swap(0); n != 0 {
			t.Errorf("%d requests have left their context open", n)
		}
	})
}

func after(d time.Duration) { _ = pause(context.Background(), d) }

func mustRead(t *testing.T, d *directory.Directory, h kanbert.Webhook) {
	t.Helper()
	if got, err := d.Read(t.Context(), h.ID, h.URL, nil); err != nil || got.ID != h.ID {
		t.Errorf("Read(%s) = %q, %v", h.ID, got.ID, err)
	}
}

func mustBeGone(t *testing.T, d *directory.Directory, h kanbert.Webhook) {
	t.Helper()
	if got, err := d.Read(t.Context(), h.ID, h.URL, nil); !errors.Is(err, directory.ErrGone) {
		t.Errorf("Read(%s) = %q, %v, want ErrGone", h.ID, got.ID, err)
	}
}

// mustCost runs f and counts what it sent.
func mustCost(t *testing.T, source *api, lookups, pages int, f func()) {
	t.Helper()
	synctest.Wait() // Who was about to send has sent.
	l, p := source.sent()
	f()
	gotL, gotP := source.sent()
	if gotL-l != lookups || gotP-p != pages {
		t.Errorf("it cost %d look-ups and %d pages, want %d and %d", gotL-l, gotP-p, lookups, pages)
	}
}

func TestNothingIsSentUnasked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 90)...)
		d := directory.New(source)
		d.Created(hook("new", 1))
		d.Deleted("id-new-00001")
		after(time.Minute)
		if n := source.total(); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
		seen := 0
		for _, err := range d.List(t.Context(), kanbert.ListOptions{}, 60) {
			if err != nil {
				t.Fatal(err)
			}
			seen++
			if want := (seen-1)/30 + 1; source.total() != want {
				t.Fatalf("%d requests were sent for %d webhooks", source.total(), seen)
			}
			if seen == 60 {
				break
			}
		}
	})
}

// TestKnownCostsNothing reads what a page has shown, a look-up has found, a
// caller's own listing has streamed, or this process has made.
func TestKnownCostsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 25)
		source := newAPI(30, ours...)
		source.latency = always(100 * time.Millisecond)
		d := directory.New(source)
		mustCost(t, source, 0, 1, func() { mustRead(t, d, ours[3]) })
		mustCost(t, source, 0, 0, func() {
			for _, h := range ours {
				mustRead(t, d, h)
				if got, found, err := d.ByURL(t.Context(), strings.Replace(h.URL, "https://ours", "HTTPS://OURS", 1)); !found || err != nil || got.ID != h.ID {
					t.Errorf("ByURL(%s) = %v, %t, %v", h.URL, got, found, err)
				}
			}
			if _, found, err := d.ByURL(t.Context(), "https://absent.example.com/"); found || err != nil {
				t.Errorf("ByURL of a free URL = %t, %v", found, err)
			}
			made := hook("made", 1)
			source.add(made)
			d.Created(made)
			mustRead(t, d, made)
		})
	})
}

// TestListTeaches reads what a listing for a caller has shown.
func TestListTeaches(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 60)
		source := newAPI(30, ours...)
		d := directory.New(source)
		for _, err := range d.List(t.Context(), kanbert.ListOptions{Sort: []string{"-url"}}, 0) {
			if err != nil {
				t.Fatal(err)
			}
		}
		mustCost(t, source, 0, 0, func() { mustRead(t, d, ours[7]) })
	})
}

// TestGoneTakesTwoSignals lets each signal be wrong alone.
func TestGoneTakesTwoSignals(t *testing.T) {
	t.Run("the look-up alone", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			ours := hooks("ours", 200)
			source := newAPI(30, ours...)
			d := directory.New(source)
			moved := ours[100]
			moved.URL = "https://elsewhere.example.com/"
			mustRead(t, d, moved) // Its URL is not what the server has, its id is.
		})
	})
	t.Run("the listing alone", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 20)...)
			d := directory.New(source)
			mustRead(t, d, hook("ours", 1))
			stranger := hook("stranger", 1)
			source.add(stranger) // After the listing was complete.
			mustCost(t, source, 1, 0, func() { mustRead(t, d, stranger) })
		})
	})
	t.Run("both", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 200)...)
			mustBeGone(t, directory.New(source), hook("gone", 1))
		})
	})
	t.Run("both, of which the look-up began before the read", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 20)...)
			source.latency = always(time.Second)
			d := directory.New(source)
			mustRead(t, d, hook("ours", 1))
			late := hook("late", 1)
			var first sync.WaitGroup
			first.Go(func() { mustBeGone(t, d, late) })
			after(700 * time.Millisecond) // The look-up has looked, and is on its way back.
			source.add(late)
			mustRead(t, d, late)
			first.Wait()
		})
	})
	t.Run("no URL to look up", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 20)...)
			for _, d := range []*directory.Directory{directory.New(source)} {
				if _, err := d.Read(t.Context(), "id-absent", "", nil); err == nil || errors.Is(err, directory.ErrGone) {
					t.Errorf("Read without a URL = %v", err)
				}
				if _, err := d.Read(t.Context(), "id-ours-00003", "", nil); err != nil {
					t.Errorf("Read without a URL = %v", err)
				}
			}
		})
	})
}

// TestListingThatProvesGoneIsYoung counts the listings.
func TestListingThatProvesGoneIsYoung(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 20)...)
		d := directory.New(source)
		mustBeGone(t, d, hook("gone", 1))
		after(directory.GoneWithin - time.Second)
		mustCost(t, source, 1, 0, func() { mustBeGone(t, d, hook("gone", 2)) })
		after(2 * time.Second)
		mustCost(t, source, 1, 1, func() { mustBeGone(t, d, hook("gone", 3)) })
	})
}

// TestSlowListingProvesGone takes longer for a listing than it may be old.
func TestSlowListingProvesGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		source.latency = always(30 * time.Second)
		d := directory.New(source)
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() { mustBeGone(t, d, hook("gone", i)) })
			after(50 * time.Second)
		}
		all.Wait()
		if _, pages := source.sent(); pages > 30 {
			t.Errorf("%d pages were fetched for two listings of ten", pages)
		}
	})
}

// TestOneListingServesAllThatAreMissing is a hundred missing among ten thousand.
func TestOneListingServesAllThatAreMissing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(100, otherHooks...)
		source.latency = always(100 * time.Millisecond)
		d := directory.New(source)
		w := walk{n: 100, parallelism: 10, cores: 2, work: 4 * time.Millisecond}
		order := make([]int, 100)
		for i := range order {
			order[i] = i
		}
		w.walk(t, order, func(i int) { mustBeGone(t, d, hook("gone", i)) })
		if lookups, pages := source.sent(); lookups > 11 || pages > 102 {
			t.Errorf("%d look-ups and %d pages", lookups, pages)
		}
	})
}

// TestErrorReachesEachWaiterOnce fails a look-up and then none.
func TestErrorReachesEachWaiterOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 1000)
		source := newAPI(30, ours...)
		source.latency = always(time.Second)
		broken := refusal(http.StatusInternalServerError, kanbert.ErrServer)
		failures := 0
		source.fault = func(_ int, r request) error {
			if r.isLookup() && failures == 0 {
				failures++
				return broken
			}
			return nil
		}
		d := directory.New(source)
		var failed, served int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if i >= 10 {
					after(1500 * time.Millisecond) // These wait for a look-up of their own.
				}
				_, err := d.Read(t.Context(), ours[i].ID, ours[i].URL, nil)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, broken) && i < 10:
					failed++
				case err == nil:
					served++
				default:
					t.Errorf("read %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if failed == 0 || failed+served != 20 {
			t.Errorf("%d failed and %d were served", failed, served)
		}
		for i := range 20 {
			mustRead(t, d, ours[i])
		}
	})
}

// TestFailedListing fails a page: it is told to those who need the listing, it
// proves nothing gone, and it hurts no other read.
func TestFailedListing(t *testing.T) {
	for name, fail := range map[string]func(*api){
		"error": func(source *api) {
			source.fault = func(_ int, r request) error {
				if !r.isLookup() && r.opts.Cursor != "" {
					return refusal(http.StatusBadGateway, kanbert.ErrServer)
				}
				return nil
			}
		},
		"repeated cursor": func(source *api) { source.repeat = true },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ours := hooks("ours", 500)
				source := newAPI(30, ours...)
				source.latency = always(100 * time.Millisecond)
				fail(source)
				d := directory.New(source)
				var all sync.WaitGroup
				for i := range 50 {
					all.Go(func() { mustRead(t, d, ours[10*i]) })
				}
				for i := range 3 {
					all.Go(func() {
						if _, err := d.Read(t.Context(), fmt.Sprint("gone", i), "https://gone.example.com", nil); err == nil || errors.Is(err, directory.ErrGone) {
							t.Errorf("Read of what is missing = %v", err)
						}
					})
					all.Go(func() {
						if _, found, err := d.ByID(t.Context(), fmt.Sprint("gone", i)); err == nil {
							t.Errorf("ByID of what is missing = %t, %v", found, err)
						}
					})
				}
				all.Wait()
				after(time.Minute)
				source.fault, source.repeat = nil, false
				mustBeGone(t, d, hook("gone", 1))
			})
		})
	}
}

// TestCancellationIsOnesOwn cancels some of those that wait for one load.
func TestCancellationIsOnesOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 1000)
		source := newAPI(30, ours...)
		source.latency = always(time.Second)
		d := directory.New(source)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				h := ours[i]
				if i%2 == 0 {
					mustRead(t, d, h)
				} else if _, err := d.Read(ctx, h.ID, h.URL, nil); !errors.Is(err, context.Canceled) {
					t.Errorf("Read under a canceled context = %v", err)
				}
			})
		}
		after(500 * time.Millisecond)
		cancel()
		all.Wait()
		mustCost(t, source, 0, 0, func() {
			if _, err := d.Read(ctx, ours[0].ID, ours[0].URL, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("Read under a canceled context = %v", err)
			}
		})
	})
}

// TestNobodyWaitsNobodyLoads cancels all, and lets others come at that moment.
func TestNobodyWaitsNobodyLoads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 1000)
		source := newAPI(30, ours...)
		var quick atomic.Bool
		source.latency = func(request) time.Duration {
			if quick.Load() {
				return time.Second
			}
			return time.Hour
		}
		d := directory.New(source)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() { _, _ = d.Read(ctx, ours[i].ID, ours[i].URL, nil) })
		}
		all.Go(func() { _, _, _ = d.ByID(ctx, "id-absent") })
		after(time.Second)
		quick.Store(true)
		cancel()
		all.Wait()
		mustRead(t, d, ours[500])
		if _, found, err := d.ByID(t.Context(), "id-absent"); found || err != nil {
			t.Errorf("ByID of absent = %t, %v", found, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s: somebody waited for what was called off", took)
		}
	})
}

// TestOwnDeleteIsNewer deletes while a page and a look-up that show the webhook
// are on their way.
func TestOwnDeleteIsNewer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 20)
		source := newAPI(30, ours...)
		source.latency = always(time.Second)
		d := directory.New(source)
		var all sync.WaitGroup
		all.Go(func() { mustRead(t, d, ours[0]) })
		after(700 * time.Millisecond) // The pages have looked.
		source.remove(ours[1].ID)
		d.Deleted(ours[1].ID)
		all.Wait()
		mustCost(t, source, 0, 0, func() {
			if got, found, err := d.ByURL(t.Context(), ours[1].URL); found || err != nil {
				t.Errorf("ByURL = %v, %t, %v after our own delete", got, found, err)
			}
		})
		mustBeGone(t, d, ours[1])
		mustCost(t, source, 0, 0, func() { mustRead(t, d, ours[2]) }) // Nothing else was dropped.
	})
}

// TestOwnCreateIsNewer creates while a look-up and a listing that do not show
// the webhook are on their way.
func TestOwnCreateIsNewer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 200)...)
		source.latency = always(time.Second)
		d := directory.New(source)
		made := hook("first-made", 1)
		var all sync.WaitGroup
		all.Go(func() {
			if _, _, err := d.ByID(t.Context(), "id-absent"); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if got, found, err := d.ByURL(t.Context(), made.URL); !found || err != nil {
				t.Errorf("ByURL = %v, %t, %v although we have created it meanwhile", got, found, err)
			}
		})
		after(700 * time.Millisecond) // The pages and the look-up have looked.
		source.add(made)
		d.Created(made)
		all.Wait()
		mustCost(t, source, 0, 0, func() {
			mustRead(t, d, made)
			if _, found, err := d.ByURL(t.Context(), made.URL); !found || err != nil {
				t.Errorf("ByURL = %t, %v after our own create", found, err)
			}
		})
	})
}

// TestCreateEndsAbsence creates at a URL that was found free.
func TestCreateEndsAbsence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 500)...)
		d := directory.New(source)
		made := hook("made", 1)
		find := func() bool {
			_, found, err := d.ByURL(t.Context(), made.URL)
			if err != nil {
				t.Error(err)
			}
			return found
		}
		mustCost(t, source, 1, 1, func() {
			for range 2 { // The second time out of what is known.
				if find() {
					t.Error("found before it was made")
				}
			}
		})
		source.add(made)
		d.Created(made)
		if !find() {
			t.Error("not found after it was made")
		}
		source.remove(made.ID)
		d.Deleted(made.ID)
		if find() {
			t.Error("found after it was deleted")
		}
	})
}

// TestListingThatProvesGoneIsInOnePiece does not go on with pages that would be
// too old when it is complete.
func TestListingThatProvesGoneIsInOnePiece(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		d := directory.New(source)
		mustRead(t, d, hook("ours", 1))
		after(directory.GoneWithin + time.Second)
		// Eleven pages hold them, one more lets the ends meet, and the look-up has
		// earned one of the old listing.
		mustCost(t, source, 1, 13, func() { mustBeGone(t, d, hook("gone", 1)) })
	})
}

// TestCompleteListingDropsWhatItDoesNotHold lets one go that the first listing
// has shown and the second has not.
func TestCompleteListingDropsWhatItDoesNotHold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 20)
		source := newAPI(30, ours...)
		d := directory.New(source)
		mustRead(t, d, ours[1])
		source.remove(ours[1].ID) // By another program.
		after(directory.GoneWithin + time.Second)
		mustBeGone(t, d, hook("gone", 1))
		mustCost(t, source, 1, 0, func() { mustBeGone(t, d, ours[1]) })
	})
}

// TestNothingStaleIsServed lets time pass.
func TestNothingStaleIsServed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 20)
		source := newAPI(30, ours...)
		d := directory.New(source)
		mustRead(t, d, ours[0])
		source.remove(ours[1].ID) // By another program.
		source.add(hook("news", 1))
		after(directory.Freshness - time.Second)
		mustCost(t, source, 0, 0, func() {
			mustRead(t, d, ours[1])
			if _, found, _ := d.ByURL(t.Context(), hook("news", 1).URL); found {
				t.Error("found without asking")
			}
		})
		after(2 * time.Second)
		mustBeGone(t, d, ours[1])
		if _, found, _ := d.ByURL(t.Context(), hook("news", 1).URL); !found {
			t.Error("not found although everything known was stale")
		}
	})
}

// TestLongLivedProcessSharesAgain walks twice, with more than a while between.
func TestLongLivedProcessSharesAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 100)
		source := newAPI(100, ours...)
		source.latency = always(100 * time.Millisecond)
		d := directory.New(source)
		for range 2 {
			before := source.total()
			var all sync.WaitGroup
			for _, h := range ours {
				all.Go(func() { mustRead(t, d, h) })
			}
			all.Wait()
			if n := source.total() - before; n > 3 {
				t.Errorf("a walk over one page cost %d requests", n)
			}
			after(directory.Freshness + time.Second)
		}
	})
}

// TestAbsenceIsNotServedStale lets time pass where no listing is complete.
func TestAbsenceIsNotServedStale(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 500)...)
		d := directory.New(source)
		late := hook("late", 1)
		if _, found, err := d.ByURL(t.Context(), late.URL); found || err != nil {
			t.Fatal(found, err)
		}
		source.add(late)
		after(directory.Freshness + time.Second)
		if _, found, err := d.ByURL(t.Context(), late.URL); !found || err != nil {
			t.Errorf("ByURL = %t, %v", found, err)
		}
	})
}

// TestLaterNewsWins gives the same URL to two webhooks, one after the other, and
// lets the older answer come last.
func TestLaterNewsWins(t *testing.T) {
	bubble(t, func(t *testing.T) {
		old, other := hook("ours", 1), hook("ours", 2)
		source := newAPI(30, append(hooks("other", 500), old, other)...)
		source.latency = func(r request) time.Duration {
			if !r.isLookup() || r.urls()[0] != other.URL {
				return 10 * time.Second
			}
			return time.Second
		}
		d := directory.New(source)
		var all sync.WaitGroup
		all.Go(func() {
			for _, err := range d.List(t.Context(), kanbert.ListOptions{Filter: kanbert.FilterByURL(old.URL)}, 0) {
				if err != nil {
					t.Error(err)
				}
			}
		})
		after(6 * time.Second) // It has looked, and is on its way back.
		source.remove(old.ID)
		heir := old
		heir.ID = "id-heir"
		source.add(heir)
		for _, err := range d.List(t.Context(), kanbert.ListOptions{Filter: kanbert.FilterByURL(other.URL, heir.URL)}, 0) {
			if err != nil {
				t.Error(err)
			}
		}
		all.Wait()
		if got, found, err := d.ByURL(t.Context(), old.URL); got.ID != heir.ID || !found || err != nil {
			t.Errorf("ByURL = %s, %t, %v, want the heir", got.ID, found, err)
		}
	})
}

// TestServerIgnoresDirection has two front ends, which prove nothing by meeting,
// also where a page of one of them is still on its way.
func TestServerIgnoresDirection(t *testing.T) {
	for _, slow := range []string{"", "url", "-url"} {
		for _, c := range [][2]int{{0, 30}, {1, 30}, {29, 30}, {30, 30}, {31, 30}, {60, 30}, {250, 30}, {5, 1}, {6, 2}} {
			bubble(t, func(t *testing.T) { testServerIgnoresDirection(t, c[0], c[1], slow) })
		}
	}
}

func testServerIgnoresDirection(t *testing.T, m, page int, slow string) {
	ours := hooks("ours", m)
	source := newAPI(page, ours...)
	source.sameWay = true
	source.latency = func(r request) time.Duration { return slower(slices.Contains(r.opts.Sort, slow)) }
	d := directory.New(source)
	if _, found, err := d.ByID(t.Context(), "id-absent"); found || err != nil {
		t.Fatal(found, err)
	}
	if _, pages := source.sent(); pages > m/page+3 {
		t.Errorf("%d pages of %d were fetched for %d webhooks, slow: %q", pages, page, m, slow)
	}
	mustCost(t, source, 0, 0, func() {
		for _, h := range ours {
			mustRead(t, d, h)
		}
	})
}

// TestDirectionIsIgnoredWhileTheListChanges deletes the first webhook after the
// first page, so that the two ends do not begin with the same one.
func TestDirectionIsIgnoredWhileTheListChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(10, hooks("ours", 90)...)
		source.sameWay = true
		source.fault = func(n int, _ request) error {
			if n == 1 {
				source.webhooks = source.webhooks[1:]
			}
			return nil
		}
		d := directory.New(source)
		if _, found, err := d.ByID(t.Context(), "id-absent"); found || err != nil {
			t.Fatal(found, err)
		}
		if _, pages := source.sent(); pages > 11 {
			t.Errorf("%d pages of 10 were fetched for 89 webhooks", pages)
		}
		mustCost(t, source, 0, 0, func() {
			for _, h := range source.webhooks {
				mustRead(t, d, h)
			}
		})
	})
}

// TestEndsMeet counts the pages of a whole listing.
func TestEndsMeet(t *testing.T) {
	for _, page := range []int{1, 10} {
		for m := range 20 * page {
			bubble(t, func(t *testing.T) {
				ours := hooks("ours", m)
				source := newAPI(page, ours...)
				d := directory.New(source)
				if _, found, err := d.ByID(t.Context(), "id-absent"); found || err != nil {
					t.Fatal(found, err)
				}
				if _, pages := source.sent(); pages > m/page+2 {
					t.Errorf("%d pages of %d were fetched for %d webhooks", pages, page, m)
				}
				mustCost(t, source, 0, 0, func() {
					for _, h := range ours {
						mustRead(t, d, h)
					}
				})
			})
		}
	}
}

// TestFilterRefused reads where the API does not take the filters of look-ups.
func TestFilterRefused(t *testing.T) {
	refuse := func(status, most int) func(int, request) error {
		return func(_ int, r request) error {
			if r.isLookup() && len(r.urls()) > most {
				return refusal(status, kanbert.ErrBadRequest)
			}
			return nil
		}
	}
	for _, c := range []struct {
		name   string
		status int
		most   int
		gone   bool
		atMost int
	}{
		{"in is unknown", http.StatusBadRequest, 1, true, 50},
		{"filters are unknown", http.StatusBadRequest, 0, false, 50},
		{"in is invalid", http.StatusUnprocessableEntity, 1, true, 50},
		{"filters are invalid", http.StatusUnprocessableEntity, 0, false, 50},
		{"three fit", http.StatusRequestURITooLong, 3, true, 80},
		{"none fits", http.StatusRequestURITooLong, 0, false, 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ours := hooks("ours", 1000)
				source := newAPI(30, ours...)
				source.fault = refuse(c.status, c.most)
				source.latency = always(100 * time.Millisecond)
				d := directory.New(source)
				var all sync.WaitGroup
				for i := range 10 {
					all.Go(func() { mustRead(t, d, ours[100*i+5]) })
					all.Go(func() {
						if _, found, err := d.ByURL(t.Context(), hook("new", i).URL); found || err != nil {
							t.Errorf("ByURL of a free URL = %t, %v", found, err)
						}
					})
				}
				all.Wait()
				_, err := d.Read(t.Context(), "id-gone", "https://gone.example.com/", nil)
				if err == nil || errors.Is(err, directory.ErrGone) != c.gone {
					t.Errorf("Read of what is missing = %v", err)
				}
				if n := source.total(); n > c.atMost {
					t.Errorf("%d requests were sent", n)
				}
			})
		})
	}
}

// TestRefusalIsNotKept refuses each filter anew, and then none.
func TestRefusalIsNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 20)...)
		source.fault = func(n int, r request) error {
			if !r.isLookup() {
				return nil
			}
			return &kanbert.APIError{StatusCode: http.StatusBadRequest, RequestID: fmt.Sprint(n), Kind: kanbert.ErrBadRequest}
		}
		d := directory.New(source)
		for i := range 3 {
			before := source.total()
			_, err := d.Read(t.Context(), "id-gone", hook("gone", i).URL, nil)
			var refusal *kanbert.APIError
			if !errors.As(err, &refusal) {
				t.Fatalf("Read of what is missing = %v", err)
			}
			if n, _ := strconv.Atoi(refusal.RequestID); n < before {
				t.Errorf("read %d got the error of request %d, which was sent before it came", i, n)
			}
		}
		source.fault = nil
		mustCost(t, source, 1, 0, func() { mustBeGone(t, d, hook("gone", 3)) })
	})
}

// endless names a fresh cursor on each page, up to a number of pages that no client
// should ask for.
type endless struct {
	mu    sync.Mutex
	pages map[string]int // by filter
}

func (e *endless) ListPage(_ context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pages[opts.Filter]++
	n := e.pages[opts.Filter]
	if n > 2*kanbert.MaxPages {
		return &kanbert.Page{}, nil
	}
	return &kanbert.Page{Webhooks: []kanbert.Webhook{hook("endless", n)}, NextCursor: strconv.Itoa(n)}, nil
}

// most is how many pages were asked for with one filter.
func (e *endless) most() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	most := 0
	for _, n := range e.pages {
		most = max(most, n)
	}
	return most
}

// waysToList are the three ways in which a directory follows a list to its end.
func waysToList(t *testing.T) map[string]func(context.Context, *directory.Directory) error {
	return map[string]func(context.Context, *directory.Directory) error{
		"listing for a caller": func(ctx context.Context, d *directory.Directory) error {
			seen := make(map[string]bool)
			for w, err := range d.List(ctx, kanbert.ListOptions{}, 0) {
				if err != nil {
					return err
				}
				if seen[w.ID] {
					t.Errorf("%s was listed twice", w.ID)
				}
				seen[w.ID] = true
			}
			return nil
		},
		"look-up": func(ctx context.Context, d *directory.Directory) error {
			_, _, err := d.ByURL(ctx, "https://absent.example.com/")
			return err
		},
		"listing from both ends": func(ctx context.Context, d *directory.Directory) error {
			_, _, err := d.ByID(ctx, "id-absent")
			return err
		},
	}
}

// TestListingEnds asks a server whose list does not.
func TestListingEnds(t *testing.T) {
	for name, ask := range waysToList(t) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := &endless{pages: make(map[string]int)}
				if err := ask(t.Context(), directory.New(source)); !errors.Is(err, kanbert.ErrEndlessList) {
					t.Errorf("the answer is %v", err)
				}
				// A page of the other end may be under way when the listing ends.
				if n := source.most(); n < kanbert.MaxPages || n > kanbert.MaxPages+1 {
					t.Errorf("%d pages were fetched", n)
				}
			})
		})
	}
}

// TestLookupFits keeps filters within the stated length.
func TestLookupFits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 5000)...)
		source.latency = always(time.Second)
		d := directory.New(source)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				url := fmt.Sprintf("https://host-%02d.example.com/%s?a=%%20&b=ü", i, strings.Repeat("é/", 60))
				if _, found, err := d.ByURL(t.Context(), url); found || err != nil {
					t.Errorf("ByURL = %t, %v", found, err)
				}
			})
		}
		all.Wait()
		seen := make(map[string]int)
		for _, r := range source.requests {
			if !r.isLookup() {
				continue
			}
			if n := escapedLength(r.opts.Filter); n > directory.MaxFilterLength {
				t.Errorf("a filter of %d bytes was sent", n)
			}
			for _, url := range r.urls() {
				seen[url]++
			}
		}
		if len(seen) != 100 {
			t.Errorf("%d URLs were looked up", len(seen))
		}
	})
}

// TestLowerParallelism degrades to one look-up per wave and no worse.
func TestLowerParallelism(t *testing.T) {
	for _, parallelism := range []int{1, 3, 9} {
		for _, page := range []int{30, 100} {
			for _, m := range []int{200, 10000} {
				w := walk{
					n: 200, m: m, page: page, parallelism: parallelism, placement: "mixed", order: "random",
					latency: "100ms", work: 4 * time.Millisecond, cores: 2,
				}
				got := w.run(t)
				if got.lookups > w.waves() || got.total() > w.bound() {
					t.Errorf("%s: %d look-ups and %d pages, %d allowed for %d waves", w, got.lookups, got.pages, w.bound(), w.waves())
				}
				// A wave costs its latency, and only the first one a window.
				if most := got.floor + time.Duration(got.lookups+3)*120*time.Millisecond; got.took > most {
					t.Errorf("%s: it took %s, and %s should do", w, got.took, most)
				}
			}
		}
	}
}

// TestHigherParallelism lets more than ten wait at a time.
func TestHigherParallelism(t *testing.T) {
	for _, parallelism := range []int{11, 25, 64, 100} {
		w := walk{
			n: 500, m: 10000, page: 100, parallelism: parallelism, placement: "mixed", order: "random",
			latency: "100ms", work: 4 * time.Millisecond, cores: 2,
		}
		got := w.run(t)
		if most := 3*min(50, w.m/(2*w.page)+1) + 1; got.total() > most {
			t.Errorf("%s: %d look-ups and %d pages, %d allowed", w, got.lookups, got.pages, most)
		}
	}
}

// TestFullWaves counts what walks of full waves cost, one after the other.
func TestFullWaves(t *testing.T) {
	for _, c := range []struct{ n, m, page, most int }{
		{1, 1, 30, 1},
		{1, 10000, 30, 2},
		{5, 10000, 30, 3},
		{30, 30, 30, 1},
		{500, 500, 100, 9},
		{500, 500, 30, 27},
		{1000, 1000, 100, 15},
		{1000, 1000, 30, 51},
	} {
		w := walk{n: c.n, m: c.m, page: c.page, parallelism: 10, placement: "mixed", order: "random", latency: "100ms", work: 4 * time.Millisecond, cores: 2}
		if got := w.run(t); got.total() > c.most {
			t.Errorf("%s: %d look-ups and %d pages, want no more than %d", w, got.lookups, got.pages, c.most)
		} else {
			t.Logf("%s: %d look-ups and %d pages", w, got.lookups, got.pages)
		}
	}
}

// stuck names the same cursor on every page.
type stuck struct{ requests atomic.Int64 }

func (s *stuck) ListPage(context.Context, kanbert.ListOptions) (*kanbert.Page, error) {
	s.requests.Add(1)
	return &kanbert.Page{Webhooks: hooks("stuck", 2), NextCursor: "again"}, nil
}

// TestRepeatedCursor follows such a list in each of the three ways: it ends at
// once, and not after as many pages as a list may have.
func TestRepeatedCursor(t *testing.T) {
	for name, ask := range waysToList(t) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := &stuck{}
				if err := ask(t.Context(), directory.New(source)); !errors.Is(err, kanbert.ErrRepeatedCursor) {
					t.Errorf("the answer is %v", err)
				}
				if n := source.requests.Load(); n > 10 {
					t.Errorf("%d requests were sent", n)
				}
			})
		})
	}
}
