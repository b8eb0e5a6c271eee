// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// block is a kanbert_webhook with this name, path and event.
func block(name, path, event string, more ...string) string {
	return fmt.Sprintf("resource \"kanbert_webhook\" %q {\n  url   = \"https://receiver.example/%s\"\n  event = %q\n%s}\n",
		name, path, event, strings.Join(more, "\n"))
}

// tenEvents is the mistake of everybody who is new to this API.
const tenEvents = `
	resource "kanbert_webhook" "events" {
	  for_each = toset([
	    "contact:create", "contact:update", "contact:delete", "company:create", "company:update",
	    "company:delete", "task:create", "task:update", "task:delete", "comment:create",
	  ])
	  url        = "https://receiver.example/hook"
	  event      = each.key
	  project_id = "project-1"
	}`

// must runs the CLI, and ends the test if that fails.
func (w *workspace) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := w.run(args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// fails runs the CLI, and ends the test unless it fails with errors that have this
// summary alone. It returns the lines from the first error on.
func (w *workspace) fails(t *testing.T, errors int, summary string, args ...string) []string {
	t.Helper()
	out, err := w.run(args...)
	if err == nil || strings.Count(out, "Error: ") != errors || strings.Count(out, "Error: "+summary) != errors {
		t.Fatalf("%v ended with %v, want %d errors %q:\n%s", args, err, errors, summary, out)
	}
	_, text, _ := strings.Cut(out, "Error: ")
	return strings.Split(strings.TrimSpace(text), "\n")
}

// writeModule writes a module beside the configuration.
func (w *workspace) writeModule(t *testing.T, name, config string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(w.Dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	w.writeFile(t, filepath.Join(name, "main.tf"), config)
}

// newPlainWorkspace is a quick workspace whose CLI prints no color.
func newPlainWorkspace(t *testing.T, config string) *workspace {
	t.Helper()
	w := newQuickWorkspace(t, config)
	for _, command := range []string{"plan", "apply", "destroy"} {
		w.Settings["TF_CLI_ARGS_"+command] = "-no-color"
	}
	return w
}

// One URL for ten events is one short error of the plan, and nothing is sent that
// would create something. What is in state of such a configuration can be
// destroyed.
func TestConflictThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	w := newPlainWorkspace(t, configFor(s, tenEvents))
	for _, args := range [][]string{{"plan"}, {"plan", "-parallelism=1"}, {"plan", "-refresh=false"}, {"apply", "-auto-approve"}} {
		if lines := w.fails(t, 1, conflictSummary, args...); len(lines) > 20 {
			t.Errorf("%v: the error has %d lines:\n%s", args, len(lines), strings.Join(lines, "\n"))
		}
	}
	wantNoWrites(t, s)

	// As an earlier version of the provider has left it.
	w.must(t, "apply", "-auto-approve", "-target=kanbert_webhook.events[\"contact:create\"]")
	w.fails(t, 1, conflictSummary, "plan")
	lines := w.fails(t, 1, conflictSummary, "destroy", "-auto-approve")
	if text := flat(strings.Join(lines, "\n")); !strings.Contains(text, "run terraform destroy -refresh=false") {
		t.Errorf("the error does not say how to destroy:\n%s", text)
	}
	w.must(t, "destroy", "-auto-approve", "-refresh=false")
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
}

// A copied block is found at plan, whatever else is asked for, and wherever it
// stands.
func TestCopiedBlockThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	a := block("a", "a", "contact:create")
	w := newPlainWorkspace(t, configFor(s, a))
	w.must(t, "apply", "-auto-approve")
	w.write(t, configFor(s, a+block("copy", "a", "contact:create")))
	w.fails(t, 1, conflictSummary, "plan")
	w.fails(t, 1, conflictSummary, "plan", "-refresh=false")
	w.fails(t, 1, conflictSummary, "plan", "-replace=kanbert_webhook.a")
	w.must(t, "taint", "kanbert_webhook.a")
	w.fails(t, 1, conflictSummary, "plan")
	if n := s.Count(http.MethodPost); n != 1 {
		t.Errorf("%d POSTs were sent, want 1", n)
	}

	// In modules.
	inModule := cli.RequiredProviders + block("in_module", "m", "contact:create")
	w.must(t, "untaint", "kanbert_webhook.a")
	w.writeModule(t, "m", inModule)
	w.write(t, configFor(s, a+"module \"one\" {\n  source = \"./m\"\n}\nmodule \"two\" {\n  source = \"./m\"\n}\n"))
	w.must(t, "get")
	w.fails(t, 1, conflictSummary, "plan")
}

