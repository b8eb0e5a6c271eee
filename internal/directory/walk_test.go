// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var howMany = flag.Int("walks", 120, "how many walks of the grid of sizes, placements, orders and latencies to take; 0 for all")

// walk is one walk of a CLI over webhooks, under virtual time.
type walk struct {
	n, m, page  int
	parallelism int
	// placement says where ours stand in the server's order, order in which
	// order the CLI comes to them, and news how many of them are planned as new
	// and not at the server.
	placement, order string
	newPart          float64
	// latency and work are how long a request takes, and how long the CLI needs
	// for a webhook, on as many cores as it has.
	latency string
	work    time.Duration
	cores   int
	seed    uint64
}

func (w walk) String() string {
	return fmt.Sprintf("N=%d M=%d page=%d P=%d ours=%s order=%s new=%v latency=%s work=%s cores=%d",
		w.n, w.m, w.page, w.parallelism, w.placement, w.order, w.newPart, w.latency, w.work, w.cores)
}

func (w walk) waves() int { return (w.n + w.parallelism - 1) / w.parallelism }

// bound is how many requests a walk may cost. A workspace of one page costs one,
// and that a full page is the last is not known before the next was seen.
func (w walk) bound() int {
	if w.m <= w.page {
		return 1
	}
	return 3*min(w.waves(), w.m/(2*w.page)+1) + 1
}

type outcome struct {
	lookups, pages int
	took           time.Duration
	floor          time.Duration // what the CLI takes by itself
}

func (o outcome) total() int { return o.lookups + o.pages }

var latencies = map[string]func(*rand.Rand, request) time.Duration{
	"none":  func(*rand.Rand, request) time.Duration { return 0 },
	"1ms":   func(*rand.Rand, request) time.Duration { return time.Millisecond },
	"100ms": func(*rand.Rand, request) time.Duration { return 100 * time.Millisecond },
	"uneven": func(r *rand.Rand, _ request) time.Duration {
		return time.Duration(r.ExpFloat64() * float64(80*time.Millisecond))
	},
	"lookups": func(_ *rand.Rand, q request) time.Duration { return slower(q.isLookup()) },
	"pages":   func(_ *rand.Rand, q request) time.Duration { return slower(!q.isLookup()) },
	"back": func(_ *rand.Rand, q request) time.Duration {
		return slower(len(q.opts.Sort) == 1 && q.opts.Sort[0] == "-url")
	},
}

func slower(yes bool) time.Duration {
	if yes {
		return time.Second
	}
	return 20 * time.Millisecond
}

var otherHooks = hooks("other", 10000)

func (w walk) run(t *testing.T) outcome {
	ours := hooks("ours-"+w.placement, w.n)
	random := rand.New(rand.NewPCG(w.seed, 1))
	existing := w.n - int(float64(w.n)*w.newPart)
	source := newAPI(w.page, slices.Concat(ours[:existing], otherHooks[:w.m-existing])...)
	var mu sync.Mutex
	source.latency = func(r request) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return latencies[w.latency](random, r)
	}
	order := w.sequence(ours, random)
	var out outcome
	bubble(t, func(t *testing.T) {
		d := directory.New(source)
		began := time.Now()
		w.walk(t, order, func(i int) {
			if h := ours[i]; i < existing {
				if got, err := d.Read(context.Background(), h.ID, h.URL, nil); err != nil || got.ID != h.ID {
					t.Errorf("%s: Read(%s) = %v, %v", w, h.ID, got, err)
				}
			} else if got, found, err := d.ByURL(context.Background(), h.URL); err != nil || found {
				t.Errorf("%s: ByURL(%s) = %v, %t, %v", w, h.URL, got, found, err)
			}
		})
		out.took = time.Since(began)
		began = time.Now()
		w.walk(t, order, func(int) {})
		out.floor = time.Since(began)
	})
	out.lookups, out.pages = source.sent()
	return out
}

