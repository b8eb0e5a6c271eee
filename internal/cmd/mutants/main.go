// SPDX-License-Identifier: MPL-2.0

// Command mutants says how much of a package its tests notice. It changes the
// package in one place at a time (a condition that is always or never true, a
// bound, a constant, a statement, a lock or a field left out, an error dropped,
// arguments swapped), runs the tests, and counts the changes that fail none. It
// changes no file: the compiler takes the changed one by -overlay, which the
// builds that tests start take as well.
//
// Of all changes it tries a sample, which is the same for the same seed. Changes
// that do not compile are none. testdata/mutants.txt in the package lists those
// that need not be noticed, one on a line, followed by " # " and the reason.
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
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

type settings struct {
	directory string
	tests     []string
	flags     []string
	sample    int
	seed      uint64
	workers   int
	budget    time.Duration
	timeout   time.Duration
	only      string
	verbose   bool
}

func main() {
	var s settings
	tests := flag.String("tests", "", "`packages` whose tests have to notice, if not the changed one's alone")
	flags := flag.String("flags", "-short", "`flags` of go test")
	flag.IntVar(&s.sample, "sample", 80, "how many changes are tried; 0 for all")
	flag.Uint64Var(&s.seed, "seed", 1, "chooses the sample")
	flag.IntVar(&s.workers, "workers", 2, "how many changes are tried at the same time")
	flag.DurationVar(&s.budget, "budget", 10*time.Minute, "after which no further change is tried")
	flag.StringVar(&s.only, "only", "", "try what matches this `expression` alone, such as \"lock left out\"")
	flag.BoolVar(&s.verbose, "v", false, "also print what is noticed, and by which test")
	flag.DurationVar(&s.timeout, "timeout", 5*time.Minute, "how long the tests of one change may take; a change that takes longer is noticed")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: mutants [flags] DIRECTORY")
		os.Exit(2)
	}
	s.directory = flag.Arg(0)
	s.tests, s.flags = strings.Fields(*tests), strings.Fields(*flags)
	if len(s.tests) == 0 {
		s.tests = []string{"./" + filepath.Clean(s.directory)}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) error {
	all, err := mutantsOf(s.directory, s.seed)
	if err != nil {
		return err
	}
	accepted, err := s.accepted()
	if err != nil {
		return err
	}
	begin := time.Now()
	if out, err := s.test(ctx, ""); err != nil {
		return fmt.Errorf("the tests fail without any change: %w\n%s", err, out)
	}
	fmt.Printf("%d changes of %s; the tests take %v\n", len(all), s.directory, time.Since(begin).Round(100*time.Millisecond))

	only, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	tally := &tally{sample: s.sample, left: slices.DeleteFunc(all, func(m mutant) bool { return accepted[m.key] || !only.MatchString(m.key) })}
	failures := make([]error, s.workers)
	var workers sync.WaitGroup
	for i := range failures {
		workers.Go(func() { failures[i] = s.work(ctx, tally, begin.Add(s.budget)) })
	}
	workers.Wait()
	fmt.Printf("%s: %d of %d changes noticed (%d %%), %d accepted, seed %d, in %v\n", s.directory, tally.noticed, tally.changed,
		100*tally.noticed/max(1, tally.changed), len(accepted), s.seed, time.Since(begin).Round(time.Second))
	return errors.Join(failures...)
}

// tally counts what was noticed of what was changed.
type tally struct {
	mu               sync.Mutex
	left             []mutant
	sample           int
	changed, noticed int
}

// take returns the next change to try. It counts until it is found not to compile.
func (t *tally) take() (mutant, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.left) == 0 || t.sample > 0 && t.changed == t.sample {
		return mutant{}, false
	}
	m := t.left[0]
	t.left = t.left[1:]
	t.changed++
	return m, true
}

func (t *tally) add(m mutant, r result, by string, verbose bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch r {
	case notBuilt:
		t.changed--
	case missed:
		fmt.Printf("unnoticed: %s (line %d)\n", m.key, m.line)
	case found:
		t.noticed++
		if verbose {
			fmt.Printf("noticed: %s, by %s\n", m.key, by)
		}
	}
}

// work tries changes until none is left or the time is over.
func (s settings) work(ctx context.Context, t *tally, until time.Time) error {
	for time.Now().Before(until) {
		m, ok := t.take()
		if !ok {
			return nil
		}
		result, by, err := s.try(ctx, m)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			t.add(m, notBuilt, "", false)
			return err
		}
		t.add(m, result, by, s.verbose)
	}
	return nil
}

// accepted reads the list of changes that need not be noticed.
func (s settings) accepted() (map[string]bool, error) {
	keys := map[string]bool{}
	text, err := os.ReadFile(filepath.Join(s.directory, "testdata", "mutants.txt"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if key, _, ok := strings.Cut(line, " # "); ok && !strings.HasPrefix(line, "#") {
			keys[strings.TrimSpace(key)] = true
		}
	}
	return keys, nil
}

// result is what became of a change.
type result int

const (
	found result = iota
	missed
	notBuilt
)

// try runs the tests with one change, and returns which of them noticed it.
func (s settings) try(ctx context.Context, m mutant) (result, string, error) {
	directory, err := os.MkdirTemp("", "kanbert-mutants")
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	overlay, err := m.overlay(directory)
	if err != nil {
		return 0, "", err
	}
	out, err := s.test(ctx, overlay)
	switch {
	case err == nil:
		return missed, "", nil
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return notBuilt, "", nil
	}
	by := "a panic or a time-out"
	if _, rest, ok := strings.Cut(out, "--- FAIL: "); ok {
		by, _, _ = strings.Cut(rest, " ")
	}
	return found, by, nil
}

// test runs the tests with the files of the overlay. By way of the environment
// it reaches the builds that tests start. A test binary that runs for too long
// panics, and what it started is killed with it.
func (s settings) test(ctx context.Context, overlay string) (string, error) {
	args := append([]string{"test", "-vet=off", "-failfast", "-count=1", "-timeout=" + s.timeout.String()}, s.flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, s.tests...)...)
	cmd.Env = os.Environ()
	if overlay != "" {
		cmd.Env = append(cmd.Env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}
