// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// everyKind are webhooks of every kind that can exist: each event, with and
// without project and client, and URLs that are easily respelled or misquoted.
func everyKind(n int) []kanberttest.Webhook {
	events := kanberttest.Events()
	urls := []string{
		"https://receiver.example/%d",
		"https://receiver.example/%d?key=a%%20b&sort=$[x]&rest=%%25y",
		"http://localhost:8080/%d",
		"https://RECEIVER.example:443/Case/%d",
		"https://receiver.example/%d/'quoted'/$$/x@y:z",
		"https://bücher.example/straße/%d",
		"https://receiver.example/%d#part",
		"https://receiver-%d.example",
		"https://receiver.example/%d/" + strings.Repeat("ä", 140),
	}
	webhooks := make([]kanberttest.Webhook, n)
	for i := range webhooks {
		w := kanberttest.Webhook{
			URL:   fmt.Sprintf(urls[i%len(urls)], i),
			Event: events[i%len(events)],
		}
		noun, _, _ := strings.Cut(w.Event, ":")
		if noun == "task" || noun == "comment" || i%4 == 1 {
			w.ProjectID = fmt.Sprintf("project-%d", i)
		}
		if i%3 == 1 {
			w.ClientID = fmt.Sprintf("client-%d", i)
		}
		webhooks[i] = w
	}
	return webhooks
}

// configOf is a configuration of the webhook, as a person would write it.
func configOf(w kanberttest.Webhook) attrs {
	config := attrs{"url": w.URL, "event": w.Event}
	if w.ProjectID != "" {
		config["project_id"] = w.ProjectID
	}
	if w.ClientID != "" {
		config["client_id"] = w.ClientID
	}
	return config
}

// wantImported checks what an import gave, reads it as a CLI does, and plans its
// configuration, which must change nothing.
func wantImported(t *testing.T, p *protocol, imported instance, w kanberttest.Webhook, config attrs) {
	t.Helper()
	read, diags := p.read(imported)
	wantNone(t, diags)
	for stage, got := range map[string]instance{"import": imported, "read": read} {
		want := attrs{
			"id": w.ID, "url": w.URL, "event": w.Event, "project_id": orNil(w.ProjectID), "client_id": orNil(w.ClientID),
			"created_at": w.CreatedAt.Format("2006-01-02T15:04:05Z"), "signature_secret_key": nil,
		}
		if !maps.Equal(got.values, want) {
			t.Errorf("after the %s: %v\nwant %v", stage, got.values, want)
		}
		if len(got.identity) != 1 || got.identity["id"] != w.ID {
			t.Errorf("identity after the %s: %v, want the id %s alone", stage, got.identity, w.ID)
		}
	}
	wantNone(t, p.validateWebhook(config).errors())
	planned := p.plan(read, config)
	wantNone(t, planned.diagnostics)
	if !maps.Equal(planned.values, read.values) || len(planned.replaces) > 0 {
		t.Errorf("the plan after the import is not empty: %v\nreplaces %v", planned.values, planned.replaces)
	}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// wantNoWrites checks that no request could have changed anything.
func wantNoWrites(t *testing.T, s *kanberttest.Sandbox) {
	t.Helper()
	if all, gets := s.Count(""), s.Count(http.MethodGet); all != gets {
		t.Errorf("%d requests were no GET", all-gets)
	}
}

// Every webhook can be imported in three ways, and no plan is left over.
func TestImportEveryKindInProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		webhooks := s.Seed(everyKind(40)...)
		for name, importIt := range map[string]func(*protocol, kanberttest.Webhook) (instance, diagnostics){
			"id":  func(p *protocol, w kanberttest.Webhook) (instance, diagnostics) { return p.importByID(w.ID) },
			"URL": func(p *protocol, w kanberttest.Webhook) (instance, diagnostics) { return p.importByID(w.URL) },
			"identity": func(p *protocol, w kanberttest.Webhook) (instance, diagnostics) {
				return p.importByIdentity(attrs{"id": w.ID})
			},
		} {
			p := newProtocolFor(t, s)
			for _, w := range webhooks {
				imported, diags := importIt(p, w)
				wantNoneBut(t, secretSummary, diags)
				wantImported(t, p, imported, w, configOf(w))
				if t.Failed() {
					t.Fatalf("import by %s of %+v", name, w)
				}
			}
		}
		wantNoWrites(t, s)
	})
}

