// SPDX-License-Identifier: MPL-2.0

package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func percent() int {
	now := debug.SetGCPercent(usualPercent)
	debug.SetGCPercent(now)
	return now
}

// TestCollectLazily is lazy while the live heap is small, and only then.
func TestCollectLazily(t *testing.T) {
	defer debug.SetGCPercent(percent())
	debug.SetGCPercent(usualPercent)
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		collectLazily(func(asked string) (string, bool) {
			if asked != name {
				return "", false
			}
			return "200", true
		})
		if got := percent(); got != usualPercent {
			t.Errorf("with %s set, GOGC is %d", name, got)
		}
	}
	collectLazily(func(string) (string, bool) { return "", false })
	runtime.GC()
	if got := percent(); got != lazyPercent {
		t.Errorf("GOGC is %d while the heap is small", got)
	}
	large := make([]byte, 2*smallHeap)
	for i := 0; percent() == lazyPercent; i++ {
		if i == 1000 {
			t.Fatal("GOGC stays as it is, although the heap is large")
		}
		runtime.GC() // The sentinel is looked at after a collection.
	}
	if got := percent(); got != usualPercent {
		t.Errorf("GOGC is %d when the heap is large", got)
	}
	runtime.KeepAlive(large)
}
