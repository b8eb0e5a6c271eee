// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// A create and a read in process show that state and identity come and go as the
// CLI would see them.
func TestIdentityIsSetByCreateAndRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		created := p.create(attrs{"url": "https://receiver.example/contacts", "event": "contact:create"})
		webhook := s.Webhooks()[0]
		if created.values["id"] != webhook.ID || created.values["signature_secret_key"] != webhook.Secret {
			t.Errorf("the state after the create has not the webhook's id and secret")
		}
		if created.identity["id"] != webhook.ID {
			t.Errorf("identity after the create: %v", created.identity)
		}
		read, diags := p.read(created)
		wantNone(t, diags)
		if read.identity["id"] != webhook.ID {
			t.Errorf("identity after the read: %v", read.identity)
		}
	})
}

// A state of a CLI below 1.12 has no identity. Refreshing it must set one, also
// when the webhook is gone: Terraform blames the provider otherwise.
func TestStateWithoutIdentityRefreshes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, gone := range []bool{false, true} {
			s := kanberttest.New()
			p := newProtocolFor(t, s)
			old := p.create(attrs{"url": "https://receiver.example/contacts", "event": "contact:create"})
			id := old.values["id"]
			old.identity = nil
			// Another process, as in life: this one has just made the webhook.
			p = newProtocolFor(t, s)
			if gone {
				s.Remove(id.(string))
			}
			read, diags := p.read(old)
			if gone {
				wantWarning(t, diags, "no longer exists")
			} else {
				wantNone(t, diags)
			}
			if (read.values == nil) != gone {
				t.Errorf("gone: %v, but the state is %v", gone, read.values)
			}
			if read.identity["id"] != id {
				t.Errorf("gone: %v, identity after the read: %v", gone, read.identity)
			}
			if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 1 || deletes != 0 {
				t.Errorf("%d POSTs and %d DELETEs were sent, want the create alone", posts, deletes)
			}
		}
	})
}
