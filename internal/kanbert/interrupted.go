// SPDX-License-Identifier: MPL-2.0

package kanbert

import "fmt"

// InterruptedError says that the caller's context ended while a call waited and
// had nothing in flight. Nothing was done.
type InterruptedError struct {
	// Err is the context's error.
	Err error
	// Waiting is what the call waited for, as in "the rate limit"; empty if it
	// had not begun.
	Waiting string
}

func (e *InterruptedError) Error() string {
	if e.Waiting == "" {
		return fmt.Sprintf("interrupted before a request was sent: %v", e.Err)
	}
	return fmt.Sprintf("interrupted while waiting for %s: %v", e.Waiting, e.Err)
}
func (e *InterruptedError) Unwrap() error { return e.Err }
