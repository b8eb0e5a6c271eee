// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

var readsGrid = flag.Bool("reads.grid", false, "count the requests of plans over the whole grid of sizes and placements; it takes some minutes")

// readsLatency keeps a page under way while the CLI comes to its first ten
// webhooks, as with the real API.
const readsLatency = 50 * time.Millisecond

// plannedReads is a workspace of m webhooks of which n are ours.
type plannedReads struct {
	n, m, page  int
	placement   string // where ours stand under sort=url: first, last, mixed
	parallelism int    // 0 for the CLI's own, which is 10
	// planned are as many of ours that are in the configuration alone, and
	// missing as many that are in state and not at the server.
	planned, missing int
}

func (p plannedReads) String() string {
	return fmt.Sprintf("%d of %d, pages of %d, ours %s, parallelism %d, %d new, %d missing",
		p.n, p.m, p.page, p.placement, p.parallelism, p.planned, p.missing)
}

func (p plannedReads) waves() int {
	parallelism := p.parallelism
	if parallelism == 0 {
		parallelism = 10
	}
	return (p.n + parallelism - 1) / parallelism
}

func (p plannedReads) pages() int { return max(1, (p.m+p.page-1)/p.page) }

// bound is how many requests one walk may cost. Where all is on one page, that
// page is all. That a full page is the last shows only on the next. What is missing
// has to be proved: by a look-up that did not find it and one listing for all.
func (p plannedReads) bound() int {
	bound := 1
	if p.m > p.page {
		bound = 3*min(p.waves(), p.m/(2*p.page)+1) + 1
	}
	if p.missing > 0 {
		bound += p.pages() + (p.missing+9)/10
	}
	return bound
}

// TestPlanRequests counts what plans cost, through a real CLI: of each kind of
// workspace one. The bound itself is tried at all sizes in internal/directory.
func TestPlanRequests(t *testing.T) {
	cases := []plannedReads{
		{n: 1, m: 1, page: 30, placement: "mixed"},
		{n: 100, m: 10000, page: 30, placement: "mixed"},
		{n: 300, m: 600, page: 100, placement: "first"},
		{n: 60, m: 500, page: 30, placement: "last", planned: 30},
		{n: 40, m: 1000, page: 30, placement: "mixed", parallelism: 4},
		{n: 20, m: 1000, page: 100, placement: "mixed", missing: 20},
	}
	if *readsGrid {
		cases = allPlannedReads()
	}
	for _, p := range cases {
		t.Run(p.String(), func(t *testing.T) {
			s := p.sandbox(t)
			got := p.plan(t, s)
			lookups, pages := 0, 0
			for _, r := range s.Requests() {
				switch {
				case r.Method != http.MethodGet:
					t.Errorf("%s %s was sent by a plan", r.Method, r.Path)
				case r.Query.Has("filter"):
					lookups++
				default:
					pages++
				}
			}
			t.Logf("%d look-ups and %d pages, %d requests allowed", lookups, pages, p.bound())
			if lookups+pages > p.bound() {
				t.Errorf("%d look-ups and %d pages were asked for, %d requests are allowed", lookups, pages, p.bound())
			}
			want := fmt.Sprintf("Plan: %d to add, 0 to change, 0 to destroy.", p.planned+p.missing)
			if p.planned+p.missing == 0 {
				want = "No changes."
			}
			if !strings.Contains(got, want) {
				t.Errorf("the plan does not say %q:\n%s", want, got)
			}
		})
	}
}

func allPlannedReads() []plannedReads {
	all := []plannedReads{
		{n: 5, m: 10000, page: 100, placement: "last"},
		{n: 95, m: 100, page: 30, placement: "mixed"},
		{n: 60, m: 500, page: 30, placement: "mixed", planned: 30},
		{n: 50, m: 10000, page: 100, placement: "mixed", planned: 50},
		{n: 20, m: 10000, page: 100, placement: "mixed", parallelism: 1},
		{n: 40, m: 1000, page: 30, placement: "mixed", parallelism: 4},
		{n: 100, m: 10000, page: 100, placement: "mixed", missing: 100},
	}
	for _, n := range []int{1, 9, 10, 11, 30, 100, 101, 500, 1000} {
		for _, m := range []int{n, n + 5, 2*n + 100, 10000} {
			for _, page := range []int{30, 100} {
				for _, placement := range []string{"first", "last", "mixed"} {
					all = append(all, plannedReads{n: n, m: m, page: page, placement: placement})
				}
			}
		}
	}
	return all
}

