// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// serveQuicklyEnv is the variable in which this test's own program is asked to be
// the provider, with pauses that a test can wait for.
const serveQuicklyEnv = "KANBERTTEST_SERVE_QUICKLY"

// serveQuickly serves the provider if it is asked to, and reports whether it was.
func serveQuickly() bool {
	if os.Getenv(serveQuicklyEnv) == "" {
		return false
	}
	constructor := New("test", WithClientOptions(kanbert.WithBackoff(quickly)))
	if err := providerserver.Serve(context.Background(), constructor, providerserver.ServeOpts{Address: Address}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// newQuickWorkspace is a workspace whose provider does not pause for long. It is
// a process of its own all the same.
func newQuickWorkspace(t *testing.T, config string) *workspace {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, config)
	plugins := filepath.Join(w.Dir, "plugins")
	if err := os.Mkdir(plugins, 0o700); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", serveQuicklyEnv, self)
	if err := os.WriteFile(filepath.Join(plugins, cli.ProviderName), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.Override("kanbert/kanbert", plugins); err != nil {
		t.Fatal(err)
	}
	return w
}

// held is one webhook of the state.
type held struct{ ID, URL, Secret, ProjectID, ClientID string }

// heldInState returns the webhooks of the state file by id. A CLI that is killed
// may leave the file empty, or none: either holds no webhook.
func heldInState(t *testing.T, w *workspace) map[string]held {
	t.Helper()
	byID := map[string]held{}
	if info, err := os.Stat(filepath.Join(w.Dir, "terraform.tfstate")); os.IsNotExist(err) || err == nil && info.Size() == 0 {
		return byID
	}
	for _, r := range w.state(t).Resources {
		for _, instance := range r.Instances {
			var values struct {
				ID     string `json:"id"`
				URL    string `json:"url"`
				Secret string `json:"signature_secret_key"`

				ProjectID string `json:"project_id"`
				ClientID  string `json:"client_id"`
			}
			if err := json.Unmarshal(instance.Attributes, &values); err != nil {
				t.Fatal(err)
			}
			byID[values.ID] = held{values.ID, values.URL, values.Secret, values.ProjectID, values.ClientID}
		}
	}
	return byID
}

// compareWith returns the webhooks that the server holds and the state does not, and
// how many secrets of the state are not the server's.
func compareWith(s *kanberttest.Sandbox, state map[string]held) (orphans []kanberttest.Webhook, lostSecrets int) {
	for _, webhook := range s.Webhooks() {
		known, ok := state[webhook.ID]
		switch {
		case !ok:
			orphans = append(orphans, webhook)
		case known.Secret != webhook.Secret:
			lostSecrets++
		}
	}
	return orphans, lostSecrets
}

// wantAllHeld checks that n webhooks stand, each in state with its secret, and for
// the project and the client of [manyWebhooks] if for any.
func wantAllHeld(t *testing.T, s *kanberttest.Sandbox, w *workspace, n int) {
	t.Helper()
	state := heldInState(t, w)
	for _, webhook := range s.Webhooks() {
		scope := webhook.ProjectID + " " + webhook.ClientID
		if in := state[webhook.ID]; in.ProjectID+" "+in.ClientID != scope || scope != " " && scope != "project-1 client-1" {
			t.Errorf("%s is for %q, and in state for %q and %q", webhook.ID, scope, in.ProjectID, in.ClientID)
		}
	}
	orphans, lostSecrets := compareWith(s, state)
	if stand := len(s.Webhooks()); stand != n || len(orphans) > 0 || lostSecrets > 0 {
		t.Errorf("%d webhooks stand, want %d; %d orphans, %d lost secrets", stand, n, len(orphans), lostSecrets)
	}
}

// passing are the faults that a client can get over: what ends a call for good,
// such as a 401, is left out, and what is an answer of the API to a create, such
// as its own 500, since what that made cannot be proven. Those that ask to come back ask for no whole
// second, in which no test has time to wait.
func passing() []kanberttest.Fault {
	faults := []kanberttest.Fault{
		kanberttest.RateLimited(kanberttest.InSeconds, 0),
		kanberttest.RateLimited(kanberttest.Unsaid, 0),
		kanberttest.CutBody(),
		kanberttest.EmptyBody(),
	}
	for _, f := range []kanberttest.Fault{
		kanberttest.Reset(),
		kanberttest.Closed(),
		kanberttest.Timeout(),
		kanberttest.HTML(http.StatusBadGateway),
	} {
		faults = append(faults, f, f.AfterWork())
	}
	return append(faults,
		kanberttest.Reset().LateUntilNextPOST(),
		kanberttest.Timeout().LateUntilNextPOST(),
		kanberttest.HTML(http.StatusBadGateway).LateBy(20*time.Millisecond),
	)
}

func countFaults(s *kanberttest.Sandbox) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Fault != "" {
			n++
		}
	}
	return n
}

