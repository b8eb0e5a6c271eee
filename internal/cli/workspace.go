// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// interruptGrace is how long a CLI that was interrupted may take to write its
// state before it is killed.
const interruptGrace = 30 * time.Second

// configurationFile is the CLI's own configuration, in each workspace.
const configurationFile = "cli.tfrc"

// RequiredProviders says in a configuration where the provider comes from.
const RequiredProviders = `terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}
`

// Workspace is a folder with a configuration and its state, in which a CLI runs.
type Workspace struct {
	CLI CLI
	// Dir holds the configuration.
	Dir string
	// Settings are environment variables of the CLI and of the provider. What else
	// Terraform or the provider reads from the environment is left out.
	Settings map[string]string

	overrides map[string]string
}

// NewWorkspace returns a workspace in a folder that exists. Until [Workspace.Override]
// or [Workspace.UseMirror] is called the CLI finds no provider.
func (c CLI) NewWorkspace(dir string) (*Workspace, error) {
	w := &Workspace{CLI: c, Dir: dir, overrides: map[string]string{}}
	w.Settings = map[string]string{"TF_CLI_CONFIG_FILE": filepath.Join(dir, configurationFile)}
	return w, w.configure("")
}

// NewMirrorWorkspace returns a workspace below dir in which init installs binary as
// the provider of this version, as it does for users: from a mirror, and not by an
// override. The version must be no pre-release, which init would pass over, and not
// 0.0.0, which it takes for no version at all.
func (c CLI) NewMirrorWorkspace(dir, version, binary string) (*Workspace, error) {
	mirror, folder := filepath.Join(dir, "mirror"), filepath.Join(dir, "workspace")
	if _, err := InstallProvider(mirror, c.RegistryHost(), version, Platform(), binary); err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	w, err := c.NewWorkspace(folder)
	if err != nil {
		return nil, err
	}
	return w, w.UseMirror(mirror)
}

// Override lets the CLI take the provider of a source address such as
// "kanbert/kanbert" from a folder. It needs no init then.
func (w *Workspace) Override(source, folder string) error {
	w.overrides[source] = folder
	var text strings.Builder
	for _, source := range slices.Sorted(maps.Keys(w.overrides)) {
		fmt.Fprintf(&text, "    %q = %q\n", source, filepath.ToSlash(w.overrides[source]))
	}
	return w.configure("provider_installation {\n  dev_overrides {\n" + text.String() + "  }\n  direct {}\n}\n")
}

// UseMirror lets the CLI install providers from a mirror (see [InstallProvider])
// and from nowhere else.
func (w *Workspace) UseMirror(mirror string) error {
	return w.configure(fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.ToSlash(mirror)))
}

func (w *Workspace) configure(installation string) error {
	return w.Write(configurationFile, "disable_checkpoint = true\n"+installation)
}

// UseAPI lets the provider reach an API.
func (w *Workspace) UseAPI(baseURL, token string) {
	w.Settings["KANBERT_BASE_URL"], w.Settings["KANBERT_TOKEN"] = baseURL, token
}

// Write writes a file of the workspace.
func (w *Workspace) Write(name, text string) error {
	return os.WriteFile(filepath.Join(w.Dir, name), []byte(text), 0o600)
}

// CopyExample copies a folder of examples/ into the workspace.
func (w *Workspace) CopyExample(folder string) error {
	root, err := ModuleRoot()
	if err != nil {
		return err
	}
	return os.CopyFS(w.Dir, os.DirFS(filepath.Join(root, "examples", folder)))
}

// Command returns the CLI with these arguments, not yet started. When ctx is done
// it is interrupted as by Ctrl-C, so that it can write its state.
func (w *Workspace) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.CLI.Path, args...)
	cmd.Dir, cmd.Env = w.Dir, Environment(w.Settings)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	return cmd
}

// Stream runs the CLI without colors, writes both of its streams to out, and
// returns the exit code. The error is for a CLI that could not be run at all, or
// was interrupted since ctx was done.
func (w *Workspace) Stream(ctx context.Context, out io.Writer, args ...string) (code int, err error) {
	cmd := w.Command(ctx, append(slices.Clone(args), "-no-color")...)
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	if ctx.Err() != nil {
		return -1, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return -1, fmt.Errorf("running %s: %w", w.CLI.Path, err)
	}
	return 0, nil
}

// Run is [Workspace.Stream] that returns what the CLI wrote, and an error if it
// ends with another exit code.
func (w *Workspace) Run(ctx context.Context, wantCode int, args ...string) (string, error) {
	var out bytes.Buffer
	code, err := w.Stream(ctx, &out, args...)
	if err == nil && code != wantCode {
		err = fmt.Errorf("%s %s ended with exit code %d, not %d:\n%s", w.CLI.Command(), strings.Join(args, " "), code, wantCode, out.String())
	}
	return out.String(), err
}

// ReadJSON reads what the CLI writes to its standard output into a value.
func (w *Workspace) ReadJSON(ctx context.Context, into any, args ...string) error {
	text, err := w.Command(ctx, args...).Output()
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err == nil {
		return nil
	}
	var stderr []byte
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		stderr = exit.Stderr
	}
	return fmt.Errorf("%s %s: %w\n%s", w.CLI.Command(), strings.Join(args, " "), err, stderr)
}

// Environment returns this process's environment without what Terraform,
// OpenTofu and the provider read from it, and with settings in its place: a
// TF_CLI_ARGS, a TF_VAR_… or a KANBERT_TOKEN of the person at the machine must
// not change a run. It switches off the CLI's look for newer versions.
func Environment(settings map[string]string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "TF_") || strings.HasPrefix(entry, "KANBERT_") {
			continue
		}
		env = append(env, entry)
	}
	env = append(env, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}
