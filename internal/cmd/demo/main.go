// SPDX-License-Identifier: MPL-2.0

// Command demo shows the provider at work: it builds it, starts a sandbox in this
// process, and takes examples/demo through init, plan, apply, an empty second plan,
// drift, import and destroy with a real Terraform or OpenTofu CLI.
//
// Each step says what it showed only after checking it, against the sandbox and
// not against what the CLI says. If one fails, the program ends with
// a non-zero exit code. Whatever it writes is in a temporary directory that it
// removes, also on Ctrl-C; a CLI that it had to fetch stays in bin/, which git
// ignores.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

const (
	// version is what the mirror calls the build.
	version = "0.0.1"
	// planChanges is the exit code of `plan -detailed-exitcode` if something would
	// change.
	planChanges = 2

	// The webhooks of examples/demo: how many, and those that single steps are about.
	webhooks      = 4
	driftAddress  = `kanbert_webhook.contacts["contact:update"]`
	importAddress = "kanbert_webhook.tasks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	found, err := cli.Find(ctx, os.Stdout)
	if err == nil {
		err = show(ctx, os.Stdout, found, func(file string) error { return cli.BuildProvider(ctx, file) })
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

// demo is one run.
type demo struct {
	out       io.Writer
	workspace *cli.Workspace
	sandbox   *kanberttest.Sandbox
	// planned is what the first plan would create, held what state holds; by address.
	planned, held map[string]webhook
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
	d.sayf("Building the provider.")
	binary := filepath.Join(scratch, "provider")
	err := build(binary)
	if err != nil {
		return err
	}
	if d.workspace, err = found.NewMirrorWorkspace(scratch, version, binary); err != nil {
		return err
	}
	d.workspace.UseAPI(d.sandbox.BaseURL(), d.sandbox.Token())
	if err := d.workspace.CopyExample("demo"); err != nil {
		return err
	}
	d.sayf("The Kanbert API in memory serves at %s.\n%s applies examples/demo. State and everything else is in %s, and goes with it.",
		d.sandbox.BaseURL(), found, scratch)
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
		{"Init: the provider is installed", "the CLI installed the provider that was just built", 0, 0, d.runs("init")},
		{"Plan: what would be created", fmt.Sprintf("%d webhooks will be created, none exists yet", webhooks), 0, 0, d.plan},
		{"Apply: the webhooks are created, and their signing secrets are in state",
			fmt.Sprintf("%d webhooks exist on the server, and the secrets in state are the server's", webhooks), webhooks, 0, d.apply},
		{"A second plan: nothing to do", "the plan is empty", 0, 0, d.runs("plan", "-detailed-exitcode")},
		{"Mistake: one URL for several events is an error of the plan", "one error says what to write instead, and nothing was created", 0, 0, d.mistake},
		{"Drift: another program deletes a webhook behind Terraform's back",
			"the plan reported the missing webhook, the apply created it again, the others did not change", 1, 0, d.drift},
		{"Import: a webhook that is missing from state is imported",
			"the webhook is managed again under the id that it had, and nothing would change; " +
				"Kanbert returned its secret once, to the apply that created it, and it cannot be imported", 0, 0, d.importLost},
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
			err = errors.Join(d.expectRequests(http.MethodPost, step.posts), d.expectRequests(http.MethodDelete, step.deletes))
		}
		if err != nil {
			return fmt.Errorf("step %d (%s) failed: %w", i+1, step.title, err)
		}
		d.sayf("✓ %s (%s)", step.shown, d.requests())
	}
	d.sayf("\nAll %d steps succeeded. Nothing is left behind.", len(steps))
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

func (d *demo) apply(ctx context.Context) (err error) {
	d.held, err = d.applied(ctx, "first.tfplan")
	return err
}

// applied applies a plan and returns the webhooks that are in state then.
func (d *demo) applied(ctx context.Context, file string) (map[string]webhook, error) {
	if _, err := d.run(ctx, 0, "apply", file); err != nil {
		return nil, err
	}
	return d.expectPlanned(ctx, true)
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
	d.sandbox.Remove(d.held[driftAddress].id)
	d.sayf("      The webhook %s is gone from the server.", d.held[driftAddress].url)

	created, err := d.created(ctx, "drift.tfplan", planChanges, "-detailed-exitcode")
	if err != nil {
		return err
	}
	if _, ok := created[driftAddress]; !ok || len(created) != 1 {
		return fmt.Errorf("the plan creates %d webhooks, and not %s alone", len(created), driftAddress)
	}
	after, err := d.applied(ctx, "drift.tfplan")
	if err != nil {
		return err
	}
	d.held[driftAddress] = after[driftAddress]
	return expectSame(d.held, after)
}

func (d *demo) importLost(ctx context.Context) error {
	lost := d.held[importAddress]
	for _, args := range [][]string{{"state", "rm", importAddress}, {"import", importAddress, lost.id}} {
		if _, err := d.run(ctx, 0, args...); err != nil {
			return err
		}
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
	lost.secret = ""
	d.held[importAddress] = lost
	return expectSame(d.held, after)
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
	command := d.workspace.CLI.Command() + " " + strings.Join(args, " ")
	d.sayf("      $ %s", command)
	var out strings.Builder
	code, err := d.workspace.Stream(ctx, &out, args...)
	for line := range strings.SplitSeq(blank.ReplaceAllString(strings.TrimSpace(out.String()), "\n\n"), "\n") {
		d.sayf("%s", strings.TrimRight("      | "+line, " \r"))
	}
	if err == nil && code != wantCode {
		err = fmt.Errorf("%s ended with exit code %d, not %d", command, code, wantCode)
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
