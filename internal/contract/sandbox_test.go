// SPDX-License-Identifier: MPL-2.0

package contract_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// exercise sends requests of every kind to the sandbox, and the checker checks the
// responses. Some requests are invalid on purpose.
func exercise(t *testing.T, s *kanberttest.Sandbox, c *checker) {
	t.Helper()
	send := func(token, method, path, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.BaseURL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "application/json")
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	for _, token := range []string{s.Token(), "unknown", s.UnscopedToken()} {
		send(token, "POST", "/webhooks", `{"url":"https://r.example","event":"contact:create"}`)
		send(token, "POST", "/webhooks", `{"url":"https://r.example","event":"contact:create"}`)
		send(token, "POST", "/webhooks", `{"url":"https://R.example/ü","event":"task:update","project_id":"p","client_id":"c"}`)
		send(token, "POST", "/webhooks", `{"url":null,"event":"task:create"}`)
		send(token, "GET", "/whoami", "")
		for _, query := range []url.Values{
			{},
			{"sort": {"url"}},
			{"sort": {"title"}},
			{"page[size]": {"1"}},
			{"page[size]": {"1000"}},
			{"filter": {`url contains "r"`}},
			{"filter": {`id eq me.id`}},
			{"page[cursor]": {"unknown"}},
		} {
			send(token, "GET", "/webhooks?"+query.Encode(), "")
		}
		for _, w := range s.Webhooks() {
			send(token, "DELETE", "/webhooks/"+url.PathEscape(w.ID), "")
			send(token, "DELETE", "/webhooks/"+url.PathEscape(w.ID), "")
			s.Remove(w.ID)
			s.Seed(w)
		}
	}
}

// TestSandbox compares every response of the sandbox with the reference, under each
// option. The cases of options that deviate from it name the deviation.
func TestSandbox(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []kanberttest.Option
		// departs is part of every deviation, or empty if there must be none.
		departs string
	}{
		{"as it is", nil, ""},
		{"times with a fraction", []kanberttest.Option{kanberttest.WithTimeFormat("2006-01-02T15:04:05.000000Z07:00")}, ""},
		{"times with an offset", []kanberttest.Option{kanberttest.WithTimeFormat("2006-01-02T15:04:05-07:00")}, ""},
		{"pages", []kanberttest.Option{
			kanberttest.WithDefaultPageSize(2), kanberttest.WithRefuseLargePages(), kanberttest.WithEmptyPages(),
			kanberttest.WithShortPages(), kanberttest.WithOverlappingPages(1), kanberttest.WithTiesLost(),
		}, ""},
		{"other statuses", []kanberttest.Option{
			kanberttest.WithCreateStatus(200), kanberttest.WithDeleteStatus(200), kanberttest.WithConflictStatus(409),
		}, ""},
		{"odd ids and URLs", []kanberttest.Option{
			kanberttest.WithOddIDs(), kanberttest.WithRespelledURLs(), kanberttest.WithCaseInsensitiveCollation(),
		}, ""},
		{"replicas, soft deletes and translated texts", []kanberttest.Option{
			kanberttest.WithReplicaLag(time.Hour, time.Hour), kanberttest.WithChecksOnReplica(), kanberttest.WithMariaDBCollation(),
			kanberttest.WithLocale(kanberttest.German), kanberttest.WithInvisibleTrimmed(),
		}, ""},
		{"no whoami", []kanberttest.Option{kanberttest.WithoutWhoami()}, ""},
		{"absurd times", []kanberttest.Option{
			kanberttest.WithFixedDate(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), kanberttest.WithCreatedAtSkew(200 * 365 * 24 * time.Hour),
		}, ""},
		{"endless list", []kanberttest.Option{kanberttest.WithEndlessList(5, 0)}, ""},
		{"rate limit", []kanberttest.Option{kanberttest.WithRateLimit(5, time.Hour), kanberttest.WithRetryAfterForm(kanberttest.AsDate)}, ""},
		{"links as strings", []kanberttest.Option{kanberttest.WithLinks(kanberttest.StringLinks)}, ""},
		{"no links", []kanberttest.Option{kanberttest.WithLinks(kanberttest.NoLinks)}, `property "links" is missing`},
		{"links as an object", []kanberttest.Option{kanberttest.WithLinks(kanberttest.ObjectLinks)}, "value must be an array"},
		{"next_page_url", []kanberttest.Option{kanberttest.WithNextPageURLSpelling()}, "next_cursor_url"},
		{"fields that the reference does not know", []kanberttest.Option{kanberttest.WithExtraFields()}, "is unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kanberttest.New(c.opts...)
			s.Seed(kanberttest.Webhook{URL: "https://s.example/1"}, kanberttest.Webhook{URL: "https://s.example/2"})
			check := newChecker(t, s.Transport(), s.BaseURL())
			exercise(t, s, check)
			_, answers := check.departures()
			if (len(answers) > 0) != (c.departs != "") {
				t.Errorf("%d answers depart from the reference", len(answers))
			}
			for _, departure := range answers {
				if c.departs == "" || !strings.Contains(departure, c.departs) {
					t.Error(departure)
				}
			}
		})
	}
}

