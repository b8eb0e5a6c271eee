// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// The numbers of the package's documentation, as literals, at the bound and
// beside it.

// TestNumbers says what the constants are.
func TestNumbers(t *testing.T) {
	for name, c := range map[string]struct{ got, want any }{
		"Freshness":       {directory.Freshness, 120 * time.Second},
		"GoneWithin":      {directory.GoneWithin, 60 * time.Second},
		"BatchSize":       {directory.BatchSize, 10},
		"BatchWindow":     {directory.BatchWindow, 50 * time.Millisecond},
		"MaxBatchWindow":  {directory.MaxBatchWindow, 200 * time.Millisecond},
		"PageWait":        {directory.PageWait, 2 * time.Second},
		"FirstRecheck":    {directory.FirstRecheck, time.Second},
		"MaxFilterLength": {directory.MaxFilterLength, 3800},
	} {
		if c.got != c.want {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}
}

// TestBatchSize sends at once for ten, and after the window for nine.
func TestBatchSize(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 50 * time.Millisecond, 9: 50 * time.Millisecond, 10: 0, 11: 0} {
		bubble(t, func(t *testing.T) {
			ours := hooks("ours", 20)
			source := newAPI(30, ours...)
			d := directory.New(source)
			began := time.Now()
			atOnce(n, func(i int) { mustRead(t, d, ours[i]) })
			if got := source.requests[0].began.Sub(began); got != want || source.total() != 1 {
				t.Errorf("%d calls: the first of %d requests was sent after %s, want %s", n, source.total(), got, want)
			}
		})
	}
}

// TestBatchWindow is counted from the last call, and is six times the gap where
// the calls come slowly.
func TestBatchWindow(t *testing.T) {
	for gap, want := range map[time.Duration]time.Duration{
		8 * time.Millisecond:  50 * time.Millisecond,
		9 * time.Millisecond:  54 * time.Millisecond,
		33 * time.Millisecond: 198 * time.Millisecond,
		49 * time.Millisecond: 200 * time.Millisecond,
	} {
		bubble(t, func(t *testing.T) {
			ours := hooks("ours", 20)
			source := newAPI(30, ours...)
			d := directory.New(source)
			began := time.Now()
			var all sync.WaitGroup
			for i := range 3 {
				all.Go(func() { mustRead(t, d, ours[i]) })
				after(gap)
			}
			all.Wait()
			if got := source.requests[0].began.Sub(began); got != 2*gap+want || source.total() != 1 {
				t.Errorf("a gap of %s: the first of %d requests was sent after %s, want %s", gap, source.total(), got, 2*gap+want)
			}
		})
	}
}

// TestArrivalGap is the greatest lately between calls of one wave, and a sixteenth
// less with each that comes at once.
func TestArrivalGap(t *testing.T) {
	for name, c := range map[string]struct {
		latency, gap time.Duration
		atOnce       int
		want         time.Duration // the window
	}{
		"200 ms":            {time.Second, 200 * time.Millisecond, 0, 200 * time.Millisecond},
		"201 ms":            {time.Second, 201 * time.Millisecond, 0, 50 * time.Millisecond},
		"16 ms":             {time.Second, 16 * time.Millisecond, 0, 96 * time.Millisecond},
		"16 ms, and others": {time.Second, 16 * time.Millisecond, 2, 90 * time.Millisecond},
		"no other waits":    {0, 100 * time.Millisecond, 0, 50 * time.Millisecond},
	} {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("other", 20)...)
			source.latency = always(c.latency)
			d := directory.New(source)
			ask := func(int) { _, _, _ = d.ByEquivalentURL(t.Context(), source.webhooks[0].URL) }
			atOnce(2, func(i int) {
				after(time.Duration(i) * c.gap)
				ask(i)
			})
			source.latency = always(0)
			atOnce(c.atOnce, ask)
			began := time.Now()
			ask(0)
			if got := time.Since(began); got != c.want {
				t.Errorf("%s: a call took %s, want %s", name, got, c.want)
			}
		})
	}
}

// TestSmallerWaves waits for no more calls than were ever made at a time.
func TestSmallerWaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 300)
		source := newAPI(30, ours...)
		source.latency = always(100 * time.Millisecond)
		d := directory.New(source)
		wave := func(n int) time.Duration {
			began := time.Now()
			atOnce(3, func(i int) { mustRead(t, d, source.webhooks[140+3*n+i]) })
			return time.Since(began)
		}
		for n, want := range []time.Duration{250 * time.Millisecond, 100 * time.Millisecond} {
			if got := wave(n); got != want {
				t.Errorf("wave %d took %s, want %s", n, got, want)
			}
		}
		// And for no more than ten.
		atOnce(25, func(int) { _, _, _ = d.ByURL(t.Context(), "https://free.example.com/1") })
		began := time.Now()
		atOnce(12, func(int) { _, _, _ = d.ByEquivalentURL(t.Context(), source.webhooks[150].URL) })
		if got := time.Since(began); got != 250*time.Millisecond { // Ten, and two after the window.
			t.Errorf("a wave of twelve took %s", got)
		}
	})
}

