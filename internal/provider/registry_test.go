// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Everything that calls share in the registry is used by several at a time, each
// beside one that writes. Without a lock Go's own maps end the process, also where
// the race detector is off.
func TestRegistryIsLocked(t *testing.T) {
	t.Parallel()
	const callers, rounds = 4, 2000
	url := func(i int) string { return fmt.Sprintf("https://receiver.example/%d", i%50) }
	for name, use := range map[string]func(r *registry, caller, round int){
		"trackManaged": func(r *registry, _, i int) { r.trackManaged(url(i), seenByApply) },
		"planURL": func(r *registry, caller, i int) {
			r.planURL(owner{n: caller}, plannedURL{url: url(i), answered: url(i), event: kanbert.ContactCreate})
		},
		"conflictReported": func(r *registry, caller, i int) {
			if caller == 0 {
				r.planURL(owner{n: i}, plannedURL{url: url(i), answered: url(i)})
			}
			r.conflictReported(url(i))
		},
		"noteSpelling": func(r *registry, _, i int) { r.noteSpelling(url(i), "https://other.example/") },
		"answeredTo": func(r *registry, caller, i int) {
			if caller == 0 {
				r.noteSpelling(url(i), "https://other.example/")
			}
			r.answeredTo(url(i))
		},
		"reportTaken": func(r *registry, _, i int) { r.reportTaken(url(i)) },
	} {
		t.Run(name, func(*testing.T) {
			var r registry
			inParallel(callers, func(caller int) {
				for i := range rounds {
					use(&r, caller, i)
				}
			})
		})
	}
	t.Run("newOwner", func(t *testing.T) {
		var r registry
		var last [callers]owner
		inParallel(callers, func(caller int) {
			for range 20 * rounds {
				last[caller] = r.newOwner()
			}
		})
		if next := r.newOwner(); next.n != callers*20*rounds+1 {
			t.Errorf("the owners are numbered up to %d", next.n)
		}
	})
}

func inParallel(n int, do func(caller int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	group.Wait()
}

// A URL that is refused to several is explained to the first, and one conflict is
// reported to the call that sees it first, with the events of all, sorted.
func TestRegistryReportsOnce(t *testing.T) {
	t.Parallel()
	var r registry
	const u, respelt = "https://receiver.example/", "https://RECEIVER.example"
	for i, want := range []bool{true, false, false} {
		if got := r.reportTaken([]string{u, respelt, u}[i]); got != want {
			t.Errorf("call %d: first is %t", i+1, got)
		}
	}
	for i, c := range []struct {
		owner   owner
		planned plannedURL
		want    conflict
		events  string
	}{
		// What stays as it is conflicts with what is new, and not among itself.
		{owner{id: "a"}, plannedURL{u, u, "task:create", false}, noConflict, "[]"},
		{owner{id: "b"}, plannedURL{u, u, "contact:create", false}, noConflict, "[]"},
		{owner{n: 1}, plannedURL{respelt, respelt, "company:create", true}, otherSpelling, "[company:create contact:create task:create]"},
		{owner{n: 2}, plannedURL{respelt, respelt, "company:create", true}, sameURL, "[company:create contact:create task:create]"},
		{owner{n: 3}, plannedURL{u, u, "company:create", true}, noConflict, "[]"},
		// Another text is one URL if the API answers with it.
		{owner{n: 4}, plannedURL{"https://a.example/x", "https://b.example/x", "contact:create", true}, noConflict, "[]"},
		{owner{n: 5}, plannedURL{"https://b.example/x", "https://b.example/x", "contact:update", true}, sameURL, "[contact:create contact:update]"},
		{owner{n: 6}, plannedURL{"https://c.example/x", "https://d.example/x", "contact:create", true}, noConflict, "[]"},
		{owner{n: 7}, plannedURL{"https://e.example/x", "https://d.example/x", "contact:create", true}, sameURL, "[contact:create]"},
		{owner{n: 8}, plannedURL{"https://f.example/x", "https://f.example/x", "contact:create", true}, noConflict, "[]"},
		{owner{n: 9}, plannedURL{"https://g.example/x", "https://f.example/x", "contact:create", true}, sameURL, "[contact:create]"},
		// What has moved away conflicts with nothing.
		{owner{n: 8}, plannedURL{"https://h.example/x", "https://h.example/x", "contact:create", true}, noConflict, "[]"},
		{owner{n: 9}, plannedURL{"https://h.example/y", "https://h.example/y", "contact:create", true}, noConflict, "[]"},
		{owner{n: 10}, plannedURL{"https://g.example/x", "https://g.example/x", "contact:create", true}, noConflict, "[]"},
	} {
		if got, events := r.planURL(c.owner, c.planned); got != c.want || fmt.Sprint(events) != c.events {
			t.Errorf("call %d: got %d with %v, want %d with %s", i+1, got, events, c.want, c.events)
		}
	}
	for url, want := range map[string]bool{respelt: true, u: true, "https://other.example/": false, "https://b.example/x": true} {
		if got := r.conflictReported(url); got != want {
			t.Errorf("%s: reported is %t", url, got)
		}
	}
}

// What shows that one webhook is at two addresses, and what does not.
func TestSightings(t *testing.T) {
	t.Parallel()
	const i, r, p, d, a = seenByImport, seenByRead, seenAsPrior, seenAsDestroyed, seenByApply
	for _, c := range []struct {
		seen []sighting
		want []duplication
	}{
		{[]sighting{r, p}, []duplication{managedOnce, managedOnce}},
		{[]sighting{r, r, r}, []duplication{managedOnce, atTwoAddresses, managedOnce}},
		{[]sighting{p, p}, []duplication{managedOnce, atTwoAddresses}},
		{[]sighting{p, d}, []duplication{managedOnce, atTwoAddresses}},
		{[]sighting{d, p}, []duplication{managedOnce, atTwoAddresses}},
		{[]sighting{d, d}, []duplication{managedOnce, managedOnce}},
		{[]sighting{i, r, p}, []duplication{managedOnce, managedOnce, managedOnce}},
		{[]sighting{i, i, i}, []duplication{managedOnce, importedTwice, importedTwice}},
		{[]sighting{r, i}, []duplication{managedOnce, atTwoAddresses}},
		{[]sighting{p, i}, []duplication{managedOnce, atTwoAddresses}},
		{[]sighting{r, p, i, r}, []duplication{managedOnce, managedOnce, atTwoAddresses, managedOnce}},
		{[]sighting{a, a, r, p}, []duplication{managedOnce, managedOnce, managedOnce, managedOnce}},
	} {
		var reg registry
		for n, by := range c.seen {
			if got := reg.trackManaged("id", by); got != c.want[n] {
				t.Errorf("%v: sighting %d shows %d, want %d", c.seen, n+1, got, c.want[n])
			}
			if got := reg.trackManaged("other "+fmt.Sprint(n), by); got != managedOnce {
				t.Errorf("%v: another webhook shows %d", c.seen, got)
			}
		}
	}
}
