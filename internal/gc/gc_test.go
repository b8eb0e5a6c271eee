// SPDX-License-Identifier: MPL-2.0

package gc

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func percent() int {
	now := debug.SetGCPercent(100)
	debug.SetGCPercent(now)
	return now
}

func unset(string) (string, bool) { return "", false }

// collect collects garbage, and waits until what follows a collection has run. What
// was there before this one runs before it or in the second turn.
func collect() {
	for range 2 {
		done := make(chan struct{})
		afterEachCollection(func() bool { close(done); return false })
		runtime.GC()
		<-done
	}
}

func TestSmallHeap(t *testing.T) {
	for live, want := range map[uint64]bool{0: true, 67_108_864: true, 67_108_865: false} {
		if got := isSmall(live); got != want {
			t.Errorf("%d bytes are small: %t, want %t", live, got, want)
		}
	}
}

// TestCollectLazily is lazy while the live heap is at most 64 MiB, and never again
// once it was larger.
func TestCollectLazily(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	CollectLazily(unset)
	if got := percent(); got != 400 {
		t.Fatalf("GOGC is %d at the start, want 400", got)
	}
	small := make([]byte, 48<<20)
	for range 5 {
		collect()
	}
	if got := percent(); got != 400 {
		t.Errorf("GOGC is %d while the heap is smaller than 64 MiB, want 400", got)
	}
	large := make([]byte, 20<<20)
	collect()
	if got := percent(); got != 100 {
		t.Errorf("GOGC is %d when the heap is larger than 64 MiB, want 100", got)
	}
	// That is the end of it: what another sets after that stays.
	debug.SetGCPercent(77)
	collect()
	if got := percent(); got != 77 {
		t.Errorf("GOGC is %d, although it was decided before", got)
	}
	runtime.KeepAlive(small)
	runtime.KeepAlive(large)
}

// TestCollectAsAsked leaves alone what a person has set, whatever that is. An empty
// variable counts as unset, as it does for Go itself.
func TestCollectAsAsked(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	for _, test := range []struct {
		name, value string
		want        int
	}{
		{"GOGC", "off", 77}, {"GOGC", "100", 77}, {"GOGC", "400", 77}, {"GOGC", "0", 77}, {"GOGC", "nonsense", 77},
		{"GOMEMLIMIT", "off", 77}, {"GOMEMLIMIT", "2GiB", 77}, {"GOMEMLIMIT", "nonsense", 77},
		{"GOGC", "", 400}, {"GOMEMLIMIT", "", 400}, {"GODEBUG", "gctrace=1", 400},
	} {
		debug.SetGCPercent(77)
		CollectLazily(func(name string) (string, bool) {
			if name != test.name {
				return "", false
			}
			return test.value, true
		})
		if got := percent(); got != test.want {
			t.Errorf("with %s=%s GOGC is %d, want %d", test.name, test.value, got, test.want)
		}
	}
}
