// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// A webhook that comes into state without its secret is warned of, in whatever way
// it comes, once in a process and over all walks.
func TestUnknownSecretIsSaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		webhooks := s.Seed(numbered(2)...)
		moveOf := func(secret string) func(*protocol, kanberttest.Webhook) diagnostics {
			return func(p *protocol, w kanberttest.Webhook) diagnostics {
				state := fmt.Sprintf(`{"id":%[1]q,"api_response":"{\"id\":\"%[1]s\",\"url\":\"%[2]s\",\"event\":\"%[3]s\"}","create_response":%[4]s}`, w.ID, w.URL, w.Event, secret)
				_, diags := p.move(moveSource{provider: "registry.terraform.io/mastercard/restapi", resourceType: "restapi_object", state: []byte(state)})
				return diags
			}
		}
		ways := map[string]func(*protocol, kanberttest.Webhook) diagnostics{
			"import by id":  func(p *protocol, w kanberttest.Webhook) diagnostics { _, diags := p.importByID(w.ID); return diags },
			"import by URL": func(p *protocol, w kanberttest.Webhook) diagnostics { _, diags := p.importByID(w.URL); return diags },
			"import by identity": func(p *protocol, w kanberttest.Webhook) diagnostics {
				_, diags := p.importByIdentity(attrs{"id": w.ID})
				return diags
			},
			"move": moveOf("null"),
		}
		for name, first := range ways {
			p := newProtocolFor(t, s)
			_, diags := p.importByID("absent")
			wantOneError(t, diags, "", "Unable to import webhook")
			wantNone(t, moveOf(`"{\"id\":\"`+webhooks[0].ID+`\",\"signature_secret_key\":\"s3cret\"}"`)(p, webhooks[0]))

			diags = first(p, webhooks[0])
			wantWarning(t, diags, secretSummary, "coalesce(", "-replace")
			p.nextWalk()
			for again, second := range ways {
				if diags := second(p, webhooks[1]); len(diags.withSummary(secretSummary)) > 0 {
					t.Errorf("%s warns again after %s", again, name)
				}
			}
		}
		// A state is moved before the provider is configured.
		wantWarning(t, moveOf("null")(newProtocol(t), webhooks[0]), secretSummary)
	})
}
