// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// version is what the mirror calls the build.
const version = "0.0.1"

// planChanges is the exit code of `plan -detailed-exitcode` if something would
// change.
const planChanges = 2

// The webhooks of examples/demo: how many, and those that single steps are about.
const (
	webhooks      = 4
	driftAddress  = `kanbert_webhook.contacts["contact:update"]`
	importAddress = "kanbert_webhook.tasks"
)

// demo is one run.
type demo struct {
	out       io.Writer
	workspace *cli.Workspace
	sandbox   *kanberttest.Sandbox
	// planned is what the first plan would create, by address.
	planned map[string]webhook
}

// show runs the demo and writes what it does to out. build is to build the provider
// as a file.
func show(ctx context.Context, out io.Writer, found cli.CLI, build func(file string) error) error {
	d := &demo{out: out, sandbox: kanberttest.New()}
	if err := d.sandbox.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer d.sandbox.Close()

	scratch, err := os.MkdirTemp("", "kanbert-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()

	if err := d.prepare(found, scratch, build); err != nil {
		return err
	}
	return d.runSteps(ctx)
}

// prepare builds the provider into a filesystem mirror, tells the CLI to look
// nowhere else for it, and copies examples/demo to where its state and lock file
// leave the tree alone.
func (d *demo) prepare(found cli.CLI, scratch string, build func(file string) error) error {
	root, err := cli.ModuleRoot()
	if err != nil {
		return err
	}
	d.sayf("Building the provider.")
	binary := filepath.Join(scratch, "provider")
	if err := build(binary); err != nil {
		return err
	}
	if d.workspace, err = found.NewMirrorWorkspace(scratch, version, binary); err != nil {
		return err
	}
	d.workspace.UseAPI(d.sandbox.BaseURL(), d.sandbox.Token())
	if err := os.CopyFS(d.workspace.Dir, os.DirFS(filepath.Join(root, "examples", "demo"))); err != nil {
		return err
	}
	d.sayf("A Kanbert in memory serves at %s.", d.sandbox.BaseURL())
	d.sayf("%s applies examples/demo. State and everything else is in %s, and goes with it.", found, scratch)
	return nil
}

// step is what it says only if run finds nothing else, and so many webhooks were
// created and deleted meanwhile.
type step struct {
	title, shown   string
	posts, deletes int
	run            func(context.Context) error
}

func (d *demo) runSteps(ctx context.Context) error {
	steps := []step{
		{"Init: the provider is installed", "the CLI has taken the provider just built", 0, 0, d.runs("init")},
		{"Plan: what would be created", fmt.Sprintf("%d webhooks would be created, and nothing was yet", webhooks), 0, 0, d.plan},
		{"Apply: the webhooks are created, and their signing secrets are in state",
			fmt.Sprintf("%d webhooks stand at the server, and the secrets in state are the server's", webhooks), webhooks, 0, d.apply},
		{"A second plan: nothing to do", "the plan is empty", 0, 0, d.runs("plan", "-detailed-exitcode")},
		{"Mistake: one URL for several events is an error of the plan", "one error says what to write instead, and nothing was created", 0, 0, d.mistake},
		{"Drift: another program deletes a webhook behind Terraform's back",
			"the plan saw that one was missing, the apply put it back, the others were left alone", 1, 0, d.drift},
		{"Import: a webhook that state has lost is taken over",
			"the webhook is managed again under the id that it had, and nothing would change; " +
				"its secret was told once, to the apply that created it, and cannot be imported", 0, 0, d.importLost},
		{"Destroy: nothing is left over", "server and state are empty", 0, webhooks, d.destroy},
	}
	for i, step := range steps {
		d.sayf("\n%d/%d  %s", i+1, len(steps), step.title)
		d.sandbox.ResetRequests()
		err := step.run(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted in step %d", i+1)
		}
		if err == nil {
			err = d.expectRequests(step.posts, step.deletes)
		}
		if err != nil {
			return fmt.Errorf("step %d (%s) is not as it says: %w", i+1, step.title, err)
		}
		d.sayf("✓ %s (%s)", step.shown, d.requests())
	}
	d.sayf("\nAll %d steps were as they say. Nothing is left behind.", len(steps))
	return nil
}

// runs is a step that is a command alone.
func (d *demo) runs(args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := d.run(ctx, 0, args...)
		return err
	}
}

func (d *demo) plan(ctx context.Context) (err error) {
	d.planned, err = d.created(ctx, "first.tfplan", planChanges, "-detailed-exitcode")
	if err == nil && len(d.planned) != webhooks {
		err = fmt.Errorf("the plan creates %d webhooks", len(d.planned))
	}
	return err
}

