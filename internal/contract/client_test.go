// SPDX-License-Identifier: MPL-2.0

package contract_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// useClient sends every kind of request that the client can send.
func useClient(ctx context.Context, t *testing.T, client *kanbert.Client) {
	t.Helper()
	list := func(opts kanbert.ListOptions) {
		t.Helper()
		for _, err := range client.ListWebhooks(ctx, opts) {
			if err != nil {
				t.Errorf("listing %+v: %v", opts, err)
			}
		}
	}
	at180 := "https://receiver.example/?" + strings.Repeat("ü", 180-len("https://receiver.example/?"))
	for _, w := range []kanbert.NewWebhook{
		{URL: "https://receiver.example/a", Event: kanbert.ContactCreate},
		{URL: "https://receiver.example/b", Event: kanbert.TaskDelete, ProjectID: "p/1"},
		{URL: "https://receiver.example/c", Event: kanbert.CompanyUpdate, ClientID: "c 1"},
		{URL: at180, Event: kanbert.CommentCreate, ProjectID: "p", ClientID: "c"},
	} {
		created, err := client.CreateWebhook(ctx, w, func() bool { return true })
		if err != nil {
			t.Fatalf("creating %+v: %v", w, err)
		}
		list(kanbert.ListOptions{Filter: kanbert.FilterByURL(w.URL)})
		list(kanbert.ListOptions{Filter: kanbert.FilterByURL(w.URL, `https://receiver.example/"quoted"?a=1&b=2`)})
		if err := client.DeleteWebhook(ctx, created.ID); err != nil && !kanbert.IsNotFound(err) {
			t.Errorf("deleting %q: %v", created.ID, err)
		}
	}
	list(kanbert.ListOptions{})
	list(kanbert.ListOptions{Sort: []string{"-created_at", "is_active", "url"}, PageSize: 2})
	list(kanbert.ListOptions{Filter: `url contains "a" and created_at >= today-30d`, Sort: []string{"-url"}})
}

// TestClient compares the client's requests, and the sandbox's responses, with the
// reference.
func TestClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithOddIDs(), kanberttest.WithDefaultPageSize(2), kanberttest.WithMaxPageSize(3))
		for _, path := range []string{"1", "2", "3", "4", "5"} {
			s.Seed(kanberttest.Webhook{URL: "https://s.example/" + path})
		}
		check := newChecker(t, s.Transport(), s.BaseURL())
		client, err := kanbert.New(kanbert.WithBaseURL(s.BaseURL()), kanbert.WithToken(kanbert.NewSecret(s.Token())),
			kanbert.WithTransport(check))
		if err != nil {
			t.Fatal(err)
		}
		useClient(t.Context(), t, client)
		check.conforms(t, "listWebhooks", "createWebhook", "deleteWebhook")
		for _, r := range s.Requests() {
			if r.Header.Get("Accept") != "application/json" {
				t.Errorf("%s %s accepts %q", r.Method, r.Path, r.Header.Get("Accept"))
			}
		}
	})
}

// TestClientUnderFaults compares the client's retries, look-ups and deletes after
// faults with the reference.
func TestClientUnderFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		check := newChecker(t, s.Transport(), s.BaseURL())
		client, err := kanbert.New(kanbert.WithBaseURL(s.BaseURL()), kanbert.WithToken(kanbert.NewSecret(s.Token())),
			kanbert.WithTransport(check), kanbert.WithMaxRetries(50))
		if err != nil {
			t.Fatal(err)
		}
		lost := []kanberttest.Fault{
			kanberttest.Reset(), kanberttest.Reset().AfterWork(), kanberttest.CutBody(), kanberttest.RateLimited(kanberttest.InSeconds, time.Second),
		}
		// The client cannot prove which create made this webhook, so the 500 is
		// final.
		s.FailShare(0.4, 1, kanberttest.Match{Method: http.MethodPost}, lost...)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			s.FailShare(0.4, 2, kanberttest.Match{Method: method}, append(lost, kanberttest.Status(500), kanberttest.Status(503).AfterWork())...)
		}
		for range 5 {
			useClient(t.Context(), t, client)
		}
		s.ClearFaults()
		check.conforms(t, "listWebhooks", "createWebhook", "deleteWebhook")
	})
}
