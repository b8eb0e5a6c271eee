// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// front stands before a sandbox and calls do for every request.
type front struct {
	*httptest.Server
	inFlight sync.WaitGroup
}

func newFront(t *testing.T, do func(w http.ResponseWriter, r *http.Request)) *front {
	f := &front{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.inFlight.Add(1)
		defer f.inFlight.Done()
		do(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *front) configFor(s *kanberttest.Sandbox, body string) string {
	return strings.Replace(configFor(s, body), s.BaseURL(), f.URL+kanberttest.BasePath, 1)
}

// process is a running CLI, in a process group of its own with its providers, as
// a terminal has it.
type process struct {
	*exec.Cmd
	mu          sync.Mutex
	output      strings.Builder
	interrupted chan struct{}
}

func start(t *testing.T, w *workspace, args ...string) *process {
	t.Helper()
	p := &process{Cmd: w.command(args...), interrupted: make(chan struct{})}
	p.Stdout, p.Stderr = p, p
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Write takes the output and sees when the CLI has taken note of a signal.
func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := strings.Contains(p.output.String(), "Interrupt received")
	p.output.Write(text)
	if !before && strings.Contains(p.output.String(), "Interrupt received") {
		close(p.interrupted)
	}
	return len(text), nil
}

// signal reaches the CLI and its providers, as Ctrl-C does.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-p.Process.Pid, s); err != nil {
		t.Error(err)
	}
}

const oneWebhook = `
	resource "kanbert_webhook" "one" {
	  url        = "https://receiver.example/one"
	  event      = "contact:create"
	  project_id = "project-1"
	  client_id  = "client-1"
	}`

// Ctrl-C while a create or a delete is in flight does not cut it off: the create
// reaches state with its secret, even if its first answer is lost after that.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, kanberttest.Reset().AfterWork())
	var mu sync.Mutex
	arrived, release := map[string]chan struct{}{}, map[string]chan struct{}{}
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		arrived[method], release[method] = make(chan struct{}), make(chan struct{})
	}
	f := newFront(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hold := arrived[r.Method]
		delete(arrived, r.Method) // The first of its method is held.
		mu.Unlock()
		if hold != nil {
			close(hold)
			<-release[r.Method]
		}
		s.ServeHTTP(w, r)
	})
	w := newQuickWorkspace(t, f.configFor(s, oneWebhook))
	interrupt := func(method string, args ...string) string {
		mu.Lock()
		hold := arrived[method]
		mu.Unlock()
		p := start(t, w, args...)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = p.Wait() // An interrupted CLI ends with an error or not, as it likes.
		}()
		await := func(what string, c <-chan struct{}) {
			select {
			case <-c:
			case <-ended:
				t.Fatalf("%s: the CLI ended before %s:\n%s", args[0], what, p.output.String())
			}
		}
		await("its request", hold)
		p.signal(t, syscall.SIGINT)
		await("it took note of the signal", p.interrupted)
		close(release[method])
		<-ended
		return p.output.String()
	}

	// The delete that belongs to the create's second try must not be held.
	mu.Lock()
	deletes := arrived[http.MethodDelete]
	delete(arrived, http.MethodDelete)
	mu.Unlock()
	out := interrupt(http.MethodPost, "apply", "-auto-approve", "-no-color")
	webhooks, state := s.Webhooks(), heldInState(t, w)
	if len(webhooks) != 1 || len(state) != 1 || state[webhooks[0].ID].Secret != webhooks[0].Secret {
		t.Fatalf("the server holds %v, and the state %v:\n%s", webhooks, state, out)
	}
	if posts := s.Count(http.MethodPost); posts != 2 {
		t.Errorf("%d POSTs were sent, want 2", posts)
	}

	mu.Lock()
	arrived[http.MethodDelete] = deletes
	mu.Unlock()
	out = interrupt(http.MethodDelete, "destroy", "-auto-approve", "-no-color")
	if n, state := len(s.Webhooks()), heldInState(t, w); n != 0 || len(state) != 0 {
		t.Errorf("the server holds %d webhooks, and the state %v:\n%s", n, state, out)
	}
}

// newKiller is a front that kills the process it is given, once, at a request of
// the method: the at-th, before or after its work.
func newKiller(t *testing.T, s *kanberttest.Sandbox, method string, at int, afterWork bool) (*front, chan<- *process) {
	started := make(chan *process, 1)
	var mu sync.Mutex
	seen := 0
	return newFront(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if r.Method == method {
			seen++
		}
		strikes := r.Method == method && seen == at
		mu.Unlock()
		if !strikes {
			s.ServeHTTP(w, r)
			return
		}
		if afterWork {
			s.ServeHTTP(httptest.NewRecorder(), r)
		}
		(<-started).signal(t, syscall.SIGKILL)
		panic(http.ErrAbortHandler)
	}), started
}

