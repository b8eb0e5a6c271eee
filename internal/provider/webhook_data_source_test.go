// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func TestDataSourceGivesOneWebhook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		webhooks := s.Seed(everyKind(40)...)
		p := newProtocolFor(t, s)
		for _, w := range webhooks {
			want := attrs{
				"id": w.ID, "url": w.URL, "event": w.Event, "project_id": orNil(w.ProjectID), "client_id": orNil(w.ClientID),
				"created_at": w.CreatedAt.Format("2006-01-02T15:04:05Z"),
			}
			for _, config := range []attrs{{"id": w.ID}, {"url": w.URL}} {
				wantNone(t, p.validateDataSource("kanbert_webhook", config))
				got, diags := p.readDataSource("kanbert_webhook", config)
				wantNone(t, diags)
				if !maps.Equal(got, want) {
					t.Errorf("by %v: %v\nwant %v", config, got, want)
				}
			}
		}
		wantNoWrites(t, s)
	})
}

// Terraform refuses an answer that contradicts the configuration, so the spelling
// of the configuration stays.
func TestDataSourceKeepsTheSpelling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		w := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/"})[0]
		p := newProtocolFor(t, s)
		got, diags := p.readDataSource("kanbert_webhook", attrs{"url": "https://Receiver.example:443"})
		wantNone(t, diags)
		if got["id"] != w.ID || got["url"] != "https://Receiver.example:443" {
			t.Errorf("got %v", got)
		}
	})
}

func TestDataSourceFindsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.Seed(kanberttest.Webhook{URL: "https://receiver.example/"})
		p := newProtocolFor(t, s)
		_, diags := p.readDataSource("kanbert_webhook", attrs{"id": "abc"})
		wantOneError(t, diags, "", "Unable to read webhook", `has the id "abc"`)
		_, diags = p.readDataSource("kanbert_webhook", attrs{"url": "https://u:pass@receiver.example/absent?key=secret"})
		wantOneError(t, diags, "", "Unable to read webhook", `has this URL at the host "receiver.example"`)
		_, diags = p.readDataSource("kanbert_webhook", attrs{"url": "https://%zz/?key=secret"})
		wantOneError(t, diags, "", "Unable to read webhook", `at the host "(unknown)"`)
		if strings.Contains(diags.String(), "pass@") || strings.Contains(diags.String(), "key=secret") {
			t.Errorf("the error shows user info or query:\n%s", diags)
		}
	})
}

func TestDataSourceUnderFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailEvery(kanberttest.Match{}, kanberttest.Status(http.StatusForbidden))
		for _, config := range []attrs{{"id": "abc"}, {"url": "https://receiver.example/"}} {
			_, diags := newProtocolFor(t, s).readDataSource("kanbert_webhook", config)
			wantOneError(t, diags, "", "Unable to read webhook")
			if strings.Contains(diags.String(), "No webhook") {
				t.Errorf("an error was taken for an absence:\n%s", diags)
			}
		}
	})
}

func TestDataSourceTakesExactlyOneKey(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	const want = "Exactly one of these attributes must be configured: [id,url]"
	wantOneError(t, p.validateDataSource("kanbert_webhook", attrs{}), "", want)
	both := attrs{"id": "abc", "url": "https://receiver.example/"}
	wantOneError(t, p.validateDataSource("kanbert_webhook", both), "id", want)
	wantOneError(t, p.validateDataSource("kanbert_webhook", attrs{"id": ""}), "id")
	wantOneError(t, p.validateDataSource("kanbert_webhook", attrs{"url": ""}), "url")
	wantNone(t, p.validateDataSource("kanbert_webhook", attrs{"url": unknown}))
}

func TestDataSourceHasNoSecret(t *testing.T) {
	t.Parallel()
	for _, a := range newProtocol(t).schemas.DataSourceSchemas["kanbert_webhook"].Block.Attributes {
		if strings.Contains(a.Name, "secret") {
			t.Errorf("there is an attribute %s, which the API never gives", a.Name)
		}
	}
}
