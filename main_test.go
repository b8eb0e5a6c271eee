// SPDX-License-Identifier: MPL-2.0

//go:build unix

// What main does is tried on the program as it is built, and not on functions
// beside it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

var shared *cli.Tests

func TestMain(m *testing.M) {
	os.Exit(cli.RunTests(m, func(tests *cli.Tests) error {
		shared = tests
		return nil
	}))
}

// handshake is what the CLI sets for a plugin that it starts. Without it the
// program does not serve.
var handshake = []string{
	"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
	"PLUGIN_PROTOCOL_VERSIONS=6",
}

func TestVersion(t *testing.T) {
	t.Parallel()
	provider, linked := shared.Provider(t), filepath.Join(t.TempDir(), cli.ProviderName)
	if err := cli.BuildProvider(t.Context(), linked, "-ldflags=-X main.version=1.2.3 -X main.commit=0123abc"); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{
		linked:   "terraform-provider-kanbert 1.2.3 (commit 0123abc)\n",
		provider: "terraform-provider-kanbert dev (commit none)\n",
	} {
		out, err := exec.CommandContext(t.Context(), program, "-version").CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("got %q, %v, want %q", out, err, want)
		}
	}
}

// A person who starts the program reads what it is, and the exit code says that
// nothing was served.
func TestByHand(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), shared.Provider(t)).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "This binary is a plugin") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

// serve starts the program as the CLI does, and waits until it serves.
func serve(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shared.Provider(t), args...)
	cmd.Env = append(cli.Environment(nil), handshake...)
	line, err := started(t, cmd).ReadString('\n')
	if err != nil {
		t.Fatalf("it does not serve: %q, %v", line, err)
	}
	return cmd
}

// started starts a command until the end of the test, and returns what it writes.
func started(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return bufio.NewReader(out)
}

// With -debug the program serves a CLI that it did not start, under its address, until
// it is interrupted. The CLI has neither token nor server: it cannot have started a
// provider of its own.
func TestDebug(t *testing.T) {
	t.Parallel()
	w, s := shared.Workspace(t), kanberttest.Start(t)
	if w.CLI.OpenTofu {
		t.Skip("the address is of Terraform's registry")
	}
	cmd := exec.CommandContext(t.Context(), shared.Provider(t), "-debug")
	cmd.Env = cli.Environment(map[string]string{"KANBERT_BASE_URL": s.BaseURL(), "KANBERT_TOKEN": s.Token()})
	out := started(t, cmd)
	reattach := regexp.MustCompile(`TF_REATTACH_PROVIDERS='(.*)'`)
	for found := []string(nil); found == nil; {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatalf("it does not say how to reach it: %v", err)
		}
		if found = reattach.FindStringSubmatch(line); found != nil {
			w.Settings["TF_REATTACH_PROVIDERS"] = found[1]
		}
	}
	if err := w.Write("main.tf", cli.RequiredProviders+"data \"kanbert_webhooks\" \"all\" {}\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(t.Context(), 0, "plan"); err != nil || s.Count("") == 0 {
		t.Errorf("%d requests, %v", s.Count(""), err)
	}
	if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
		t.Errorf("interrupted, it ends with %v", err)
	}
}

// A program that cannot serve says so, and by its exit code. The library gives up
// after two seconds.
func TestServeFails(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), shared.Provider(t), "-debug")
	cmd.Env = append(cli.Environment(nil), "PLUGIN_UNIX_SOCKET_DIR="+filepath.Join(t.TempDir(), "none"))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !strings.HasSuffix(string(out), "\ntimeout waiting on reattach configuration\n") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

// SIGTERM is ignored while a CLI is served, and only then: a person who debugs the
// provider ends it by that. [TestTermination] in internal/provider shows what it is
// for.
func TestTermination(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("it reads /proc")
	}
	for _, test := range []struct {
		args []string
		want bool
	}{{nil, true}, {[]string{"-debug"}, false}} {
		cmd := serve(t, test.args...)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		field := regexp.MustCompile(`(?m)^SigIgn:\s*([0-9a-f]+)$`).FindSubmatch(status)
		if field == nil {
			t.Fatalf("there is no SigIgn in\n%s", status)
		}
		ignored, err := strconv.ParseUint(string(field[1]), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := ignored&(1<<(syscall.SIGTERM-1)) != 0; got != test.want {
			t.Errorf("with %q SIGTERM is ignored: %t, want %t", test.args, got, test.want)
		}
	}
}

