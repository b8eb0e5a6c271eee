// SPDX-License-Identifier: MPL-2.0

package kanbert_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// goroutines returns the stacks of those that run code of the client, once they have
// had the time to end.
func goroutines() (left string) {
	for range 100 {
		left = ""
		stacks := make([]byte, 1<<20)
		for _, stack := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "/internal/kanbert.") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
		time.Sleep(10 * time.Millisecond)
	}
	return left
}

func TestMain(m *testing.M) {
	// The sequences leave much garbage and little that lives.
	debug.SetGCPercent(800)
	code := m.Run()
	if left := goroutines(); code == 0 && left != "" {
		fmt.Printf("goroutines of the client are left:\n%s\n", left)
		code = 1
	}
	if n := sequencesRun.Load(); n > 0 {
		fmt.Printf("sequences of faults: %d run, %d of them with a second actor, %d broken\n", n, sequencesWithStranger.Load(), sequencesBroken.Load())
	}
	os.Exit(code)
}
