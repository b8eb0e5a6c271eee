// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// install puts the archives into a filesystem mirror as they are, installs the
// provider from there as a user does, and applies examples/demo with it.
func install(ctx context.Context, out io.Writer, r *release) error {
	found, err := cli.Find(ctx, out)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "kanbert-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	sandbox := kanberttest.New()
	if err := sandbox.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer sandbox.Close()
	w, err := r.workspace(found, scratch)
	if err != nil {
		return err
	}
	w.UseAPI(sandbox.BaseURL(), sandbox.Token())
	if err := installed(ctx, w, r.version); err != nil {
		return err
	}
	fmt.Fprintf(out, "✓ %s init installs version %s from the archives, without development overrides\n", found, r.version)
	if err := applied(ctx, w, sandbox, r.version); err != nil {
		return err
	}
	fmt.Fprintf(out, "✓ that binary applies examples/demo, plans nothing more, and destroys it\n")
	return nil
}

// workspace returns a copy of examples/demo, whose provider comes from a mirror in
// the packed layout, which takes a release's archives under their own names.
func (r *release) workspace(found cli.CLI, scratch string) (*cli.Workspace, error) {
	folder, mirror := filepath.Join(scratch, "demo"), filepath.Join(scratch, "mirror")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	packed := filepath.Join(mirror, found.RegistryHost(), "kanbert", "kanbert")
	if err := os.MkdirAll(packed, 0o755); err != nil {
		return nil, err
	}
	for _, archive := range r.archives {
		archive, err := filepath.Abs(archive)
		if err != nil {
			return nil, err
		}
		if err := os.Symlink(archive, filepath.Join(packed, filepath.Base(archive))); err != nil {
			return nil, err
		}
	}
	w, err := found.NewWorkspace(folder)
	if err != nil {
		return nil, err
	}
	// The exact version, so that a pre-release installs too.
	pin := strings.Replace(cli.RequiredProviders, "\n    }", fmt.Sprintf("\n      version = %q\n    }", r.version), 1)
	return w, errors.Join(w.CopyExample("demo"), w.UseMirror(mirror), w.Write("version_override.tf", pin))
}

func installed(ctx context.Context, w *cli.Workspace, version string) error {
	output, err := w.Run(ctx, 0, "init")
	if err != nil {
		return err
	}
	if strings.Contains(output, "development overrides") {
		return errors.New("init speaks of development overrides")
	}
	lock, err := os.ReadFile(filepath.Join(w.Dir, ".terraform.lock.hcl"))
	if err != nil {
		return err
	}
	locked := regexp.MustCompile(`(?m)^\s*version\s*= "` + regexp.QuoteMeta(version) + `"$`)
	if !locked.Match(lock) {
		return fmt.Errorf("the lock file does not hold version %s:\n%s", version, lock)
	}
	return nil
}

func applied(ctx context.Context, w *cli.Workspace, sandbox *kanberttest.Sandbox, version string) error {
	if _, err := w.Run(ctx, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	stand := len(sandbox.Webhooks())
	if stand == 0 || sandbox.Count(http.MethodPost) != stand {
		return fmt.Errorf("after the apply the server has %d webhooks, from %d creates", stand, sandbox.Count(http.MethodPost))
	}
	// The binary that ran is the one that was installed.
	for _, request := range sandbox.Requests() {
		if agent := request.Header.Get("User-Agent"); !strings.Contains(agent, version) {
			return fmt.Errorf("a request came from %q, not from version %s", agent, version)
		}
	}
	if _, err := w.Run(ctx, 0, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	if _, err := w.Run(ctx, 0, "destroy", "-auto-approve"); err != nil {
		return err
	}
	if left := len(sandbox.Webhooks()); left > 0 {
		return fmt.Errorf("after the destroy the server still has %d webhooks", left)
	}
	return nil
}
