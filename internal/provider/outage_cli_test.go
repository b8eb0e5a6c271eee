// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// cliDiagnostic is a diagnostic as the CLI prints it with -json.
type cliDiagnostic struct{ Severity, Summary, Detail string }

// runJSON runs the CLI with -json and returns its diagnostics, errors or not.
func runJSON(t *testing.T, w *workspace, args ...string) (diags []cliDiagnostic, failed bool) {
	t.Helper()
	out, err := w.run(append(args, "-json")...)
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Diagnostic *cliDiagnostic }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Diagnostic != nil {
			diags = append(diags, *line.Diagnostic)
		}
	}
	return diags, err != nil
}

// A host that refuses connections ends a plan in the time of one read, with one
// whole error and short ones.
func TestRefusedConnectionsSayItOnce(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	took := map[int]time.Duration{}
	for _, n := range []int{10, 100} {
		w := newWorkspace(t, fmt.Sprintf(`%s
			provider "kanbert" {
			  token    = "token"
			  base_url = "http://%s/api/v1"
			  max_wait = "5s"
			}
			data "kanbert_webhook" "of" {
			  count = %d
			  url   = "https://receiver.example/${count.index}"
			}`, cli.RequiredProviders, address, n))
		begin := time.Now()
		diags, failed := runJSON(t, w, "plan")
		took[n] = time.Since(begin)
		whole, short := 0, 0
		for _, d := range diags {
			switch {
			case d.Severity == "error" && strings.Contains(d.Detail, "Request: GET http://"+address) && strings.Contains(d.Detail, "The provider tried "):
				whole++
			case d.Severity == "error" && d.Detail == "Not read: Kanbert cannot be reached, see the first error.":
				short++
			}
		}
		if !failed || whole != 1 || short != n-1 {
			t.Errorf("%d data sources: %d whole errors, %d short ones", n, whole, short)
		}
	}
	// The CLI itself takes some time for each of 100.
	if took[100] > took[10]*3/2+5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Creates under a rate limit succeed, and one of them says why it took so long.
func TestRateLimitIsSeen(t *testing.T) {
	t.Parallel()
	s := kanberttest.New(kanberttest.WithRateLimit(5, 4*time.Second))
	f := newFront(t, s.ServeHTTP)
	w := newWorkspace(t, f.configFor(s, `
		resource "kanbert_webhook" "of" {
		  count = 20
		  url   = "https://receiver.example/${count.index}"
		  event = "contact:create"
		}`))
	diags, failed := runJSON(t, w, "apply", "-auto-approve", "-parallelism=20")
	seen := 0
	for _, d := range diags {
		if d.Severity == "warning" && strings.HasPrefix(d.Detail, "Kanbert's rate limit (429) slows this run down: this operation waited ") {
			seen++
		}
	}
	if failed || seen == 0 || len(s.Webhooks()) != 20 {
		t.Errorf("failed: %t, %d webhooks, %v", failed, len(s.Webhooks()), diags)
	}
}

// Ctrl-C ends a create at once that waits for the rate limit, and nothing is
// created after it.
func TestInterruptAtTheRateLimit(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	s.FailEvery(kanberttest.Match{Method: http.MethodPost}, kanberttest.RateLimited(kanberttest.InSeconds, 30*time.Second))
	refused := make(chan struct{})
	var posts atomic.Int32
	f := newFront(t, func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
		if r.Method == http.MethodPost && posts.Add(1) == 1 {
			close(refused)
		}
	})
	w := newWorkspace(t, f.configFor(s, oneWebhook))
	p := start(t, w, "apply", "-auto-approve")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Wait()
	}()
	select {
	case <-refused:
	case <-ended:
		t.Fatal(p.output.String())
	}
	begin := time.Now()
	p.signal(t, syscall.SIGINT)
	<-ended
	took := time.Since(begin)
	// The text of the CLI is wrapped.
	output := strings.Join(strings.FieldsFunc(p.output.String(), func(r rune) bool { return strings.ContainsRune(" \n│", r) }), " ")
	if !strings.Contains(output, "Interrupted while waiting for the rate limit. Nothing was created.") || took > 10*time.Second {
		t.Errorf("after %s:\n%s", took, p.output.String())
	}
	if posts.Load() != 1 || len(s.Webhooks()) != 0 {
		t.Errorf("%d POSTs were sent, %d webhooks exist", posts.Load(), len(s.Webhooks()))
	}
}

// A log at TRACE shows neither path nor query of a URL that a refusal quotes.
func TestTraceHidesAQuotedURL(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	f := newFront(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			s.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprint(w, `{"message":"https:\/\/receiver.example\/s3cret-path?key=hunter2 is bad","errors":{"url":["https://receiver.example/s3cret-path?key=hunter2 is bad, and so is /s3cret-path?key=hunter2."]}}`)
	})
	w := newWorkspace(t, f.configFor(s, `
		resource "kanbert_webhook" "one" {
		  url   = "https://receiver.example/s3cret-path?key=hunter2"
		  event = "contact:create"
		}`))
	log := filepath.Join(w.Dir, "log")
	w.Settings["TF_LOG"], w.Settings["TF_LOG_PATH"] = "TRACE", log
	if out, err := w.run("apply", "-auto-approve"); err == nil {
		t.Errorf("no error:\n%s", out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "Called the API") {
		t.Error("the log does not show the calls")
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "s3cret") || strings.Contains(line, "hunter2") {
			t.Errorf("the log shows the URL: %s", line)
		}
	}
}
