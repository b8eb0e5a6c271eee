// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// contexts notes the contexts of all requests.
type contexts struct {
	*api
	mu  sync.Mutex
	all []context.Context
}

func (c *contexts) ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	c.mu.Lock()
	c.all = append(c.all, ctx)
	c.mu.Unlock()
	return c.api.ListPage(ctx, opts)
}

// open is how many have not ended.
func (c *contexts) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := 0
	for _, ctx := range c.all {
		if ctx.Err() == nil {
			open++
		}
	}
	return open
}

type key struct{}

// TestNothingIsLeft ends the context of each request with it, also where it failed
// or was called off. Goroutines that are left would fail the bubble itself.
func TestNothingIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := &contexts{api: newAPI(30, hooks("ours", 300)...)}
		source.latency = always(time.Second)
		source.fault = func(n int, _ request) error {
			if n%4 == 3 {
				return refusal(http.StatusInternalServerError, kanbert.ErrServer)
			}
			return nil
		}
		d := directory.New(source)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), 3500*time.Millisecond)
		defer cancel()
		for range 3 {
			atOnce(20, func(i int) {
				h := hook("ours", i*10)
				_, _ = d.Read(ctx, h.ID, h.URL, nil)
				_, _, _ = d.ByEquivalentURL(ctx, "https://free.example.com/")
				for _, err := range d.List(ctx, kanbert.ListOptions{Sort: []string{"is_active"}}, 0) {
					_ = err // It may fail.
				}
			})
		}
		if n := source.open(); n > 0 || len(source.all) < 5 {
			t.Errorf("%d of %d contexts are left", n, len(source.all))
		}
		for _, ctx := range source.all {
			if ctx.Value(key{}) != "value" {
				t.Error("a request lacks the values of the call")
			}
		}
	})
}

// TestCalledOff gives up one call of several, and ends the requests that were for
// it alone.
func TestCalledOff(t *testing.T) {
	own := kanbert.ListOptions{Sort: []string{"is_active"}}
	list := func(ctx context.Context, d *directory.Directory) {
		for _, err := range d.List(ctx, own, 0) {
			_ = err // It may fail.
		}
	}
	look := func(ctx context.Context, d *directory.Directory) {
		_, _, _ = d.ByURL(ctx, "https://free.example.com/")
	}
	all := func(ctx context.Context, d *directory.Directory) {
		_, _, _ = d.ByID(ctx, "id-absent")
	}
	for name, c := range map[string]struct {
		first, other func(context.Context, *directory.Directory)
		before, left int
	}{
		"a list":                   {list, nil, 1, 0},
		"one of two equal lists":   {list, list, 1, 1},
		"a list beside a listing":  {list, all, 3, 2},
		"a look-up and its pages":  {look, nil, 3, 0},
		"one of two equal look-up": {look, look, 3, 3},
		"a scan":                   {all, nil, 2, 0},
		"a scan beside another":    {all, all, 2, 2},
		// The pages of the listing are for all that wait.
		"a look-up beside a list": {look, list, 4, 3},
		"a look-up beside a scan": {look, all, 3, 2},
		"a scan beside a list":    {all, list, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := &contexts{api: newAPI(30, hooks("ours", 300)...)}
				d := directory.New(source)
				atOnce(2, func(int) { look(t.Context(), d) }) // The workspace is known to be large.
				after(directory.Freshness + time.Second)
				source.latency = always(time.Hour)
				source.all = nil
				ctx, cancel := context.WithCancel(t.Context())
				rest, end := context.WithCancel(t.Context())
				var calls sync.WaitGroup
				calls.Go(func() { c.first(ctx, d) })
				if c.other != nil {
					calls.Go(func() { c.other(rest, d) })
				}
				after(time.Second)
				if before := source.open(); before != c.before {
					t.Errorf("%d requests were sent, want %d", before, c.before)
				}
				cancel()
				after(time.Second)
				if left := source.open(); left != c.left {
					t.Errorf("%d requests are left, want %d", left, c.left)
				}
				end()
				calls.Wait()
				after(time.Second)
				if left := source.open(); left != 0 {
					t.Errorf("%d requests are left when no call is", left)
				}
			})
		})
	}
}

