// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Each method of the registry waits for its lock. The race detector sees a missing
// one only where two calls meet.
func TestRegistryIsLocked(t *testing.T) {
	const url, other = "https://receiver.example/", "https://other.example/"
	for name, use := range map[string]func(r *registry){
		"trackManaged":     func(r *registry) { r.trackManaged("id", seenByApply) },
		"planURL":          func(r *registry) { r.planURL(owner{}, plannedURL{url: url, answered: url}) },
		"conflictReported": func(r *registry) { r.conflictReported(url) },
		"noteSpelling":     func(r *registry) { r.noteSpelling(url, other) },
		"answeredTo":       func(r *registry) { r.answeredTo(url) },
		"reportTaken":      func(r *registry) { r.reportTaken(url) },
	} {
		var r registry
		done := make(chan struct{})
		r.mu.Lock()
		go func() {
			use(&r)
			close(done)
		}()
		for !waitsForMutex("(*registry)." + name) {
			select {
			case <-done:
				t.Fatalf("%s does not lock", name)
			default:
				runtime.Gosched()
			}
		}
		r.mu.Unlock()
		<-done
	}
}

// waitsForMutex reports whether a goroutine is in the function and waits for a mutex.
func waitsForMutex(function string) bool {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, function+"(") && strings.Contains(stack, "[sync.Mutex.Lock") {
			return true
		}
	}
	return false
}

// Owners without an id are told apart.
func TestNewOwner(t *testing.T) {
	t.Parallel()
	var r registry
	if a, b := r.newOwner(), r.newOwner(); a == b || a == (owner{}) || b == (owner{}) {
		t.Errorf("got %v and %v", a, b)
	}
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
