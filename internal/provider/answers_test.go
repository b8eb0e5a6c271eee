// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

const webhooksPath = kanberttest.BasePath + "/webhooks"

// answerCase is one kind of answer, of the API or of something in front of it.
type answerCase struct {
	name  string
	fault kanberttest.Fault
	// lie is the method that the answer is the API's own to, if it is not true.
	// Nothing can be done about that.
	lie string
}

// everyAnswer is each status that means something, in each form that it comes in,
// and each body that is none of the API.
func everyAnswer() []answerCase {
	const kind = "application/json"
	var all []answerCase
	for _, status := range []int{400, 401, 403, 404, 405, 409, 410, 415, 418, 422, 425, 429, 500, 501, 502, 503, 504} {
		all = append(all,
			answerCase{fmt.Sprintf("%d in JSON", status), kanberttest.Status(status), ""},
			answerCase{fmt.Sprintf("%d in HTML", status), kanberttest.HTML(status), ""})
	}
	emptyList := `{"data":[],"links":[],"meta":{"next_cursor":null}}`
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `""`, emptyList, `{"data":[]}`, `{"data":null}`, `{"data":{}}`,
		`{"data":[{"url":"https://receiver.example/ours"}]}`, `{"data":[{"id":null}]}`, `{"data":[{"id":""}]}`,
		`{"id":null,"signature_secret_key":"s"}`, `{"id":"","signature_secret_key":"s"}`, `{"id":"..","signature_secret_key":"s"}`, `{"id":5}`,
		`{"message":"Deleted."}`, `{"errors":{"url":["taken"]}}`,
	} {
		lie := ""
		switch body {
		case emptyList:
			lie = http.MethodGet
		case ``, `null`, `{}`, `[]`:
			lie = http.MethodDelete
		}
		all = append(all, answerCase{"200 " + body, kanberttest.Answer(http.StatusOK, kind, body), lie})
	}
	return append(all,
		answerCase{"200 in HTML", kanberttest.HTML(http.StatusOK), ""},
		answerCase{"204", kanberttest.Answer(http.StatusNoContent, "", ""), http.MethodDelete},
		answerCase{"302", kanberttest.HTML(http.StatusFound), ""},
		answerCase{"404 of no route", kanberttest.Answer(http.StatusNotFound, kind, kanberttest.NoRoute), ""},
		answerCase{"404 of a gateway", kanberttest.Answer(http.StatusNotFound, kind, kanberttest.NotFoundElsewhere), ""},
		answerCase{"404 without body", kanberttest.Answer(http.StatusNotFound, "", ""), ""},
		answerCase{"a cut body", kanberttest.CutBody(), ""},
		answerCase{"a reset", kanberttest.Reset(), ""},
		answerCase{"no connection", kanberttest.Refused(), ""},
		answerCase{"a time-out", kanberttest.Timeout(), ""})
}

// answersTest is one operation under one answer, in a bubble.
type answersTest struct {
	*testing.T
	*protocol
	s *kanberttest.Sandbox
	// ours is in state, and stranger is not.
	ours, stranger kanberttest.Webhook
	prior          instance
	diags          diagnostics
	// lie says that the answer is the API's own and not true.
	lie bool
}

// operationCase does one thing and says what became of state.
type operationCase struct {
	name, method string
	run          func(*answersTest) string
}

func operationCases() []operationCase {
	return []operationCase{
		{"read", http.MethodGet, (*answersTest).readOurs},
		{"read of what is gone", http.MethodGet, func(a *answersTest) string {
			a.s.Remove(a.ours.ID)
			return a.readOurs()
		}},
		{"create", http.MethodPost, (*answersTest).createOne},
		{"delete", http.MethodDelete, (*answersTest).deleteOurs},
		{"delete of what is gone", http.MethodDelete, func(a *answersTest) string {
			a.s.Remove(a.ours.ID)
			return a.deleteOurs()
		}},
		{"import by id", http.MethodGet, func(a *answersTest) string { return a.imported(a.stranger.ID) }},
		{"import by URL", http.MethodGet, func(a *answersTest) string { return a.imported(a.stranger.URL) }},
		{"data source by id", http.MethodGet, func(a *answersTest) string { return a.source("kanbert_webhook", attrs{"id": a.stranger.ID}) }},
		{"data source by URL", http.MethodGet, func(a *answersTest) string { return a.source("kanbert_webhook", attrs{"url": a.stranger.URL}) }},
		{"data source of all", http.MethodGet, func(a *answersTest) string { return a.source("kanbert_webhooks", attrs{}) }},
		{"list", http.MethodGet, (*answersTest).listed},
	}
}

