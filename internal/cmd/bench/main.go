// SPDX-License-Identifier: MPL-2.0

// Command bench measures plan, apply and destroy through a real CLI, against a
// sandbox that takes its time, and beside two others in the same run: a provider
// that has the same schema and the same logging and does nothing, and this
// provider with the sharing of reads switched off. It prints a table, and with
// -write keeps it as bench/RESULTS.md and bench/plan.svg.
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
	latency time.Duration
	runs    int
	most    int
	quick   bool
	write   bool
	only    *regexp.Regexp
	note    string
}

func parseOptions() (options, error) {
	var o options
	flag.DurationVar(&o.latency, "latency", 100*time.Millisecond, "how long the sandbox takes for an answer")
	flag.IntVar(&o.runs, "runs", 3, "how often each plan is measured; the table has the median")
	flag.IntVar(&o.most, "most", 1000, "leave out sizes of more webhooks of ours than this")
	flag.BoolVar(&o.quick, "quick", false, "measure the smallest sizes once, to see that it works")
	flag.BoolVar(&o.write, "write", false, "write bench/RESULTS.md and bench/plan.svg")
	only := flag.String("only", "", "measure only the sizes, such as `500 of 500, pages of 30`, that this regular expression matches")
	flag.StringVar(&o.note, "note", "", "a sentence on how it was measured, for the report")
	flag.Parse()
	if flag.NArg() > 0 || o.runs < 1 {
		return o, errors.New("there are no arguments, and at least one run")
	}
	var err error
	o.only, err = regexp.Compile(*only)
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
	finder := cli.Finder{Directory: filepath.Join(root, "bin", "cli"), Log: os.Stderr}
	found, err := finder.Find(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "kanbert-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	b := &bench{options: o, root: root, scratch: scratch, cli: found}
	if err := b.build(ctx); err != nil {
		return err
	}
	results, err := b.measure(ctx)
	if err != nil {
		return err
	}
	report := newReport(b, results)
	fmt.Print(report.markdown())
	if !o.write {
		return nil
	}
	return report.write(filepath.Join(root, "bench"))
}

// contender is a provider that is measured.
type contender struct{ name, path string }

var contenders = []contender{
	{"nothing", "./internal/cmd/bench/nothing"},
	{"unshared", "./internal/cmd/bench/unshared"},
	{"kanbert", "."},
}

type bench struct {
	options
	root, scratch string
	cli           cli.CLI
}

// build builds all contenders with equal flags.
func (b *bench) build(ctx context.Context) error {
	for _, c := range contenders {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.binary(c), c.path)
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
