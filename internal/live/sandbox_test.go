// SPDX-License-Identifier: MPL-2.0

package live_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

var post = kanberttest.Match{Method: http.MethodPost}

const theirURL = "https://receiver.example/private-path?password=hunter2"

// run is one run against a sandbox with a webhook of another user.
type run struct {
	*kanberttest.Sandbox

	out      bytes.Buffer
	target   live.Target
	settings live.Settings
}

func newRun(t *testing.T, opts ...kanberttest.Option) *run {
	t.Helper()
	r := &run{Sandbox: kanberttest.Start(t, opts...)}
	r.Seed(kanberttest.Webhook{URL: theirURL, Event: "contact:create"})
	r.target = live.Target{
		BaseURL: r.BaseURL(), Token: kanbert.NewSecret(r.Token()),
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	r.settings = live.Settings{Workspace: r.Workspace().ID, Ledgers: filepath.Join(t.TempDir(), "ledgers"), Out: &r.out}
	return r
}

func (r *run) probe(t *testing.T, write bool) []live.Row {
	t.Helper()
	rows, err := live.Probe(t.Context(), r.target, live.ProbeSettings{Settings: r.settings, Write: write})
	if err != nil {
		t.Fatalf("%v\n%s", err, r.out.String())
	}
	return rows
}

// expectNothingOfOurs checks that a run has deleted all its webhooks, no other
// ones, and its ledger.
func (r *run) expectNothingOfOurs(t *testing.T) {
	t.Helper()
	if all := r.Webhooks(); len(all) != 1 || all[0].URL != theirURL {
		t.Errorf("the workspace holds %d webhooks", len(all))
	}
	if ledgers, _ := os.ReadDir(r.settings.Ledgers); len(ledgers) > 0 {
		t.Errorf("%d ledgers are left", len(ledgers))
	}
}

func find(t *testing.T, rows []live.Row, assumption string) live.Row {
	t.Helper()
	at := slices.IndexFunc(rows, func(r live.Row) bool { return strings.Contains(r.Assumption, assumption) })
	if at < 0 {
		t.Fatalf("no row is about %q", assumption)
	}
	return rows[at]
}

func table(t *testing.T, rows []live.Row) string {
	t.Helper()
	var text bytes.Buffer
	if err := live.WriteTable(&text, rows); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestProbeReadsOnly(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	rows := r.probe(t, false)
	for _, request := range r.Requests() {
		if request.Method != http.MethodGet {
			t.Errorf("sent %s %s", request.Method, request.Path)
		}
	}
	for _, row := range rows {
		if row.Verdict == live.Differs {
			t.Errorf("the sandbox differs: %+v", row)
		}
	}
	r.expectNothingOfOurs(t)
}

func TestProbeWritesAndDeletes(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	rows := r.probe(t, true)
	creates := 0
	for _, request := range r.Requests() {
		if request.Method == http.MethodPost && request.Status < 300 {
			creates++
		}
	}
	if creates == 0 || creates > live.MaxWebhooks {
		t.Errorf("%d webhooks were created", creates)
	}
	for _, row := range rows {
		if row.Verdict == live.Differs {
			t.Errorf("the sandbox differs: %+v", row)
		}
	}
	r.expectNothingOfOurs(t)
}

// The table is safe to publish.
func TestTableHoldsNothingPrivate(t *testing.T) {
	t.Parallel()
	r := newRun(t, kanberttest.WithExtraFields())
	text := table(t, r.probe(t, true)) + table(t, r.probe(t, false))
	private := []string{
		r.Token(), r.Workspace().ID, r.Workspace().Name, theirURL, "receiver.example", "hunter2", "private-path",
		"Ada", "ada@kanbert.example", "user-of-", live.Prefix, r.BaseURL(),
	}
	for _, w := range r.Webhooks() {
		private = append(private, w.ID, w.Secret)
	}
	for _, secret := range private {
		if strings.Contains(text, secret) {
			t.Errorf("the table holds %q", secret)
		}
	}
}

// A server is described as it is. The table distinguishes the provider's
// assumptions from variants that it supports.
func TestProbeTellsServersApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		opts       []kanberttest.Option
		assumption string
		observed   string
		verdict    live.Verdict
	}{
		{"clamped pages", []kanberttest.Option{kanberttest.WithMaxPageSize(30)}, "page[size]=1000", "per_page 30", live.Holds},
		{"refused pages", []kanberttest.Option{kanberttest.WithRefuseLargePages()}, "page[size]=1000", "422", live.Holds},
		{"no whoami", []kanberttest.Option{kanberttest.WithoutWhoami()}, "names the workspace", "404", live.Variant},
		{"rate limit", []kanberttest.Option{kanberttest.WithRateLimit(1000, time.Minute)}, "X-RateLimit", "X-RateLimit-Limit is 1000", live.Holds},
		{"no date", []kanberttest.Option{kanberttest.WithoutDate()}, "have a Date", "no Date", live.Variant},
		{"no in", []kanberttest.Option{kanberttest.WithoutOperator("in")}, "in of URLs", "400", live.Differs},
		{"collation", []kanberttest.Option{kanberttest.WithCaseInsensitiveCollation()}, "another case apart", "1 listed", live.Variant},
		{"accents", []kanberttest.Option{kanberttest.WithMariaDBCollation()}, "accented letters", "1 listed", live.Variant},
		{"conflict", []kanberttest.Option{kanberttest.WithConflictStatus(409)}, "URL that is taken", "409", live.Holds},
		{"translated", []kanberttest.Option{kanberttest.WithLocale(kanberttest.German)}, "may be translated", "false", live.Holds},
		{"create status", []kanberttest.Option{kanberttest.WithCreateStatus(200)}, "create returns", "200", live.Holds},
		{"delete status", []kanberttest.Option{kanberttest.WithDeleteStatus(200)}, "delete returns", "200, no body", live.Holds},
		{"soft deletes", []kanberttest.Option{kanberttest.WithSoftDeletes()}, "free at once", "422", live.Variant},
		{"short pages", []kanberttest.Option{kanberttest.WithEmptyPages()}, "to its end", "another size", live.Holds},
		{"created_at", []kanberttest.Option{kanberttest.WithCreatedAtSkew(time.Hour)}, "seconds apart", "3600s", live.Variant},
		{"fractions", []kanberttest.Option{kanberttest.WithTimeFormat(time.RFC3339Nano)}, "RFC 3339", "with a fraction", live.Holds},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, c.opts...)
			if c.name == "no whoami" {
				r.settings.Workspace = live.UnknownWorkspace
			}
			row := find(t, r.probe(t, true), c.assumption)
			if !strings.Contains(row.Observed, c.observed) || row.Verdict != c.verdict {
				t.Errorf("%+v", row)
			}
		})
	}
}

