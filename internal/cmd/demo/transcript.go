// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// transcript indents what a CLI prints, and leaves out blank lines at the
// beginning and at the end. The CLI writes to it from two streams at once.
type transcript struct {
	to io.Writer

	mu      sync.Mutex
	partial []byte // the line that has no end yet
	begun   bool
	blank   int // blank lines that are due if another line follows
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partial = append(t.partial, p...)
	for {
		line, rest, found := bytes.Cut(t.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		t.line(line)
		t.partial = rest
	}
}

// flush shows a last line that has no end.
func (t *transcript) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.partial) > 0 {
		t.line(t.partial)
		t.partial = nil
	}
}

func (t *transcript) line(line []byte) {
	line = bytes.TrimRight(line, " \r")
	if len(line) == 0 {
		t.blank++
		return
	}
	if t.begun && t.blank > 0 {
		fmt.Fprintln(t.to, "      |")
	}
	t.begun, t.blank = true, 0
	fmt.Fprintf(t.to, "      | %s\n", line)
}
