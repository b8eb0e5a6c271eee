// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/checkpoint"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/src"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// scratch holds what the tests of this package share on disk: the CLI's
// configuration, a CLI if one had to be fetched, the built provider.
var scratch string

// TestMain makes the tests independent of who runs them: of the user's CLI
// configuration, credentials, plugin cache and TF_ and KANBERT_ variables.
func TestMain(m *testing.M) {
	if serveQuickly() {
		return
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (_ int, err error) {
	scratch, err = os.MkdirTemp("", "kanbert-provider-test")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		foreign := strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "TF_ACC_") && !strings.HasPrefix(name, "TF_LOG")
		if foreign || strings.HasPrefix(name, "KANBERT_") {
			_ = os.Unsetenv(name)
		}
	}
	cliConfig := filepath.Join(scratch, "cli.tfrc")
	if err := os.WriteFile(cliConfig, []byte("disable_checkpoint = true\n"), 0o600); err != nil {
		return 0, err
	}
	cli, err := findCLI()
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{
		"TF_CLI_CONFIG_FILE":        cliConfig,
		"TF_ACC_TERRAFORM_PATH":     cli,
		"TF_ACC_PROVIDER_NAMESPACE": "kanbert",
		"TF_ACC_PROVIDER_HOST":      registryHost(cli),
		"CHECKPOINT_DISABLE":        "1",
	} {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

// findCLI returns the path of the CLI that the tests run: that of
// TF_ACC_TERRAFORM_PATH, else terraform or tofu on PATH, else the latest
// Terraform, fetched.
func findCLI() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return install.NewInstaller().Ensure(ctx, []src.Source{
		&checkpoint.LatestVersion{InstallDir: scratch, Product: product.Terraform},
	})
}

// registryHost is where the CLI believes that kanbert/kanbert comes from.
func registryHost(cli string) string {
	if out, _ := exec.Command(cli, "version").Output(); bytes.Contains(out, []byte("OpenTofu")) {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}

// quickly has pauses for tests that run in real time.
var quickly = kanbert.Backoff{
	First:       time.Millisecond,
	Max:         10 * time.Millisecond,
	Lookup:      time.Millisecond,
	Limited:     time.Millisecond,
	URLConflict: 20 * time.Millisecond,
	Lag:         20 * time.Millisecond,
}

// factories are the provider in this process, for TestCase.ProtoV6ProviderFactories.
// Each command of the CLI gets a new one, as in life. It does not pause for long.
func factories(opts ...Option) map[string]func() (tfprotov6.ProviderServer, error) {
	opts = append([]Option{WithClientOptions(kanbert.WithBackoff(quickly))}, opts...)
	return map[string]func() (tfprotov6.ProviderServer, error){
		"kanbert": func() (tfprotov6.ProviderServer, error) {
			return providerserver.NewProtocol6(New("test", opts...)())(), nil
		},
	}
}

// requiredProviders lets the CLI take the provider from where the tests have put
// it.
const requiredProviders = `
terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}
`

// configFor is body, with the provider configured for the sandbox.
func configFor(s *kanberttest.Sandbox, body string) string {
	return fmt.Sprintf("%s\nprovider \"kanbert\" {\n  token    = %q\n  base_url = %q\n}\n%s", requiredProviders, s.Token(), s.BaseURL(), body)
}

// providerBinary builds the provider, once for all tests, and returns its path.
var providerBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "plugins", "terraform-provider-kanbert")
	build := exec.Command("go", "build", "-o", path, "github.com/kanbert/terraform-provider-kanbert")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return path, nil
})

// workspace is a folder with a configuration, in which a real CLI runs the built
// provider as a process of its own. It is for what resource.UnitTest cannot do:
// signals, logs, commands other than plan and apply.
type workspace struct {
	dir string
	env []string
}

// newWorkspace writes config into a new folder. The provider is not configured
// beyond it: see configFor.
func newWorkspace(t *testing.T, config string) *workspace {
	t.Helper()
	kanberttest.SkipShort(t, "it runs a real CLI")
	binary, err := providerBinary()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{dir: t.TempDir()}
	cliConfig := filepath.Join(w.dir, "cli.tfrc")
	overrides := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  dev_overrides {\n    \"kanbert/kanbert\" = %q\n  }\n  direct {}\n}\n", filepath.Dir(binary))
	if err := os.WriteFile(cliConfig, []byte(overrides), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+cliConfig, "TF_IN_AUTOMATION=1")
	w.write(t, config)
	return w
}

// write replaces the configuration.
func (w *workspace) write(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is the CLI with these arguments, not yet started. Development overrides
// need no init.
func (w *workspace) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// run runs the CLI and returns its output, both streams together.
func (w *workspace) run(args ...string) (string, error) {
	out, err := w.command(args...).CombinedOutput()
	return string(out), err
}