// The table contains the form of a limit.
func TestProbeTellsOfLimits(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	if row := find(t, r.probe(t, false), "A 429 has"); row.Verdict != live.Unknown {
		t.Errorf("%+v", row)
	}
	r.FailNth(9, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, 30*time.Second))
	if row := find(t, r.probe(t, false), "A 429 has"); row.Verdict != live.Holds || !strings.Contains(row.Observed, "Retry-After as a number of 2 digits") {
		t.Errorf("%+v", row)
	}
}

// In a workspace without webhooks, the probe uses the webhooks of the run.
func TestProbeOfAnEmptyWorkspace(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.Remove(r.Webhooks()[0].ID)
	for _, row := range r.probe(t, true) {
		known := strings.Contains(row.Assumption, "429") || strings.Contains(row.Assumption, "switches workspaces")
		if row.Verdict == live.Unknown && !known {
			t.Errorf("%+v", row)
		}
	}
}

// The run waits for a list that lags.
func TestProbeSeesLag(t *testing.T) {
	t.Parallel()
	r := newRun(t, kanberttest.WithReplicaLag(time.Hour, 0))
	rows, _ := live.Probe(t.Context(), r.target, live.ProbeSettings{Settings: r.settings, Write: true})
	if row := find(t, rows, "at once after its create"); row.Verdict != live.Differs {
		t.Errorf("%+v", row)
	}
}

