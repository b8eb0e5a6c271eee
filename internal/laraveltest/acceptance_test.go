// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLifecycle creates webhooks, plans again, detects a deletion by another
// program, replaces, imports and destroys.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	strangers := l.Seed(t, numbered("https://stranger.example", 40)...)
	w := newWorkspace(t, l, l.Token(), lifecycle("contact:create"))

	w.apply(t).mustBe(t, 0)
	before := len(l.Requests(t))
	w.plan(t).mustBe(t, 0)
	if n := len(l.Requests(t)) - before; n > 4 {
		t.Errorf("the second plan took %d requests", n)
	}

	first := w.state(t)
	l.Remove(t, first[0].ID)
	w.plan(t).mustBe(t, 2)
	w.apply(t).mustBe(t, 0)
	audit(t, l, strangers, w)

	w.write(t, lifecycle("contact:update"))
	w.apply(t).mustBe(t, 0)
	w.plan(t).mustBe(t, 0)
	audit(t, l, strangers, w)
	for _, i := range w.state(t) {
		if i.Secret == "" || slices.ContainsFunc(first, func(old instance) bool { return old.Secret == i.Secret }) {
			t.Errorf("after the replacement %s has the secret %q", i.Address, i.Secret)
		}
	}

	w.destroy(t).mustBe(t, 0)
	audit(t, l, strangers, w)
	if n := len(l.Webhooks(t)); n != len(strangers) {
		t.Errorf("%d webhooks are left", n)
	}
}

// lifecycle is one webhook without a project and two with all arguments, whose
// events are replaced together.
func lifecycle(event string) string {
	verb := strings.TrimPrefix(event, "contact:")
	return webhook("plain", "https://hooks.example/plain", event) + fmt.Sprintf(`
resource "kanbert_webhook" "full" {
  for_each   = toset(["task", "company"])
  url        = "https://hooks.example/${each.key}?x=1&y=%%C3%%A9"
  event      = "${each.key}:%s"
  project_id = "prj_1"
  client_id  = "cl_1"
}
`, verb)
}

// numbered returns webhooks of another program, created one day after the other.
func numbered(prefix string, n int) []Webhook {
	all := make([]Webhook, n)
	for i := range all {
		all[i] = Webhook{
			URL:       fmt.Sprintf("%s/%03d", prefix, i),
			CreatedAt: time.Now().UTC().AddDate(0, 0, i-n).Format(time.DateTime),
		}
	}
	return all
}

// TestImport imports existing webhooks, with the command and with a block.
func TestImport(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	strangers := l.Seed(t, numbered("https://stranger.example", 40)...)
	l.Seed(t, Webhook{ID: "mine-1", URL: "https://hooks.example/1"}, Webhook{ID: "mine-2", URL: "https://hooks.example/2"})
	w := newWorkspace(t, l, l.Token(), webhook("first", "https://hooks.example/1", "contact:create")+webhook("second", "https://hooks.example/2", "contact:create")+`
import {
  to = kanbert_webhook.second
  id = "mine-2"
}
`)

	w.run(t, "import", "kanbert_webhook.first", "mine-1").mustBe(t, 0)
	w.apply(t).mustBe(t, 0)
	w.plan(t).mustBe(t, 0)
	if n := count(t, l, http.MethodPost, 0) + count(t, l, http.MethodDelete, 0); n > 0 {
		t.Errorf("importing changed something: %d requests", n)
	}
	if n := len(w.state(t)); n != 2 {
		t.Errorf("%d webhooks are in state", n)
	}
	w.run(t, "import", "kanbert_webhook.third", "missing").mustBe(t, 1)
	w.destroy(t).mustBe(t, 0)
	audit(t, l, strangers, w)
}

