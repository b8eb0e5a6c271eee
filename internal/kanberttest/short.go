// SPDX-License-Identifier: MPL-2.0

package kanberttest

import "testing"

// SkipShort skips what takes long under go test -short, and says what it is. A
// test that starts a CLI takes seconds, and one in process takes milliseconds.
func SkipShort(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("left out by -short: " + what)
	}
}
