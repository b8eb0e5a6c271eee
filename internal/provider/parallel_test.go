// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// together runs do for 0 to n-1 at the same time, and returns what all say.
func together(n int, do func(i int) diagnostics) diagnostics {
	var group sync.WaitGroup
	var mu sync.Mutex
	var all diagnostics
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			diags := do(i)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, diags...)
		})
	}
	close(start)
	group.Wait()
	return all
}

// count is how many of the diagnostics have the text.
func count(all diagnostics, text string) int {
	n := 0
	for _, d := range all {
		if strings.Contains(d.Summary+"\n"+d.Detail, text) {
			n++
		}
	}
	return n
}

// What many calls share is reported once, whichever comes first. Under -race this
// finds each lock that is missing.
func TestSharedByParallelCalls(t *testing.T) {
	t.Parallel()
	const n = 30
	url := func(i int) attrs { return attrs{"url": receiver(i), "event": "contact:create"} }

	bubble(t, "one URL is planned by all", func(t *testing.T) {
		p := newProtocolFor(t, kanberttest.New())
		all := together(n, func(int) diagnostics { return p.plan(instance{}, url(1)).diagnostics })
		if errors := len(all.errors()); errors != 1 || count(all, "Several webhooks have one URL") != 1 {
			t.Errorf("%d errors, want one of the conflict:\n%s", errors, all)
		}
	})
	bubble(t, "each plans a URL of its own", func(t *testing.T) {
		p := newProtocolFor(t, kanberttest.New())
		wantNone(t, together(n, func(i int) diagnostics { return p.plan(instance{}, url(i)).diagnostics }))
	})
	bubble(t, "all read, plan and delete", func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		webhooks := s.Seed(numbered(n)...)
		held := make([]instance, n)
		wantNoneBut(t, secretSummary, together(n, func(i int) diagnostics {
			var diags diagnostics
			held[i], diags = p.importByID(webhooks[i].ID)
			return diags
		}))
		wantNone(t, together(n, func(i int) diagnostics {
			read, diags := p.read(held[i])
			return append(diags, p.plan(read, configOf(webhooks[i])).diagnostics...)
		}))
		wantNone(t, together(n, func(i int) diagnostics {
			_, diags := p.apply(held[i], plannedChange{}, nil)
			return diags
		}))
		if left, deletes := len(s.Webhooks()), s.Count(http.MethodDelete); left != 0 || deletes != n {
			t.Errorf("%d webhooks are left after %d DELETE", left, deletes)
		}
	})
	bubble(t, "one webhook is in state at many addresses", func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		w := s.Seed(numbered(1)...)[0]
		held, diags := p.importByID(w.ID)
		wantNoneBut(t, secretSummary, diags)
		p.nextWalk()
		all := together(n, func(int) diagnostics {
			_, diags := p.read(held)
			return diags
		})
		if count(all, "is in state at two addresses") != 1 || len(all) != 1 {
			t.Errorf("want one warning:\n%s", all)
		}
	})
	bubble(t, "one webhook is imported by all", func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		w := s.Seed(numbered(1)...)[0]
		all := together(n, func(int) diagnostics {
			_, diags := p.importByID(w.ID)
			return diags
		})
		if len(all) != n || count(all, "is imported twice") != n-1 || count(all, "secret of an imported") != 1 {
			t.Errorf("%d of %d imports failed:\n%s", len(all), n, all)
		}
	})
	bubble(t, "many create what is taken", func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		w := s.Seed(kanberttest.Webhook{URL: receiver(0), Event: "contact:create"})[0]
		config := url(0)
		planned := p.plan(instance{}, config)
		all := together(n, func(int) diagnostics {
			created, diags := p.apply(instance{}, planned, config)
			if created.values != nil {
				t.Error("a webhook was created")
			}
			return diags
		})
		again := fmt.Sprintf("The URL is taken by webhook %q, as another error of this run explains.", w.ID)
		if count(all, "Otherwise import it") != 1 || count(all, again) != n-1 {
			t.Errorf("want one whole explanation, and %d that point at it:\n%s", n-1, all)
		}
	})
	bubble(t, "each creates another URL that is taken", func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		for i := range n {
			s.Seed(kanberttest.Webhook{URL: receiver(i), Event: "contact:create"})
		}
		all := together(n, func(i int) diagnostics {
			_, diags := p.apply(instance{}, plannedChange{instance: instance{values: with(url(i), attrs{"id": unknown, "created_at": unknown, "signature_secret_key": unknown})}}, url(i))
			return diags
		})
		if count(all, "Otherwise import it") != n || len(all) != n {
			t.Errorf("want %d whole explanations:\n%s", n, all)
		}
	})
	bubble(t, "many are gone", func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		webhooks := s.Seed(numbered(n)...)
		held := make([]instance, n)
		for i, w := range webhooks {
			var diags diagnostics
			held[i], diags = p.importByID(w.ID)
			wantNoneBut(t, secretSummary, diags)
			s.Remove(w.ID)
		}
		p.nextWalk()
		all := together(n, func(i int) diagnostics {
			after, diags := p.read(held[i])
			if after.values != nil {
				t.Errorf("%s is in state", webhooks[i].ID)
			}
			return diags
		})
		if named := count(all, "Webhook "); len(all) != n || named != 5 || count(all, "Further webhooks no longer exist") != n-5 {
			t.Errorf("%d warnings, %d named:\n%s", len(all), named, all)
		}
	})
}

// A refusal of the URL is explained with a holder and without one, at first and
// again, whatever else is known.
func TestTakenWithoutHolder(t *testing.T) {
	t.Parallel()
	refusal := &kanbert.APIError{StatusCode: http.StatusUnprocessableEntity, Message: "Taken", Fields: map[string][]string{"url": {"Already there"}}}
	for want, e := range map[string]*kanbert.URLTakenError{
		"the API lists no webhook with it. Nothing was created. Choose another URL. The server said: Already there.": {Err: refusal},
		"Choose another URL. The server said: Taken.":                                                                {Err: &kanbert.APIError{StatusCode: 409, Message: "Taken"}},
		"Nothing was created. Choose another URL.\n\nThe refusal: refused.":                                          {Err: fmt.Errorf("refused")},
		"could not look up the webhook that has it. Nothing was created.":                                            {Err: refusal, Lookup: fmt.Errorf("no answer")},
		"this run created webhook \"w\"":                                                                             {Err: refusal, Holder: &kanbert.Webhook{ID: "w"}, MadeHere: true},
		"The URL is taken: webhook \"w\" (event contact:create, project \"p\", client \"c\") has it.": {
			Err: refusal, Holder: &kanbert.Webhook{ID: "w", Event: "contact:create", ProjectID: "p", ClientID: "c"},
		},
	} {
		if got := explain(e); !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
		again := explainTakenAgain(e)
		if (e.Holder == nil) != strings.HasPrefix(again, "Kanbert refuses the URL, as another error") || !strings.HasSuffix(again, "Nothing was created.") {
			t.Errorf("again: %q", again)
		}
	}
}