func (d *demo) apply(ctx context.Context) error {
	if _, err := d.run(ctx, 0, "apply", "first.tfplan"); err != nil {
		return err
	}
	_, err := d.expectPlanned(ctx, true)
	return err
}

func (d *demo) mistake(ctx context.Context) error {
	folder := d.workspace.Dir
	if err := os.Rename(filepath.Join(folder, "mistake", "mistake.tf"), filepath.Join(folder, "mistake.tf")); err != nil {
		return err
	}
	d.sayf("      mistake.tf gives three events one URL.")
	shown, err := d.run(ctx, 1, "plan")
	if err != nil {
		return err
	}
	if n := strings.Count(shown, "Error: "); n != 1 || !strings.Contains(shown, "Error: Several webhooks have one URL") {
		return fmt.Errorf("the plan has %d errors, and not the one about the URL", n)
	}
	return os.Remove(filepath.Join(folder, "mistake.tf"))
}

func (d *demo) drift(ctx context.Context) error {
	before, err := d.expectPlanned(ctx, true)
	if err != nil {
		return err
	}
	d.sandbox.Remove(before[driftAddress].id)
	d.sayf("      The webhook %s is gone from the server.", before[driftAddress].url)

	created, err := d.created(ctx, "drift.tfplan", planChanges, "-detailed-exitcode")
	if err != nil {
		return err
	}
	if _, ok := created[driftAddress]; !ok || len(created) != 1 {
		return fmt.Errorf("the plan creates %d webhooks, and not %s alone", len(created), driftAddress)
	}
	if _, err := d.run(ctx, 0, "apply", "drift.tfplan"); err != nil {
		return err
	}
	after, err := d.expectPlanned(ctx, true)
	if err != nil {
		return err
	}
	before[driftAddress] = after[driftAddress]
	return expectSame(before, after)
}

func (d *demo) importLost(ctx context.Context) error {
	before, err := d.expectPlanned(ctx, true)
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, 0, "state", "rm", importAddress); err != nil {
		return err
	}
	if _, err := d.run(ctx, 0, "import", importAddress, before[importAddress].id); err != nil {
		return err
	}
	created, err := d.created(ctx, "import.tfplan", 0)
	if err != nil {
		return err
	}
	if len(created) > 0 {
		return fmt.Errorf("the plan creates %d webhooks, although nothing is to change", len(created))
	}
	after, err := d.expectPlanned(ctx, false)
	if err != nil {
		return err
	}
	imported := after[importAddress]
	imported.secret = before[importAddress].secret
	after[importAddress] = imported
	return expectSame(before, after)
}

func (d *demo) destroy(ctx context.Context) error {
	if _, err := d.run(ctx, 0, "destroy", "-auto-approve"); err != nil {
		return err
	}
	state, err := d.state(ctx)
	if err != nil {
		return err
	}
	if left := d.sandbox.Webhooks(); len(left) > 0 || len(state) > 0 {
		return fmt.Errorf("the server still has %d webhooks, and state %d", len(left), len(state))
	}
	return nil
}

// run shows the command as a person would type it, runs it, shows what it
// prints, and checks its exit code.
func (d *demo) run(ctx context.Context, wantCode int, args ...string) (string, error) {
	typed := strings.Join(args, " ")
	d.sayf("      $ %s %s", d.workspace.CLI.Command(), typed)
	var out strings.Builder
	code, err := d.workspace.Stream(ctx, &out, args...)
	for paragraph := range strings.SplitSeq(blank.ReplaceAllString(strings.TrimSpace(out.String()), "\n\n"), "\n") {
		d.sayf("%s", strings.TrimRight("      | "+paragraph, " \r"))
	}
	if err == nil && code != wantCode {
		err = fmt.Errorf("%s %s ended with exit code %d, not %d", d.workspace.CLI.Command(), typed, code, wantCode)
	}
	return out.String(), err
}

// blank is several blank lines.
var blank = regexp.MustCompile(`\n(\s*\n)+`)

// requests says what the sandbox was asked in this step.
func (d *demo) requests() string {
	var counts []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		if n := d.sandbox.Count(method); n > 0 {
			counts = append(counts, fmt.Sprintf("%d × %s", n, method))
		}
	}
	if counts == nil {
		return "no request"
	}
	return "requests: " + strings.Join(counts, ", ")
}

func (d *demo) sayf(format string, args ...any) {
	fmt.Fprintf(d.out, format+"\n", args...)
}
