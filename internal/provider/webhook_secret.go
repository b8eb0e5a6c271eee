// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// secretWarning warns, once in a process, about a webhook in state without its signing
// secret. It is not part of [providerData]: CLIs move states through a provider that
// they have not configured.
type secretWarning struct{ given atomic.Bool }

func (w *secretWarning) add(diags *diag.Diagnostics) {
	if w.given.Swap(true) {
		return
	}
	diags.AddWarning("Signing secret not known",
		"The signing secret of an imported or moved webhook is not known, and signature_secret_key is null: Kanbert returns the secret only when it creates the webhook. "+
			"If the receiver has the secret, use a variable: coalesce(kanbert_webhook.example.signature_secret_key, var.known_secret). "+
			"Otherwise replace the webhook to get a new secret: run terraform apply with -replace and its address.\n"+
			"Guide: "+guideURL("adopting-existing-webhooks"))
}
