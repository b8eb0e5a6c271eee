// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// operation is what was being done when an error came up. It is the summary of
// the diagnostic.
type operation string

const (
	createWebhook operation = "Unable to create webhook"
	readWebhook   operation = "Unable to read webhook"
	deleteWebhook operation = "Unable to delete webhook"
	listWebhooks  operation = "Unable to list webhooks"
	importWebhook operation = "Unable to import webhook"
)

// addError adds the diagnostics that explain err to diags.
func addError(diags *diag.Diagnostics, op operation, err error) {
	diags.AddError(string(op), err.Error())
}