// walk is what the CLI does: it comes to one webhook after the other, works on
// each, and has at most so many open.
func (w walk) walk(_ *testing.T, order []int, visit func(int)) {
	slots := make(chan struct{}, w.parallelism)
	cores := make(chan struct{}, w.cores)
	work := func() {
		if w.work == 0 {
			return
		}
		cores <- struct{}{}
		_ = pause(context.Background(), w.work/2)
		<-cores
	}
	var all sync.WaitGroup
	for _, i := range order {
		slots <- struct{}{}
		all.Go(func() {
			work()
			visit(i)
			work()
			<-slots
		})
	}
	all.Wait()
}

func (w walk) sequence(ours []kanbert.Webhook, random *rand.Rand) []int {
	order := make([]int, len(ours))
	for i := range order {
		order[i] = i
	}
	switch w.order {
	case "sorted":
		slices.SortFunc(order, func(i, j int) int { return collate(ours[i].URL, ours[j].URL) })
	case "reversed":
		slices.SortFunc(order, func(i, j int) int { return collate(ours[j].URL, ours[i].URL) })
	case "middle": // What both ends come to last comes first.
		slices.SortFunc(order, func(i, j int) int { return collate(ours[i].URL, ours[j].URL) })
		inner := make([]int, 0, len(order))
		for k := range order {
			at := len(order)/2 + (k+1)/2*(1-2*(k%2))
			if at >= 0 && at < len(order) && !slices.Contains(inner, order[at]) {
				inner = append(inner, order[at])
			}
		}
		for _, i := range order {
			if !slices.Contains(inner, i) {
				inner = append(inner, i)
			}
		}
		order = inner
	default:
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return order
}

// grid is what is walked: a part that is drawn by lot, unless -walks says otherwise.
func grid() []walk {
	ns := []int{1, 2, 9, 10, 11, 25, 99, 100, 101, 250, 1000}
	ms := []int{0, 1, 7, 60, 200, 1000, 9000}
	placements := []string{"first", "last", "mixed"}
	orders := []string{"random", "sorted", "reversed", "middle"}
	speeds := []string{"none", "1ms", "100ms", "uneven", "lookups", "pages", "back"}
	works := []time.Duration{0, 6 * time.Millisecond, 60 * time.Millisecond}
	var all []walk
	for _, n := range ns {
		for _, more := range ms {
			m := min(10000, n+more)
			for _, page := range []int{30, 100} {
				for _, placement := range placements {
					for _, order := range orders {
						for _, speed := range speeds {
							for _, work := range works {
								for _, part := range []float64{0, 0.3, 1} {
									all = append(all, walk{
										n: n, m: m, page: page, parallelism: 10, placement: placement, order: order,
										newPart: part, latency: speed, work: work, cores: 2, seed: uint64(len(all)),
									})
								}
							}
						}
					}
				}
			}
		}
	}
	if *howMany == 0 {
		return all
	}
	random := rand.New(rand.NewPCG(7, 7))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if testing.Short() {
		return all[:min(len(all), *howMany/5)]
	}
	return all[:min(len(all), *howMany)]
}

// TestWalkWithinBound walks as the CLI does at parallelism 10, and counts.
func TestWalkWithinBound(t *testing.T) {
	walks, requests, allowed, tight := 0, 0, 0, 0
	for _, w := range grid() {
		got := w.run(t)
		if got.took > directory.Freshness {
			continue // What was known at its beginning was forgotten before its end.
		}
		walks++
		requests += got.total()
		allowed += w.bound()
		if got.total() == w.bound() {
			tight++
		}
		if got.total() > w.bound() {
			t.Errorf("%s: %d look-ups and %d pages, %d allowed", w, got.lookups, got.pages, w.bound())
		}
	}
	t.Logf("%d walks: %d requests, %d allowed, %d walks at the bound", walks, requests, allowed, tight)
}
