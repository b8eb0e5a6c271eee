// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
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
	found, err := cli.Finder{Directory: filepath.Join(moduleRoot(t), "bin", "cli")}.Find(t.Context())
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

	lines := usage("7.8.9")
	if n := strings.Count(lines, "\n") + 1; n != 3 || !strings.Contains(out.String(), lines) {
		t.Errorf("the output does not show three lines, but %d:\n%s", n, out.String())
	}
	workspace := t.TempDir()
	if err := os.WriteFile(filepath.Join(workspace, "main.tf"), []byte(lines+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	code, err := found.Run(t.Context(), cli.Run{Directory: workspace, Args: []string{"init", "-no-color"}, Stdout: &output, Stderr: &output})
	if err != nil || code != 0 {
		t.Fatalf("%s init: exit code %d, %v\n%s", found, code, err, output.String())
	}
	if !strings.Contains(output.String(), "Installed kanbert/kanbert v7.8.9") {
		t.Errorf("init did not install it:\n%s", output.String())
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

func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := cli.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}
