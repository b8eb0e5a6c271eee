// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// newTestClient returns a client of the sandbox, which it reaches in memory.
func newTestClient(t testing.TB, s *kanberttest.Sandbox, opts ...Option) *Client {
	t.Helper()
	c, err := New(append([]Option{
		WithToken(NewSecret(s.Token())),
		WithBaseURL(s.BaseURL()),
		WithTransport(s.Transport()),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return checkLeaks(t, WithoutWhoami(c))
}

// seenFree is the evidence of a caller that has looked before.
func seenFree() bool { return true }

// all collects a list.
func all(t testing.TB, c *Client, opts ListOptions) []Webhook {
	t.Helper()
	var webhooks []Webhook
	for w, err := range c.ListWebhooks(t.Context(), opts) {
		if err != nil {
			t.Fatal(err)
		}
		webhooks = append(webhooks, w)
	}
	return webhooks
}

var askedHook = NewWebhook{URL: "https://receiver.example/hook?key=hunter2", Event: TaskCreate, ProjectID: "prj_1", ClientID: "cli_1"}

func TestCreateListDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithOddIDs())
		c := newTestClient(t, s)
		created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
		if err != nil {
			t.Fatal(err)
		}
		held := s.Webhooks()[0]
		if got := created.SignatureSecretKey.Reveal(); got != held.Secret {
			t.Errorf("the secret is %q, and the server's is %q", got, held.Secret)
		}
		want := Webhook{ID: held.ID, URL: askedHook.URL, Event: askedHook.Event, ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID, CreatedAt: held.CreatedAt}
		if created.Webhook != want {
			t.Errorf("created %+v, want %+v", created.Webhook, want)
		}
		if listed := all(t, c, ListOptions{}); len(listed) != 1 || listed[0] != want {
			t.Errorf("listed %+v, want %+v", listed, want)
		}
		if err := c.DeleteWebhook(t.Context(), created.ID); err != nil {
			t.Error(err)
		}
		if n := len(s.Webhooks()); n != 0 {
			t.Errorf("%d webhooks are left", n)
		}
		for method, want := range map[string]int{http.MethodPost: 1, http.MethodGet: 1, http.MethodDelete: 1} {
			if n := s.Count(method); n != want {
				t.Errorf("%d %ss were sent, want %d", n, method, want)
			}
		}
	})
}