// TestEqualPagesAreOne reads a list of three pages that the listing does not give.
func TestEqualPagesAreOne(t *testing.T) {
	own := kanbert.ListOptions{Sort: []string{"is_active"}}
	for _, latency := range []time.Duration{time.Millisecond, time.Second} {
		bubble(t, func(t *testing.T) {
			source := newAPI(30, hooks("ours", 90)...)
			source.latency = always(latency)
			d := directory.New(source)
			began := time.Now()
			mustCost(t, source, 0, 3, func() {
				atOnce(10, func(int) {
					if got := mustList(t, d, own, 0); len(got) != 90 {
						t.Errorf("%d were listed", len(got))
					}
				})
			})
			if took := time.Since(began); took != 3*latency { // No window between pages.
				t.Errorf("it took %s", took)
			}
			// The largest page serves all, and other cursors, filters and sorts none.
			mustCost(t, source, 0, 1, func() {
				atOnce(3, func(i int) {
					opts := own
					opts.PageSize = []int{3, 0, 20}[i]
					mustList(t, d, opts, 3)
				})
			})
			if got := source.requests[len(source.requests)-1].opts.PageSize; got != 100 {
				t.Errorf("a page of %d was asked for", got)
			}
			mustCost(t, source, 1, 2, func() {
				atOnce(3, func(i int) {
					opts := []kanbert.ListOptions{own, {Sort: []string{"-is_active"}}, {Filter: kanbert.FilterByURL("https://x.example.com/"), Sort: own.Sort}}[i]
					mustList(t, d, opts, 3)
				})
			})
		})
	}
}

// TestPageInFlightIsTooOld lets another program write between the page that one
// list waits for and the beginning of an equal one.
func TestPageInFlightIsTooOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("first", 30)...)
		source.add(hook("ours", 1))
		source.latency = func(r request) time.Duration {
			if r.opts.Cursor != "" {
				return 10 * time.Second
			}
			return time.Second
		}
		d := directory.New(source)
		var all sync.WaitGroup
		own := kanbert.ListOptions{Sort: []string{"is_active"}}
		all.Go(func() { mustList(t, d, own, 0) })
		after(8 * time.Second) // Its second page has looked, and is on its way back.
		made := hook("last", 1)
		source.add(made)
		if got := ids(mustList(t, d, own, 0)); !slices.Contains(got, made.ID) {
			t.Errorf("it lists %d, and not what was made before", len(got))
		}
		all.Wait()
	})
}

// TestListFromBothEnds lists all while another call makes both ends read.
func TestListFromBothEnds(t *testing.T) {
	for _, sameWay := range []bool{false, true} {
		for _, m := range []int{1, 30, 31, 90, 250} {
			for _, sort := range []string{"url", "-url"} {
				bubble(t, func(t *testing.T) {
					source := newAPI(30, hooks("ours", m)...)
					source.sameWay = sameWay
					d := directory.New(source)
					want := ids(source.webhooks)
					if sort == "-url" {
						slices.Reverse(want)
					}
					atOnce(10, func(i int) {
						if i > 0 {
							_, _, _ = d.ByID(t.Context(), "id-absent")
						} else if got := ids(mustList(t, d, kanbert.ListOptions{Sort: []string{sort}}, 0)); !slices.Equal(got, want) {
							t.Errorf("of %d: %v", m, got)
						}
					})
				})
			}
		}
	}
}

