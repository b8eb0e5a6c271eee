// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// Every kind of change, by its key, and what the function is then.
func TestKindsOfChanges(t *testing.T) {
	for body, want := range map[string]map[string]string{
		`if a < b { f() }`: {
			"never: a < b":   `if false && (a < b) { f() }`,
			"always: a < b":  `if true || (a < b) { f() }`,
			"< as <=: a < b": `if a <= b { f() }`,
			"dropped: f()":   `if a < b {  }`,
		},
		`_ = a && !b == c`: {
			"dropped: _ = a && !b == c": ``,
			"&& as ||: a && !b == c":    `_ = a || !b == c`,
			"without !: !b":             `_ = a && b == c`,
			"== as !=: !b == c":         `_ = a && !b != c`,
		},
		`a := 4 + 4`: {
			"+ as -: 4 + 4":   `a := 4 - 4`,
			"one more: 4":     `a := 5 + 4`,
			"one more: 4 (2)": `a := 4 + 5`,
		},
		`a := f("x", true, b, c.d, c.d)`: {
			`swapped true and b: f("x", true, b, c.d, c.d)`: `a := f("x", b, true, c.d, c.d)`,
			"as false: true": `a := f("x", false, b, c.d, c.d)`,
			`swapped b and c.d: f("x", true, b, c.d, c.d)`: `a := f("x", true, c.d, b, c.d)`,
		},
		`return a, err`:      {"error dropped: err": `return a, nil`},
		`return err, a`:      {},
		`a := T{b: c, d: e}`: {"element left out: b: c": `a := T{d: e}`, "element left out: d: e": `a := T{b: c, }`},
		`for { a++; go f(); break; b <- c }`: {
			"dropped: a++":    `for { ; go f(); break; b <- c }`,
			"dropped: go f()": `for { a++; ; break; b <- c }`,
			"dropped: break":  `for { a++; go f(); ; b <- c }`,
			"dropped: b <- c": `for { a++; go f(); break;  }`,
		},
		`select { case <-a: f(); default: g() }`: {
			"dropped: f()": `select { case <-a: ; default: g() }`,
			"dropped: g()": `select { case <-a: f(); default:  }`,
		},
		`a.mu.Lock(); b.RLock(); defer a.mu.Unlock(); b.RUnlock()`: {
			"lock left out: a.mu.Lock()": `; b.RLock(); ; b.RUnlock()`,
			"lock left out: b.RLock()":   `a.mu.Lock(); ; defer a.mu.Unlock(); `,
		},
		// What only sounds like a lock is a call like any other.
		`a.block(); defer unlock()`: {
			"dropped: a.block()":      `; defer unlock()`,
			"dropped: defer unlock()": `a.block(); `,
		},
	} {
		frame := "package toy\n\nfunc toy() {\n\t%\n}\n"
		file := filepath.Join(t.TempDir(), "toy.go")
		write(t, file, strings.Replace(frame, "%", body, 1))
		mutants, err := mutantsOfFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, m := range mutants {
			changed, err := m.apply()
			if err != nil {
				t.Fatal(err)
			}
			before, after, _ := strings.Cut(frame, "%")
			key := strings.TrimPrefix(m.key, "toy.go toy: ")
			got[key] = strings.TrimSuffix(strings.TrimPrefix(string(changed), before), after)
			if m.line != 4 {
				t.Errorf("%s is said to be in line %d", m.key, m.line)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s becomes\n%q, want\n%q", body, got, want)
		}
	}
}

// The sample depends on the seed alone. The kinds have their turns: a table of words
// would leave no room for a lock. Tests and what is built elsewhere are not changed.
func TestOrderOfChanges(t *testing.T) {
	directory := t.TempDir()
	write(t, filepath.Join(directory, "a.go"), "package toy\n\nvar words = []int{1, 2, 3, 4, 5, 6, 7, 8}\n\nfunc toy() { mu.Lock(); mu.Unlock() }\n")
	write(t, filepath.Join(directory, "a_plan9.go"), "package toy\n\nvar other = 9\n")
	write(t, filepath.Join(directory, "a_test.go"), "package toy\n\nvar test = 9\n")
	keys := func(seed uint64) []string {
		all, err := mutantsOf(directory, seed)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, m := range all {
			keys = append(keys, m.key)
		}
		return keys
	}
	one, two := keys(1), keys(2)
	if len(one) != 17 || !slices.Equal(one, keys(1)) {
		t.Errorf("got %d: %q, then %q", len(one), one, keys(1))
	}
	if slices.Equal(one, two) || !slices.Equal(slices.Sorted(slices.Values(one)), slices.Sorted(slices.Values(two))) {
		t.Errorf("another seed gives %q and not the same in another order: %q", two, one)
	}
	if lock := "a.go toy: lock left out: mu.Lock()"; !slices.Contains(one[:3], lock) || !slices.Contains(two[:3], lock) {
		t.Errorf("the lock is not among the first three: %q, %q", one, two)
	}
}

// A sample has as many changes that compile as were asked for, if there are so many,
// however many workers try them. None is begun after the budget.
func TestTally(t *testing.T) {
	for name, test := range map[string]struct {
		sample, workers int
		budget          time.Duration
		results         string // b: does not compile, m: missed, n: noticed, i: interrupted
		want            string
	}{
		"all":                    {0, 1, time.Hour, "nmnb", "2 of 3 noticed (66 %) | 0 accepted, 0 not tried |"},
		"a sample":               {2, 1, time.Hour, "nmnn", "1 of 2 noticed (50 %) | 0 accepted, 2 not tried |"},
		"too small":              {9, 2, time.Hour, "nn", "2 of 2 noticed (100 %) | 0 accepted, 0 not tried |"},
		"one leaves its place":   {2, 2, time.Hour, "bnmn", "1 of 2 noticed (50 %) | 0 accepted, 1 not tried |"},
		"more workers than work": {3, 9, time.Hour, "bnbnnn", "3 of 3 noticed (100 %) | 0 accepted, 1 not tried |"},
		"no time":                {0, 1, 0, "nn", "0 of 0 noticed (0 %) | 0 accepted, 2 not tried, for lack of time |"},
		"the budget ends it":     {0, 1, 90 * time.Second, "nmnn", "1 of 2 noticed (50 %) | 0 accepted, 2 not tried, for lack of time |"},
		"while one waits":        {2, 2, 30 * time.Second, "nbnn", "1 of 1 noticed (100 %) | 0 accepted, 2 not tried, for lack of time |"},
		"an interruption":        {0, 1, 90 * time.Second, "ni", "1 of 1 noticed (100 %) | 0 accepted, 1 not tried, for lack of time |"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tally := newTally(io.Discard, settings{sample: test.sample}, time.Now().Add(test.budget))
				for _, r := range test.results {
					tally.left = append(tally.left, mutant{key: string(r)})
				}
				for range test.workers {
					go func() {
						for m, ok := tally.take(); ok; m, ok = tally.take() {
							time.Sleep(time.Minute) // virtual
							tally.add(m, map[string]result{"b": notBuilt, "m": missed, "n": found, "i": interrupted}[m.key], "")
						}
					}()
				}
				time.Sleep(time.Hour) // virtual
				synctest.Wait()
				if got := tally.row(settings{directory: "."}, 0); !strings.Contains(got, "| "+test.want) {
					t.Errorf("got %s", got)
				}
			})
		})
	}
}

