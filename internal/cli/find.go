// SPDX-License-Identifier: MPL-2.0

// Package cli finds a Terraform or OpenTofu CLI, builds the provider, and runs the
// one with the other in a [Workspace], for the tests and the programs of this
// repository.
//
// It must never be part of the provider's binary, and it must never let what the
// person at the machine has configured for their own Terraform reach into a run.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/checkpoint"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/src"
)

// PathVariable is the environment variable that names the CLI to use. It is the
// one that terraform-plugin-testing reads, so that one setting serves tests,
// demo and release check.
const PathVariable = "TF_ACC_TERRAFORM_PATH"

// builtFrom is the Terraform that is built where none can be downloaded: the last
// one under MPL-2.0, and the oldest minor release that the provider supports.
const builtFrom = "github.com/hashicorp/terraform@v1.5.7"

// downloadTimeout bounds the download of a CLI. Where its site is out of reach
// for good, waiting longer would only delay the next way.
const downloadTimeout = 2 * time.Minute

// ErrNone says what to install. It is all that a person gets to see if no CLI
// was found and none could be had.
var ErrNone = errors.New("no Terraform CLI was found on PATH and none could be fetched or built: " +
	"install Terraform 1.5 or newer, or OpenTofu 1.8 or newer, and run this again")

// CLI is a command-line program that was found and answers.
type CLI struct {
	// Path is the file to run.
	Path string
	// OpenTofu tells it from Terraform.
	OpenTofu bool
	// Version is without a leading v, "1.11.4".
	Version string
}

// Command is the name that a person types: terraform or tofu.
func (c CLI) Command() string {
	if c.OpenTofu {
		return "tofu"
	}
	return "terraform"
}

// String gives product and version, "Terraform 1.11.4".
func (c CLI) String() string {
	if c.OpenTofu {
		return "OpenTofu " + c.Version
	}
	return "Terraform " + c.Version
}

// AtLeast reports whether the CLI is this version of Terraform or that of OpenTofu,
// or a newer one. An empty version is one that does not exist.
func (c CLI) AtLeast(terraform, tofu string) bool {
	least := terraform
	if c.OpenTofu {
		least = tofu
	}
	if least == "" {
		return false
	}
	have, err := version.NewVersion(c.Version)
	return err == nil && !have.Core().LessThan(version.Must(version.NewVersion(least)))
}

// RegistryHost is where the CLI looks for a provider whose source address names
// no host.
func (c CLI) RegistryHost() string {
	if c.OpenTofu {
		return OpenTofuRegistry
	}
	return TerraformRegistry
}

// Find returns the CLI that tests and programs use. One that has to be fetched
// stays in bin/ of the repository, which git ignores. What takes long is written to
// log.
func Find(ctx context.Context, log io.Writer) (CLI, error) {
	root, err := ModuleRoot()
	if err != nil {
		return CLI{}, err
	}
	return Finder{Directory: filepath.Join(root, "bin", "cli"), Log: log}.Find(ctx)
}

// Finder looks for a CLI. Its zero value looks in the environment variable
// [PathVariable] and on PATH, and fetches nothing.
type Finder struct {
	// Directory takes what is fetched, and is looked into before fetching. If it
	// is empty, nothing is fetched.
	Directory string
	// Log receives a line for what takes long. It may be nil.
	Log io.Writer

	// download and build fetch Terraform into a directory; tests replace them.
	download, build func(ctx context.Context, directory string) error
}

// Find returns the first CLI that answers: the one that [PathVariable] names, and
// then no other; terraform on PATH; tofu on PATH; Terraform downloaded as
// terraform-plugin-testing does; Terraform built from its module, for machines
// that reach nothing but a Go module proxy. If there is none, the error is
// [ErrNone].
func (f Finder) Find(ctx context.Context) (CLI, error) {
	if path := os.Getenv(PathVariable); path != "" {
		return identify(ctx, path)
	}
	for _, name := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		found, err := identify(ctx, path)
		if err == nil {
			return found, nil
		}
		// A version manager's stand-in without a version is on PATH, and no CLI.
		f.say("%s does not answer, looking further: %v", path, err)
	}
	if f.Directory == "" {
		return CLI{}, ErrNone
	}
	return f.fetch(ctx)
}

func (f Finder) fetch(ctx context.Context) (CLI, error) {
	path := filepath.Join(f.Directory, executable("terraform"))
	if found, err := identify(ctx, path); err == nil {
		return found, nil
	}
	if err := os.MkdirAll(f.Directory, 0o755); err != nil {
		return CLI{}, err
	}
	// Several processes may fetch at once: the program appears there as a whole.
	part, err := os.MkdirTemp(f.Directory, ".fetch-")
	if err != nil {
		return CLI{}, err
	}
	defer func() { _ = os.RemoveAll(part) }()
	download, build := f.download, f.build
	if download == nil {
		download = downloadTerraform
	}
	if build == nil {
		build = buildTerraform
	}

	f.say("no Terraform on PATH: downloading it into %s", f.Directory)
	err = download(ctx, part)
	if err != nil && ctx.Err() == nil {
		f.say("it cannot be downloaded (%v)", firstLine(err))
		f.say("building %s instead, which takes some minutes", builtFrom)
		err = build(ctx, part)
	}
	if ctx.Err() != nil {
		return CLI{}, ctx.Err()
	}
	if err != nil {
		f.say("it cannot be built (%v)", firstLine(err))
		return CLI{}, ErrNone
	}
	if err := os.Rename(filepath.Join(part, filepath.Base(path)), path); err != nil {
		return CLI{}, err
	}
	return identify(ctx, path)
}

func (f Finder) say(format string, args ...any) {
	if f.Log != nil {
		fmt.Fprintf(f.Log, format+"\n", args...)
	}
}

// downloadTerraform verifies what it downloads against HashiCorp's signature.
func downloadTerraform(ctx context.Context, directory string) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	source := &checkpoint.LatestVersion{
		Product:    product.Terraform,
		InstallDir: directory,
		Timeout:    downloadTimeout,
	}
	_, err := install.NewInstaller().Install(ctx, []src.Installable{source})
	return err
}

func buildTerraform(ctx context.Context, directory string) error {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "install", "-ldflags=-s -w", builtFrom)
	cmd.Env = append(os.Environ(), "GOBIN="+absolute, "CGO_ENABLED=0", "GOFLAGS=")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install %s: %w: %s", builtFrom, err, lastLine(output))
	}
	return nil
}

// identify asks the program what it is.
func identify(ctx context.Context, path string) (CLI, error) {
	path, err := filepath.Abs(path) // It is run in other directories.
	if err != nil {
		return CLI{}, err
	}
	cmd := exec.CommandContext(ctx, path, "version", "-json")
	cmd.Env = Environment(nil)
	output, err := cmd.Output()
	if err != nil {
		return CLI{}, fmt.Errorf("%s version: %w", path, err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil || answer.Version == "" {
		return CLI{}, fmt.Errorf("%s version does not answer as Terraform or OpenTofu does", path)
	}
	// The JSON form is the same for both products, so the plain one has to tell.
	cmd = exec.CommandContext(ctx, path, "version")
	cmd.Env = Environment(nil)
	plain, err := cmd.Output()
	if err != nil {
		return CLI{}, fmt.Errorf("%s version: %w", path, err)
	}
	return CLI{
		Path:     path,
		OpenTofu: strings.HasPrefix(string(plain), "OpenTofu"),
		Version:  answer.Version,
	}, nil
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}
