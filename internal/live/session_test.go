// SPDX-License-Identifier: MPL-2.0

package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// fixture is a sandbox with one webhook of another user, and settings for it.
type fixture struct {
	*kanberttest.Sandbox

	theirs   kanberttest.Webhook
	target   Target
	out      bytes.Buffer
	settings Settings
}

func newFixture(t *testing.T, opts ...kanberttest.Option) *fixture {
	t.Helper()
	f := &fixture{Sandbox: kanberttest.Start(t, opts...)}
	f.theirs = f.Seed(kanberttest.Webhook{URL: "https://receiver.example/", Event: "contact:create"})[0]
	f.target = Target{BaseURL: f.BaseURL(), Token: kanbert.NewSecret(f.Token()), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	f.settings = Settings{Workspace: f.Workspace().ID, Ledgers: t.TempDir(), Out: &f.out}
	return f
}

func (f *fixture) open(t *testing.T) *Session {
	t.Helper()
	s, err := OpenSession(t.Context(), f.target, f.settings)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fixture) sweep(t *testing.T, ids ...string) error {
	t.Helper()
	return Sweep(t.Context(), f.target, SweepSettings{
		Settings: f.settings, IDs: ids, Now: func() time.Time { return time.Now().Add(time.Hour) },
	})
}

func (f *fixture) holds(id string) bool {
	for _, w := range f.Webhooks() {
		if w.ID == id {
			return true
		}
	}
	return false
}

func made(t *testing.T, s *Session, address string) string {
	t.Helper()
	got, err := s.create1(t.Context(), address)
	if err != nil || got.created().ID == "" {
		t.Fatalf("status %d: %v", got.status, err)
	}
	return got.created().ID
}

// Requests that do not belong to the run are refused before they are sent.
func TestSessionRefusesWhatIsNotOfTheRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	earlier := f.Seed(kanberttest.Webhook{URL: Prefix + "another-run/1", Event: quietEvent})[0]
	for _, r := range []request{
		{method: http.MethodPost, path: webhooksPath, body: map[string]any{"url": "https://receiver.example/x", "event": quietEvent}},
		{method: http.MethodPost, path: webhooksPath, body: map[string]any{"url": Prefix + "another-run/2", "event": quietEvent}},
		{method: http.MethodPost, path: webhooksPath, body: []any{}},
		{method: http.MethodPost, path: "/contacts", body: map[string]any{"url": s.NewURL()}},
		{method: http.MethodPatch, path: webhooksPath + "/" + f.theirs.ID, body: map[string]any{}},
		{method: http.MethodPut, path: webhooksPath, body: map[string]any{"url": s.NewURL()}},
		{method: http.MethodDelete, path: webhooksPath + "/" + f.theirs.ID},
		{method: http.MethodDelete, path: webhooksPath + "/" + earlier.ID},
		{method: http.MethodDelete, path: webhooksPath},
		{method: http.MethodDelete, path: "/contacts/" + f.theirs.ID},
	} {
		// A list has returned all ids.
		if _, err := s.all(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.do(t.Context(), r); !errors.Is(err, ErrRefused) {
			t.Errorf("%s %s: %v", r.method, r.path, err)
		}
	}
	for _, r := range f.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("sent %s %s", r.Method, r.Path)
		}
	}
	if err := s.Close(t.Context()); err != nil || !f.holds(earlier.ID) || !f.holds(f.theirs.ID) {
		t.Errorf("the run deleted what is not its own: %v", err)
	}
}

func TestSessionCountsWebhooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	for range MaxWebhooks {
		made(t, s, s.NewURL())
	}
	if _, err := s.create1(t.Context(), s.NewURL()); !errors.Is(err, ErrRefused) {
		t.Errorf("one more: %v", err)
	}
	if err := s.Close(t.Context()); err != nil || len(f.Webhooks()) != 1 {
		t.Errorf("%d webhooks are left: %v", len(f.Webhooks()), err)
	}
}