func manyWebhooks(n int) string {
	return fmt.Sprintf(`
		resource "kanbert_webhook" "many" {
		  count      = %d
		  url        = "https://receiver.example/hooks/${count.index}"
		  event      = "contact:create"
		  project_id = "project-1"
		  client_id  = "client-1"
		}`, n)
}

// One apply under faults ends with one webhook per resource, every secret in
// state, and nothing left over.
func TestSoak(t *testing.T) {
	t.Parallel()
	const webhooks = 200
	s := kanberttest.Start(t)
	s.FailShare(0.25, 7, kanberttest.Match{}, passing()...)
	w := newQuickWorkspace(t, configFor(s, manyWebhooks(webhooks)))
	w.Settings["KANBERT_REQUEST_TIMEOUT"] = "1s"
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	orphans, lostSecrets := compareWith(s, heldInState(t, w))
	faults, posts := countFaults(s), s.Count(http.MethodPost)
	fmt.Printf("soak: %d webhooks, %d faults hit in %d requests, %d orphans, %d lost secrets, %d POSTs sent\n",
		len(s.Webhooks()), faults, s.Count(""), len(orphans), lostSecrets, posts)
	if n := len(s.Webhooks()); n != webhooks || len(orphans) > 0 || lostSecrets > 0 {
		t.Errorf("%d webhooks, %d orphans, %d lost secrets", n, len(orphans), lostSecrets)
	}
	if faults < webhooks/10 || posts <= webhooks {
		t.Errorf("%d faults and %d POSTs: the mix was no trial", faults, posts)
	}
	w.wantEmptyPlan(t)
}

// Sixty creates of which a quarter of the answers are lost after the server has
// done the work: sixty webhooks stand, and their secrets are in state.
func TestAnswersLostThroughTheCLI(t *testing.T) {
	t.Parallel()
	const webhooks = 60
	s := kanberttest.Start(t)
	s.FailShare(0.25, 1, kanberttest.Match{Method: http.MethodPost},
		kanberttest.Reset().AfterWork(), kanberttest.Closed().AfterWork(), kanberttest.HTML(http.StatusBadGateway).AfterWork())
	w := newQuickWorkspace(t, configFor(s, manyWebhooks(webhooks)))
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantAllHeld(t, s, w, webhooks)
	lost, posts := countFaults(s), s.Count(http.MethodPost)
	t.Logf("%d answers lost, %d POSTs sent", lost, posts)
	if lost < webhooks/6 || posts <= webhooks {
		t.Errorf("%d answers were lost and %d POSTs sent: it was no trial", lost, posts)
	}
	w.wantEmptyPlan(t)
}

