// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// interruptGrace is how long a CLI that was interrupted may take to write its
// state before it is killed.
const interruptGrace = 30 * time.Second

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

// Run is one call of a CLI.
type Run struct {
	// Directory holds the configuration. The CLI is told by -chdir.
	Directory string
	// Args begin with the subcommand.
	Args []string
	// Settings are added to the environment.
	Settings map[string]string
	// Stdout and Stderr may be nil.
	Stdout, Stderr io.Writer
}

// Run runs the CLI to its end and returns its exit code. If ctx is done before,
// the CLI is interrupted as by Ctrl-C, so that it can write its state. The error
// is for a CLI that could not be run at all.
func (c CLI) Run(ctx context.Context, r Run) (code int, err error) {
	args := r.Args
	if r.Directory != "" {
		args = append([]string{"-chdir=" + r.Directory}, args...)
	}
	cmd := exec.CommandContext(ctx, c.Path, args...)
	cmd.Env = Environment(r.Settings)
	cmd.Stdout, cmd.Stderr = r.Stdout, r.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace

	err = cmd.Run()
	if ctx.Err() != nil {
		return -1, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return -1, fmt.Errorf("running %s: %w", c.Path, err)
	}
	return 0, nil
}

// ModuleRoot returns the directory of the go.mod above the working directory.
func ModuleRoot() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("run this inside the repository: there is no go.mod above the working directory")
		}
		directory = parent
	}
}

// BuildProvider builds the provider from the module at root as file, with flags
// for `go build` besides.
func BuildProvider(ctx context.Context, root, file string, flags ...string) error {
	args := append([]string{"build", "-o", file}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}
