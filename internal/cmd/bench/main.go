// SPDX-License-Identifier: MPL-2.0

// Command bench measures plan, apply and destroy through a real CLI, against a
// sandbox that takes its time, and beside others in the same run: a provider that
// has the same schema and does nothing, and this provider with the sharing of
// reads switched off. It prints tables, and with -write keeps them as
// bench/RESULTS.md and bench/plan.svg.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	latency      time.Duration
	runs         int
	quick, write bool
	only         *regexp.Regexp
	note         string
	peers        string
}

func parseOptions() (options, error) {
	var o options
	flag.DurationVar(&o.latency, "latency", 100*time.Millisecond, "how long the sandbox takes for an answer")
	flag.IntVar(&o.runs, "runs", 5, "how often each plan is measured; half as often each apply and destroy")
	flag.BoolVar(&o.quick, "quick", false, "measure one small size once, to see that it works")
	flag.BoolVar(&o.write, "write", false, "write bench/RESULTS.md and bench/plan.svg")
	only := flag.String("only", "", "measure only the sizes, such as `500 of 500, pages of 30`, that this regular expression matches")
	flag.StringVar(&o.note, "note", "", "a sentence on how it was measured, for the report")
	flag.StringVar(&o.peers, "peers", "", "a `directory` of other providers' binaries, such as terraform-provider-restapi_v3.0.0, to compare with")
	flag.Parse()
	if flag.NArg() > 0 || o.runs < 1 {
		return o, errors.New("there are no arguments, and at least one run")
	}
	var err error
	o.only, err = regexp.Compile(*only)
	if o.quick {
		o.runs = 1
	}
	return o, err
}

func run(ctx context.Context) error {
	o, err := parseOptions()
	if err != nil {
		return err
	}
	root, err := cli.ModuleRoot()
	if err != nil {
		return err
	}
	found, err := cli.Find(ctx, os.Stderr)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "kanbert-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	b := &bench{options: o, root: root, scratch: scratch, cli: found}
	return b.report(ctx)
}

type bench struct {
	options
	root, scratch string
	cli           cli.CLI
}

func (b *bench) report(ctx context.Context) error {
	if err := b.build(ctx, nothing, tuned, ours, unshared); err != nil {
		return err
	}
	results, err := b.measure(ctx)
	if err != nil {
		return err
	}
	trials, err := b.comparePeers(ctx)
	if err != nil {
		return err
	}
	report := newReport(b, results, trials)
	fmt.Print(report.markdown())
	if !b.write {
		return nil
	}
	return report.write(filepath.Join(b.root, "bench"))
}

// contender is a provider that is measured. ldflags are those of its build.
type contender struct{ name, label, path, ldflags string }

var (
	// nothing is what the others are compared with, built the ordinary way.
	nothing  = contender{"nothing", "nothing", "./internal/cmd/bench/nothing", "-s -w"}
	tuned    = contender{"tuned", "nothing, tuned", "./internal/cmd/bench/nothing", "-s -w -X main.tuned=yes"}
	ours     = contender{"kanbert", "this", ".", "-s -w"}
	unshared = contender{"unshared", "unshared", "./internal/cmd/bench/unshared", "-s -w"}
)

// build builds contenders with equal flags but for what the linker sets.
func (b *bench) build(ctx context.Context, all ...contender) error {
	for _, c := range all {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags="+c.ldflags, "-o", b.binary(c), c.path)
		cmd.Dir = b.root
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", c.path, err, output)
		}
	}
	return nil
}

func (b *bench) binary(c contender) string {
	return filepath.Join(b.scratch, c.name, "terraform-provider-kanbert")
}