// Sixty creates under a limit of twenty requests in three seconds all succeed.
// The server's clock goes by requests, ten to a second, so that the limit is met
// on any machine without waiting; the client's own tests wait, in virtual time.
func TestRateLimitThroughTheCLI(t *testing.T) {
	t.Parallel()
	const webhooks = 60
	begin := time.Now()
	var handled atomic.Int64
	s := kanberttest.Start(t,
		kanberttest.WithClock(func() time.Time { return begin.Add(time.Duration(handled.Load()) * 100 * time.Millisecond) }),
		kanberttest.WithOnRequest(func(kanberttest.Request) { handled.Add(1) }),
		kanberttest.WithRateLimit(20, 3*time.Second),
		kanberttest.WithRetryAfterForm(kanberttest.Unsaid))
	w := newQuickWorkspace(t, configFor(s, manyWebhooks(webhooks)))
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantAllHeld(t, s, w, webhooks)
	limited, made := 0, 0
	for _, r := range s.Requests() {
		switch {
		case r.Status == http.StatusTooManyRequests:
			limited++
		case r.Method == http.MethodPost:
			made++
		}
	}
	if limited == 0 || made != webhooks {
		t.Errorf("%d requests were limited, and %d POSTs were not", limited, made)
	}
}

// At TRACE the provider's log tells of creates, conflicts, retries and errors,
// and holds neither a token nor a secret, nor the query of a webhook's URL.
func TestTraceHoldsNoSecret(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	secrets := map[string]bool{}
	var s *kanberttest.Sandbox
	s = kanberttest.Start(t, kanberttest.WithOnRequest(func(kanberttest.Request) {
		mu.Lock()
		defer mu.Unlock()
		for _, webhook := range s.Webhooks() {
			secrets[webhook.Secret] = true
		}
	}))
	s.Seed(kanberttest.Webhook{URL: "https://receiver.example/taken?key=hunter2"})
	posts := kanberttest.Match{Method: http.MethodPost}
	s.FailNth(1, posts, kanberttest.Reset().AfterWork())
	s.FailNth(3, posts, kanberttest.RateLimited(kanberttest.InSeconds, 0))
	s.FailNth(1, kanberttest.Match{Method: http.MethodDelete}, kanberttest.HTML(http.StatusBadGateway))
	config := func(token string) string {
		return strings.Replace(configFor(s, `
			resource "kanbert_webhook" "one" {
			  url   = "https://receiver.example/one?key=hunter2#hunter2"
			  event = "contact:create"
			}
			resource "kanbert_webhook" "taken" {
			  url        = "https://receiver.example/taken?key=hunter2"
			  event      = "contact:create"
			  depends_on = [kanbert_webhook.one]
			}`), s.Token(), token, 1)
	}
	w := newQuickWorkspace(t, config(s.Token()))
	log := filepath.Join(w.Dir, "trace.log")
	w.Settings["TF_LOG_PROVIDER"], w.Settings["TF_LOG_PATH"] = "TRACE", log
	var shown strings.Builder
	run := func(args ...string) error {
		out, err := w.run(append(args, "-no-color")...)
		shown.WriteString(out)
		return err
	}
	if err := run("apply", "-auto-approve"); err == nil {
		t.Error("the URL that is taken was no error")
	}
	w.write(t, config(s.UnscopedToken()))
	if err := run("plan"); err == nil {
		t.Error("the token without the scope was no error")
	}
	w.write(t, config("not-"+s.Token()))
	if err := run("plan"); err == nil {
		t.Error("the wrong token was no error")
	}
	w.write(t, config(s.Token()))
	if err := run("destroy", "-auto-approve"); err != nil {
		t.Errorf("the destroy failed: %v", err)
	}

	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Called the API", "/webhooks/{id}", "status=429", "status=422", "status=502", "status=403", "status=401", "connection reset", "attempt=2", "request_id=req-"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	if len(secrets) < 3 {
		t.Errorf("%d secrets were issued: the undone create is missing", len(secrets))
	}
	secrets[s.Token()], secrets[s.UnscopedToken()] = true, true
	for secret := range secrets {
		wantNowhere(t, string(text), secret)
		wantNowhere(t, shown.String(), secret)
	}
	wantNowhere(t, string(text), "hunter2")
}

// wantNowhere fails the test with the line that holds secret.
func wantNowhere(t *testing.T, text, secret string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(line, secret) {
			t.Errorf("%q is in the line %s", secret, line)
			return
		}
	}
}
