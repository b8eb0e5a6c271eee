// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// What install prints is what a person pastes: `init` finds the provider with
// those three lines, in a home that has no configuration.
func TestInitFindsWhatWasInstalled(t *testing.T) {
	kanberttest.SkipShort(t, "it builds the provider and runs a real CLI")
	emptyHome(t)
	found, err := cli.Find(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, "7.8.9"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "installed "); n != 2 {
		t.Errorf("it says %d times that it installed, not once for each registry:\n%s", n, out.String())
	}

	lines := fmt.Sprintf(usage, "7.8.9")
	if n := strings.Count(lines, "\n") + 1; n != 3 || !strings.Contains(out.String(), lines) {
		t.Errorf("the output does not show three lines, but %d:\n%s", n, out.String())
	}
	w, err := found.NewWorkspace(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write("main.tf", lines+"\n"); err != nil {
		t.Fatal(err)
	}
	output, err := w.Run(t.Context(), 0, "init")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(output, "Installed kanbert/kanbert v7.8.9") {
		t.Errorf("init did not install it:\n%s", output)
	}
}

func TestRefusesWhatInitWouldPassOver(t *testing.T) {
	home := emptyHome(t)
	for _, version := range []string{"", "v1.2.3", "1.2", "1.2.3-rc1", "1.2.3/..", "0.0.0"} {
		if err := run(t.Context(), &bytes.Buffer{}, version); err == nil {
			t.Errorf("%q was installed", version)
		}
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) > 0 {
		t.Errorf("it wrote %v, %v", entries, err)
	}
}

// emptyHome gives the process a new home, and Go its old caches.
func emptyHome(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOENV"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, strings.TrimSpace(string(value)))
	}
	home := t.TempDir()
	if runtime.GOOS == "windows" {
		t.Setenv("APPDATA", home)
	}
	t.Setenv("HOME", home)
	return home
}
