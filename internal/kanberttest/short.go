// SPDX-License-Identifier: MPL-2.0

package kanberttest

import "testing"

// SkipShort skips a long test under go test -short, with the reason. A test that
// starts a CLI takes seconds. One in process takes milliseconds.
func SkipShort(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("left out by -short: " + what)
	}
}
