// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// size is n webhooks of ours among m, on a server whose pages hold page.
type size struct {
	n, m, page int
	// lives says that applies and destroys are measured, and not only plans.
	lives bool
}

func (s size) String() string { return fmt.Sprintf("%d of %d, pages of %d", s.n, s.m, s.page) }

func (b *bench) sizes() []size {
	all := []size{{100, 100, 100, true}, {500, 500, 100, true}, {500, 500, 30, false}, {1000, 1000, 100, false}, {5, 10000, 100, false}}
	if b.quick {
		all = []size{{10, 10, 100, true}}
	}
	return slices.DeleteFunc(all, func(s size) bool { return !b.only.MatchString(s.String()) })
}

const (
	apply   = "apply"
	plan    = "plan"
	destroy = "destroy"
	// listing needs a complete listing, since one webhook is missing.
	listing = "plan, one missing"
)

// sample is one command that was measured.
type sample struct {
	took     time.Duration
	requests int
	usage
}

// result is a command at one size: what each contender took, round by round.
type result struct {
	size    size
	command string
	of      map[string][]sample
}

func (b *bench) measure(ctx context.Context) ([]result, error) {
	var all []result
	for _, s := range b.sizes() {
		rows, err := b.race(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// race measures all contenders with one size, in one workspace. They take turns,
// so that what else the machine does hits them alike. All plan with the state that
// this provider has made.
func (b *bench) race(ctx context.Context, s size) ([]result, error) {
	w, err := b.newWorkspace(s, configuration)
	if err != nil {
		return nil, err
	}
	defer w.close()
	var rows []result
	if s.lives {
		lives, err := b.rounds(ctx, w, s, (b.runs+1)/2, apply, destroy)
		if err != nil {
			return nil, err
		}
		rows = append(rows, lives...)
	}
	if _, err := w.time(ctx, b.binary(ours), apply); err != nil {
		return nil, err
	}
	command := plan
	if s.m > s.n {
		command = listing
		w.forgetOne()
	}
	plans, err := b.rounds(ctx, w, s, b.runs, command)
	return append(rows, plans...), err
}

// rounds lets each contender run the commands one after the other, n times. What
// shares no reads takes long, and is measured once.
func (b *bench) rounds(ctx context.Context, w *workspace, s size, n int, commands ...string) ([]result, error) {
	rows := make([]result, len(commands))
	for i, command := range commands {
		rows[i] = result{size: s, command: command, of: make(map[string][]sample)}
	}
	for round := range n {
		all := []contender{nothing, tuned, ours}
		if round == 0 && commands[0] != apply {
			all = append(all, unshared)
		}
		for _, c := range all {
			for i, command := range commands {
				one, err := w.time(ctx, b.binary(c), command)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.name, err)
				}
				fmt.Fprintf(os.Stderr, "%s: %s by %s took %s\n", s, command, c.label, seconds(one.took))
				rows[i].of[c.name] = append(rows[i].of[c.name], one)
			}
		}
	}
	return rows, nil
}

const configuration = `terraform {
  required_providers {
    kanbert = { source = "kanbert/kanbert" }
  }
}

variable "webhooks" { type = number }

resource "kanbert_webhook" "ours" {
  count = var.webhooks
  url   = format("https://hooks.example.com/%05d/ours", count.index * 7919 % 100000)
  event = "contact:create"
}
`

type workspace struct {
	*cli.Workspace
	sandbox *kanberttest.Sandbox
	// later is how far the sandbox's clock is ahead, in nanoseconds.
	later *atomic.Int64
	// mayFail lets a command fail.
	mayFail bool
}

// newWorkspace starts a sandbox with other people's webhooks in it, and writes the
// configuration of ours.
func (b *bench) newWorkspace(s size, configuration string, opts ...kanberttest.Option) (*workspace, error) {
	later := new(atomic.Int64)
	opts = append([]kanberttest.Option{
		kanberttest.WithMaxPageSize(s.page), kanberttest.WithLatency(b.latency),
		kanberttest.WithClock(func() time.Time { return time.Now().Add(time.Duration(later.Load())) }),
	}, opts...)
	sandbox := kanberttest.New(opts...)
	if err := sandbox.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	theirs := make([]kanberttest.Webhook, s.m-s.n)
	for i := range theirs {
		theirs[i] = kanberttest.Webhook{URL: fmt.Sprintf("https://hooks.example.com/%05d/theirs", i*7919%100000), Event: "contact:create"}
	}
	sandbox.Seed(theirs...)
	directory, err := os.MkdirTemp(b.scratch, "workspace")
	if err != nil {
		return nil, err
	}
	w, err := b.cli.NewWorkspace(directory)
	if err != nil {
		return nil, err
	}
	w.UseAPI(sandbox.BaseURL(), sandbox.Token())
	w.Settings["TF_VAR_webhooks"] = fmt.Sprint(s.n)
	return &workspace{Workspace: w, sandbox: sandbox, later: later}, w.Write("main.tf", configuration)
}

func (w *workspace) close() {
	w.sandbox.Close()
	_ = os.RemoveAll(w.Dir)
}

// forgetOne lets the server lose one of ours, an hour later: a plan would wait for
// a webhook that is missing right after it was made.
func (w *workspace) forgetOne() {
	w.later.Add(int64(time.Hour))
	for _, webhook := range w.sandbox.Webhooks() {
		if strings.HasSuffix(webhook.URL, "/ours") {
			w.sandbox.Remove(webhook.ID)
			return
		}
	}
}

// time runs one command with the provider that binary is, and measures it.
func (w *workspace) time(ctx context.Context, binary, command string) (sample, error) {
	if err := w.use(binary); err != nil {
		return sample{}, err
	}
	verb, _, _ := strings.Cut(command, ",")
	args := []string{verb, "-no-color"}
	if verb != plan {
		args = append(args, "-auto-approve")
	}
	var output bytes.Buffer
	cmd := w.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	w.sandbox.ResetRequests()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	stop := make(chan struct{})
	used := make(chan usage)
	go func() { used <- watch(cmd.Process.Pid, binary, stop) }()
	err := cmd.Wait()
	took := time.Since(began)
	close(stop)
	one := sample{took: took, requests: w.sandbox.Count(""), usage: <-used}
	if err != nil && !w.mayFail {
		return sample{}, fmt.Errorf("%s: %w\n%s", command, err, output.String())
	}
	return one, nil
}

// use lets the CLI take the provider from where binary is.
func (w *workspace) use(binary string) error {
	for _, source := range []string{"kanbert/kanbert", "mastercard/restapi", "magodo/restful", "hashicorp/scaffolding"} {
		if err := w.Override(source, filepath.Dir(binary)); err != nil {
			return err
		}
	}
	return nil
}