func TestSwitchingWorkspaces(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]live.Verdict{`{"space":{"id":"another"}}`: live.Differs, "": live.Holds} {
		r := newRun(t)
		rows, err := live.Probe(t.Context(), r.target, live.ProbeSettings{Settings: r.settings, Switch: func(context.Context) error {
			if name != "" {
				r.FailEvery(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}, kanberttest.Answer(200, "application/json", name))
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if row := find(t, rows, "switches workspaces"); row.Verdict != want {
			t.Errorf("%+v", row)
		}
	}
}

// Without the name of the workspace nothing is written.
func TestWorkspaceHasToBeNamed(t *testing.T) {
	t.Parallel()
	for _, named := range []string{"", "another", live.UnknownWorkspace} {
		r := newRun(t)
		r.settings.Workspace = named
		_, probing := live.Probe(t.Context(), r.target, live.ProbeSettings{Settings: r.settings, Write: true})
		accepting := live.Acceptance{Settings: r.settings}.Run(t.Context(), r.target)
		sweeping := live.Sweep(t.Context(), r.target, live.SweepSettings{Settings: r.settings})
		for _, err := range []error{probing, accepting, sweeping} {
			if !errors.As(err, new(*live.WorkspaceError)) || !strings.Contains(err.Error(), "-workspace "+r.Workspace().ID) {
				t.Errorf("%q: %v", named, err)
			}
		}
		if !strings.Contains(r.out.String(), r.Workspace().Name) {
			t.Errorf("%q: the workspace's name is not shown: %s", named, r.out.String())
		}
		if n := r.Count(http.MethodPost) + r.Count(http.MethodDelete); n > 0 {
			t.Errorf("%q: %d requests wrote", named, n)
		}
	}
}

// The run tests the domain .invalid first.
func TestRefusedDomainStopsTheRun(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.FailEvery(post, kanberttest.Answer(422, "application/json", `{"message":"x","errors":{"url":["x"]}}`))
	if err := (live.Acceptance{Settings: r.settings}).Run(t.Context(), r.target); !errors.Is(err, live.ErrInvalidDomain) {
		t.Error(err)
	}
	if _, err := live.Probe(t.Context(), r.target, live.ProbeSettings{Settings: r.settings, Write: true}); !errors.Is(err, live.ErrInvalidDomain) {
		t.Error(err)
	}
	if n := r.Count(http.MethodPost); n != 2 {
		t.Errorf("%d creates were sent", n)
	}
	r.expectNothingOfOurs(t)
}

// If the response to a create is lost, the run finds the webhook by its URL and
// deletes it.
func TestLostAnswersLeaveNothing(t *testing.T) {
	t.Parallel()
	for _, fault := range []kanberttest.Fault{kanberttest.Reset().AfterWork(), kanberttest.CutBody(), kanberttest.MissingID()} {
		r := newRun(t)
		r.FailNth(3, post, fault)
		_, err := live.Probe(t.Context(), r.target, live.ProbeSettings{Settings: r.settings, Write: true})
		t.Log(err)
		r.expectNothingOfOurs(t)
	}
}

// A failed step deletes the webhooks of the steps before it.
func TestFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.FailNth(5, post, kanberttest.Status(500))
	acceptance := live.Acceptance{Settings: r.settings, Scratch: t.TempDir(), Provider: "no such file"}
	if err := acceptance.Run(t.Context(), r.target); err == nil {
		t.Error("a run without a provider has not failed")
	}
	r.expectNothingOfOurs(t)
}

// TestAcceptance runs the test of `make testacc`.
func TestAcceptance(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	r := newRun(t)
	if err := acceptance(t, r.settings).Run(t.Context(), r.target); err != nil {
		t.Fatalf("%v\n%s", err, r.out.String())
	}
	creates := 0
	for _, request := range r.Requests() {
		if request.Method != http.MethodPost {
			continue
		}
		creates++
		if !bytes.Contains(request.Body, []byte(live.Prefix)) {
			t.Errorf("created %s", request.Body)
		}
	}
	if creates > live.MaxWebhooks {
		t.Errorf("%d webhooks were created", creates)
	}
	r.expectNothingOfOurs(t)
	if strings.Contains(r.out.String(), r.Token()) {
		t.Error("the token was printed")
	}
}