// The same rules apply to the provider's requests, and the proxy refuses another
// program on the machine.
func TestProxyServesTheRunAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	p, err := s.serve()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	through := func(token string) *kanbert.Client {
		client, err := kanbert.New(kanbert.WithBaseURL(p.baseURL), kanbert.WithToken(kanbert.NewSecret(token)), kanbert.WithMaxRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	client := through(p.token)
	if err := client.DeleteWebhook(t.Context(), f.theirs.ID); !errors.Is(err, kanbert.ErrForbidden) {
		t.Errorf("deleting what is not of the run: %v", err)
	}
	w, err := client.CreateWebhook(t.Context(), kanbert.NewWebhook{URL: s.NewURL(), Event: quietEvent}, nil)
	if err != nil || w.SignatureSecretKey.IsZero() {
		t.Fatal(err)
	}
	if err := client.DeleteWebhook(t.Context(), w.ID); err != nil {
		t.Error(err)
	}
	sent := f.Count("")
	for _, token := range []string{"another", f.Token()} {
		if _, err := through(token).ListPage(t.Context(), kanbert.ListOptions{}); !errors.Is(err, kanbert.ErrUnauthorized) {
			t.Errorf("with another token: %v", err)
		}
	}
	if f.Count("") != sent {
		t.Error("a request with another token was passed on")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A killed run leaves its webhooks and its ledger. A sweep removes both, and
// nothing else.
func TestSweepRemovesWhatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	first, second := made(t, s, s.NewURL()), made(t, s, s.NewURL())
	other := f.Seed(kanberttest.Webhook{URL: Prefix + "another-machine/1", Event: quietEvent})[0]
	if err := f.sweep(t); err != nil {
		t.Fatal(err)
	}
	if f.holds(first) || f.holds(second) {
		t.Error("the run's webhooks are left")
	}
	if !f.holds(other.ID) || !f.holds(f.theirs.ID) {
		t.Error("another's webhook is deleted")
	}
	if !strings.Contains(f.out.String(), "-id "+other.ID) {
		t.Errorf("the other run's webhook is not shown: %s", f.out.String())
	}
	if left, _ := readLedgers(f.settings.Ledgers); len(left) > 0 {
		t.Error("the ledger is left")
	}
	if err := f.sweep(t, other.ID); err != nil || f.holds(other.ID) {
		t.Errorf("the webhook that was named is left: %v", err)
	}
}

// Neither a flag nor an edited ledger deletes a webhook outside of the prefix, or
// of another run, workspace or API.
func TestSweepDeletesNothingElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	elsewhere := f.Seed(kanberttest.Webhook{URL: Prefix + "run-b/1", Event: quietEvent})[0]
	almost := f.Seed(kanberttest.Webhook{URL: "https://terraform-acc.invalid.example/run-a/1", Event: quietEvent})[0]
	api, err := url.Parse(f.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	for run, head := range map[string][2]string{
		"run-a": {api.Host, f.Workspace().ID},
		"run-b": {api.Host, "another workspace"},
		"run-c": {"another.example", f.Workspace().ID},
	} {
		text := fmt.Sprintf("{\"run\":%q,\"api\":%q,\"workspace\":%q}\n", run, head[0], head[1])
		for _, id := range []string{f.theirs.ID, elsewhere.ID, almost.ID} {
			text += fmt.Sprintf("{\"made\":%q}\n", id)
		}
		if err := os.WriteFile(filepath.Join(f.settings.Ledgers, run+ledgerSuffix), []byte(text+`{"made":"cut`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.sweep(t, f.theirs.ID, almost.ID); err == nil {
		t.Error("naming what is not under the prefix is no error")
	}
	if n := f.Count(http.MethodDelete); n > 0 {
		t.Errorf("%d deletes were sent", n)
	}
}

// A list may lag behind the last create of a killed run.
func TestSweepKeepsAYoungLedger(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	made(t, s, s.NewURL())
	if err := Sweep(t.Context(), f.target, SweepSettings{Settings: f.settings}); err != nil {
		t.Fatal(err)
	}
	if left, _ := readLedgers(f.settings.Ledgers); len(left) != 1 {
		t.Error("the ledger is gone")
	}
}

// A ledger is on the disk before the next request, only its owner can read it, and
// it contains only ids.
func TestLedgerHoldsIDs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	id := made(t, s, s.NewURL())
	text, err := os.ReadFile(s.ledger.path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), id) || !strings.Contains(f.out.String(), id) {
		t.Errorf("the id is not noted: %s", text)
	}
	for _, secret := range []string{f.Token(), f.theirs.URL, f.theirs.ID, f.Webhooks()[0].Secret, "http"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the ledger holds %q", secret)
		}
	}
	if info, err := os.Stat(s.ledger.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// An interrupted run deletes its webhooks.
func TestCloseOutlivesTheContext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	made(t, s, s.NewURL())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err != nil || len(f.Webhooks()) != 1 {
		t.Errorf("%d webhooks: %v", len(f.Webhooks()), err)
	}
}

// If a webhook cannot be deleted, the error names it, and the ledger stays for a
// sweep.
func TestCloseKeepsTheLedgerOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.open(t)
	id := made(t, s, s.NewURL())
	f.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(500))
	if err := s.Close(t.Context()); err == nil || !strings.Contains(err.Error(), id) || !strings.Contains(err.Error(), "make sweep") {
		t.Errorf("%v", err)
	}
	f.ClearFaults()
	if err := f.sweep(t); err != nil || f.holds(id) {
		t.Errorf("the sweep left it: %v", err)
	}
}

// The run waits for limits as the API specifies, up to a maximum.
func TestLimitsAreWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var waited []time.Duration
	f.target.Wait = func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil }
	a, err := newAPI(f.target, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, 7*time.Second))
	f.FailNth(2, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Hour))
	got, err := a.do(t.Context(), request{method: http.MethodGet, path: webhooksPath})
	if err != nil || !got.ok() || len(waited) != 2 || waited[0] != 7*time.Second || waited[1] != maxLimitWait {
		t.Errorf("%d %v %v", got.status, waited, err)
	}
}

// A token is never sent without encryption, or after a redirect.
func TestTargetsAreCheckedAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	for _, target := range []Target{
		{BaseURL: "http://api.example/api/v1", Token: kanbert.NewSecret("token")},
		{BaseURL: "https://user:password@api.example/", Token: kanbert.NewSecret("token")},
		{Token: kanbert.NewSecret("token\n")},
		{},
	} {
		if _, err := Probe(t.Context(), target, ProbeSettings{}); !errors.As(err, new(*kanbert.OptionError)) {
			t.Errorf("%q: %v", target.BaseURL, err)
		}
	}
}
