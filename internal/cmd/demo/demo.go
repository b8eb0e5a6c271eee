// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// version is what the mirror calls the build. It must be no pre-release, which
// `init` would pass over, and not 0.0.0, which it takes for no version at all.
const version = "0.0.1"

// Exit codes of `plan -detailed-exitcode`.
const (
	planEmpty   = 0
	planChanges = 2
)

// The webhooks of examples/demo that single steps are about.
const (
	driftAddress  = `kanbert_webhook.contacts["contact:update"]`
	importAddress = "kanbert_webhook.tasks"
)

// demo is one run.
type demo struct {
	out     io.Writer
	cli     cli.CLI
	sandbox *kanberttest.Sandbox

	examples         string // examples/demo
	workspace        string // where the CLI runs
	cliConfiguration string // the CLI's own configuration file

	// planned is what the first plan would create, by address.
	planned map[string]webhook
}

// show runs the demo from the module at root and writes what it does to out.
// build is to build the provider as a file.
func show(ctx context.Context, out io.Writer, root string, found cli.CLI, build func(file string) error) error {
	d := &demo{out: out, cli: found, sandbox: kanberttest.New()}
	if err := d.sandbox.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer d.sandbox.Close()

	scratch, err := os.MkdirTemp("", "kanbert-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()

	if err := d.prepare(root, scratch, build); err != nil {
		return err
	}
	return d.runSteps(ctx)
}

// prepare builds the provider into a filesystem mirror, tells the CLI to look
// nowhere else for it, and lays examples/demo where its state and lock file
// leave the tree alone: the files themselves, by links.
func (d *demo) prepare(root, scratch string, build func(file string) error) error {
	d.sayf("Building the provider.")
	binary := filepath.Join(scratch, "provider")
	if err := build(binary); err != nil {
		return err
	}
	mirror := filepath.Join(scratch, "mirror")
	if _, err := cli.InstallProvider(mirror, d.cli.RegistryHost(), version, cli.Platform(), binary); err != nil {
		return err
	}
	d.cliConfiguration = filepath.Join(scratch, "cli.tfrc")
	if err := cli.WriteMirrorConfiguration(d.cliConfiguration, mirror); err != nil {
		return err
	}
	d.examples = filepath.Join(root, "examples", "demo")
	d.workspace = filepath.Join(scratch, "demo")
	if err := linkAll(d.examples, d.workspace); err != nil {
		return err
	}

	d.sayf("A Kanbert in memory serves at %s.", d.sandbox.BaseURL())
	d.sayf("%s applies examples/demo. State and everything else is in %s, and goes with it.", d.cli, scratch)
	return nil
}

// linkAll makes a directory of links to all files of another.
func linkAll(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".tf" {
			continue
		}
		if err := os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) runSteps(ctx context.Context) error {
	steps := []struct {
		title string
		run   func(context.Context) (shown string, err error)
	}{
		{"Init: the provider is installed", d.init},
		{"Plan: what would be created", d.plan},
		{"Apply: the webhooks are created, and their signing secrets are in state", d.apply},
		{"A second plan: nothing to do", d.planAgain},
		{"Mistake: one URL for several events is an error of the plan", d.mistake},
		{"Drift: somebody deletes a webhook behind Terraform's back", d.drift},
		{"Import: a webhook that state has lost is taken over", d.importLost},
		{"Destroy: nothing is left over", d.destroy},
	}
	for i, step := range steps {
		d.sayf("\n%d/%d  %s", i+1, len(steps), step.title)
		d.sandbox.ResetRequests()
		shown, err := step.run(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted in step %d", i+1)
		}
		if err != nil {
			return fmt.Errorf("step %d (%s) is not as it says: %w", i+1, step.title, err)
		}
		d.sayf("✓ %s (%s)", shown, d.requests())
	}
	d.sayf("\nAll %d steps were as they say. Nothing is left behind.", len(steps))
	return nil
}

func (d *demo) init(ctx context.Context) (string, error) {
	if err := d.run(ctx, 0, "init"); err != nil {
		return "", err
	}
	if n := d.sandbox.Count(""); n > 0 {
		return "", fmt.Errorf("the API was asked %d times", n)
	}
	return "the CLI has taken the provider just built", nil
}

func (d *demo) plan(ctx context.Context) (string, error) {
	if err := d.run(ctx, planChanges, "plan", "-detailed-exitcode", "-out=first.tfplan"); err != nil {
		return "", err
	}
	changes, err := d.changes(ctx, "first.tfplan")
	if err != nil {
		return "", err
	}
	if d.planned, err = changes.onlyCreates(); err != nil {
		return "", err
	}
	for _, address := range []string{driftAddress, importAddress} {
		if _, ok := d.planned[address]; !ok {
			return "", fmt.Errorf("the plan does not create %s", address)
		}
	}
	return fmt.Sprintf("%d webhooks would be created, and nothing was yet", len(d.planned)), d.expectRequests(0, 0)
}

func (d *demo) apply(ctx context.Context) (string, error) {
	if err := d.run(ctx, 0, "apply", "first.tfplan"); err != nil {
		return "", err
	}
	if err := d.expectServer(); err != nil {
		return "", err
	}
	if err := d.expectSecrets(ctx); err != nil {
		return "", err
	}
	shown := fmt.Sprintf("%d webhooks stand at the server, and the secrets in state are the server's", len(d.planned))
	return shown, d.expectRequests(len(d.planned), 0)
}

func (d *demo) planAgain(ctx context.Context) (string, error) {
	if err := d.run(ctx, planEmpty, "plan", "-detailed-exitcode"); err != nil {
		return "", err
	}
	return "the plan is empty", d.expectRequests(0, 0)
}

func (d *demo) mistake(ctx context.Context) (string, error) {
	const file = "mistake.tf"
	link := filepath.Join(d.workspace, file)
	if err := os.Symlink(filepath.Join(d.examples, "mistake", file), link); err != nil {
		return "", err
	}
	d.sayf("      mistake.tf gives three events one URL.")
	shown, err := d.runShown(ctx, 1, "plan")
	if err != nil {
		return "", err
	}
	if n := strings.Count(shown, "Error: "); n != 1 || !strings.Contains(shown, "Error: Several webhooks have one URL") {
		return "", fmt.Errorf("the plan has %d errors, and not the one about the URL", n)
	}
	if err := os.Remove(link); err != nil {
		return "", err
	}
	return "one error says what to write instead, and nothing was created", d.expectRequests(0, 0)
}

func (d *demo) drift(ctx context.Context) (string, error) {
	before := d.sandbox.Webhooks()
	victim, ok := find(before, d.planned[driftAddress].url)
	if !ok {
		return "", fmt.Errorf("the server has no webhook at %s", d.planned[driftAddress].url)
	}
	d.sandbox.Remove(victim.ID)
	d.sayf("      The webhook %s is gone from the server.", victim.URL)

	if err := d.run(ctx, planChanges, "plan", "-detailed-exitcode", "-out=drift.tfplan"); err != nil {
		return "", err
	}
	changes, err := d.changes(ctx, "drift.tfplan")
	if err != nil {
		return "", err
	}
	if err := changes.onlyCreate(driftAddress); err != nil {
		return "", err
	}
	if err := d.run(ctx, 0, "apply", "drift.tfplan"); err != nil {
		return "", err
	}
	if err := d.expectServer(); err != nil {
		return "", err
	}
	if err := expectSameBut(victim.URL, before, d.sandbox.Webhooks()); err != nil {
		return "", err
	}
	if err := d.expectSecrets(ctx); err != nil {
		return "", err
	}
	return "the plan saw that one was missing, the apply put it back, the others were left alone", d.expectRequests(1, 0)
}

func (d *demo) importLost(ctx context.Context) (string, error) {
	before := d.sandbox.Webhooks()
	lost, ok := find(before, d.planned[importAddress].url)
	if !ok {
		return "", fmt.Errorf("the server has no webhook at %s", d.planned[importAddress].url)
	}
	if err := d.run(ctx, 0, "state", "rm", importAddress); err != nil {
		return "", err
	}
	if err := d.run(ctx, 0, "import", importAddress, lost.ID); err != nil {
		return "", err
	}
	if err := d.run(ctx, 0, "plan", "-out=import.tfplan"); err != nil {
		return "", err
	}
	changes, err := d.changes(ctx, "import.tfplan")
	if err != nil {
		return "", err
	}
	if err := changes.none(); err != nil {
		return "", err
	}
	if err := expectSameBut("", before, d.sandbox.Webhooks()); err != nil {
		return "", err
	}
	const shown = "the webhook is managed again under the id that it had, and nothing would change; " +
		"its secret was told once, to the apply that created it, and cannot be imported"
	return shown, d.expectRequests(0, 0)
}

func (d *demo) destroy(ctx context.Context) (string, error) {
	if err := d.run(ctx, 0, "destroy", "-auto-approve"); err != nil {
		return "", err
	}
	if left := d.sandbox.Webhooks(); len(left) > 0 {
		return "", fmt.Errorf("the server still has %d webhooks", len(left))
	}
	state, err := d.state(ctx)
	if err != nil {
		return "", err
	}
	if len(state) > 0 {
		return "", fmt.Errorf("state still has %d webhooks", len(state))
	}
	return "server and state are empty", d.expectRequests(0, len(d.planned))
}

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
