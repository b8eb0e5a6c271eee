// SPDX-License-Identifier: MPL-2.0

//go:build !live

package live_test

import (
	"os"
	"testing"
)

// TestMain keeps a person's token and server out of the tests.
func TestMain(m *testing.M) {
	forgetKanbert()
	os.Exit(m.Run())
}
