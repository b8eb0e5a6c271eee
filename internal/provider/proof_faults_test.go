// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// These tests give a real CLI and the built provider a second actor, or a server
// that is not current.

// wantAccountedFor checks that each webhook of the server is in just one of
// the states, with its secret, or named in an output, and that each webhook in a
// state exists.
func wantAccountedFor(t *testing.T, s *kanberttest.Sandbox, outputs string, states ...map[string]held) {
	t.Helper()
	exists := map[string]bool{}
	for _, webhook := range s.Webhooks() {
		exists[webhook.ID] = true
		holders := 0
		for _, state := range states {
			if h, ok := state[webhook.ID]; ok {
				holders++
				if h.Secret != webhook.Secret {
					t.Errorf("the secret of %s in state is not the server's", webhook.ID)
				}
			}
		}
		if holders > 1 || holders == 0 && !strings.Contains(outputs, webhook.ID) {
			t.Errorf("webhook %s is in %d states, and not named", webhook.ID, holders)
		}
	}
	for _, state := range states {
		for id := range state {
			if !exists[id] {
				t.Errorf("webhook %s is in state, and does not exist", id)
			}
		}
	}
}

// Two provider configurations with one token are two processes, so that their
// creates of one URL overlap: the server answers the loser with its own 500. The
// winner's webhook is not deleted, and the loser says which one has the URL.
func TestSiblingsOverlap(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t, kanberttest.WithInsertDelay(500*time.Millisecond))
	w := newQuickWorkspace(t, configFor(s, fmt.Sprintf(`
		provider "kanbert" {
		  alias    = "other"
		  token    = %q
		  base_url = %q
		}
		resource "kanbert_webhook" "one" {
		  url   = "https://receiver.example/hook"
		  event = "contact:create"
		}
		resource "kanbert_webhook" "two" {
		  provider = kanbert.other
		  url      = "https://receiver.example/hook"
		  event    = "contact:create"
		}`, s.Token(), s.BaseURL())))
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if err == nil {
		t.Errorf("the apply succeeded:\n%s", out)
	}
	if n := s.Count(http.MethodDelete); n != 0 {
		t.Errorf("%d DELETEs were sent", n)
	}
	wantAccountedFor(t, s, out, heldInState(t, w))
	if held, state := len(s.Webhooks()), heldInState(t, w); held != 1 || len(state) != 1 {
		t.Errorf("the server holds %d webhooks, and the state %v:\n%s", held, state, out)
	}
}

// Two applies of the same thirty webhooks at the same time delete nothing of each
// other, and account for every webhook.
func TestTwoAppliesAtOnce(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t, kanberttest.WithInsertDelay(50*time.Millisecond))
	var group sync.WaitGroup
	outputs, states := make([]string, 2), make([]map[string]held, 2)
	for i := range 2 {
		w := newQuickWorkspace(t, configFor(s, manyWebhooks(30)))
		group.Go(func() {
			outputs[i], _ = w.run("apply", "-auto-approve", "-no-color")
			states[i] = heldInState(t, w)
		})
	}
	group.Wait()
	if n := s.Count(http.MethodDelete); n != 0 {
		t.Errorf("%d DELETEs were sent", n)
	}
	if n := len(s.Webhooks()); n != 30 {
		t.Errorf("%d webhooks exist, want 30", n)
	}
	wantAccountedFor(t, s, strings.Join(outputs, "\n"), states...)
}

