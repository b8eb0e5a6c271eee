// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// numbered are n webhooks at URLs that sort by their number.
func numbered(n int) []kanberttest.Webhook {
	webhooks := make([]kanberttest.Webhook, n)
	for i := range webhooks {
		webhooks[i].URL = fmt.Sprintf("https://receiver.example/%03d", i)
	}
	return webhooks
}

func TestListInProcess(t *testing.T) {
	t.Parallel()
	s := kanberttest.New()
	webhooks := s.Seed(
		kanberttest.Webhook{URL: "https://a.example/contacts?key=secret", Event: "contact:create"},
		kanberttest.Webhook{URL: "https://u:pass@b.example/", Event: "task:update", ProjectID: "p1", ClientID: "c1"},
		kanberttest.Webhook{URL: "https://c.example/", Event: "task:delete", ProjectID: "p2", ClientID: "c1"},
	)
	for name, test := range map[string]struct {
		config attrs
		want   []int
	}{
		"all":                {nil, []int{0, 2, 1}},
		"filter":             {attrs{"filter": "url contains 'a.example'"}, []int{0}},
		"filter as JSON":     {attrs{"filter": `[{"field":"url","op":"startswith","value":"https://c"}]`}, []int{2}},
		"events":             {attrs{"events": []string{"task:update", "task:delete"}}, []int{2, 1}},
		"project":            {attrs{"project_id": "p2"}, []int{2}},
		"client":             {attrs{"client_id": "c1"}, []int{2, 1}},
		"filter and project": {attrs{"filter": "url contains 'example'", "project_id": "p1"}, []int{1}},
		"none":               {attrs{"project_id": "p3"}, nil},
	} {
		bubble(t, name, func(t *testing.T) {
			p := newProtocolFor(t, s)
			config := test.config
			if config == nil {
				config = attrs{}
			}
			wantNone(t, p.validateList(config))
			results := p.list(listing{config: config, limit: 100})
			if len(results) != len(test.want) {
				t.Fatalf("%d results, want %d: %v", len(results), len(test.want), results)
			}
			for i, r := range results {
				wantNone(t, r.diagnostics)
				w := webhooks[test.want[i]]
				if !maps.Equal(r.identity, attrs{"id": w.ID}) {
					t.Errorf("identity %v, want %s", r.identity, w.ID)
				}
				if r.name != displayName(kanbert.Webhook{URL: w.URL, Event: kanbert.Event(w.Event)}) {
					t.Errorf("the name is %q", r.name)
				}
				if r.values != nil {
					t.Errorf("the resource was given unasked: %v", r.values)
				}
			}
		})
	}
	wantNoWrites(t, s)
}

func TestListNames(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://a.example/contacts?key=secret#part": "contact:create https://a.example/contacts",
		"https://u:pass@b.example":                   "contact:create https://b.example",
		"https://%zz":                                "contact:create (a URL that cannot be read)",
	} {
		if got := displayName(kanbert.Webhook{URL: raw, Event: kanbert.ContactCreate}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	want := `"\x1b[2J" https://a.example/`
	if got := displayName(kanbert.Webhook{URL: "https://a.example/", Event: "\x1b[2J"}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whoever asks for the resource gets all that an import would bring, and the
// secret is not among it.
func TestListWithResource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		webhooks := s.Seed(everyKind(20)...)
		byID := map[string]kanberttest.Webhook{}
		for _, w := range webhooks {
			byID[w.ID] = w
		}
		p := newProtocolFor(t, s)
		results := p.list(listing{config: attrs{}, limit: 100, includeResource: true})
		if len(results) != len(webhooks) {
			t.Fatalf("%d results, want %d", len(results), len(webhooks))
		}
		for _, r := range results {
			wantNone(t, r.diagnostics)
			w := byID[r.identity["id"].(string)]
			imported, diags := p.importByIdentity(r.identity)
			wantNoneBut(t, secretSummary, diags)
			if !maps.Equal(r.values, imported.values) || r.values["signature_secret_key"] != nil {
				t.Errorf("listed as %v\nimported as %v", r.values, imported.values)
			}
			if w.ID == "" || strings.Contains(fmt.Sprint(r), w.Secret) {
				t.Errorf("an unknown webhook, or its secret, was listed: %v", r)
			}
		}
	})
}