// Ids are opaque: one that looks like a path is found as it is.
func TestImportByOddID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithOddIDs())
		w := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/odd"})[0]
		p := newProtocolFor(t, s)
		imported, diags := p.importByID(w.ID)
		wantNoneBut(t, secretSummary, diags)
		wantImported(t, p, imported, w, configOf(w))
	})
}

// Neither the import nor the configuration need spell the URL as the server does.
func TestImportByAnotherSpelling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spellings := []string{"https://receiver.example/", "https://receiver.example", "HTTPS://Receiver.Example:443", "https://RECEIVER.example:443/"}
		for _, kept := range spellings {
			s := kanberttest.New()
			w := s.Seed(kanberttest.Webhook{URL: kept})[0]
			for _, spelling := range spellings {
				p := newProtocolFor(t, s)
				imported, diags := p.importByID(spelling)
				wantNoneBut(t, secretSummary, diags)
				wantImported(t, p, imported, w, attrs{"url": spelling, "event": w.Event})
			}
		}
	})
}

// Of two webhooks whose URLs differ in spelling alone, each is what its state says:
// a server that compares texts lets both stand.
func TestTwinsAreReadApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		for _, w := range s.Seed(kanberttest.Webhook{URL: "https://receiver.example"}, kanberttest.Webhook{URL: "https://receiver.example/"}) {
			imported, diags := p.importByID(w.ID)
			wantNoneBut(t, secretSummary, diags)
			wantImported(t, p, imported, w, attrs{"url": w.URL, "event": w.Event})
			found, diags := p.readDataSource("kanbert_webhook", attrs{"url": w.URL})
			wantNone(t, diags)
			if found["id"] != w.ID {
				t.Errorf("at %s there is %v, want %s", w.URL, found["id"], w.ID)
			}
		}
	})
}

// URLs that no webhook has share one listing, for data sources and imports alike,
// where they are asked for at the same time.
func TestMissingURLsShareAListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.Seed(numbered(95)...)
		p := newProtocolFor(t, s)
		var all sync.WaitGroup
		for i := range 5 {
			url := fmt.Sprintf("https://absent.example/%d", i)
			all.Go(func() {
				_, diags := p.readDataSource("kanbert_webhook", attrs{"url": url})
				wantOneError(t, diags, "", "No webhook")
			})
			all.Go(func() {
				_, diags := p.importByID(url)
				wantOneError(t, diags, "", "No webhook")
			})
		}
		all.Wait()
		const pages = 4 // of 30 webhooks, and one for the two ends, and a look-up
		if n := s.Count(http.MethodGet); n > pages+2 {
			t.Errorf("%d requests for ten URLs, want no more than %d", n, pages+2)
		}
	})
}