// A 404 or 410 to a DELETE, and a 2xx with a body, is believed only if lists agree:
// else the destroy fails and state stays. A tainted resource, whose private state is empty, is no
// exception.
func TestDeleteThatIsNotFound(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]kanberttest.Fault{
		"a gateway's 404":    kanberttest.Answer(404, "application/json", kanberttest.NotFoundElsewhere),
		"a missing route":    kanberttest.Answer(404, "application/json", kanberttest.NoRoute),
		"an empty object":    kanberttest.Answer(404, "application/json", "{}"),
		"null":               kanberttest.Answer(404, "application/json", "null"),
		"no body":            kanberttest.Answer(404, "", ""),
		"an empty page":      kanberttest.Answer(404, "text/html", ""),
		"the API's own 404":  kanberttest.Status(404),
		"the API's own 410":  kanberttest.Status(410),
		"a page of HTML 404": kanberttest.HTML(404),
		"a page of HTML 410": kanberttest.HTML(410),
		"a gateway's 200":    kanberttest.Answer(200, "application/json", `{"message":"Accepted."}`),
	} {
		bubble(t, name, func(t *testing.T) {
			s := kanberttest.New()
			p := newProtocolFor(t, s)
			created := p.create(contact)
			deletes := kanberttest.Match{Method: http.MethodDelete}
			for _, tainted := range []bool{false, true} {
				prior := created
				if tainted {
					prior.private = nil
				}
				s.FailEvery(deletes, fault)
				_, diags := p.apply(prior, plannedChange{}, nil)
				wantOneError(t, diags, "", "Unable to delete webhook", "still lists it", "stays in state")
				s.FailEvery(kanberttest.Match{Method: http.MethodGet, PathPrefix: kanberttest.WebhooksPath}, kanberttest.Status(401))
				_, diags = p.apply(prior, plannedChange{}, nil)
				wantOneError(t, diags, "", "Unable to delete webhook", "stays in state")
				s.ClearFaults()
			}
			s.FailEvery(deletes, fault.AfterWork())
			gone, diags := p.apply(created, plannedChange{}, nil)
			wantWarning(t, diags, "no longer exists")
			if gone.values != nil || len(s.Webhooks()) != 0 {
				t.Errorf("the state is %v, and the server holds %v", gone.values, s.Webhooks())
			}
		})
	}
}

// The CLI keeps the webhook in state if the DELETE goes to a missing route: a
// base_url with a wrong path, and no refresh that would notice it before.
func TestDestroyByAWrongPath(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	w := newQuickWorkspace(t, configFor(s, oneWebhook))
	w.must(t, "apply", "-auto-approve", "-no-color")
	w.write(t, strings.Replace(configFor(s, oneWebhook), s.BaseURL(), s.BaseURL()+"/v2", 1))
	out, err := w.run("destroy", "-auto-approve", "-no-color", "-refresh=false")
	if err == nil {
		t.Errorf("the destroy succeeded:\n%s", out)
	}
	if state := heldInState(t, w); len(state) != 1 || len(s.Webhooks()) != 1 {
		t.Errorf("the server holds %v, and the state %v", s.Webhooks(), state)
	}
}

// A list that lags behind the create does not cost a secret: the next plan waits
// until the webhooks show.
func TestListsLagBehindAnApply(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t, kanberttest.WithReplicaLag(3*time.Second, 0))
	w := newWorkspace(t, configFor(s, manyWebhooks(3)))
	w.must(t, "apply", "-auto-approve", "-no-color")
	w.wantEmptyPlan(t)
	out := w.must(t, "apply", "-auto-approve", "-no-color")
	wantAllHeld(t, s, w, 3)
	if posts := s.Count(http.MethodPost); posts != 3 {
		t.Errorf("%d POSTs were sent, want 3:\n%s", posts, out)
	}
}

// A token of another workspace is an error of plan, apply and destroy that says
// so, and changes nothing. A new token of the same workspace is none.
func TestTokenOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	other := s.AddWorkspace("Other")
	w := newQuickWorkspace(t, configFor(s, manyWebhooks(5)))
	w.must(t, "apply", "-auto-approve", "-no-color")
	w.write(t, strings.Replace(configFor(s, manyWebhooks(5)), s.Token(), other.Token, 1))
	for _, args := range [][]string{
		{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}, {"destroy", "-auto-approve", "-refresh=false"},
	} {
		out, err := w.run(append(args, "-no-color")...)
		flat := strings.Join(strings.Fields(out), " ")
		if err == nil || !strings.Contains(flat, "another Kanbert workspace") || !strings.Contains(out, s.Workspace().ID) || !strings.Contains(out, other.ID) {
			t.Errorf("%v ended with %v:\n%s", args, err, out)
		}
	}
	wantAllHeld(t, s, w, 5)
	if n := len(s.WebhooksOf(other.ID)); n != 0 {
		t.Errorf("%d webhooks were made in the other workspace", n)
	}
	w.write(t, strings.Replace(configFor(s, manyWebhooks(5)), s.Token(), s.AddToken(s.Workspace().ID), 1))
	w.wantEmptyPlan(t)
	s.Remove(s.Webhooks()[0].ID)
	out := w.must(t, "apply", "-auto-approve", "-no-color")
	if !strings.Contains(out, "no longer exists") {
		t.Errorf("the removal from state is not said:\n%s", out)
	}
	wantAllHeld(t, s, w, 5)
}