// TestDestroyUnderThrottle creates and destroys with Laravel's usual limit of 60
// requests in a window. The window is some seconds here, and not a minute.
func TestDestroyUnderThrottle(t *testing.T) {
	for _, n := range []int{1, 60, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			l := Start(t, Options{})
			strangers := l.Seed(t, numbered("https://stranger.example", 10)...)
			l.SetThrottle(t, 60, 2*time.Second)
			w := newWorkspace(t, l, l.Token(), webhooks("https://hooks.example", n))

			w.apply(t).mustBe(t, 0)
			w.plan(t).mustBe(t, 0)
			if got := len(w.state(t)); got != n {
				t.Errorf("%d webhooks are in state", got)
			}
			audit(t, l, strangers, w)
			w.destroy(t).mustBe(t, 0)
			audit(t, l, strangers, w)
			if left := len(l.Webhooks(t)); left != len(strangers) {
				t.Errorf("%d webhooks are left", left)
			}
			if refused := count(t, l, "", http.StatusTooManyRequests); refused > 20*(1+n/60) {
				t.Errorf("%d requests were refused", refused)
			}
		})
	}
}

// TestListsOverPages reads three pages in every order. Laravel's cursors lose
// webhooks that are equal under the sort, so a unique field must follow.
func TestListsOverPages(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	const n = 75
	seeds := numbered("https://list.example", n)
	for i := range seeds { // Ten in one second.
		seeds[i].CreatedAt = seeds[i-i%10].CreatedAt
	}
	l.Seed(t, seeds...)
	var config strings.Builder
	sorts := []string{`"url"`, `"-url"`, `"created_at"`, `"-created_at"`, `"is_active"`, `"-is_active"`, `"is_active", "created_at"`, `"-created_at", "url"`, `"-created_at", "-url"`, ""}
	for i, sort := range sorts {
		fmt.Fprintf(&config, "data \"kanbert_webhooks\" \"s%d\" {\n  sort = [%s]\n}\noutput \"s%d\" {\n  value = data.kanbert_webhooks.s%d.webhooks[*].url\n}\n", i, sort, i, i)
	}
	config.WriteString(`
data "kanbert_webhooks" "filtered" {
  filter = "url startswith 'https://list.example/0' and created_at < today+1d"
}
output "filtered" {
  value = data.kanbert_webhooks.filtered.webhooks[*].url
}
`)
	w := newWorkspace(t, l, l.Token(), config.String())

	w.apply(t).mustBe(t, 0)
	for i, sort := range sorts {
		var urls []string
		w.output(t, fmt.Sprintf("s%d", i), &urls)
		if sort == `"url"` && !slices.IsSorted(urls) {
			t.Errorf("sorted by url: %v", urls)
		}
		slices.Sort(urls)
		if unique := len(slices.Compact(urls)); len(urls) != n || unique != n {
			t.Errorf("sorted by [%s] there are %d webhooks, %d of them different, and not %d", sort, len(urls), unique, n)
		}
	}
	var urls []string
	w.output(t, "filtered", &urls)
	if len(urls) != n {
		t.Errorf("filtered there are %d", len(urls))
	}
}

// TestTwoApplies applies two states at once, to separate URLs and to the same ones.
func TestTwoApplies(t *testing.T) {
	for name, test := range map[string]struct {
		prefixes [2]string
		meet     bool
	}{
		"disjoint":                    {prefixes: [2]string{"https://one.example", "https://two.example"}},
		"overlapping":                 {prefixes: [2]string{"https://same.example", "https://same.example"}},
		"overlapping, creates meet":   {prefixes: [2]string{"https://same.example", "https://same.example"}, meet: true},
		"overlapping in another case": {prefixes: [2]string{"https://same.example", "https://SAME.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Start(t, Options{Workers: 12})
			const n = 12
			if test.meet {
				l.FailNext(t, 2, Meet, Before, http.MethodPost)
			}
			var workspaces []*workspace
			for _, prefix := range test.prefixes {
				workspaces = append(workspaces, newWorkspace(t, l, l.Token(), webhooks(prefix, n)))
			}

			runs := applyAtOnce(t, workspaces...)
			audit(t, l, nil, workspaces...)
			same := test.prefixes[0] == test.prefixes[1]
			if driver() == "mysql" { // Its collation treats them as equal.
				same = strings.EqualFold(test.prefixes[0], test.prefixes[1])
			}
			if !same && (runs[0].code != 0 || runs[1].code != 0) {
				t.Errorf("two applies of different URLs failed:\n%s\n%s", runs[0].text, runs[1].text)
			}
			if same && len(workspaces[0].state(t))+len(workspaces[1].state(t)) > n {
				t.Errorf("%d URLs are in states %d and %d times", n, len(workspaces[0].state(t)), len(workspaces[1].state(t)))
			}
			if same && len(l.Webhooks(t)) != n {
				t.Errorf("%d webhooks exist", len(l.Webhooks(t)))
			}
		})
	}
}