// TestFreshness serves a walk for two minutes.
func TestFreshness(t *testing.T) {
	for age, want := range map[time.Duration]int{2 * time.Minute: 0, 2*time.Minute + 1: 1} {
		bubble(t, func(t *testing.T) {
			ours := hooks("ours", 20)
			source := newAPI(30, ours...)
			source.latency = always(0)
			d := directory.New(source)
			mustRead(t, d, ours[0])
			after(time.Until(source.requests[0].began.Add(age)))
			mustCost(t, source, 0, want, func() { mustRead(t, d, ours[1]) })
		})
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 90)...)
			d := directory.New(source)
			free := func() {
				if _, found, err := d.ByURL(t.Context(), hook("free", 1).URL); found || err != nil {
					t.Error(found, err)
				}
			}
			free()
			after(time.Until(source.requests[1].began.Add(age)))
			mustCost(t, source, want, 2*want, free) // The listing is too old to go on with.
		})
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("other", 90)...)
			d := directory.New(source)
			mustFind(t, d.ByURL, hook("free", 1).URL, false)
			after(time.Until(source.requests[0].began.Add(age)))
			mustCost(t, source, 1, 1+want, func() { mustFind(t, d.ByURL, hook("free", 2).URL, false) })
			anew := 0
			for _, r := range source.requests[1:] {
				if !r.isLookup() && r.opts.Cursor == "" && r.opts.Sort[0] == "url" {
					anew++
				}
			}
			if anew != want {
				t.Errorf("after %s the listing was begun anew %d times, want %d", age, anew, want)
			}
		})
	}
}

// TestGoneWithin lets a listing prove others gone for a minute.
func TestGoneWithin(t *testing.T) {
	for age, want := range map[time.Duration]int{time.Minute: 0, time.Minute + 1: 1} {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 20)...)
			source.latency = always(0)
			d := directory.New(source)
			mustBeGone(t, d, hook("gone", 1))
			after(time.Until(source.requests[0].began.Add(age)))
			mustCost(t, source, 1, want, func() { mustBeGone(t, d, hook("gone", 2)) })
		})
	}
}

// TestPageWait has a first page that is late.
func TestPageWait(t *testing.T) {
	for late, want := range map[time.Duration]int{1999 * time.Millisecond: 0, 2001 * time.Millisecond: 1} {
		bubble(t, func(t *testing.T) {
			ours := hooks("ours", 20)
			source := newAPI(30, ours...)
			source.latency = func(r request) time.Duration {
				if r.isLookup() {
					return time.Minute
				}
				return late
			}
			d := directory.New(source)
			mustRead(t, d, ours[0])
			if lookups, _ := source.sent(); lookups != want {
				t.Errorf("a first page of %s: %d look-ups", late, lookups)
			}
			if want == 1 && source.requests[1].began.Sub(source.requests[0].began) != 2*time.Second {
				t.Errorf("the look-up was sent at %s", source.requests[1].began)
			}
		})
	}
}

// TestLatePageHoldsUpNoLookup has pages beside the look-ups that take a minute.
func TestLatePageHoldsUpNoLookup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 300)
		source := newAPI(30, ours...)
		pages := 0
		source.latency = func(r request) time.Duration {
			if r.isLookup() {
				return 100 * time.Millisecond
			}
			if pages++; pages == 1 {
				return 100 * time.Millisecond
			}
			return time.Minute
		}
		d := directory.New(source)
		atOnce(10, func(i int) { mustRead(t, d, source.webhooks[140+i]) })
		began := time.Now()
		atOnce(10, func(i int) { mustRead(t, d, source.webhooks[150+i]) })
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestRechecks looks for a young webhook at 0, 1, 2, 4, 8, 16 and 20 seconds.
func TestRechecks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 20)...)
		source.latency = always(0)
		d := directory.New(source)
		began := time.Now()
		h := hook("young", 1)
		if _, err := d.Read(t.Context(), h.ID, h.URL, fixed(began.Add(20*time.Second))); !errors.Is(err, directory.ErrGone) {
			t.Errorf("Read = %v", err)
		}
		seen := make(map[time.Duration]bool)
		for _, r := range source.requests {
			seen[r.began.Sub(began).Truncate(time.Second)] = true
		}
		for _, at := range []time.Duration{0, 1, 2, 4, 8, 16, 20} {
			if !seen[at*time.Second] {
				t.Errorf("nothing was sent at %d s", at)
			}
		}
		if len(seen) != 7 {
			t.Errorf("requests were sent in the seconds %v", seen)
		}
	})
}

