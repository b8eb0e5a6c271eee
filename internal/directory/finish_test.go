// SPDX-License-Identifier: MPL-2.0

package directory

import "testing"

// TestFinishTwice answers a wait once more after it was answered, and after it
// was given up: no other is held up.
func TestFinishTwice(t *testing.T) {
	d := New(nil)
	a := &waiter{done: make(chan answer, 1)}
	d.waiters = append(d.waiters, a)
	all := func(got answer) func(*waiter) (answer, bool) {
		return func(*waiter) (answer, bool) { return got, true }
	}
	d.finish(all(answer{found: true}))
	d.finish(all(answer{}))
	if got := <-a.done; !got.found || len(a.done) > 0 {
		t.Errorf("the answer is %v, and %d more wait", got, len(a.done))
	}
	d.finish(all(answer{}))
	if len(a.done) > 0 {
		t.Error("a wait that is closed was answered")
	}
}