func applyAtOnce(t *testing.T, workspaces ...*workspace) []run {
	t.Helper()
	runs := make([]run, len(workspaces))
	var all sync.WaitGroup
	for i, w := range workspaces {
		all.Go(func() { runs[i] = w.apply(t) })
	}
	all.Wait()
	return runs
}

// TestLoserOfARaceDeletesNothing creates the URL by another program between our
// check and our insert. The response is a 500 in the API's own JSON, and the
// look-up finds the webhook of the other program.
func TestLoserOfARaceDeletesNothing(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	w := newWorkspace(t, l, l.Token(), webhook("hook", "https://race.example/", "contact:create"))
	l.FailNext(t, 1, Hold, Before, http.MethodPost)

	var applied run
	var all sync.WaitGroup
	all.Go(func() { applied = w.apply(t) })
	if err := await(t.Context(), func() bool { return l.PendingFaults(t) == 0 }); err != nil {
		t.Fatal(err)
	}
	strangers := l.Seed(t, Webhook{URL: "https://race.example/"})
	l.Release(t)
	all.Wait()

	applied.mustBe(t, 1)
	if n := count(t, l, http.MethodPost, http.StatusInternalServerError); n != 1 {
		t.Errorf("%d creates were answered 500", n)
	}
	if n := count(t, l, http.MethodDelete, 0); n > 0 {
		t.Errorf("there were %d deletes", n)
	}
	if !strings.Contains(applied.text, strangers[0].ID) {
		t.Errorf("the error does not name the holder:\n%s", applied.text)
	}
	audit(t, l, strangers, w)
}

// TestServerErrorAfterTheInsert returns a 500 in the API's own JSON after the work:
// the webhook is ours, but looks like the winner of a race.
func TestServerErrorAfterTheInsert(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	w := newWorkspace(t, l, l.Token(), webhook("hook", "https://hooks.example/", "contact:create"))
	l.FailNext(t, 1, Throw, After, http.MethodPost)

	applied := w.apply(t).mustBe(t, 1)
	if n := count(t, l, http.MethodDelete, 0); n > 0 {
		t.Errorf("there were %d deletes", n)
	}
	if id := l.Webhooks(t)[0].ID; !strings.Contains(applied.text, id) || !strings.Contains(applied.text, "import") {
		t.Errorf("the error does not name %s with an import block:\n%s", id, applied.text)
	}
	audit(t, l, nil, w)
}

// TestKilledWorkers kills workers before and after the commit, of creates and of
// deletes.
func TestKilledWorkers(t *testing.T) {
	for _, phase := range []Phase{Before, After} {
		t.Run(string(phase), func(t *testing.T) {
			t.Parallel()
			l := Start(t, Options{})
			strangers := l.Seed(t, numbered("https://stranger.example", 40)...)
			const n = 12
			w := newWorkspace(t, l, l.Token(), webhooks("https://hooks.example", n))

			l.FailNext(t, 3, Kill, phase, http.MethodPost)
			w.apply(t).mustBe(t, 0)
			w.plan(t).mustBe(t, 0)
			if got := len(w.state(t)); got != n || len(l.Webhooks(t)) != n+len(strangers) {
				t.Errorf("%d webhooks are in state", got)
			}
			audit(t, l, strangers, w)

			l.FailNext(t, 3, Kill, phase, http.MethodDelete)
			w.destroy(t).mustBe(t, 0)
			audit(t, l, strangers, w)
			if left := len(l.Webhooks(t)); left != len(strangers) || l.PendingFaults(t) > 0 {
				t.Errorf("%d webhooks are left, and %d faults", left, l.PendingFaults(t))
			}
		})
	}
}