// What ends well plans without an error and without a warning of a conflict, and
// ends well.
func TestNoFalseConflictThroughTheCLI(t *testing.T) {
	t.Parallel()
	const create, update = "contact:create", "contact:update"
	both := block("a", "a", create) + block("b", "b", update)
	for name, c := range map[string]struct {
		before, after string
		prepare       []string
		args          []string
	}{
		"swap":                     {before: both, after: block("a", "b", create) + block("b", "a", update)},
		"b takes a's old URL":      {before: both, after: block("a", "c", create) + block("b", "a", update)},
		"a new one takes a's":      {before: both, after: block("a", "c", create) + block("b", "b", update) + block("n", "a", create)},
		"rename":                   {before: both, after: block("x", "a", create) + block("y", "b", update)},
		"replace both":             {before: both, after: both, args: []string{"-replace=kanbert_webhook.a", "-replace=kanbert_webhook.b"}},
		"replace, without refresh": {before: both, after: both, args: []string{"-replace=kanbert_webhook.a", "-refresh=false"}},
		"another event":            {before: both, after: block("a", "a", "company:create") + block("b", "b", update), args: []string{"-parallelism=1"}},
		"crosswise moved": {before: both, after: block("x", "b", update) + block("y", "a", create) +
			"moved {\n from = kanbert_webhook.a\n to = kanbert_webhook.y\n}\nmoved {\n from = kanbert_webhook.b\n to = kanbert_webhook.x\n}\n"},
		"taint":           {before: both, after: both, prepare: []string{"taint", "kanbert_webhook.a"}},
		"taint, no fresh": {before: both, after: both, prepare: []string{"taint", "kanbert_webhook.a"}, args: []string{"-refresh=false"}},
		"create_before_destroy": {before: both, after: block("a", "c", create, "lifecycle {\n create_before_destroy = true\n}\n") +
			block("b", "b", update)},
		"unknown URLs": {before: both, after: both + `
			resource "terraform_data" "path" {
			  count = 3
			  input = "https://receiver.example/n${count.index}"
			}
			resource "kanbert_webhook" "n" {
			  count = 3
			  url   = terraform_data.path[count.index].output
			  event = "contact:create"
			}`},
		"count to for_each": {before: `
			resource "kanbert_webhook" "n" {
			  count = 2
			  url   = "https://receiver.example/${count.index}"
			  event = "contact:create"
			}`, after: `
			resource "kanbert_webhook" "n" {
			  for_each = toset(["0", "1"])
			  url      = "https://receiver.example/${each.key}"
			  event    = "contact:create"
			}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := kanberttest.Start(t)
			w := newPlainWorkspace(t, configFor(s, c.before))
			w.must(t, "apply", "-auto-approve")
			w.write(t, configFor(s, c.after))
			if c.prepare != nil {
				w.must(t, c.prepare...)
			}
			out := w.must(t, append([]string{"apply", "-auto-approve"}, c.args...)...)
			if strings.Contains(out, conflictSummary) {
				t.Errorf("a conflict is reported:\n%s", out)
			}
			w.wantEmptyPlan(t)
			w.must(t, "apply", "-auto-approve")
			w.wantNoMark(t)
			w.must(t, "destroy", "-auto-approve")
			if n := len(s.Webhooks()); n != 0 {
				t.Errorf("%d webhooks are left", n)
			}
		})
	}
}

// wantNoMark fails the test if private state in the state file holds the mark by
// which the two plannings of a replacement know each other.
func (w *workspace) wantNoMark(t *testing.T) {
	t.Helper()
	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`"private": "([^"]*)"`).FindAllSubmatch(state, -1)
	if len(all) == 0 {
		t.Error("the state holds no private state")
	}
	for _, private := range all {
		text, err := base64.StdEncoding.DecodeString(string(private[1]))
		if err != nil || strings.Contains(string(text), predecessorKey) {
			t.Errorf("the private state is %s (%v)", text, err)
		}
	}
}

// Two workspaces may have the same URLs.
func TestTwoWorkspacesThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t, kanberttest.WithURLsUniquePerWorkspace())
	other := s.AddWorkspace("other")
	w := newPlainWorkspace(t, configFor(s, block("a", "a", "contact:create")+block("b", "a", "contact:create", "provider = kanbert.other\n")+
		fmt.Sprintf("provider \"kanbert\" {\n  alias    = \"other\"\n  token    = %q\n  base_url = %q\n}\n", other.Token, s.BaseURL())))
	out := w.must(t, "apply", "-auto-approve")
	if strings.Contains(out, conflictSummary) {
		t.Errorf("a conflict is reported:\n%s", out)
	}
	w.wantEmptyPlan(t)
}

// A rename without a moved block is warned of in the same words in each plan.
func TestRenameThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	w := newPlainWorkspace(t, configFor(s, block("a", "a", "contact:create")))
	w.must(t, "apply", "-auto-approve")
	w.write(t, configFor(s, block("b", "a", "contact:create")))
	texts := map[string]bool{}
	for range 5 {
		out := w.must(t, "plan")
		_, warnings, _ := strings.Cut(out, "Warning: "+takenSummary)
		texts[warnings] = true
	}
	if len(texts) != 1 || texts[""] {
		t.Errorf("the plan warns in %d wordings: %v", len(texts), texts)
	}
	w.must(t, "apply", "-auto-approve")
	wantAllHeld(t, s, w, 1)
}