// readOurs refreshes ours. Only what the server does not have may leave state.
func (a *answersTest) readOurs() string {
	var after instance
	after, a.diags = a.read(a.prior)
	switch {
	case after.values == nil && len(a.s.Webhooks()) > 1 && !a.lie:
		a.Error("a webhook that exists has left state")
	case after.values == nil && len(a.diags.warnings()) == 0:
		a.Error("a removal is not warned of")
	case after.values != nil && fmt.Sprint(after.values) != fmt.Sprint(a.prior.values):
		a.Errorf("state was changed to %v", after.values)
	case after.values != nil && len(a.s.Webhooks()) == 1 && !a.diags.hasErrors():
		a.Error("a webhook that is gone is in state without an error")
	}
	return presence(after)
}

// createOne creates a webhook. Without an error all that the server has is in
// state; with one, what it has more is named.
func (a *answersTest) createOne() string {
	config := attrs{"url": "https://receiver.example/new", "event": "company:create"}
	var after instance
	after, a.diags = a.apply(instance{}, a.plan(instance{}, config), config)
	made := len(a.s.Webhooks()) - 2
	if !a.diags.hasErrors() && (after.values == nil || after.values["signature_secret_key"] == nil || made != 1) {
		a.Errorf("no error, although %d webhooks were made and state is %v", made, after.values)
	}
	for _, w := range a.s.Webhooks() {
		switch {
		case w.ID == a.ours.ID || w.ID == a.stranger.ID:
		case after.values != nil && after.values["id"] == w.ID:
			if after.values["signature_secret_key"] != w.Secret || after.identity["id"] != w.ID {
				a.Error("secret or identity is not the server's")
			}
		case !a.diags.hasErrors():
			a.Error("a webhook was made that no error tells of")
		}
	}
	return fmt.Sprintf("%s, %d made", presence(after), made)
}

// deleteOurs destroys ours. It may leave state only with the server's webhook.
func (a *answersTest) deleteOurs() string {
	var after instance
	after, a.diags = a.apply(a.prior, a.plan(a.prior, nil), nil)
	stands := 0
	for _, w := range a.s.Webhooks() {
		if w.ID == a.ours.ID {
			stands++
		}
	}
	if after.values == nil && stands > 0 && !a.lie || after.values == nil && a.diags.hasErrors() || after.values != nil && !a.diags.hasErrors() {
		a.Errorf("state: %v, %d stand, %s", after.values, stands, a.diags)
	}
	return fmt.Sprintf("%s, %d stand", presence(after), stands)
}

func (a *answersTest) imported(name string) string {
	var after instance
	after, a.diags = a.importByID(name)
	if (after.values == nil) != a.diags.hasErrors() || after.values != nil && after.values["id"] != a.stranger.ID {
		a.Errorf("state: %v, %s", after.values, a.diags)
	}
	return presence(after)
}

func (a *answersTest) source(kind string, config attrs) string {
	var got attrs
	got, a.diags = a.readDataSource(kind, config)
	if a.diags.hasErrors() {
		return "nothing"
	}
	if webhooks, ok := got["webhooks"]; ok {
		if found, _ := webhooks.([]attrs); len(found) > 0 {
			return fmt.Sprintf("%d webhooks", len(found))
		}
		return "an empty list"
	}
	return fmt.Sprint(got["id"] == a.stranger.ID)
}

func (a *answersTest) listed() string {
	results := a.list(listing{config: attrs{}})
	found := 0
	for _, r := range results {
		a.diags = append(a.diags, r.diagnostics...)
		if r.identity != nil {
			found++
		}
	}
	return fmt.Sprintf("%d webhooks", found)
}

func presence(i instance) string {
	if i.values == nil {
		return "not in state"
	}
	return "in state"
}