// TestFaults applies every fault with a response, and checks which of the responses
// the reference allows.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault   kanberttest.Fault
		departs bool
	}{
		{kanberttest.Status(401), false},
		{kanberttest.Status(500), false},
		{kanberttest.Status(503).AfterWork(), false},
		{kanberttest.Status(503).RetryAfter(kanberttest.AsDate, time.Second), false},
		{kanberttest.Answer(404, "application/json", kanberttest.NoRoute), false},
		{kanberttest.Answer(404, "application/json", kanberttest.NotFoundElsewhere), true},
		{kanberttest.Answer(404, "application/json", "null"), true},
		{kanberttest.Answer(410, "", ""), true},
		{kanberttest.RateLimited(kanberttest.InSeconds, time.Second), false},
		{kanberttest.RateLimited(kanberttest.Unsaid, time.Second), false},
		{kanberttest.Delay(time.Nanosecond), false},
		{kanberttest.HTML(200), true},
		{kanberttest.HTML(302), true},
		{kanberttest.HTML(502), true},
		{kanberttest.EmptyBody(), true},
		{kanberttest.WrongContentType(), true},
		{kanberttest.MissingID(), true},
		{kanberttest.MissingSecret(), true},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			s := kanberttest.New()
			s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, c.fault)
			check := newChecker(t, s.Transport(), s.BaseURL())
			exercise(t, s, check)
			_, answers := check.departures()
			want := 0
			if c.departs {
				want = 1
			}
			if len(answers) != want {
				t.Errorf("%d departures, want %d: %s", len(answers), want, answers)
			}
		})
	}
}

// TestChecker checks that the checker finds every deviation.
func TestChecker(t *testing.T) {
	s := kanberttest.New()
	for i, c := range []struct{ method, path, contentType, body, token string }{
		{"GET", "/webhooks?page%5Bsize%5D=0", "", "", "x"},
		{"GET", "/webhooks?page%5Bsize%5D=many", "", "", "x"},
		{"GET", "/webhooks?sort=title", "", "", "x"},
		{"GET", "/webhooks?sort=url&sort=url", "", "", "x"},
		{"GET", "/webhooks?per_page=30", "", "", "x"},
		{"GET", "/webhooks", "", "", ""},
		{"GET", "/webhooks", "application/json", "{}", "x"},
		{"GET", "/webhooks/1", "", "", "x"},
		{"DELETE", "/webhooks/a/b", "", "", "x"},
		{"DELETE", "/webhooks/", "", "", "x"},
		{"PUT", "/webhooks", "", "", "x"},
		{"POST", "/webhooks", "application/json", `{"url":"https://r.example"}`, "x"},
		{"POST", "/webhooks", "application/json", `{"url":"r.example","event":"contact:create"}`, "x"},
		{"POST", "/webhooks", "application/json", `{"url":"https://r.example","event":"contact:created"}`, "x"},
		{"POST", "/webhooks", "application/json", `{"url":"https://r.example","event":"contact:create","name":"x"}`, "x"},
		{"POST", "/webhooks", "application/json", `{"url":"https://r.example","event":"contact:create","client_id":1}`, "x"},
		{"POST", "/webhooks", "application/json", `{"url":"https://r.example/` + strings.Repeat("x", 180) + `","event":"contact:create"}`, "x"},
		{"POST", "/webhooks", "text/plain", `{"url":"https://r.example","event":"contact:create"}`, "x"},
		{"POST", "/webhooks", "application/json", "", "x"},
	} {
		t.Run(fmt.Sprintf("%d %s %s", i, c.method, c.path), func(t *testing.T) {
			check := newChecker(t, s.Transport(), s.BaseURL())
			r, err := http.NewRequestWithContext(t.Context(), c.method, s.BaseURL()+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			resp, err := check.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if requests, _ := check.departures(); len(requests) != 1 {
				t.Errorf("departures %s", requests)
			}
		})
	}
}
