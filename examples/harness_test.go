// SPDX-License-Identifier: MPL-2.0

package examples_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/examples"
	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// shared is the CLI and the provider's binary.
var shared *cli.Tests

func TestMain(m *testing.M) {
	os.Exit(cli.RunTests(m, func(tests *cli.Tests) error {
		shared = tests
		return nil
	}))
}

// attempt lets tests try what the CLI is said to be too old for, so that a table
// of what works can be made of their outcomes.
var attempt = flag.Bool("attempt", false, "do not skip what the CLI is too old for")

// needs skips a test of what the CLI at hand does not have yet. An empty version
// says that no OpenTofu has it.
func needs(t *testing.T, what, terraformVersion, tofuVersion string) {
	t.Helper()
	if !*attempt && !shared.CLI.AtLeast(terraformVersion, tofuVersion) {
		t.Skipf("%s has no %s", shared.CLI, what)
	}
}

// workspace is a folder of its own with files of an example, in which the CLI
// runs against a sandbox of its own.
type workspace struct {
	*cli.Workspace
	t       *testing.T
	sandbox *kanberttest.Sandbox
}

// newWorkspace copies a folder of the examples, without the folders in it. If
// only is given, it copies these files alone.
func newWorkspace(t *testing.T, folder string, only ...string) *workspace {
	t.Helper()
	// A moved block asks nothing of the provider that it names, but the CLI starts it.
	w := &workspace{shared.Workspace(t, "mastercard/restapi", "magodo/restful"), t, kanberttest.Start(t)}
	w.UseAPI(w.sandbox.BaseURL(), w.sandbox.Token())
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
	if err := os.Mkdir(filepath.Join(w.Dir, to), 0o700); err != nil {
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
	if err := w.Write(name, text); err != nil {
		w.t.Fatal(err)
	}
}

// edit replaces the one place in a file that holds the old text.
func (w *workspace) edit(name, old, replacement string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, name))
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
	w.write("declared.tf", cli.RequiredProviders)
}

// run runs the CLI, fails the test unless it ends with this exit code, and
// returns its output without the CLI's line breaks and frames.
func (w *workspace) run(wantCode int, args ...string) string {
	w.t.Helper()
	out, err := w.Run(w.t.Context(), wantCode, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
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
	if err := w.ReadJSON(w.t.Context(), into, args...); err != nil {
		w.t.Fatal(err)
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
	text, err := os.ReadFile(filepath.Join(w.Dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	commands := strings.NewReplacer(append(replacements, "terraform ", shared.CLI.Path+" ")...).Replace(string(text))
	cmd := exec.CommandContext(w.t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir = w.Dir
	cmd.Env = append(cli.Environment(w.Settings), "NO_PROXY=127.0.0.1")
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
		secrets[strings.TrimPrefix(strings.TrimPrefix(webhook.URL, "https://hooks.example.com"), w.Settings["TF_VAR_receiver"])] = webhook.Secret
	}
	return secrets
}
