// SPDX-License-Identifier: MPL-2.0

package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/kanbert/terraform-provider-kanbert/examples"
	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// What every test shares: the CLI, and a configuration of the CLI that has it
// take the provider that was built from this tree. With an override the CLI needs
// no init.
var (
	terraform cli.CLI
	cliConfig string
)

func TestMain(m *testing.M) {
	if flag.Parse(); testing.Short() {
		os.Exit(m.Run())
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (_ int, err error) {
	ctx := context.Background()
	scratch, err := os.MkdirTemp("", "kanbert-examples-test-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	if terraform, err = (cli.Finder{Directory: filepath.Join(scratch, "cli"), Log: os.Stderr}).Find(ctx); err != nil {
		return 0, err
	}
	root, err := cli.ModuleRoot()
	if err != nil {
		return 0, err
	}
	plugins := filepath.Join(scratch, "plugins")
	if err := cli.BuildProvider(ctx, root, filepath.Join(plugins, "terraform-provider-kanbert")); err != nil {
		return 0, err
	}
	// A state of another provider makes the CLI ask for that provider, although a
	// moved block asks it nothing. This one stands in for it: it is started, and
	// says that it knows no such resource.
	overrides := []string{"kanbert/kanbert"}
	for _, other := range []string{"mastercard/restapi", "magodo/restful"} {
		name := "terraform-provider-" + path.Base(other)
		if err := os.Symlink("terraform-provider-kanbert", filepath.Join(plugins, name)); err != nil {
			return 0, err
		}
		overrides = append(overrides, other)
	}
	var text strings.Builder
	for _, provider := range overrides {
		fmt.Fprintf(&text, "    %q = %q\n", provider, filepath.ToSlash(plugins))
	}
	cliConfig = filepath.Join(scratch, "cli.tfrc")
	if err := os.WriteFile(cliConfig, fmt.Appendf(nil, "provider_installation {\n  dev_overrides {\n%s  }\n  direct {}\n}\n", text.String()), 0o600); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// attempt lets tests try what the CLI is said to be too old for, so that a table
// of what works can be made of their outcomes.
var attempt = flag.Bool("attempt", false, "do not skip what the CLI is too old for")

// needs skips a test of what the CLI at hand does not have yet. An empty version
// says that no OpenTofu has it.
func needs(t *testing.T, what, terraformVersion, tofuVersion string) {
	t.Helper()
	if *attempt {
		return
	}
	least := terraformVersion
	if terraform.OpenTofu {
		least = tofuVersion
	}
	if least == "" || version.Must(version.NewVersion(terraform.Version)).Core().LessThan(version.Must(version.NewVersion(least))) {
		t.Skipf("%s has no %s", terraform, what)
	}
}

// workspace is a folder of its own with files of an example, in which the CLI
// runs against a sandbox of its own.
type workspace struct {
	t       *testing.T
	dir     string
	sandbox *kanberttest.Sandbox
	// settings are environment variables for the CLI.
	settings map[string]string
}

// newWorkspace copies a folder of the examples, without the folders in it. If
// only is given, it copies these files alone.
func newWorkspace(t *testing.T, folder string, only ...string) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: t.TempDir(), sandbox: kanberttest.Start(t)}
	w.settings = map[string]string{
		"TF_CLI_CONFIG_FILE": cliConfig,
		"KANBERT_BASE_URL":   w.sandbox.BaseURL(),
		"KANBERT_TOKEN":      w.sandbox.Token(),
	}
	if only == nil {
		entries, err := fs.ReadDir(examples.Files, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				only = append(only, entry.Name())
			}
		}
	}
	for _, name := range only {
		w.write(name, read(t, folder+"/"+name))
	}
	return w
}