const (
	toy = `package toy

import "sync"

var mu sync.Mutex

func noticed(n int) bool { return n > 3 }

func missed(n int) bool { return n > 3 }

func accepted(n int) bool { return n > 3 }

func notBuilt() string { return "a" + "b" }

func locked(n int) int {
	mu.Lock()
	defer mu.Unlock()
	return n
}

func endless(n int) {
	for n < 100 {
		n++
	}
}
`
	toyTest = `package toy

import "testing"

func TestToy(t *testing.T) {
	missed(0)
	accepted(0)
	endless(99)
	if noticed(3) || !noticed(4) || notBuilt() != "ab" || locked(1) != 1 {
		t.Error("toy")
	}
}
`
	toyAccepted = `# A comment.

toy.go accepted: > as >=: n > 3 # the reason
toy.go accepted: one more: 3 # the reason
toy.go former: one more: 3 # the reason
`
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// inToy makes a module with one package, and its folder the working directory.
func inToy(t *testing.T, test string) {
	t.Helper()
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	t.Chdir(t.TempDir())
	if err := os.Mkdir("testdata", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "go.mod", "module toy\n\ngo 1.24\n")
	write(t, "toy.go", toy)
	write(t, "toy_test.go", test)
	write(t, "testdata/mutants.txt", toyAccepted)
}

// contents are the files of the working directory.
func contents(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(".", func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		files[file] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// tried runs the program and returns what it wrote, and its exit code.
func tried(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	var out, errors bytes.Buffer
	code = start(ctx, args, &out, &errors)
	return out.String(), errors.String(), code
}

// A whole run: a change that is noticed, one that is not, one that need not be, one
// that does not compile, a lock left out, and one that never ends. The tree stays as
// it is, and nothing is left behind.
func TestRun(t *testing.T) {
	kanberttest.SkipShort(t, "it builds and runs the tests of a package several times")
	inToy(t, toyTest)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	before := contents(t)
	stdout, stderr, code := tried(t.Context(), "-v", "-sample", "0", "-timeout", "2s", ".")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	times := regexp.MustCompile(`\d[\d.]*m?s`)
	for i := range lines {
		lines[i] = times.ReplaceAllString(lines[i], "TIME")
	}
	last := len(lines) - 1
	slices.Sort(lines[2:last])
	want := []string{
		"accepted, but not there: toy.go former: one more: 3",
		"11 changes of .; the tests take TIME",
		"noticed: toy.go endless: dropped: n++, by a time-out",
		"noticed: toy.go noticed: > as >=: n > 3, by TestToy",
		"noticed: toy.go noticed: one more: 3, by TestToy",
		"unnoticed: toy.go endless: < as <=: n < 100 (line 22)",
		"unnoticed: toy.go endless: one more: 100 (line 22)",
		"unnoticed: toy.go locked: lock left out: mu.Lock() (line 16)",
		"unnoticed: toy.go missed: > as >=: n > 3 (line 9)",
		"unnoticed: toy.go missed: one more: 3 (line 9)",
		"| `.` | 3 of 8 noticed (37 %) | 2 accepted, 0 not tried | `-sample 0 -seed 1` | TIME |",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if !maps.Equal(contents(t), before) {
		t.Error("the tree has changed")
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A lock that is left out is noticed under the race detector, if the test is one for
// it: flags reach go test.
func TestFlagsReachTheTests(t *testing.T) {
	kanberttest.SkipShort(t, "it builds and runs the tests of a package several times")
	inToy(t, "package toy\n\nimport (\n\t\"flag\"\n\t\"testing\"\n)\n\nvar told = flag.Bool(\"told\", false, \"\")\n\n"+
		"func TestToy(t *testing.T) {\n\tif !*told || !missed(4) {\n\t\tt.Fail()\n\t}\n}\n")
	stdout, _, code := tried(t.Context(), "-only", "missed: one", "-flags", "-told", ".")
	if want := "| `.` | 1 of 1 noticed (100 %) | 0 accepted, 0 not tried | `-sample 80 -seed 1 -flags -told -only 'missed: one'` |"; code != 0 || !strings.Contains(stdout, want) {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	// Without the flag the tests fail before any change: there is no score.
	stdout, stderr, code := tried(t.Context(), ".")
	if code != 1 || strings.Contains(stdout, "| `.`") || !strings.Contains(stderr, "mutants: the tests fail without any change: ") || !strings.Contains(stderr, "--- FAIL: TestToy") {
		t.Errorf("exit code %d:\n%s\n%s", code, stdout, stderr)
	}
}

// An interruption ends the program with the score until then, and is no failure of a
// test.
func TestInterruption(t *testing.T) {
	kanberttest.SkipShort(t, "it builds and runs the tests of a package several times")
	inToy(t, "package toy\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\n"+
		"func TestToy(t *testing.T) {\n\tif missed(4) {\n\t\treturn\n\t}\n\t_ = os.WriteFile(os.Getenv(\"REACHED\"), nil, 0o600)\n\tselect {}\n}\n")
	reached := filepath.Join(t.TempDir(), "reached")
	if err := syscall.Mkfifo(reached, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REACHED", reached)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_, _ = os.ReadFile(reached) // until the test has opened and closed it
		cancel()
	}()
	stdout, stderr, code := tried(ctx, "-only", "missed: one", ".")
	if want := "| `.` | 0 of 0 noticed (0 %) | 0 accepted, 1 not tried, for lack of time |"; code != 1 || stderr != "mutants: context canceled\n" || !strings.Contains(stdout, want) {
		t.Errorf("exit code %d:\n%s\n%s", code, stdout, stderr)
	}
}

func TestWrongCalls(t *testing.T) {
	inToy(t, toyTest)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage: mutants [flags] DIRECTORY"},
		{[]string{".", "."}, 2, "usage: "},
		{[]string{"-workers", "0", "."}, 2, "usage: "},
		{[]string{"-only", "(", "."}, 2, "-only: error parsing regexp"},
		{[]string{"-unknown", "."}, 2, "-unknown"},
		{[]string{"-h"}, 0, "usage: "},
	} {
		stdout, stderr, code := tried(t.Context(), test.args...)
		if code != test.code || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("%q ends with %d:\n%s%s", test.args, code, stdout, stderr)
		}
	}
	// A line without a reason is no leave.
	write(t, "testdata/mutants.txt", "toy.go missed: one more: 3\n")
	if _, stderr, code := tried(t.Context(), "."); code != 1 || !strings.Contains(stderr, "mutants.txt gives no reason for toy.go missed: one more: 3") {
		t.Errorf("it ends with %d: %s", code, stderr)
	}
}

func TestPackagesAsGoTestTakesThem(t *testing.T) {
	for directory, want := range map[string]string{
		".": "./.", "internal/gc": "./internal/gc", "./internal/gc/": "./internal/gc", "../other": "./../other", "/elsewhere/other": "/elsewhere/other",
	} {
		if got := importable(directory); got != want {
			t.Errorf("%s is %s, want %s", directory, got, want)
		}
	}
}