// Where the workspace is unknown on either side, a removal is a warning.
func TestRemovalInAnUnknownWorkspace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		atCreate, atRead bool
		text             string
	}{
		"known":             {true, true, "find out who deleted it"},
		"unknown at create": {false, true, "that token and base_url belong to the Kanbert workspace"},
		"unknown at read":   {true, false, "that token and base_url belong to the Kanbert workspace"},
	} {
		bubble(t, name, func(t *testing.T) {
			s := kanberttest.New()
			whoami := kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}
			if !test.atCreate {
				s.FailEvery(whoami, kanberttest.Status(404))
			}
			created := newProtocolFor(t, s).create(contact)
			s.ClearFaults()
			if !test.atRead {
				s.FailEvery(whoami, kanberttest.Status(404))
			}
			s.Remove(created.values["id"].(string))
			read, diags := newProtocolFor(t, s).read(created)
			wantWarning(t, diags, "no longer exists", test.text, "signing secret")
			if read.values != nil {
				t.Errorf("the state is %v", read.values)
			}
		})
	}
}

// A failure of whoami that may pass does not switch the check of the workspace
// off.
func TestWorkspaceIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, fault := range []kanberttest.Fault{
			kanberttest.Status(503), kanberttest.HTML(502), kanberttest.Reset(), kanberttest.RateLimited(kanberttest.InSeconds, 0),
		} {
			s := kanberttest.New()
			created := newProtocolFor(t, s).create(contact)
			other := s.AddWorkspace("Other")
			s.FailNth(1, kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}, fault)
			p := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport()), kanbert.WithBackoff(kanbert.Backoff{Lag: time.Millisecond})))
			wantNone(t, p.configure(attrs{"token": other.Token, "base_url": s.BaseURL()}))
			_, diags := p.read(created)
			wantOneError(t, diags, "", "another Kanbert workspace")
		}
	})
}

// Where the workspace stays unknown it is asked for three times in all, and then no
// more.
func TestUnknownWorkspaceIsAskedForThreeTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		created := newProtocolFor(t, s).create(contact)
		s.Remove(created.values["id"].(string))
		s.ResetRequests()
		whoami := kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}
		s.FailEvery(whoami, kanberttest.Reset())
		_, diags := newProtocolFor(t, s).read(created)
		wantWarning(t, diags, "no longer exists")
		if n := s.CountOf(whoami); n != 3 {
			t.Errorf("it was asked for %d times", n)
		}
	})
}

// A webhook whose create was dated a little into the future, by another server of
// the same name, is young and not old.
func TestYoungByAnotherServersClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithDateSkew(2*time.Second), kanberttest.WithReplicaLag(5*time.Second, 0))
		created := newProtocolFor(t, s).create(contact)
		s.Set(kanberttest.WithDateSkew(0))
		p := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport())))
		wantNone(t, p.configure(attrs{"token": s.Token(), "base_url": s.BaseURL()}))
		read, diags := p.read(created)
		wantNone(t, diags)
		if read.values == nil {
			t.Error("a live webhook left state")
		}
	})
}

// The first five removals of a process are named in their summaries, the others
// share one that CLIs collapse.
func TestRemovalsAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		summaries := map[string]int{}
		for i := range 8 {
			created := newProtocolFor(t, s).create(attrs{"url": fmt.Sprintf("https://receiver.example/%d", i), "event": "contact:create"})
			s.Remove(created.values["id"].(string))
			_, diags := p.read(created)
			summaries[diags[0].Summary]++
		}
		if n := summaries["Further webhooks no longer exist"]; n != 3 || len(summaries) != 6 {
			t.Errorf("the summaries are %v", summaries)
		}
	})
}