// TestLateCommit makes the gateway abort a create that Laravel finishes after the
// look-up that follows.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{GatewayTimeout: time.Second})
	w := newWorkspace(t, l, l.Token(), webhook("hook", "https://late.example/", "contact:create"))
	l.FailNext(t, 1, Hold, Before, http.MethodPost)

	var all sync.WaitGroup
	all.Go(func() { w.apply(t) })
	looked := func() bool {
		requests := l.Requests(t)
		lost := slices.IndexFunc(requests, func(r Request) bool { return r.Status == http.StatusGatewayTimeout })
		return lost >= 0 && slices.ContainsFunc(requests[lost:], func(r Request) bool { return r.Method == http.MethodGet })
	}
	if err := await(t.Context(), looked); err != nil {
		t.Errorf("nothing was looked up after the 504: %v", err)
	}
	l.Release(t)
	all.Wait()
	// The late insert may come after everything else.
	if err := await(t.Context(), func() bool { return len(l.Webhooks(t)) == 1 }); err != nil {
		t.Errorf("the webhooks: %+v", l.Webhooks(t))
	}
	audit(t, l, nil, w)
}

// TestMaintenance takes the application down during an apply, a plan and a destroy.
// All calls together respect the time of the next try.
func TestMaintenance(t *testing.T) {
	for name, options := range map[string][]string{
		"JSON": {"--retry=3"},
		"HTML": {"--retry=3", "--render=errors::503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Start(t, Options{})
			const n = 12
			w := newWorkspace(t, l, l.Token(), webhooks("https://hooks.example", n))
			for _, step := range []struct {
				name string
				run  func(*testing.T, ...string) run
			}{{"apply", w.apply}, {"plan", w.plan}, {"destroy", w.destroy}} {
				seen := len(l.Requests(t))
				l.Down(t, options...)
				var result run
				var all sync.WaitGroup
				all.Go(func() { result = step.run(t) })
				if err := await(t.Context(), func() bool { return len(l.Requests(t)) > seen }); err != nil {
					t.Errorf("%s: nothing was asked: %v", step.name, err)
				}
				l.Up(t)
				all.Wait()
				if result.code != 0 {
					t.Errorf("%s ended with %d:\n%s", step.name, result.code, result.text)
				}
				heedsRetryAfter(t, step.name, l.Requests(t)[seen:], 3)
			}
			audit(t, l, nil, w)
		})
	}
}

// heedsRetryAfter checks that no request was sent from the first error response on,
// for the number of seconds in it, except for requests in flight.
func heedsRetryAfter(t *testing.T, what string, requests []Request, seconds float64) {
	t.Helper()
	first := slices.IndexFunc(requests, func(r Request) bool { return r.Status == http.StatusServiceUnavailable })
	if first < 0 {
		t.Fatalf("%s: nothing was refused", what)
	}
	const underWay, rounding = 0.7, 0.2
	for _, r := range requests[first:] {
		if after := r.Time - requests[first].Time; after > underWay && after < seconds-rounding {
			t.Errorf("%s: %s %s came %.1f seconds after the first refusal, which said %.0f", what, r.Method, r.URI, after, seconds)
		}
	}
}

