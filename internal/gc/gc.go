// SPDX-License-Identifier: MPL-2.0

// Package gc tunes the garbage collector for a provider. It must never know what
// the provider does: the benchmark tunes a provider that does nothing the same way.
package gc

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// smallHeap is the live heap, in bytes, up to which memory is cheaper than
	// the time to collect it. A plan over a thousand webhooks stays below it.
	smallHeap = 64 << 20
	// lazyPercent is GOGC for a small heap, usualPercent Go's own.
	lazyPercent, usualPercent = 400, 100
)

// CollectLazily lets garbage grow to four times the live heap while that is small:
// nearly all that the provider allocates is a message of the CLI, and dead soon. A
// person who has set GOGC or GOMEMLIMIT gets what they ask for. A memory limit of
// our own would be a cliff: about the size of the live heap it costs several times
// the CPU.
func CollectLazily(lookup func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if value, _ := lookup(name); value != "" {
			return
		}
	}
	debug.SetGCPercent(lazyPercent)
	afterEachCollection(func() bool {
		if isSmall(liveHeap()) {
			return true
		}
		debug.SetGCPercent(usualPercent)
		return false
	})
}

func isSmall(live uint64) bool { return live <= smallHeap }

// afterEachCollection calls f after each collection of garbage until it returns
// false.
func afterEachCollection(f func() bool) {
	type sentinel struct{ _ *byte }
	var watch func(*sentinel)
	watch = func(s *sentinel) {
		if f() {
			runtime.SetFinalizer(s, watch)
		}
	}
	runtime.SetFinalizer(&sentinel{}, watch)
}

// liveHeap is what the last collection found alive, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