// copyFolder copies a folder of the examples into a folder of the workspace.
func (w *workspace) copyFolder(from, to string) {
	w.t.Helper()
	if err := os.Mkdir(filepath.Join(w.dir, to), 0o700); err != nil {
		w.t.Fatal(err)
	}
	entries, err := fs.ReadDir(examples.Files, from)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range entries {
		w.write(filepath.Join(to, entry.Name()), read(w.t, from+"/"+entry.Name()))
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := examples.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (w *workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// edit replaces the one place in a file that holds the old text.
func (w *workspace) edit(name, old, replacement string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	if n := strings.Count(string(text), old); n != 1 {
		w.t.Fatalf("%s holds %q %d times", name, old, n)
	}
	w.write(name, strings.Replace(string(text), old, replacement, 1))
}

// declareProvider adds what an example on the page of one resource leaves out:
// where the provider comes from.
func (w *workspace) declareProvider() {
	w.t.Helper()
	w.write("declared.tf", "terraform {\n  required_providers {\n    kanbert = {\n      source = \"kanbert/kanbert\"\n    }\n  }\n}\n")
}

// run runs the CLI, fails the test unless it ends with this exit code, and
// returns its output without the CLI's line breaks and frames.
func (w *workspace) run(wantCode int, args ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	code, err := terraform.Run(w.t.Context(), cli.Run{
		Directory: w.dir,
		Args:      append(args[:1:1], append([]string{"-no-color"}, args[1:]...)...),
		Settings:  w.settings,
		Stdout:    &out,
		Stderr:    &out,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if code != wantCode {
		w.t.Fatalf("%s %s ended with exit code %d, not %d:\n%s", terraform.Command(), strings.Join(args, " "), code, wantCode, out.String())
	}
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out.String())), " ")
}

// apply applies, and then expects a plan to be empty.
func (w *workspace) apply() {
	w.t.Helper()
	w.run(0, "apply", "-auto-approve")
	w.run(0, "plan", "-detailed-exitcode")
}

// output reads an output of the state into a value.
func (w *workspace) output(name string, into any) {
	w.t.Helper()
	w.answer(into, "output", "-json", name)
}

// answer reads the JSON that the CLI prints into a value.
func (w *workspace) answer(into any, args ...string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	code, err := terraform.Run(w.t.Context(), cli.Run{
		Directory: w.dir, Args: args, Settings: w.settings, Stdout: &out, Stderr: &errs,
	})
	if err != nil || code != 0 {
		w.t.Fatalf("%s: exit code %d, %v:\n%s", strings.Join(args, " "), code, err, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		w.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

// script runs a file of shell commands of the folder with the CLI at hand, and
// returns its standard output. replacements are pairs of what stands in the file
// and what is run in its place. Where a tool is missing, it runs nothing and
// returns false.
func (w *workspace) script(name string, replacements ...string) (string, bool) {
	w.t.Helper()
	for _, tool := range []string{"bash", "curl", "jq", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			w.t.Logf("%s was not run: there is no %s", name, tool)
			return "", false
		}
	}
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	commands := strings.NewReplacer(append(replacements, "terraform ", terraform.Path+" ")...).Replace(string(text))
	cmd := exec.CommandContext(w.t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir = w.dir
	cmd.Env = append(cli.Environment(w.settings), "NO_PROXY=127.0.0.1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s%s", name, err, out, errs.String())
	}
	return string(out), true
}

// requests fails the test unless the sandbox was asked to create and to delete
// this often, and begins to count anew.
func (w *workspace) requests(posts, deletes int) {
	w.t.Helper()
	if got := w.sandbox.Count("POST"); got != posts {
		w.t.Errorf("%d webhooks were created, want %d", got, posts)
	}
	if got := w.sandbox.Count("DELETE"); got != deletes {
		w.t.Errorf("%d webhooks were deleted, want %d", got, deletes)
	}
	w.sandbox.ResetRequests()
}

// secrets are those of the webhooks that stand, by the path of their URL.
func (w *workspace) secrets() map[string]string {
	secrets := make(map[string]string)
	for _, webhook := range w.sandbox.Webhooks() {
		secrets[strings.TrimPrefix(strings.TrimPrefix(webhook.URL, "https://hooks.example.com"), w.settings["TF_VAR_receiver"])] = webhook.Secret
	}
	return secrets
}
