// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
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
func install(ctx context.Context, out io.Writer, r *release, root, scratch string) error {
	finder := cli.Finder{Directory: filepath.Join(root, "bin", "cli"), Log: out}
	found, err := finder.Find(ctx)
	if err != nil {
		return err
	}
	mirror := filepath.Join(scratch, "mirror")
	if err := r.fillMirror(filepath.Join(mirror, found.RegistryHost(), "kanbert", "kanbert")); err != nil {
		return err
	}
	configuration := filepath.Join(scratch, "cli.tfrc")
	if err := cli.WriteMirrorConfiguration(configuration, mirror); err != nil {
		return err
	}
	// A copy, since `init` writes its lock file beside the configuration.
	workspace := filepath.Join(scratch, "demo")
	if err := os.CopyFS(workspace, os.DirFS(filepath.Join(root, "examples", "demo"))); err != nil {
		return err
	}
	// The exact version, so that a pre-release installs too.
	pin := fmt.Sprintf("terraform {\n  required_providers {\n    kanbert = {\n      source  = \"kanbert/kanbert\"\n      version = %q\n    }\n  }\n}\n", r.version)
	if err := os.WriteFile(filepath.Join(workspace, "version_override.tf"), []byte(pin), 0o600); err != nil {
		return err
	}

	sandbox := kanberttest.New()
	if err := sandbox.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer sandbox.Close()
	w := &workspaceRun{cli: found, directory: workspace, configuration: configuration, sandbox: sandbox}
	if err := w.installed(ctx, r.version); err != nil {
		return err
	}
	fmt.Fprintf(out, "✓ %s init installs version %s from the archives, without development overrides\n", found, r.version)
	if err := w.applied(ctx, r.version); err != nil {
		return err
	}
	fmt.Fprintf(out, "✓ that binary applies examples/demo, plans nothing more, and destroys it\n")
	return nil
}

// fillMirror uses the mirror's packed layout, which takes a release's archives
// under their own names.
func (r *release) fillMirror(directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for _, archive := range r.archives {
		content, err := os.ReadFile(archive)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(directory, filepath.Base(archive)), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

type workspaceRun struct {
	cli                      cli.CLI
	directory, configuration string
	sandbox                  *kanberttest.Sandbox
}

func (w *workspaceRun) installed(ctx context.Context, version string) error {
	output, err := w.run(ctx, "init", "-no-color")
	if err != nil {
		return err
	}
	if strings.Contains(output, "development overrides") {
		return errors.New("init speaks of development overrides")
	}
	lock, err := os.ReadFile(filepath.Join(w.directory, ".terraform.lock.hcl"))
	if err != nil {
		return err
	}
	locked := regexp.MustCompile(`(?m)^\s*version\s*= "` + regexp.QuoteMeta(version) + `"$`)
	if !locked.Match(lock) {
		return fmt.Errorf("the lock file does not hold version %s:\n%s", version, lock)
	}
	return nil
}

func (w *workspaceRun) applied(ctx context.Context, version string) error {
	if _, err := w.run(ctx, "apply", "-auto-approve", "-no-color"); err != nil {
		return err
	}
	stand := len(w.sandbox.Webhooks())
	if stand == 0 || w.sandbox.Count(http.MethodPost) != stand {
		return fmt.Errorf("after the apply the server has %d webhooks, from %d creates", stand, w.sandbox.Count(http.MethodPost))
	}
	// The binary that ran is the one that was installed.
	for _, request := range w.sandbox.Requests() {
		if agent := request.Header.Get("User-Agent"); !strings.Contains(agent, version) {
			return fmt.Errorf("a request came from %q, not from version %s", agent, version)
		}
	}
	if _, err := w.run(ctx, "plan", "-detailed-exitcode", "-no-color"); err != nil {
		return err
	}
	if _, err := w.run(ctx, "destroy", "-auto-approve", "-no-color"); err != nil {
		return err
	}
	if left := len(w.sandbox.Webhooks()); left > 0 {
		return fmt.Errorf("after the destroy the server still has %d webhooks", left)
	}
	return nil
}

func (w *workspaceRun) run(ctx context.Context, args ...string) (string, error) {
	var output bytes.Buffer
	code, err := w.cli.Run(ctx, cli.Run{
		Directory: w.directory,
		Args:      args,
		Settings: map[string]string{
			"TF_CLI_CONFIG_FILE": w.configuration,
			"KANBERT_BASE_URL":   w.sandbox.BaseURL(),
			"KANBERT_TOKEN":      w.sandbox.Token(),
		},
		Stdout: &output,
		Stderr: &output,
	})
	if err != nil {
		return "", err
	}
	if code != 0 {
		return "", fmt.Errorf("%s %s ended with exit code %d:\n%s", w.cli.Command(), args[0], code, output.String())
	}
	return output.String(), nil
}