// TestTranslatedConflicts renames resources without a moved block: the create of
// the new name conflicts with the webhook of the old one, which is deleted at the
// same time. The text of the 422 is in another language, or a bare key.
func TestTranslatedConflicts(t *testing.T) {
	for _, locale := range []string{"en", "de", "none"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			l := Start(t, Options{})
			l.SetLocale(t, locale)
			w := newWorkspace(t, l, l.Token(), webhook("old", "https://renamed.example/", "contact:create"))
			w.apply(t).mustBe(t, 0)
			w.write(t, webhook("new", "https://renamed.example/", "contact:create"))

			l.FailNext(t, 1, Hold, Before, http.MethodDelete)
			var applied run
			var all sync.WaitGroup
			all.Go(func() { applied = w.apply(t) })
			if err := await(t.Context(), func() bool { return count(t, l, http.MethodPost, http.StatusUnprocessableEntity) > 0 }); err != nil {
				t.Errorf("no create met the old webhook: %v", err)
			}
			l.Release(t)
			all.Wait()
			applied.mustBe(t, 0)
			w.plan(t).mustBe(t, 0)
			audit(t, l, nil, w)

			// Another program's URL stays taken, and the error says so at once.
			strangers := l.Seed(t, Webhook{URL: "https://taken.example/"})
			w.write(t, webhook("new", "https://renamed.example/", "contact:create")+webhook("taken", "https://taken.example/", "contact:create"))
			applied = w.apply(t).mustBe(t, 1)
			if !strings.Contains(applied.text, strangers[0].ID) {
				t.Errorf("the error does not name the holder:\n%s", applied.text)
			}
			audit(t, l, strangers, w)
		})
	}
}

// TestRequestLimit makes nginx return 503 in HTML and without Retry-After.
func TestRequestLimit(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{RequestRate: "20r/s", RequestBurst: 3})
	const n = 30
	w := newWorkspace(t, l, l.Token(), webhooks("https://hooks.example", n))

	w.apply(t).mustBe(t, 0)
	w.plan(t).mustBe(t, 0)
	if got := len(w.state(t)); got != n {
		t.Errorf("%d webhooks are in state", got)
	}
	audit(t, l, nil, w)
	w.destroy(t).mustBe(t, 0)
	audit(t, l, nil, w)
	if left := len(l.Webhooks(t)); left > 0 {
		t.Errorf("%d webhooks are left", left)
	}
}

// TestTokenOfAnotherWorkspace plans and destroys with a token that cannot see the
// webhooks in state.
func TestTokenOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	const n = 3
	w := newWorkspace(t, l, l.Token(), webhooks("https://hooks.example", n))
	w.apply(t).mustBe(t, 0)
	w.Settings["KANBERT_TOKEN"] = l.OtherToken()

	w.plan(t).mustBe(t, 1)
	w.apply(t).mustBe(t, 1)
	w.destroy(t).mustBe(t, 1)
	if got := len(w.state(t)); got != n {
		t.Errorf("%d webhooks are left in state", got)
	}
	audit(t, l, nil, w)
}

// TestDebugLeaksNothing makes Laravel return the SQL and its values in an error, as
// APP_DEBUG does.
func TestDebugLeaksNothing(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{Debug: true})
	const secretPath = "https://race.example/T0PS3CRET"
	w := newWorkspace(t, l, l.Token(), webhook("hook", secretPath, "contact:create"))
	w.Settings["TF_LOG"] = "TRACE"
	w.Settings["TF_LOG_PATH"] = w.Dir + "/trace.log"
	l.FailNext(t, 1, Hold, Before, http.MethodPost)
	var applied run
	var all sync.WaitGroup
	all.Go(func() { applied = w.apply(t) })
	if err := await(t.Context(), func() bool { return l.PendingFaults(t) == 0 }); err != nil {
		t.Fatal(err)
	}
	strangers := l.Seed(t, Webhook{URL: secretPath, Secret: "signs-as-another"})
	l.Release(t)
	all.Wait()

	applied.mustBe(t, 1)
	log, err := os.ReadFile(w.Dir + "/trace.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{l.Token(), "insert into", "SQLSTATE", "signs-as-another"} {
		if strings.Contains(applied.text, secret) || strings.Contains(string(log), secret) {
			t.Errorf("%q stands in the output or in the log", secret)
		}
	}
	audit(t, l, strangers, w)
}