// TestDataSources counts what one walk of data sources costs.
func TestDataSources(t *testing.T) {
	free := "https://free.example.com/"
	for name, c := range map[string]struct {
		m, lookups, pages int
		ask               func(*testing.T, *directory.Directory, []kanbert.Webhook)
	}{
		"ByURL, one page": {30, 0, 1, func(t *testing.T, d *directory.Directory, w []kanbert.Webhook) {
			t.Helper()
			mustFind(t, d.ByURL, w[29].URL, true)
		}},
		"ByURL, two pages": {31, 1, 1, func(t *testing.T, d *directory.Directory, w []kanbert.Webhook) {
			t.Helper()
			mustFind(t, d.ByURL, w[30].URL, true)
		}},
		"ByURL of a free URL": {31, 1, 1, func(t *testing.T, d *directory.Directory, _ []kanbert.Webhook) {
			t.Helper()
			mustFind(t, d.ByURL, free, false)
		}},
		"ByURL of a free URL, 1 page": {30, 0, 1, func(t *testing.T, d *directory.Directory, _ []kanbert.Webhook) {
			t.Helper()
			mustFind(t, d.ByURL, free, false)
		}},
		"ByID, one page": {30, 0, 1, func(t *testing.T, d *directory.Directory, w []kanbert.Webhook) {
			t.Helper()
			mustFind(t, d.ByID, w[29].ID, true)
		}},
		"two by URL, in many": {300, 1, 1, func(t *testing.T, d *directory.Directory, w []kanbert.Webhook) {
			t.Helper()
			atOnce(2, func(i int) { mustFind(t, d.ByEquivalentURL, w[150+i].URL, true) })
		}},
		"a limit that goes on": {300, 0, 2, func(t *testing.T, d *directory.Directory, _ []kanbert.Webhook) {
			t.Helper()
			mustList(t, d, kanbert.ListOptions{}, 31)
		}},
		"a limit of one page": {300, 0, 1, func(t *testing.T, d *directory.Directory, _ []kanbert.Webhook) {
			t.Helper()
			mustList(t, d, kanbert.ListOptions{}, 30)
		}},
		"a limit beside a listing": {300, 0, 11, func(t *testing.T, d *directory.Directory, _ []kanbert.Webhook) {
			t.Helper()
			atOnce(10, func(i int) { mustList(t, d, kanbert.ListOptions{}, 30*(i%2)) })
		}},
		"a limit, by url beside all": {30, 0, 1, func(t *testing.T, d *directory.Directory, _ []kanbert.Webhook) {
			t.Helper()
			atOnce(10, func(i int) { mustList(t, d, kanbert.ListOptions{Sort: []string{"-created_at", "url"}}, i%3) })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := newAPI(30, hooks("ours", c.m)...)
				d := directory.New(source)
				mustCost(t, source, c.lookups, c.pages, func() { c.ask(t, d, source.webhooks) })
			})
		})
	}
}

func mustFind(t *testing.T, find func(context.Context, string) (kanbert.Webhook, bool, error), what string, want bool) {
	t.Helper()
	if _, found, err := find(t.Context(), what); found != want || err != nil {
		t.Errorf("%s: %t, %v", what, found, err)
	}
}

// emptyPages gives its pages one after the other, also such as are empty.
type emptyPages [][]kanbert.Webhook

func (e emptyPages) ListPage(_ context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	if opts.Filter != "" {
		return &kanbert.Page{}, nil
	}
	i, _ := strconv.Atoi(opts.Cursor)
	pages := slices.Clone(e)
	if opts.Sort[0] == "-url" {
		slices.Reverse(pages)
	}
	page := &kanbert.Page{Webhooks: slices.Clone(pages[i])}
	if opts.Sort[0] == "-url" {
		slices.Reverse(page.Webhooks)
	}
	if i+1 < len(pages) {
		page.NextCursor = strconv.Itoa(i + 1)
	}
	return page, nil
}

// TestEmptyPageEndsNothing has empty pages before, between and behind the others,
// and no look-up that finds anything: what the listing holds is not gone.
func TestEmptyPageEndsNothing(t *testing.T) {
	a, b := hooks("a", 3), hooks("b", 3)
	for name, source := range map[string]emptyPages{
		"first":   {nil, a, b},
		"between": {a, nil, nil, b},
		"last":    {a, b, nil},
		"all":     {nil, a, nil, b, nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d := directory.New(source)
				atOnce(6, func(i int) { mustRead(t, d, slices.Concat(a, b)[i]) })
				for _, opts := range []kanbert.ListOptions{{}, {Sort: []string{"is_active"}}} {
					if got := ids(mustList(t, d, opts, 0)); !slices.Equal(got, ids(slices.Concat(a, b))) {
						t.Errorf("%v are listed", got)
					}
				}
				for _, h := range slices.Concat(a, b) {
					mustFind(t, d.ByID, h.ID, true)
				}
			})
		})
	}
}

// emptyLookup shows a webhook to a look-up alone, behind an empty page.
type emptyLookup kanbert.Webhook