func TestImportRefusals(t *testing.T) {
	t.Parallel()
	const find = "kanbert_webhooks lists"
	byID := func(id string) func(*protocol) diagnostics {
		return func(p *protocol) diagnostics { _, diags := p.importByID(id); return diags }
	}
	byIdentity := func(id any) func(*protocol) diagnostics {
		return func(p *protocol) diagnostics { _, diags := p.importByIdentity(attrs{"id": id}); return diags }
	}
	for name, test := range map[string]struct {
		importIt func(*protocol) diagnostics
		parts    []string
		// asks says whether the refusal needs a request.
		asks bool
	}{
		"no id":                {byID(""), []string{"is empty", find}, false},
		"blank id":             {byID(" \t"), []string{"is empty", find}, false},
		"spaced id":            {byID(" abc"), []string{"begins or ends with white space", find}, false},
		"unknown id":           {byID("abc"), []string{`has the id "abc"`, find}, true},
		"id with line break":   {byID("ab\nc"), []string{`has the id "ab\nc"`, "contains white space"}, true},
		"id with NUL":          {byID("ab\x00c"), []string{`has the id "ab\x00c"`}, true},
		"id that is not UTF-8": {byID("ab\xffc"), []string{`has the id "ab\xffc"`}, true},
		"quoted id":            {byID(`"abc"`), []string{"quotes around it"}, true},
		"address":              {byID("kanbert_webhook.this"), []string{"address of a Terraform resource"}, true},
		"URL without scheme":   {byID("u:pass@receiver.example/x?key=secret"), []string{"must begin with https://", "…@receiver.example/x…"}, true},
		"another scheme":       {byID("ftp://receiver.example"), []string{`begins with "ftp://"`}, false},
		"URL of none":          {byID("https://u:pass@receiver.example/absent?key=secret"), []string{`has this URL at the host "receiver.example"`, find}, true},
		"URL without host":     {byID("https:///absent"), []string{"has no host"}, false},
		"URL with bad port":    {byID("https://u:pass@receiver.example:port/"), []string{"invalid port"}, false},
		"URL with bad escape":  {byID("https://receiver%zz.example/"), []string{"invalid URL escape"}, false},
		"scheme alone":         {byID("https://"), []string{"has no host"}, false},
		"unknown identity":     {byIdentity("abc"), []string{`has the id "abc"`, find}, true},
		"empty identity":       {byIdentity(""), []string{"identity is empty", find}, false},
		"null identity":        {byIdentity(nil), []string{"identity is empty", find}, false},
		"URL as identity":      {byIdentity("https://receiver.example/taken?key=secret"), []string{"looks like a URL"}, true},
	} {
		bubble(t, name, func(t *testing.T) {
			s := kanberttest.New()
			s.Seed(kanberttest.Webhook{URL: "https://receiver.example/taken?key=secret"})
			diags := test.importIt(newProtocolFor(t, s))
			wantOneError(t, diags, "", append(test.parts, "Unable to import webhook")...)
			for _, never := range []string{"pass@", "key=secret", "Missing Resource Identity"} {
				if strings.Contains(diags.String(), never) {
					t.Errorf("the error says %q:\n%s", never, diags)
				}
			}
			if asked := s.Count("") > 0; asked != test.asks {
				t.Errorf("%d requests were sent", s.Count(""))
			}
			wantNoWrites(t, s)
		})
	}
}

// That the list could not be had is another error than that the webhook is not in
// it.
func TestImportUnderFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, id := range []string{"abc", "https://receiver.example/x"} {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, kanberttest.Status(http.StatusUnauthorized))
			_, diags := newProtocolFor(t, s).importByID(id)
			wantOneError(t, diags, "", "Unable to import webhook")
			if strings.Contains(diags.String(), "No webhook") {
				t.Errorf("an error was taken for an absence:\n%s", diags)
			}
		}
	})
}

// Without a known configuration no server can be asked.
func TestImportBeforeConfigurationIsKnown(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	wantNone(t, p.configure(attrs{"token": unknown}))
	_, diags := p.importByID("abc")
	wantOneError(t, diags, "", "token")
}

// Ids cannot be filtered by. What the listing for the first import has shown is
// looked up by its URL, which is as young as an import asks for.
func TestImportsByIDShareAListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testImportsByIDShareAListing)
}

func testImportsByIDShareAListing(t *testing.T) {
	s := kanberttest.New()
	webhooks := s.Seed(numbered(95)...)
	p := newProtocolFor(t, s)
	for _, w := range webhooks {
		imported, diags := p.importByID(w.ID)
		wantNoneBut(t, secretSummary, diags)
		_, diags = p.read(imported)
		wantNone(t, diags)
	}
	// The first listing ends with its first page, which holds the first webhook. An
	// id on no page so far takes a listing of its own, since only one that began
	// after the call could say that there is none: it too ends where the webhook
	// shows, with three pages if the third has not shown the rest by then. The last
	// is read from both ends, which can take one page more than it fills.
	const pages, listings = 4, 3 // of 30 webhooks
	if n := s.Count(http.MethodGet); n > 1+3+pages+1+95-listings {
		t.Errorf("%d requests, want no more than the pages of %d listings, and a look-up for each other import", n, listings)
	}
}
