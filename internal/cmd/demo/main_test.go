// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func TestDemo(t *testing.T) {
	kanberttest.SkipShort(t, "it builds the provider and runs a real CLI")
	found, err := cli.Find(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	root, err := cli.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	scratch := emptyTemporaryDirectory(t)
	before := listing(t, filepath.Join(root, "examples"))

	var out strings.Builder
	build := func(file string) error { return cli.BuildProvider(t.Context(), file) }
	if err := show(t.Context(), &out, found, build); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"1/8", "8/8",
		"4 webhooks will be created, none exists yet",
		"4 webhooks exist on the server, and the secrets in state are the server's",
		"the plan is empty",
		"one error says what to write instead, and nothing was created",
		"server and state are empty",
		"All 8 steps succeeded.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output does not say %q:\n%s", want, out.String())
		}
	}
	if left := listing(t, scratch); left != "" {
		t.Errorf("it left behind in the temporary directory:\n%s", left)
	}
	if after := listing(t, filepath.Join(root, "examples")); after != before {
		t.Errorf("it changed examples/:\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// A CLI that does nothing, and says that all went well, is not believed.
func TestDemoBelievesTheServerAndNotTheCLI(t *testing.T) {
	for name, test := range map[string]struct{ script, step string }{
		"a plan that is empty at once":   {`exit 0`, "step 2"},
		"a plan that creates nothing":    {`case "$*" in *show*) echo '{"format_version":"1.2"}';; *detailed*) exit 2;; esac`, "step 2"},
		"an apply that creates nothing":  {`case "$*" in *show*) cat "$(dirname "$0")/plan.json";; *detailed*) exit 2;; esac`, "step 3"},
		"an init that cannot be started": {`exit 1`, "step 1"},
	} {
		t.Run(name, func(t *testing.T) {
			scratch := emptyTemporaryDirectory(t)
			var out strings.Builder
			err := show(t.Context(), &out, standIn(t, test.script), buildNothing)
			if err == nil || !strings.HasPrefix(err.Error(), test.step+" ") {
				t.Errorf("got %v, want an error in %s\n%s", err, test.step, out.String())
			}
			if left := listing(t, scratch); left != "" {
				t.Errorf("it left behind:\n%s", left)
			}
		})
	}
}

func TestDemoEndsOnCtrlC(t *testing.T) {
	scratch := emptyTemporaryDirectory(t)
	ctx, cancel := context.WithCancel(t.Context())
	ready := filepath.Join(t.TempDir(), "ready")
	if err := syscall.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = os.ReadFile(ready) // Until the CLI has opened and closed it.
		cancel()
	}()
	script := fmt.Sprintf(`trap 'exit 1' INT; : > %q; while :; do sleep 0.05; done`, ready)
	err := show(ctx, io.Discard, standIn(t, script), buildNothing)
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
	if left := listing(t, scratch); left != "" {
		t.Errorf("it left behind:\n%s", left)
	}
}

// buildNothing is enough for a CLI that runs no provider.
func buildNothing(file string) error { return os.WriteFile(file, nil, 0o600) }

// standIn is a CLI that is a shell script. Beside it stands plan.json, a plan
// that creates the webhooks that the demo is about.
func standIn(t *testing.T, script string) cli.CLI {
	t.Helper()
	directory := t.TempDir()
	path := filepath.Join(directory, "terraform")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var planned []string
	for i, address := range []string{`kanbert_webhook.contacts[\"contact:create\"]`, `kanbert_webhook.contacts[\"contact:update\"]`, "kanbert_webhook.tasks", "kanbert_webhook.other"} {
		planned = append(planned, fmt.Sprintf(`{"address": "%s", "mode": "managed", "type": "kanbert_webhook",
			"change": {"actions": ["create"], "after": {"url": "https://hooks.example.com/%d", "event": "contact:update"}}}`, address, i))
	}
	plan := `{"format_version": "1.2", "resource_changes": [` + strings.Join(planned, ",") + `]}`
	if err := os.WriteFile(filepath.Join(directory, "plan.json"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	return cli.CLI{Path: path, Version: "1.9.8"}
}

// emptyTemporaryDirectory makes os.TempDir an empty directory, so that what is
// left behind shows.
func emptyTemporaryDirectory(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	t.Setenv("TMPDIR", directory)
	return directory
}

// listing names everything below a directory.
func listing(t *testing.T, directory string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(directory, func(path string, _ os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if path != directory {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}