// SIGKILL of CLI and provider in the middle of an apply may leave webhooks that
// the state does not know. The next apply either ends well or names each of them
// and shows how to take it over; it recreates nothing in silence. Taken over, all
// is well.
func TestKill(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			killAndRecover(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func killAndRecover(t *testing.T, random *rand.Rand) {
	const webhooks = 8
	// The moment: at which POST, and before or after its work.
	at, afterWork := 1+random.IntN(webhooks), random.IntN(3) > 0
	s := kanberttest.New()
	f, started := newKiller(t, s, http.MethodPost, at, afterWork)
	w := newQuickWorkspace(t, f.configFor(s, manyWebhooks(webhooks)))
	p := start(t, w, "apply", "-auto-approve", "-no-color", fmt.Sprintf("-parallelism=%d", 1+random.IntN(4)))
	started <- p
	if err := p.Wait(); err == nil {
		t.Fatalf("the CLI was not killed:\n%s", p.output.String())
	}
	f.inFlight.Wait()
	orphans, _ := compareWith(s, heldInState(t, w))
	t.Logf("killed at POST %d (after its work: %t): %d webhooks, %d of them orphans", at, afterWork, len(s.Webhooks()), len(orphans))
	if afterWork && len(orphans) == 0 {
		t.Error("the webhook whose answer was lost is in state")
	}

	deletes := s.Count(http.MethodDelete)
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if (err != nil) != (len(orphans) > 0) {
		t.Errorf("with %d orphans the next apply ends with %v:\n%s", len(orphans), err, out)
	}
	for _, orphan := range orphans {
		for _, want := range []string{
			fmt.Sprintf("webhook %q (event contact:create, project \"project-1\", client \"client-1\") has it", orphan.ID),
			fmt.Sprintf("id = %q", orphan.ID),
		} {
			if !strings.Contains(flat(out), want) {
				t.Errorf("the error does not say %q:\n%s", want, out)
			}
		}
	}
	after, lostSecrets := compareWith(s, heldInState(t, w))
	if s.Count(http.MethodDelete) != deletes || len(s.Webhooks()) != webhooks || len(after) != len(orphans) || lostSecrets > 0 {
		t.Errorf("%d webhooks, %d orphans, %d lost secrets after the next apply", len(s.Webhooks()), len(after), lostSecrets)
	}

	w.write(t, f.configFor(s, manyWebhooks(webhooks)+takeOver(orphans)))
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil {
		t.Fatalf("taking over: %v\n%s", err, out)
	}
	if left, _ := compareWith(s, heldInState(t, w)); len(left) > 0 || len(s.Webhooks()) != webhooks || s.Count(http.MethodDelete) != deletes {
		t.Errorf("%d webhooks stand, %d of them orphans, after taking over", len(s.Webhooks()), len(left))
	}
	w.wantEmptyPlan(t)
}

// SIGKILL at a delete, of a destroy or of a replacement, leaves nothing that the
// next run does not finish: what was deleted is found gone, and what was not is
// deleted then. The CLI works on one resource at a time, so that none of its own
// writes of the state is under way when it is killed.
func TestKillAtDelete(t *testing.T) {
	t.Parallel()
	const webhooks = 4
	for _, afterWork := range []bool{false, true} {
		for name, run := range map[string]struct {
			config string
			args   []string
			left   int
		}{
			"destroy": {manyWebhooks(webhooks), []string{"destroy", "-auto-approve", "-no-color", "-parallelism=1"}, 0},
			"replace": {strings.ReplaceAll(manyWebhooks(webhooks), "contact:create", "contact:delete"), []string{"apply", "-auto-approve", "-no-color", "-parallelism=1"}, webhooks},
		} {
			t.Run(fmt.Sprintf("%s, after its work %t", name, afterWork), func(t *testing.T) {
				t.Parallel()
				s := kanberttest.New()
				f, started := newKiller(t, s, http.MethodDelete, 2, afterWork)
				w := newQuickWorkspace(t, f.configFor(s, manyWebhooks(webhooks)))
				if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				w.write(t, f.configFor(s, run.config))
				p := start(t, w, run.args...)
				started <- p
				if err := p.Wait(); err == nil {
					t.Fatalf("the CLI was not killed:\n%s", p.output.String())
				}
				f.inFlight.Wait()
				if out, err := w.run(run.args...); err != nil {
					t.Fatalf("the next run: %v\n%s", err, out)
				}
				wantAllHeld(t, s, w, run.left)
			})
		}
	}
}

// takeOver gives the import blocks that the errors show, with the addresses of
// the resources.
func takeOver(orphans []kanberttest.Webhook) string {
	var blocks strings.Builder
	for _, orphan := range orphans {
		index := orphan.URL[strings.LastIndex(orphan.URL, "/")+1:]
		fmt.Fprintf(&blocks, "\nimport {\n  to = kanbert_webhook.many[%s]\n  id = %q\n}\n", index, orphan.ID)
	}
	return blocks.String()
}
