// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// A URL that is nearly right names the near ones by their ids, says in what they
// differ, and shows nothing of their URLs but the host. It takes no request more
// than one that is near nothing.
func TestNearURLsAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const at = "https://receiver.example/hunter2/Hook?key=hunter2"
		for _, c := range []struct{ asked, differs string }{
			{"https://receiver.example/hunter2/hook?key=hunter2", "the case of the path"},
			{"https://RECEIVER.example/HUNTER2/HOOK?key=hunter2", "the case of the path"},
			{"https://receiver.example/hunter2/Hook/?key=hunter2", "the slash at the end of the path"},
			{"https://receiver.example/hunter2/Hook", "the query"},
			{"https://receiver.example/hunter2/Hook?key=hunter3", "the query"},
			{"https://receiver.example/hunter2/Hook?key=hunter2#", ""},
			{"https://receiver.example/hunter2/Hook?key=hunter2#top", "the fragment"},
			{"http://receiver.example/hunter2/Hook?key=hunter2", "the scheme"},
			{"https://receiver.example:8443/hunter2/Hook?key=hunter2", "the port"},
			{"https://me:pass@receiver.example/hunter2/Hook?key=hunter2", "the user info"},
			{"https://receiver.example/hunter%32/Hook?key=hunter2", "the escapes in the path"},
			{"http://receiver.example:8080/hunter2/hook/", "the scheme and the case of the path and the slash at the end of the path and the query"},
			{"https://receiver.example/hunter2/Hooks?key=hunter2", ""},
			{"https://receiver.example/", ""},
			{"https://other.example/hunter2/Hook?key=hunter2", ""},
			{"http://receiver.example:8080/hunter2/Hook?key=hunter2", "the scheme"},
			{"https://receiver.example/hunter2/Hook?", "the query"},
		} {
			s := kanberttest.New()
			w := s.Seed(kanberttest.Webhook{URL: at, Event: "task:create", ProjectID: "p"})[0]
			s.Seed(numbered(5)...)
			far := requestsOf(t, s, "https://far.example/")
			for name, miss := range misses {
				s.ResetRequests()
				diags := miss(newProtocolFor(t, s), c.asked)
				if n := s.Count(""); n > far {
					t.Errorf("%s of %s cost %d requests, and %d where nothing is near", name, c.asked, n, far)
				}
				wantOneError(t, diags, "", "No webhook in the workspace has this URL at the host")
				text := diags.String()
				if c.differs == "" {
					if strings.Contains(text, w.ID) {
						t.Errorf("%s: %s", c.asked, text)
					}
					continue
				}
				if !strings.Contains(text, fmt.Sprintf("webhook %q (event task:create, project \"p\") differs in %s\n", w.ID, c.differs)) {
					t.Errorf("%s: %s", c.asked, text)
				}
				for _, secret := range []string{"hunter", "Hook", "pass"} {
					if strings.Contains(text, secret) {
						t.Errorf("%s: the error shows %q:\n%s", c.asked, secret, text)
					}
				}
			}
		}
	})
}

var misses = map[string]func(*protocol, string) diagnostics{
	"import": func(p *protocol, url string) diagnostics { _, diags := p.importByID(url); return diags },
	"data source": func(p *protocol, url string) diagnostics {
		_, diags := p.readDataSource("kanbert_webhook", attrs{"url": url})
		return diags
	},
}

// requestsOf is what the import of a URL that no webhook has costs.
func requestsOf(t *testing.T, s *kanberttest.Sandbox, url string) int {
	t.Helper()
	s.ResetRequests()
	wantOneError(t, misses["import"](newProtocolFor(t, s), url), "", "No webhook")
	return s.Count(http.MethodGet)
}

// Of many near ones the three nearest are named, in a fixed order, and the error
// stays short.
func TestTheNearestURLsAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		const base = "https://receiver.example/Hook"
		for i, more := range []string{"?b", "/?a", "?a", "?c", "?d"} {
			s.Seed(kanberttest.Webhook{ID: fmt.Sprintf("id-%d", i), URL: base + more})
		}
		s.Seed(kanberttest.Webhook{ID: "id-9", URL: "https://receiver.example/hook"})
		for range 5 {
			diags := misses["import"](newProtocolFor(t, s), base)
			wantOneError(t, diags, "", "")
			text := diags.errors()[0].Detail
			lines := strings.Split(text, "\n")
			if len(lines) != 4 {
				t.Fatalf("the error has %d lines:\n%s", len(lines), text)
			}
			for i, id := range []string{"id-0", "id-2", "id-3"} {
				if !strings.Contains(lines[i+1], id) {
					t.Errorf("line %d does not name %s:\n%s", i+1, id, text)
				}
			}
		}
	})
}

// What cannot be read as a URL is near nothing, whether it was asked for or listed.
func TestUnreadableURLsAreNearNothing(t *testing.T) {
	t.Parallel()
	webhooks := []kanbert.Webhook{{ID: "odd", URL: "https://%zz"}, {ID: "same", URL: "https://a.example/x"}, {ID: "near", URL: "https://a.example/X"}}
	if near := nearWebhooks("https://%zz", webhooks); len(near) != 0 {
		t.Errorf("near an unreadable URL is %v", near)
	}
	if near := nearWebhooks("https://a.example/x", webhooks); len(near) != 1 || near[0].webhook.ID != "near" {
		t.Errorf("near is %v", near)
	}
}