func (e emptyLookup) ListPage(_ context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	switch {
	case opts.Filter == "":
		return &kanbert.Page{}, nil
	case opts.Cursor == "":
		return &kanbert.Page{NextCursor: "next"}, nil
	}
	return &kanbert.Page{Webhooks: []kanbert.Webhook{kanbert.Webhook(e)}}, nil
}

// TestEmptyPageEndsNoLookup reads what is not gone.
func TestEmptyPageEndsNoLookup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := hook("ours", 1)
		mustRead(t, directory.New(emptyLookup(h)), h)
	})
}

// TestEmptyPageProvesNothing fails behind an empty page.
func TestEmptyPageProvesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := directory.New(emptyThenFailing{})
		if _, err := d.Read(t.Context(), "id", "https://receiver.example.com/", nil); err == nil || errors.Is(err, directory.ErrGone) {
			t.Errorf("Read = %v", err)
		}
		if d.SeenFree("https://other.example.com/") {
			t.Error("a URL was seen free")
		}
	})
}

// emptyThenFailing lists an empty page, and no second one.
type emptyThenFailing struct{}

func (emptyThenFailing) ListPage(_ context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	switch {
	case opts.Filter != "":
		return &kanbert.Page{}, nil
	case opts.Cursor != "":
		return nil, refusal(http.StatusBadGateway, kanbert.ErrServer)
	}
	return &kanbert.Page{NextCursor: "next"}, nil
}

// TestSpellingIsLookedUp asks for one spelling after the other, of which the server
// has the second.
func TestSpellingIsLookedUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := hook("other", 1)
		w.URL = "https://spelled.example.com"
		d := directory.New(newAPI(30, append(hooks("first", 60), w)...))
		mustFind(t, d.ByURL, "HTTPS://spelled.example.com", false)
		mustFind(t, d.ByURL, "https://spelled.example.com", true)
	})
}

// TestKnownIDCostsALookup asks for an id whose URL is known, and for one that has
// left its URL.
func TestKnownIDCostsALookup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		d := directory.New(source)
		h := source.webhooks[150]
		mustRead(t, d, h)
		mustCost(t, source, 1, 0, func() { mustFind(t, d.ByID, h.ID, true) })
		source.remove(h.ID) // By another program.
		after(directory.Freshness + time.Second)
		// A read that names no URL has none to make sure by, whatever is known.
		if _, err := d.Read(t.Context(), h.ID, "", nil); err == nil || errors.Is(err, directory.ErrGone) {
			t.Errorf("Read = %v", err)
		}
		mustFind(t, d.ByID, h.ID, false)
	})
}

// TestAbandonedLookupHoldsUpNoOther gives up the only call that a look-up is for.
func TestAbandonedLookupHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		d := directory.New(source)
		mustFind(t, d.ByURL, "https://free.example.com/0", false)
		source.latency = func(r request) time.Duration {
			if slices.Contains(r.urls(), "https://free.example.com/1") {
				return time.Hour
			}
			return time.Millisecond
		}
		after(directory.Freshness + time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		atOnce(2, func(i int) {
			if i == 0 {
				_, _, _ = d.ByEquivalentURL(ctx, "https://free.example.com/1")
				return
			}
			after(500 * time.Millisecond)
			began := time.Now()
			h := source.webhooks[150]
			if _, found, err := d.ByEquivalentURL(t.Context(), h.URL); !found || err != nil || time.Since(began) != 501*time.Millisecond {
				t.Errorf("%t, %v after %s", found, err, time.Since(began))
			}
		})
	})
}

// TestListingIsNotBegunAnew lets a list come while another one is being read, which
// cannot answer it.
func TestListingIsNotBegunAnew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		source.latency = always(time.Second)
		d := directory.New(source)
		mustCost(t, source, 0, 20, func() {
			atOnce(2, func(i int) {
				after(time.Duration(i) * 4500 * time.Millisecond)
				began := time.Now()
				if got := mustList(t, d, kanbert.ListOptions{}, 0); len(got) != 300 {
					t.Errorf("%d were listed", len(got))
				}
				// The second one waits for the first, and for more calls after it.
				want := []time.Duration{10050 * time.Millisecond, 15600 * time.Millisecond}[i]
				if took := time.Since(began); took != want {
					t.Errorf("list %d took %s, want %s", i, took, want)
				}
			})
		})
	})
}