// No page is asked for that holds nothing that is wanted.
func TestListAsksForNoPageTooMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			listing listing
			// results and pages are what comes of 95 webhooks in pages of 30.
			results, pages int
		}{
			"all":               {listing{limit: 100}, 95, 4},
			"no limit":          {listing{}, 95, 4},
			"first page":        {listing{limit: 30}, 30, 1},
			"one":               {listing{limit: 1}, 1, 1},
			"one more":          {listing{limit: 31}, 31, 2},
			"push says stop":    {listing{limit: 100, stopAfter: 5}, 5, 1},
			"stop at the seam":  {listing{limit: 100, stopAfter: 30}, 30, 1},
			"stop after a seam": {listing{limit: 100, stopAfter: 31}, 31, 2},
			"selected":          {listing{config: attrs{"project_id": "p"}, limit: 1}, 0, 4},
		} {
			s := kanberttest.New()
			s.Seed(numbered(95)...)
			p := newProtocolFor(t, s)
			if test.listing.config == nil {
				test.listing.config = attrs{}
			}
			results := p.list(test.listing)
			if len(results) != test.results {
				t.Errorf("%s: %d results, want %d", name, len(results), test.results)
			}
			if n := s.Count(http.MethodGet); n != test.pages {
				t.Errorf("%s: %d requests, want %d", name, n, test.pages)
			}
		}
	})
}

// Results come while the list is still being read: the first page is given before
// the second is asked for.
func TestListStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.Seed(numbered(60)...)
		p := newProtocolFor(t, s)
		s.FailNth(2, kanberttest.Match{}, kanberttest.Status(http.StatusForbidden))
		results := p.list(listing{config: attrs{}, limit: 100})
		if len(results) != 31 {
			t.Fatalf("%d results, want the 30 of the first page and an error", len(results))
		}
		for _, r := range results[:30] {
			wantNone(t, r.diagnostics)
		}
		wantOneError(t, results[30].diagnostics, "", "Unable to list webhooks")
	})
}

// An outage must never look like a workspace without webhooks.
func TestListUnderFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, fault := range map[string]kanberttest.Fault{
			"unauthorized": kanberttest.Status(http.StatusUnauthorized),
			"forbidden":    kanberttest.Status(http.StatusForbidden),
			"page in HTML": kanberttest.HTML(http.StatusOK),
			"redirect":     kanberttest.HTML(http.StatusFound),
			"bad request":  kanberttest.Status(http.StatusBadRequest),
		} {
			s := kanberttest.New()
			s.Seed(numbered(3)...)
			s.FailEvery(kanberttest.Match{}, fault)
			results := newProtocolFor(t, s).list(listing{config: attrs{}, limit: 100})
			if len(results) != 1 {
				t.Fatalf("%s: %d results, want one, an error", name, len(results))
			}
			wantOneError(t, results[0].diagnostics, "", "Unable to list webhooks")
		}
	})
}

func TestListBeforeConfigurationIsKnown(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	wantNone(t, p.configure(attrs{"token": unknown}))
	results := p.list(listing{config: attrs{}, limit: 100})
	if len(results) != 1 {
		t.Fatalf("%d results, want one, an error", len(results))
	}
	wantOneError(t, results[0].diagnostics, "", "token")
}

func TestListConfigIsChecked(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for _, test := range []struct {
		attribute string
		config    attrs
	}{
		{"filter", attrs{"filter": "creatd_at > now"}},
		{"events", attrs{"events": []string{}}},
		{"events", attrs{"events": []string{"contact:created"}}},
		{"project_id", attrs{"project_id": ""}},
		{"client_id", attrs{"client_id": ""}},
	} {
		wantOneError(t, p.validateList(test.config), test.attribute)
	}
}