// workspace is one whose provider writes its standard error to a file. The CLI reads
// that stream as the log of the provider.
type workspace struct {
	*cli.Workspace
	stderr string
}

func newWorkspace(t *testing.T, baseURL, token string) *workspace {
	t.Helper()
	w := &workspace{shared.Workspace(t), filepath.Join(t.TempDir(), "stderr")}
	script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\" 2>>%q\n", shared.Provider(t), w.stderr)
	folder := filepath.Join(w.Dir, "plugins")
	err := errors.Join(
		os.Mkdir(folder, 0o700),
		os.WriteFile(filepath.Join(folder, cli.ProviderName), []byte(script), 0o700),
		w.Override("kanbert/kanbert", folder),
		w.Write("main.tf", cli.RequiredProviders+"data \"kanbert_webhooks\" \"all\" {}\n"),
	)
	if err != nil {
		t.Fatal(err)
	}
	w.UseAPI(baseURL, token)
	return w
}

// plan plans, expects an exit code, and returns the log of the provider.
func (w *workspace) plan(t *testing.T, wantCode int) string {
	t.Helper()
	if _, err := w.Run(t.Context(), wantCode, "plan"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.stderr)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The log of the plugin library goes to the CLI if there is a variable that asks for
// one, as that variable means it, and not a line of it otherwise: the CLI would read
// each and throw it away. A plan that fails has lines of every kind.
func TestLog(t *testing.T) {
	t.Parallel()
	type levels struct{ trace, failure bool }
	for setting, want := range map[string]levels{
		"": {}, "TF_LOG=": {}, "TF_DATA_DIR=data": {},
		"TF_LOG=TRACE": {true, true}, "TF_LOG_PROVIDER=TRACE": {true, true}, "TF_LOG_PATH=log": {true, true},
		"TF_LOG_SDK=trace": {true, true}, "TF_LOG_SDK=info": {false, true}, "TF_LOG_SDK=off": {},
	} {
		s := kanberttest.Start(t)
		w := newWorkspace(t, s.BaseURL(), s.Token()+"not")
		name, value, _ := strings.Cut(setting, "=")
		if name != "" {
			w.Settings[name] = value
		}
		log := w.plan(t, 1)
		if s.Count("") == 0 {
			t.Fatalf("%q: the provider was not used", setting)
		}
		var got levels
		for line := range strings.Lines(log) {
			if !strings.Contains(line, `"@module":"sdk`) {
				continue
			}
			got.trace = got.trace || strings.Contains(line, `"@level":"trace"`)
			got.failure = got.failure || strings.Contains(line, `"@level":"error"`)
		}
		if got != want {
			t.Errorf("with %q the log of the library has %+v, want %+v:\n%s", setting, got, want, log)
		}
	}
}

// What follows an answer whose Content-Length is too small may hold a secret.
// net/http writes it to the standard logger, which is standard error unless main
// has switched it off.
func TestBytesAfterAnAnswerAreNotLogged(t *testing.T) {
	t.Parallel()
	s := kanberttest.New(kanberttest.WithMaxPageSize(1))
	s.Seed(kanberttest.Webhook{URL: "https://receiver.example/1"}, kanberttest.Webhook{URL: "https://receiver.example/2"})
	closed := make(chan struct{})
	var first sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isFirst := false
		first.Do(func() { isFirst = true })
		if !isFirst {
			// The client closes the connection after it has seen the bytes, and what it
			// says of them is written then.
			select {
			case <-closed:
			case <-r.Context().Done():
			}
			s.ServeHTTP(w, r)
			return
		}
		defer close(closed)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%ss3cret", len(body), body)
		_, _ = io.Copy(io.Discard, connection)
	}))
	t.Cleanup(server.Close)

	w := newWorkspace(t, server.URL+kanberttest.BasePath, s.Token())
	w.Settings["TF_LOG"], w.Settings["TF_LOG_PATH"] = "TRACE", filepath.Join(w.Dir, "log")
	log := w.plan(t, 0)
	if s.Count("") < 2 {
		t.Fatalf("%d requests were sent", s.Count(""))
	}
	if strings.Contains(log, "s3cret") || strings.Contains(log, "Unsolicited") {
		t.Errorf("the log holds what followed the answer:\n%s", log)
	}
}