// TestOldListingFailsNoOther begins a listing anew while a page of the one before,
// which was sent beside a look-up, is on its way, and fails.
func TestOldListingFailsNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		var far atomic.Int64
		source.latency = func(r request) time.Duration {
			switch {
			case r.isLookup():
				return time.Millisecond
			case r.opts.Sort[0] == "-url" && far.Add(1) == 1:
				return 10 * time.Second
			}
			return 3 * time.Second
		}
		failed := 0
		source.fault = func(n int, r request) error {
			if n < 3 && !r.isLookup() && r.opts.Sort[0] == "-url" {
				failed++
				return refusal(http.StatusBadGateway, kanbert.ErrServer)
			}
			return nil
		}
		d := directory.New(source)
		atOnce(2, func(i int) { mustRead(t, d, source.webhooks[150+i]) })
		mustFind(t, d.ByID, "id-absent", false)
		if failed != 1 {
			t.Error("no page has failed")
		}
	})
}

// TestLargeIsRemembered looks up at once where a listing has had several pages.
func TestLargeIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 90)
		source := newAPI(30, ours...)
		d := directory.New(source)
		mustList(t, d, kanbert.ListOptions{}, 0)
		after(directory.Freshness + time.Second)
		mustCost(t, source, 1, 0, func() { mustRead(t, d, ours[1]) })
	})
}

// TestListHoldsUpNoLookup has a list of its own on its way for an hour.
func TestListHoldsUpNoLookup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		source.latency = func(r request) time.Duration {
			if len(r.opts.Sort) > 0 && r.opts.Sort[0] == "is_active" {
				return time.Hour
			}
			return time.Millisecond
		}
		d := directory.New(source)
		var all sync.WaitGroup
		all.Go(func() { mustList(t, d, kanbert.ListOptions{Sort: []string{"is_active"}}, 1) })
		after(time.Second)
		began := time.Now()
		for i := range 3 {
			atOnce(2, func(k int) { mustRead(t, d, source.webhooks[140+2*i+k]) })
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		all.Wait()
	})
}

// TestOneAttemptIsNotTheAnswer fails the first page, which was asked for in one
// attempt, while a call waits that needs the whole listing.
func TestOneAttemptIsNotTheAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours := hooks("ours", 90)
		source := newAPI(30, ours...)
		source.latency = always(time.Second)
		source.fault = func(_ int, r request) error {
			if r.opts.Once {
				return refusal(http.StatusBadGateway, kanbert.ErrServer)
			}
			return nil
		}
		d := directory.New(source)
		atOnce(2, func(i int) {
			h := ours[i]
			if i == 1 {
				after(500 * time.Millisecond)
				h.URL = "" // So that no look-up can find it.
			}
			mustRead(t, d, h)
		})
	})
}

// TestFailedPageIsNotForAll fails a page while calls wait that do not wait for it:
// one that came after the listing had begun, and one that waits for a look-up.
func TestFailedPageIsNotForAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		source.latency = always(time.Second)
		source.fault = func(n int, _ request) error {
			if n == 1 {
				return refusal(http.StatusBadGateway, kanbert.ErrServer)
			}
			return nil
		}
		d := directory.New(source)
		atOnce(2, func(i int) {
			if i == 1 {
				after(1500 * time.Millisecond) // The second page is on its way.
				mustFind(t, d.ByID, "id-absent", false)
				return
			}
			for _, err := range d.List(t.Context(), kanbert.ListOptions{}, 0) {
				if err != nil {
					return
				}
			}
			t.Error("the list did not fail")
		})
	})
	bubble(t, func(t *testing.T) {
		source := newAPI(30, hooks("ours", 300)...)
		source.latency = func(r request) time.Duration {
			if r.isLookup() {
				return 1900 * time.Millisecond
			}
			return time.Second
		}
		failed := 0
		source.fault = func(_ int, r request) error {
			if !r.isLookup() && r.opts.Sort[0] == "-url" && failed == 0 {
				failed++
				return refusal(http.StatusBadGateway, kanbert.ErrServer)
			}
			return nil
		}
		d := directory.New(source)
		atOnce(3, func(i int) {
			after(time.Duration(i/2) * 1500 * time.Millisecond)
			mustRead(t, d, source.webhooks[150+i])
		})
		if failed != 1 {
			t.Error("no page has failed")
		}
	})
}
