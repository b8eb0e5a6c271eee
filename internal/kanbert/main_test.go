// SPDX-License-Identifier: MPL-2.0

package kanbert_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	// The sequences leave much garbage and little that lives.
	debug.SetGCPercent(800)
	code := m.Run()
	if n := sequencesRun.Load(); n > 0 {
		fmt.Printf("sequences of faults: %d run, %d of them with a second actor, %d broken\n", n, sequencesWithStranger.Load(), sequencesBroken.Load())
	}
	os.Exit(code)
}
