// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// shared is the CLI and the provider's binary.
var shared *cli.Tests

func TestMain(m *testing.M) {
	if serveQuickly() {
		return
	}
	os.Exit(cli.RunTests(m, func(tests *cli.Tests) error {
		shared = tests
		return configurePluginTesting()
	}))
}

// configurePluginTesting tells terraform-plugin-testing which CLI to run, and keeps
// the configuration of the person at the machine out of it.
func configurePluginTesting() error {
	w, err := shared.CLI.NewWorkspace(shared.Scratch)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"TF_CLI_CONFIG_FILE":        w.Settings["TF_CLI_CONFIG_FILE"],
		cli.PathVariable:            shared.CLI.Path,
		"TF_ACC_PROVIDER_NAMESPACE": "kanbert",
		"TF_ACC_PROVIDER_HOST":      shared.CLI.RegistryHost(),
		"CHECKPOINT_DISABLE":        "1",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
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

// configFor is body, with the provider configured for the sandbox.
func configFor(s *kanberttest.Sandbox, body string) string {
	return fmt.Sprintf("%s\nprovider \"kanbert\" {\n  token    = %q\n  base_url = %q\n}\n%s", cli.RequiredProviders, s.Token(), s.BaseURL(), body)
}

// workspace is a folder with a configuration, in which a real CLI runs the built
// provider as a process of its own. It is for what resource.UnitTest cannot do:
// signals, logs, commands other than plan and apply.
type workspace struct{ *cli.Workspace }

// newWorkspace writes config into a new folder. The provider is not configured
// beyond it: see configFor. It also serves for the sources in standIns.
func newWorkspace(t *testing.T, config string, standIns ...string) *workspace {
	t.Helper()
	w := &workspace{shared.Workspace(t, standIns...)}
	w.write(t, config)
	return w
}

// write replaces the configuration.
func (w *workspace) write(t *testing.T, config string) {
	t.Helper()
	w.writeFile(t, "main.tf", config)
}

// command is the CLI with these arguments, not yet started.
func (w *workspace) command(args ...string) *exec.Cmd {
	return w.Command(context.Background(), args...)
}

// run runs the CLI and returns its output, both streams together.
func (w *workspace) run(args ...string) (string, error) {
	out, err := w.command(args...).CombinedOutput()
	return string(out), err
}
