// SPDX-License-Identifier: MPL-2.0

package kanbert_test

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := sequencesRun.Load(); n > 0 {
		fmt.Printf("sequences of faults: %d run, %d broken\n", n, sequencesBroken.Load())
	}
	os.Exit(code)
}