// filterOf returns two URLs whose filter is so long, as sent.
func filterOf(length int) []string {
	urls := []string{"https://a.example.com/", "https://b.example.com/"}
	urls[1] += strings.Repeat("x", length-escapedLength(kanbert.FilterByURL(urls...)))
	return urls
}

// TestMaxFilterLength puts 3800 bytes into one look-up.
func TestMaxFilterLength(t *testing.T) {
	for length, want := range map[int]int{3800: 1, 3801: 2} {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("other", 90)...)
			d := directory.New(source)
			urls := filterOf(length)
			atOnce(2, func(i int) {
				if _, found, err := d.ByURL(t.Context(), urls[i]); found || err != nil {
					t.Error(found, err)
				}
			})
			if lookups, _ := source.sent(); lookups != want {
				t.Errorf("%d bytes: %d look-ups, want %d", length, lookups, want)
			}
		})
	}
}

// TestHarmlessLength takes a connection that breaks on 1000 bytes for broken, and
// one that breaks on more for a refusal.
func TestHarmlessLength(t *testing.T) {
	for name, c := range map[string]struct {
		length, lookups int
		change          func(*kanbert.TransportError)
	}{
		"1000 bytes":    {1000, 1, nil},
		"1001 bytes":    {1001, 3, nil},
		"never sent":    {2000, 1, func(e *kanbert.TransportError) { e.Unsent = true }},
		"no answer yet": {2000, 1, func(e *kanbert.TransportError) { e.Timeout = time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := newAPI(30, hooks("other", 90)...)
				broken := &kanbert.TransportError{Method: http.MethodGet, Path: "/webhooks", Err: errors.New("GOAWAY")}
				if c.change != nil {
					c.change(broken)
				}
				source.fault = func(_ int, r request) error {
					if r.isLookup() && len(r.urls()) > 1 {
						return broken
					}
					return nil
				}
				d := directory.New(source)
				urls := filterOf(c.length)
				atOnce(2, func(i int) {
					if _, _, err := d.ByURL(t.Context(), urls[i]); (err != nil) != (c.lookups == 1) {
						t.Errorf("ByURL = %v", err)
					}
				})
				if lookups, _ := source.sent(); lookups != c.lookups {
					t.Errorf("%d look-ups, want %d", lookups, c.lookups)
				}
			})
		})
	}
}

// TestOrdinaryPage names the size of 30 where that will do.
func TestOrdinaryPage(t *testing.T) {
	for n, want := range map[int]int{1: 30, 30: 30, 31: 0} {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("other", 90)...)
			source.latency = always(time.Second)
			d := directory.New(source)
			var all sync.WaitGroup
			all.Go(func() { _, _, _ = d.ByURL(t.Context(), "https://free.example.com/first") })
			after(100 * time.Millisecond) // The first page is on its way.
			for i := range n - 1 {
				all.Go(func() { _, _, _ = d.ByURL(t.Context(), "https://f.example.com/"+strings.Repeat("x", i)) })
			}
			all.Wait()
			for _, r := range source.requests {
				if r.isLookup() && (len(r.urls()) != n || r.opts.PageSize != want) {
					t.Errorf("%d URLs in pages of %d, want %d and %d", len(r.urls()), r.opts.PageSize, n, want)
				}
			}
		})
	}
}

// TestListPageSize asks for pages of 100, or for as many as the caller says.
func TestListPageSize(t *testing.T) {
	for size, want := range map[int]int{0: 100, 3: 3} {
		bubble(t, func(t *testing.T) {
			source := newAPI(100, hooks("other", 90)...)
			mustList(t, directory.New(source), kanbert.ListOptions{Sort: []string{"is_active"}, PageSize: size}, 3)
			if got := source.requests[0].opts.PageSize; got != want {
				t.Errorf("a page of %d was asked for, want %d", got, want)
			}
		})
	}
}

// TestCreatedAnswersAtOnce does not wait for what is on its way.
func TestCreatedAnswersAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("other", 90)...)
		source.latency = always(time.Minute)
		d := directory.New(source)
		made := hook("made", 1)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if _, found, err := d.ByURL(t.Context(), made.URL); !found || err != nil || time.Since(began) != time.Second {
				t.Errorf("ByURL = %t, %v after %s", found, err, time.Since(began))
			}
		})
		after(time.Second)
		synctest.Wait()
		d.Created(made)
		all.Wait()
	})
}