// ours is the URL of the i-th of ours. Strangers are at "https://m…".
func (p plannedReads) ours(i int) string {
	host := map[string]string{"first": "a", "last": "z", "mixed": "m"}[p.placement]
	return fmt.Sprintf("https://%s.example.com/%05d/ours", host, i*7919%100000)
}

func (p plannedReads) standing() int { return p.n - p.planned - p.missing }

// sandbox holds what the case says.
func (p plannedReads) sandbox(t *testing.T) *kanberttest.Sandbox {
	s := kanberttest.Start(t, kanberttest.WithMaxPageSize(p.page), kanberttest.WithLatency(readsLatency))
	webhooks := make([]kanberttest.Webhook, 0, p.m)
	for i := range p.standing() {
		webhooks = append(webhooks, kanberttest.Webhook{URL: p.ours(i), Event: "contact:create"})
	}
	for i := range p.m - p.standing() {
		webhooks = append(webhooks, kanberttest.Webhook{URL: fmt.Sprintf("https://m.example.com/%05d/theirs", i*7919%100000), Event: "contact:create"})
	}
	s.Seed(webhooks...)
	return s
}

// plan writes configuration and state, and lets the CLI plan.
func (p plannedReads) plan(t *testing.T, s *kanberttest.Sandbox) string {
	t.Helper()
	urls := make([]string, p.n)
	for i := range urls {
		urls[i] = p.ours(i)
	}
	text, err := json.Marshal(urls)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, configFor(s, fmt.Sprintf(`
locals {
  urls = %s
}

resource "kanbert_webhook" "ours" {
  count = length(local.urls)
  url   = local.urls[count.index]
  event = "contact:create"
}
`, text)))
	w.writeState(t, p.state(s))
	args := []string{"plan", "-no-color"}
	if p.parallelism > 0 {
		args = append(args, fmt.Sprintf("-parallelism=%d", p.parallelism))
	}
	out, err := w.run(args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// state is the CLI's file for what stands at the server, and for what is missing
// there.
func (p plannedReads) state(s *kanberttest.Sandbox) map[string]any {
	stands := make(map[string]kanberttest.Webhook)
	for _, w := range s.Webhooks() {
		stands[w.URL] = w
	}
	var instances []map[string]any
	for i := range p.standing() + p.missing {
		w, ok := stands[p.ours(i)]
		if !ok {
			w = kanberttest.Webhook{ID: fmt.Sprintf("missing-%d", i), URL: p.ours(i), Event: "contact:create", CreatedAt: time.Now(), Secret: "s"}
		}
		instances = append(instances, map[string]any{
			"index_key":      i,
			"schema_version": 0,
			"attributes": map[string]any{
				"id": w.ID, "url": w.URL, "event": w.Event, "project_id": nil, "client_id": nil,
				"created_at": w.CreatedAt.UTC().Format(time.RFC3339), "signature_secret_key": w.Secret,
			},
			"sensitive_attributes": []any{},
		})
	}
	return map[string]any{
		"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "tests", "outputs": map[string]any{},
		"resources": []map[string]any{{
			"mode": "managed", "type": webhookResourceType, "name": "ours",
			"provider":  fmt.Sprintf("provider[%q]", shared.CLI.RegistryHost()+"/kanbert/kanbert"),
			"instances": instances,
		}},
	}
}

func (w *workspace) writeState(t *testing.T, state map[string]any) {
	t.Helper()
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "terraform.tfstate"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestApplyAndDestroyRequests counts what an apply and a destroy cost: one POST
// and one DELETE for each webhook, and beside them what the walks may read.
func TestApplyAndDestroyRequests(t *testing.T) {
	p := plannedReads{n: 60, m: 300, page: 30, placement: "mixed", planned: 60}
	s := p.sandbox(t)
	w := newWorkspace(t, configFor(s, `
resource "kanbert_webhook" "ours" {
  count = 60
  url   = "https://m.example.com/${count.index}"
  event = "contact:create"
}
`))
	for _, step := range []struct {
		args                 []string
		posts, deletes, gets int
	}{
		// Both walks of an apply plan what is new.
		{[]string{"apply"}, 60, 0, 2 * p.bound()},
		{[]string{"plan"}, 0, 0, p.bound()},
		// The plan of a destroy reads what stands, and its apply reads nothing.
		{[]string{"destroy"}, 0, 60, p.bound()},
	} {
		s.ResetRequests()
		args := append(slices.Clone(step.args), "-no-color")
		if step.args[0] != "plan" {
			args = append(args, "-auto-approve")
		}
		if out, err := w.run(args...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		posts, deletes, whoami := s.Count(http.MethodPost), s.Count(http.MethodDelete), s.CountOf(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath})
		gets := s.Count(http.MethodGet) - whoami
		t.Logf("%s: %d POST, %d DELETE, %d GET, %d of whoami", step.args[0], posts, deletes, gets, whoami)
		if want := min(1, step.posts); whoami != want {
			t.Errorf("%s: the workspace was asked for %d times, want %d", step.args[0], whoami, want)
		}
		if posts != step.posts || deletes != step.deletes {
			t.Errorf("%s: %d POST and %d DELETE, want %d and %d", step.args[0], posts, deletes, step.posts, step.deletes)
		}
		if gets > step.gets || s.Count("") != posts+deletes+gets+whoami {
			t.Errorf("%s: %d GET of %d requests, %d GET are allowed", step.args[0], gets, s.Count(""), step.gets)
		}
	}
	if left := len(s.Webhooks()); left != p.m {
		t.Errorf("%d webhooks are left, want %d", left, p.m)
	}
}

// TestDataSourcesShareRequests counts what data sources and resources cost that
// the CLI comes to at the same time.
func TestDataSourcesShareRequests(t *testing.T) {
	const newest = `
data "kanbert_webhooks" "newest" {
  sort  = ["-created_at"]
  limit = 3
}
`
	lists := func(n int) string {
		return fmt.Sprintf(`
data "kanbert_webhooks" "all" {
  count = %d
}
`, n)
	}
	for _, c := range []struct {
		name, config string
		m, most      int
	}{
		// Ten pages each, and once more where a busy machine lets some come late.
		{"five equal lists", lists(5), 300, 20},
		{"twenty equal lists, in two waves", lists(20), 300, 50},
		{"equal filters", `
data "kanbert_webhooks" "some" {
  count  = 10
  filter = "url contains '/0000'"
  events = count.index %% 2 == 0 ? ["contact:create"] : ["contact:delete"]
}
`, 300, 1},
		{"a limit", newest, 300, 1},
		{"everything of one page", lists(3) + newest + `
data "kanbert_webhook" "by_url" {
  url = "https://m.example.com/00000/theirs"
}

resource "kanbert_webhook" "new" {
  count = 3
  url   = "https://receiver.example.com/${count.index}"
  event = "contact:create"
}
`, 30, 1},
		{"a data source by URL in one page", `
data "kanbert_webhook" "by_url" {
  url = "https://m.example.com/00000/theirs"
}
`, 30, 1},
		{"a data source by URL in many", `
data "kanbert_webhook" "by_url" {
  url = "https://m.example.com/00000/theirs"
}
`, 300, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := plannedReads{m: c.m, page: 30, placement: "mixed"}.sandbox(t)
			w := newWorkspace(t, configFor(s, strings.ReplaceAll(c.config, "%%", "%")))
			if out, err := w.run("plan", "-no-color"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if n := s.Count(""); n > c.most {
				t.Errorf("%d requests were sent, %d are allowed", n, c.most)
			}
		})
	}
}

// TestDataSourceSeesWhatAnotherToolMade lets another program, here a provider
// process of its own, create a webhook between two reads of one apply.
func TestDataSourceSeesWhatAnotherToolMade(t *testing.T) {
	s := plannedReads{m: 40, page: 30, placement: "mixed"}.sandbox(t)
	w := newWorkspace(t, configFor(s, fmt.Sprintf(`
provider "kanbert" {
  alias    = "other"
  token    = %q
  base_url = %q
}

data "kanbert_webhooks" "before" {}

resource "kanbert_webhook" "before" {
  url   = "https://receiver.example.com/before"
  event = "contact:create"
}

resource "kanbert_webhook" "other" {
  provider   = kanbert.other
  url        = "https://receiver.example.com/other"
  event      = "contact:create"
  depends_on = [kanbert_webhook.before]
}

data "kanbert_webhook" "by_url" {
  url        = "https://receiver.example.com/other"
  depends_on = [kanbert_webhook.other]
}

data "kanbert_webhook" "by_id" {
  id         = kanbert_webhook.other.id
  depends_on = [kanbert_webhook.other]
}

data "kanbert_webhooks" "after" {
  depends_on = [kanbert_webhook.other]
}

output "listed" {
  value = "${length(data.kanbert_webhooks.before.webhooks)} before, ${length(data.kanbert_webhooks.after.webhooks)} after"
}
`, s.Token(), s.BaseURL())))
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if err != nil || !strings.Contains(out, "40 before, 42 after") {
		t.Errorf("%v\n%s", err, out)
	}
}