// outcome does the operation while the answer is given to requests of its method, and
// returns what became of it and which requests were sent.
func (op operationCase) outcome(t *testing.T, answer answerCase, when placing) string {
	t.Helper()
	s := kanberttest.New()
	seeded := s.Seed(
		kanberttest.Webhook{URL: "https://receiver.example/ours", Event: "contact:create", ProjectID: "prj", ClientID: "cli"},
		kanberttest.Webhook{URL: "https://receiver.example/theirs", Event: "contact:delete", ProjectID: "prj2", ClientID: "cli2"})
	p := newProtocolFor(t, s)
	wantNone(t, p.configure(with(p.config, attrs{"max_retries": 2, "max_wait": "30s"})))
	a := &answersTest{T: t, protocol: p, s: s, ours: seeded[0], stranger: seeded[1], lie: answer.lie == op.method}
	if op.name != "list" && !strings.HasPrefix(op.name, "data") {
		imported, diags := p.importByID(a.ours.ID)
		wantNoneBut(t, secretSummary, diags)
		a.prior, diags = p.read(imported)
		wantNone(t, diags)
		p.nextWalk()
	}
	s.ResetRequests()
	when.place(s, kanberttest.Match{Method: op.method, PathPrefix: webhooksPath}, answer.fault)
	became := op.run(a)
	said := "no diagnostics"
	if len(a.diags) > 0 {
		said = a.diags[0].Severity.String() + ": " + strings.ReplaceAll(a.diags[0].Summary, a.ours.ID, "ID")
	}
	for _, secret := range []string{a.ours.Secret, a.stranger.Secret, s.Token()} {
		if strings.Contains(a.diags.String(), secret) {
			t.Error("a diagnostic shows a secret")
		}
	}
	settle()
	outcome := became + " | " + said + " |"
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		switch n := s.CountOf(kanberttest.Match{Method: method, PathPrefix: webhooksPath}); {
		case n > 5: // Pauses are random, so that what waits for long counts differently.
			outcome += " many " + method
		case n > 1 && method == http.MethodGet: // A page may be on its way when a look-up has answered.
			outcome += " some GET"
		case n > 0:
			outcome += fmt.Sprintf(" %d %s", n, method)
		}
	}
	return outcome
}

// TestAnswersDecide tries every answer on every operation, to each request and to
// the first one alone, before the work and after it: what becomes of state, what is
// said, and what is sent. testdata/answers.golden holds the outcomes, each with the
// answers that lead to it; -update writes it anew. What must never be is an error
// whatever that file says.
func TestAnswersDecide(t *testing.T) {
	t.Parallel()
	operations := operationCases()
	tables := make([]string, len(operations))
	t.Run("each", func(t *testing.T) {
		for i, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				tables[i] = op.outcomes(t)
			})
		}
	})
	wantGolden(t, "testdata/answers.golden", strings.Join(tables, ""))
}

// outcomes does the operation under every answer, and lists the outcomes, each with
// the answers that lead to it.
func (op operationCase) outcomes(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	for _, when := range op.placings() {
		byOutcome := map[string][]string{}
		for _, answer := range everyAnswer() {
			if when.after && answer.fault == kanberttest.Refused() {
				continue
			}
			bubble(t, when.name+"/"+answer.name, func(t *testing.T) {
				outcome := op.outcome(t, answer, when)
				byOutcome[outcome] = append(byOutcome[outcome], answer.name)
			})
		}
		fmt.Fprintf(&table, "# %s, %s\n", op.name, when.name)
		for _, outcome := range slices.Sorted(maps.Keys(byOutcome)) {
			fmt.Fprintf(&table, "%s\n    %s\n", outcome, strings.Join(byOutcome[outcome], "; "))
		}
	}
	return table.String()
}

// placing is to which requests an answer is given.
type placing struct {
	name  string
	after bool // the work is done all the same
	place func(*kanberttest.Sandbox, kanberttest.Match, kanberttest.Fault)
}

func (op operationCase) placings() []placing {
	placings := []placing{
		{"always", false, func(s *kanberttest.Sandbox, m kanberttest.Match, f kanberttest.Fault) { s.FailEvery(m, f) }},
		{"at first", false, func(s *kanberttest.Sandbox, m kanberttest.Match, f kanberttest.Fault) { s.FailNth(1, m, f) }},
	}
	if op.method != http.MethodGet {
		placings = append(placings, placing{"at first, after the work", true, func(s *kanberttest.Sandbox, m kanberttest.Match, f kanberttest.Fault) { s.FailNth(1, m, f.AfterWork()) }})
	}
	return placings
}

// wantGolden compares text with a file line by line.
func wantGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(text), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(want) || line != want[i] {
			t.Fatalf("%s:%d differs:\n%s\nthe whole is\n%s", file, i+1, line, got)
		}
	}
	if got != string(text) {
		t.Errorf("%s has lines too many; the whole is\n%s", file, got)
	}
}
