// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// deferrable is one call of the protocol, with the reason for which it was deferred.
type deferrable func(p *protocol, current attrs) (*tfprotov6.Deferred, diagnostics)

var deferrables = map[string]deferrable{
	"plan": func(p *protocol, _ attrs) (*tfprotov6.Deferred, diagnostics) {
		config := p.encode(p.webhookType(), contact)
		resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: webhookResourceType, PriorState: p.encode(p.webhookType(), nil), ProposedNewState: config, Config: config,
			ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{DeferralAllowed: p.deferral},
		})
		p.must(err)
		if planned := p.decode(p.webhookType(), resp.PlannedState); planned["url"] != contact["url"] {
			p.t.Errorf("planned %v", planned)
		}
		return resp.Deferred, resp.Diagnostics
	},
	"read": func(p *protocol, current attrs) (*tfprotov6.Deferred, diagnostics) {
		resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
			TypeName: webhookResourceType, CurrentState: p.encode(p.webhookType(), current),
			ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{DeferralAllowed: p.deferral},
		})
		p.must(err)
		if read := p.decode(p.webhookType(), resp.NewState); read["id"] != current["id"] || read["signature_secret_key"] != current["signature_secret_key"] {
			p.t.Errorf("the state became %v", read)
		}
		return resp.Deferred, resp.Diagnostics
	},
	"data source": func(p *protocol, _ attrs) (*tfprotov6.Deferred, diagnostics) {
		resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{
			TypeName: "kanbert_webhook", Config: p.encode(p.schemas.DataSourceSchemas["kanbert_webhook"].ValueType(), attrs{"url": contact["url"]}),
			ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{DeferralAllowed: p.deferral},
		})
		p.must(err)
		return resp.Deferred, resp.Diagnostics
	},
	"import": func(p *protocol, current attrs) (*tfprotov6.Deferred, diagnostics) {
		resp, err := p.server.ImportResourceState(p.t.Context(), &tfprotov6.ImportResourceStateRequest{
			TypeName: webhookResourceType, ID: current["id"].(string),
			ClientCapabilities: &tfprotov6.ImportResourceStateClientCapabilities{DeferralAllowed: p.deferral},
		})
		p.must(err)
		return resp.Deferred, resp.Diagnostics
	},
}

// Where the client allows deferral, a token or an address that is not known yet
// defers what needs it. Elsewhere that stays an error, of what needs a request
// alone. Nothing is sent in either case, and a listing, which the protocol cannot
// defer, is an error.
func TestUnknownConfigurationIsDeferred(t *testing.T) {
	t.Parallel()
	current := with(contact, attrs{"id": "id", "created_at": "2025-01-01T00:00:00Z", "signature_secret_key": "s3cret"})
	for _, c := range []struct {
		unknown  []string
		deferral bool
	}{
		{nil, true},
		{nil, false},
		{[]string{"token"}, true},
		{[]string{"base_url"}, true},
		{[]string{"token", "base_url"}, true},
		{[]string{"token"}, false},
		{[]string{"base_url"}, false},
		{[]string{"max_retries"}, true},
	} {
		s := kanberttest.New()
		s.Seed(kanberttest.Webhook{ID: "id", URL: contact["url"].(string)})
		p := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport())))
		p.deferral = c.deferral
		config := attrs{"token": s.Token(), "base_url": s.BaseURL()}
		needed := false
		for _, argument := range c.unknown {
			config[argument] = unknown
			needed = needed || argument != "max_retries"
		}
		wantNone(t, p.configure(config))
		for name, call := range deferrables {
			deferred, diags := call(p, current)
			switch {
			case needed && c.deferral:
				if deferred == nil || deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown || len(diags) > 0 {
					t.Errorf("%v unknown, %s: deferred is %v, and\n%s", c.unknown, name, deferred, diags)
				}
			case deferred != nil:
				t.Errorf("%v unknown, deferral %t, %s: deferred for %s", c.unknown, c.deferral, name, deferred.Reason)
			case needed && name != "plan":
				wantOneError(t, diags, "", "Provider configuration not known yet", strings.Join(c.unknown, " and "))
			default:
				wantNoErrors(t, diags)
			}
		}
		if needed {
			results := p.list(listing{config: attrs{}, limit: 10})
			if len(results) != 1 {
				t.Fatalf("%d results", len(results))
			}
			wantOneError(t, results[0].diagnostics, "", "Provider configuration not known yet")
			if n := s.Count(""); n != 0 {
				t.Errorf("%v unknown: %d requests were sent", c.unknown, n)
			}
		}
	}
}

// An ordinary apply, in which CLIs allow deferral as well, has a token that the
// apply alone makes known: a new webhook plans without it, and is created.
func TestTokenThatTheApplyMakesKnown(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	w := newPlainWorkspace(t, cli.RequiredProviders+fmt.Sprintf(`
		resource "terraform_data" "token" {
		  input = %q
		}
		provider "kanbert" {
		  token    = terraform_data.token.output
		  base_url = %q
		}
		`, s.Token(), s.BaseURL())+block("a", "a", "contact:create"))
	out := w.must(t, "apply", "-auto-approve")
	if !strings.Contains(out, "2 added, 0 changed, 0 destroyed") || s.Count(http.MethodPost) != 1 {
		t.Errorf("%d POSTs were sent:\n%s", s.Count(http.MethodPost), out)
	}
	w.wantEmptyPlan(t)
	// A webhook in state has to be read, and the token is unknown again.
	w.fails(t, 1, "Provider configuration not known yet", "plan", "-replace=terraform_data.token")
	w.must(t, "destroy", "-auto-approve")
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
}
