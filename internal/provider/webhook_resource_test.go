// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func TestWebhookCreateAndDestroy(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: configFor(s, `
				resource "kanbert_webhook" "this" {
				  url   = "https://receiver.example/contacts"
				  event = "contact:create"
				}`),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("kanbert_webhook.this", tfjsonpath.New("project_id"), knownvalue.Null()),
				statecheck.ExpectSensitiveValue("kanbert_webhook.this", tfjsonpath.New("signature_secret_key")),
			},
		}},
	})
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
	if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 1 || deletes != 1 {
		t.Errorf("%d POSTs and %d DELETEs were sent, want one of each", posts, deletes)
	}
}

func TestValidateNeedsNoToken(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, requiredProviders+`
		resource "kanbert_webhook" "this" {
		  url   = "https://receiver.example/contacts"
		  event = "contact:create"
		}`)
	if out, err := w.run("validate"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