// Under create_before_destroy, also where a resource that depends on the webhook
// brings it, the new webhook cannot have the URL of the old one. The error names
// it, and the ways out work.
func TestInheritedCreateBeforeDestroyThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	const dependent = `
		resource "terraform_data" "dependent" {
		  triggers_replace = kanbert_webhook.a.id
		  lifecycle {
		    create_before_destroy = %t
		  }
		}`
	a := block("a", "a", "contact:create")
	w := newPlainWorkspace(t, configFor(s, a+fmt.Sprintf(dependent, true)))
	w.must(t, "apply", "-auto-approve")
	before := s.Webhooks()[0]
	lines := w.fails(t, 1, "Unable to create webhook", "apply", "-auto-approve", "-replace=kanbert_webhook.a")
	text := flat(strings.Join(lines, "\n"))
	for _, part := range []string{before.ID, "If this resource replaces it, you can remove create_before_destroy instead, from this resource and those that depend on it"} {
		if !strings.Contains(text, part) {
			t.Errorf("the error does not say %q:\n%s", part, text)
		}
	}
	wantAllHeld(t, s, w, 1)
	w.write(t, configFor(s, a+fmt.Sprintf(dependent, false)))
	w.must(t, "apply", "-auto-approve", "-replace=kanbert_webhook.a")
	wantAllHeld(t, s, w, 1)
	if after := s.Webhooks()[0]; after.ID == before.ID {
		t.Error("the webhook was not replaced")
	}
}

// A webhook that is in state at two addresses is warned of by each plan, also by
// the one that would remove one of them. Two imports of one webhook are an error.
func TestOneWebhookAtTwoAddressesThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	webhook := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/a"})[0]
	a, b := block("a", "a", "contact:create"), block("b", "a", "contact:create")
	imports := fmt.Sprintf("import {\n to = kanbert_webhook.a\n id = %q\n}\nimport {\n to = kanbert_webhook.b\n id = %q\n}\n", webhook.ID, webhook.URL)
	w := newPlainWorkspace(t, configFor(s, a+b+imports))
	w.fails(t, 1, "Unable to import webhook", "plan")

	w.write(t, configFor(s, a+b))
	w.must(t, "import", "kanbert_webhook.a", webhook.ID)
	summary := "Warning: Webhook " + webhook.ID + " is in state at two addresses"
	w.write(t, configFor(s, a+b+fmt.Sprintf("import {\n to = kanbert_webhook.b\n id = %q\n}\n", webhook.URL)))
	for _, args := range [][]string{{"plan"}, {"plan", "-refresh=false"}, {"plan", "-parallelism=1"}} {
		if out := w.must(t, args...); strings.Count(out, summary) != 1 {
			t.Errorf("%v with an import does not warn once:\n%s", args, out)
		}
	}
	w.write(t, configFor(s, a+b))
	w.must(t, "import", "kanbert_webhook.b", webhook.URL)
	for _, args := range [][]string{{"plan"}, {"plan", "-refresh=false"}, {"plan", "-refresh-only"}} {
		if out := w.must(t, args...); strings.Count(out, summary) != 1 {
			t.Errorf("%v does not warn once:\n%s", args, out)
		}
	}
	w.write(t, configFor(s, a))
	if out := w.must(t, "plan"); strings.Count(out, summary) != 1 {
		t.Errorf("the plan that removes one does not warn once:\n%s", out)
	}
	w.must(t, "state", "rm", "kanbert_webhook.b")
	w.wantEmptyPlan(t)
	wantNoWrites(t, s)
}

// A webhook whose replacement stands, and whose deletion failed, holds its URL as a
// deposed object, which Terraform deletes after everything else. Applying again
// does not help, with or without create_before_destroy. Another URL does.
func TestDeposedHolderThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	const before = "lifecycle {\n create_before_destroy = true\n}\n"
	w := newPlainWorkspace(t, configFor(s, block("a", "a", "contact:create", before)))
	w.must(t, "apply", "-auto-approve")
	s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(http.StatusForbidden))
	w.write(t, configFor(s, block("a", "b", "contact:create", before)))
	w.fails(t, 1, "Unable to delete webhook", "apply", "-auto-approve")
	s.ClearFaults()

	for _, lifecycle := range []string{before, before, ""} {
		w.write(t, configFor(s, block("a", "a", "contact:create", lifecycle)))
		w.fails(t, 1, "Unable to create webhook", "apply", "-auto-approve")
	}
	w.write(t, configFor(s, block("a", "c", "contact:create", before)))
	w.must(t, "apply", "-auto-approve")
	w.write(t, configFor(s, block("a", "a", "contact:create", before)))
	w.must(t, "apply", "-auto-approve")
	wantAllHeld(t, s, w, 1)
}
