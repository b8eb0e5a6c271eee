// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// shared is the CLI and the provider's binary, if the tests run at all.
var shared *cli.Tests

// serveOnly is the environment variable with which a test starts this binary again,
// to kill it.
const serveOnly = "LARAVELTEST_SERVE_ONLY"

func TestMain(m *testing.M) {
	flag.Parse()
	if !*enabled || os.Getenv(serveOnly) != "" {
		os.Exit(m.Run())
	}
	os.Exit(cli.RunTests(m, func(tests *cli.Tests) error {
		shared = tests
		_, err := findPrograms()
		return err
	}))
}

// workspace is a folder with a configuration and a state, in which a real CLI runs
// the built provider.
type workspace struct {
	*cli.Workspace
	// said is the output of the CLI in all runs.
	said strings.Builder
}

// newWorkspace returns one whose provider has the token.
func newWorkspace(t *testing.T, l *Laravel, token, config string) *workspace {
	t.Helper()
	w := &workspace{Workspace: shared.Workspace(t)}
	w.UseAPI(l.BaseURL(), token)
	w.write(t, config)
	return w
}

// write replaces the configuration.
func (w *workspace) write(t *testing.T, config string) {
	t.Helper()
	if err := w.Write("main.tf", cli.RequiredProviders+config); err != nil {
		t.Fatal(err)
	}
}

// run is a run of the CLI.
type run struct {
	code int
	text string
}

func (r run) mustBe(t *testing.T, code int) run {
	t.Helper()
	if r.code != code {
		t.Fatalf("the CLI ended with %d, not %d:\n%s", r.code, code, r.text)
	}
	return r
}

// run runs the CLI. It may be called from a goroutine.
func (w *workspace) run(t *testing.T, args ...string) run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var output bytes.Buffer
	code, err := w.Stream(ctx, &output, args...)
	if err != nil {
		t.Errorf("%v: %v\n%s", args, err, output.String())
	}
	w.said.WriteString(output.String())
	return run{code, output.String()}
}

func (w *workspace) apply(t *testing.T, args ...string) run {
	t.Helper()
	return w.run(t, append([]string{"apply", "-auto-approve"}, args...)...)
}

func (w *workspace) destroy(t *testing.T, args ...string) run {
	t.Helper()
	return w.run(t, append([]string{"destroy", "-auto-approve"}, args...)...)
}

// plan returns 0 for no changes, 1 for an error, 2 for changes.
func (w *workspace) plan(t *testing.T, args ...string) run {
	t.Helper()
	return w.run(t, append([]string{"plan", "-detailed-exitcode"}, args...)...)
}

// instance is a webhook in state.
type instance struct {
	Address string
	ID      string `json:"id"`
	URL     string `json:"url"`
	Secret  string `json:"signature_secret_key"`
}

// state reads the state file.
func (w *workspace) state(t *testing.T) []instance {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Mode, Name string
			Instances  []struct {
				Key        any `json:"index_key"`
				Attributes instance
			}
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	var all []instance
	for _, r := range state.Resources {
		if r.Mode != "managed" {
			continue
		}
		for _, i := range r.Instances {
			i.Attributes.Address = fmt.Sprint(r.Name, ".", i.Key)
			all = append(all, i.Attributes)
		}
	}
	return all
}

// output returns an output value of the state.
func (w *workspace) output(t *testing.T, name string, value any) {
	t.Helper()
	if err := w.ReadJSON(t.Context(), value, "output", "-json", name); err != nil {
		t.Fatal(err)
	}
}

// webhooks returns a configuration with n webhooks and these URLs: PREFIX/0 and so
// on.
func webhooks(prefix string, n int) string {
	return fmt.Sprintf(`resource "kanbert_webhook" "hook" {
  count = %d
  url   = "%s/${count.index}"
  event = "contact:create"
}
`, n, prefix)
}

// webhook returns a configuration with one.
func webhook(name, url, event string) string {
	return fmt.Sprintf("resource \"kanbert_webhook\" %q {\n  url   = %q\n  event = %q\n}\n", name, url, event)
}

// audit checks the rules after every scenario: each existing webhook is in exactly
// one state, with its secret, or named in an error; each webhook in a state exists;
// and all webhooks of other programs exist.
func audit(t *testing.T, l *Laravel, strangers []Webhook, workspaces ...*workspace) {
	t.Helper()
	live := map[string]Webhook{}
	for _, w := range l.Webhooks(t) {
		live[w.ID] = w
	}
	for _, s := range strangers {
		if _, ok := live[s.ID]; !ok {
			t.Errorf("the webhook %s of another program (%s) was deleted", s.ID, s.URL)
		}
		delete(live, s.ID)
	}
	holders := map[string]int{}
	var said strings.Builder
	for _, w := range workspaces {
		said.WriteString(w.said.String())
		for _, i := range w.state(t) {
			holders[i.ID]++
			webhook, ok := live[i.ID]
			if !ok {
				t.Errorf("%s is in state as %s (%s), and does not exist", i.Address, i.ID, i.URL)
				continue
			}
			if i.Secret != webhook.Secret {
				t.Errorf("%s has the secret %q in state, which is %q", i.Address, i.Secret, webhook.Secret)
			}
		}
	}
	for id, w := range live {
		switch n := holders[id]; {
		case n > 1:
			t.Errorf("the webhook %s (%s) is in %d states", id, w.URL, n)
		case n == 0 && !strings.Contains(said.String(), id):
			t.Errorf("the webhook %s (%s) is in no state, and no error names it", id, w.URL)
		}
	}
	if t.Failed() {
		t.Logf("the CLI said:\n%s", said.String())
		for _, r := range l.Requests(t) {
			t.Logf("%s %s: %d", r.Method, r.URI, r.Status)
		}
	}
}

// count returns the number of requests of a method, or of all if it is empty, with
// the status, or with any if it is 0.
func count(t *testing.T, l *Laravel, method string, status int) int {
	t.Helper()
	n := 0
	for _, r := range l.Requests(t) {
		if (method == "" || r.Method == method) && (status == 0 || r.Status == status) {
			n++
		}
	}
	return n
}
