// SPDX-License-Identifier: MPL-2.0

// Command install builds the provider and puts it where `terraform init` and
// `tofu init` find it without any configuration: the plugin directory of the
// person's home, in the layout of a filesystem mirror, under the address that
// each of the two gives to "kanbert/kanbert".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// usage is what a configuration needs; %q takes the version.
const usage = `terraform {
  required_providers { kanbert = { source = "kanbert/kanbert", version = %q } }
}`

// release matches the versions that `init` takes by itself: it passes
// pre-releases over unless a configuration names them, and takes 0.0.0 for no
// version at all.
var release = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`)

func main() {
	version := flag.String("version", "", "the version to install as, `X.Y.Z`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, *version)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "install: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, version string) error {
	if !release.MatchString(version) || version == "0.0.0" {
		return fmt.Errorf("%q is no version X.Y.Z; terraform init would pass it over", version)
	}
	plugins, err := pluginDirectory()
	if err != nil {
		return err
	}

	scratch, err := os.MkdirTemp("", "kanbert-install-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	binary := filepath.Join(scratch, "provider")
	ldflags := fmt.Sprintf("-s -w -X main.version=%s -X main.commit=%s", version, commit(ctx))
	if err := cli.BuildProvider(ctx, binary, "-ldflags", ldflags); err != nil {
		return err
	}

	for _, host := range []string{cli.TerraformRegistry, cli.OpenTofuRegistry} {
		file, err := cli.InstallProvider(plugins, host, version, cli.Platform(), binary)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "installed %s\n", file)
	}
	fmt.Fprintf(out, "\nTo use it, write into a .tf file:\n\n%s\n\nand run terraform init, or tofu init.\n"+
		"A .terraform.lock.hcl that knows another build of %s has to go first.\n", fmt.Sprintf(usage, version), version)
	return nil
}

// pluginDirectory is where both CLIs look without being told. HOME has to be set
// for that, or APPDATA on Windows.
func pluginDirectory() (string, error) {
	if runtime.GOOS == "windows" {
		directory := os.Getenv("APPDATA")
		if directory == "" {
			return "", errors.New("APPDATA is not set: there is no place where terraform init would look")
		}
		return filepath.Join(directory, "terraform.d", "plugins"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no place where terraform init would look: %w", err)
	}
	return filepath.Join(home, ".terraform.d", "plugins"), nil
}

// commit is the commit that is built, or "none" outside a clone.
func commit(ctx context.Context) string {
	output, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "none"
	}
	return strings.TrimSpace(string(output))
}
