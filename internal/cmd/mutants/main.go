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
//
// Its last line is the score, as a row for the table in CONTRIBUTING.md. It ends
// with exit code 0 whatever the score is, 1 if it could not tell, and 2 if it was
// called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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
	// shown are the flags that a repetition needs.
	shown   string
	tests   []string
	flags   []string
	sample  int
	seed    uint64
	workers int
	budget  time.Duration
	timeout time.Duration
	only    *regexp.Regexp
	verbose bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := start(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// start runs the program, and returns its exit code.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if err := s.run(ctx, stdout); err != nil {
		fmt.Fprintf(stderr, "mutants: %v\n", err)
		return 1
	}
	return 0
}

// parse reads the arguments. It has written what is wrong with them to stderr.
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	set := flag.NewFlagSet("mutants", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprintln(stderr, "usage: mutants [flags] DIRECTORY")
		set.PrintDefaults()
	}
	tests := set.String("tests", "", "`packages` whose tests have to notice, if not the changed one's alone")
	flags := set.String("flags", "-short", "`flags` of go test")
	set.IntVar(&s.sample, "sample", 80, "how many changes are tried; 0 for all")
	set.Uint64Var(&s.seed, "seed", 1, "chooses the sample")
	set.IntVar(&s.workers, "workers", 2, "how many changes are tried at the same time")
	set.DurationVar(&s.budget, "budget", 10*time.Minute, "after which no further change is tried")
	only := set.String("only", "", "try what matches this `expression` alone, such as \"lock left out\"")
	set.BoolVar(&s.verbose, "v", false, "also print what is noticed, and by which test")
	set.DurationVar(&s.timeout, "timeout", 5*time.Minute, "how long the tests of one change may take; a change that takes longer is noticed")
	err := set.Parse(args)
	if err != nil {
		return s, err
	}
	if s.only, err = regexp.Compile(*only); err != nil {
		fmt.Fprintf(stderr, "-only: %v\n", err)
		return s, err
	}
	if set.NArg() != 1 || s.workers < 1 {
		set.Usage()
		return s, errors.New("usage")
	}
	s.directory = set.Arg(0)
	s.tests, s.flags = strings.Fields(*tests), strings.Fields(*flags)
	if len(s.tests) == 0 {
		s.tests = []string{importable(s.directory)}
	}
	s.shown = fmt.Sprintf("-sample %d -seed %d", s.sample, s.seed)
	set.Visit(func(f *flag.Flag) {
		if slices.Contains([]string{"tests", "flags", "only"}, f.Name) {
			s.shown += fmt.Sprintf(" -%s %s", f.Name, quoted(f.Value.String()))
		}
	})
	return s, nil
}

// importable returns a directory as go test takes it.
func importable(directory string) string {
	if filepath.IsAbs(directory) {
		return directory
	}
	return "./" + filepath.ToSlash(filepath.Clean(directory))
}

// quoted returns a value as a shell takes it.
func quoted(value string) string {
	if value != "" && !strings.ContainsAny(value, " '\"$*?()[]{}|&;<>\\") {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

func (s settings) run(ctx context.Context, out io.Writer) error {
	all, err := mutantsOf(s.directory, s.seed)
	if err != nil {
		return err
	}
	accepted, err := s.accepted()
	if err != nil {
		return err
	}
	for _, key := range accepted {
		if !slices.ContainsFunc(all, func(m mutant) bool { return m.key == key }) {
			fmt.Fprintf(out, "accepted, but not there: %s\n", key)
		}
	}
	begin := time.Now()
	if text, err := s.test(ctx, ""); err != nil {
		return fmt.Errorf("the tests fail without any change: %w\n%s", err, text)
	}
	fmt.Fprintf(out, "%d changes of %s; the tests take %v\n", len(all), s.directory, time.Since(begin).Round(100*time.Millisecond))

	t := newTally(out, s, begin.Add(s.budget))
	for _, m := range all {
		switch {
		case !s.only.MatchString(m.key):
		case slices.Contains(accepted, m.key):
			t.accepted++
		default:
			t.left = append(t.left, m)
		}
	}
	failures := make([]error, s.workers)
	var workers sync.WaitGroup
	for i := range failures {
		workers.Go(func() { failures[i] = s.work(ctx, t) })
	}
	workers.Wait()
	fmt.Fprintln(out, t.row(s, time.Since(begin)))
	return errors.Join(failures...)
}

// work tries changes until none is left or the time is over.
func (s settings) work(ctx context.Context, t *tally) error {
	for {
		m, ok := t.take()
		if !ok {
			return nil
		}
		result, by, err := s.try(ctx, m)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			result = interrupted
		}
		t.add(m, result, by)
		if err != nil {
			return err
		}
	}
}

// accepted reads the list of changes that need not be noticed.
func (s settings) accepted() ([]string, error) {
	file := filepath.Join(s.directory, "testdata", "mutants.txt")
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var keys []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, reason, _ := strings.Cut(line, " # ")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s gives no reason for %s", file, key)
		}
		keys = append(keys, strings.TrimSpace(key))
	}
	return keys, nil
}

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
	return found, noticer(out), nil
}

// noticer returns from what go test wrote which test failed.
func noticer(out string) string {
	if strings.Contains(out, "panic: test timed out") {
		return "a time-out"
	}
	if _, rest, ok := strings.Cut(out, "--- FAIL: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	return "a crash"
}

// test runs the tests with the files of the overlay. By way of the environment
// it reaches the builds that tests start. A test binary that runs for too long
// panics. Whatever is left of its processes is killed.
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
	if cmd.Process != nil {
		_ = cmd.Cancel() // what a test has started and not ended
	}
	return string(out), err
}