// The workspace is recorded by create, import and read where it is known already,
// and asked for by none but the create.
func TestWorkspaceIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		want := fmt.Sprintf("%q", s.Workspace().ID)
		p := newProtocolFor(t, s)
		created := p.create(contact)
		if !strings.Contains(decodePrivate(t, created.private), want) {
			t.Errorf("create keeps %s, want %s in it", created.private, want)
		}
		imported, diags := p.importByID(created.values["id"].(string))
		wantNoErrors(t, diags)
		if !strings.Contains(decodePrivate(t, imported.private), want) {
			t.Errorf("import keeps %s, want %s in it", imported.private, want)
		}
		s.ResetRequests()
		created.private = nil
		read, diags := p.read(created)
		wantNone(t, diags)
		if !strings.Contains(decodePrivate(t, read.private), want) {
			t.Errorf("read keeps %s, want %s in it", read.private, want)
		}
		_, diags = newProtocolFor(t, s).read(created)
		wantNone(t, diags)
		if n := s.CountOf(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}); n != 0 {
			t.Errorf("reads asked for the workspace %d times", n)
		}
	})
}

// decodePrivate is a private state as the provider wrote it: the framework keeps
// a map of keys to encoded values.
func decodePrivate(t *testing.T, private []byte) string {
	t.Helper()
	var values map[string][]byte
	if err := json.Unmarshal(private, &values); err != nil {
		t.Fatalf("%s: %v", private, err)
	}
	return string(values[privateKey])
}

// A taken URL is recognised in another language: a rename without a moved block
// ends with the webhook, and nothing else.
func TestRenameInOtherWords(t *testing.T) {
	t.Parallel()
	for _, locale := range []kanberttest.Locale{kanberttest.German, kanberttest.Slovak, kanberttest.BareKeys} {
		s := kanberttest.Start(t, kanberttest.WithLocale(locale), kanberttest.WithLatency(100*time.Millisecond))
		w := newWorkspace(t, configFor(s, oneWebhook))
		w.must(t, "apply", "-auto-approve", "-no-color")
		w.write(t, configFor(s, strings.Replace(oneWebhook, `"one" {`, `"renamed" {`, 1)))
		w.must(t, "apply", "-auto-approve", "-no-color")
		wantAllHeld(t, s, w, 1)
	}
}

// SIGTERM to the process group, which timeout, CI runners and service managers
// send, does not end the provider: the CLI waits for what it has in flight.
func TestTermination(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	arrived, release := make(chan struct{}, 5), make(chan struct{})
	f := newFront(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- struct{}{}
			<-release
		}
		s.ServeHTTP(w, r)
	})
	w := newWorkspace(t, f.configFor(s, manyWebhooks(5)))
	p := start(t, w, "apply", "-auto-approve", "-no-color")
	ended := make(chan struct{})
	go func() { defer close(ended); _ = p.Wait() }()
	for range 5 {
		select {
		case <-arrived:
		case <-ended:
			t.Fatalf("the CLI ended:\n%s", p.output.String())
		}
	}
	p.signal(t, syscall.SIGTERM)
	<-p.interrupted
	close(release)
	<-ended
	wantAllHeld(t, s, w, 5)
}

// A tainted webhook comes to Delete without private state. A delete of it whose
// answer is lost ends well all the same.
func TestTaintedDelete(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	w := newQuickWorkspace(t, configFor(s, oneWebhook))
	s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, kanberttest.MissingSecret())
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err == nil {
		t.Fatalf("the apply succeeded without a secret:\n%s", out)
	}
	if state := heldInState(t, w); len(state) != 1 {
		t.Fatalf("the state is %v", state)
	}
	// The answer to the delete of the tainted webhook is lost after the work, so
	// that the retry finds nothing, and lists confirm it.
	s.FailNth(1, kanberttest.Match{Method: http.MethodDelete}, kanberttest.Reset().AfterWork())
	w.must(t, "apply", "-auto-approve", "-no-color")
	wantAllHeld(t, s, w, 1)
	w.must(t, "destroy", "-auto-approve", "-no-color")
	if n, state := len(s.Webhooks()), heldInState(t, w); n != 0 || len(state) != 0 {
		t.Errorf("the server holds %d webhooks, and the state %v", n, state)
	}
}
