// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// This file decides when a webhook that Terraform manages counts as gone. A wrong
// "gone" costs its signing secret for good, so that it takes more than an answer.

// managedWebhook is one webhook in state, as far as its absence is concerned. Its
// url is the API's, which may be another text than that in state.
type managedWebhook struct {
	id, url string
	private webhookPrivate
}

func newManagedWebhook(state webhookResourceModel, private webhookPrivate) managedWebhook {
	return managedWebhook{id: state.ID.ValueString(), url: private.lookupURL(state.URL), private: private}
}

// clockSpread is by how much the servers behind one name may disagree on the time.
const clockSpread = time.Minute

// notBefore returns what gives the local time from which on lists can be expected to
// show the webhook, or zero while that is not known: before the first answer of a
// process the server's time is not. The webhook was made before the call. A create
// that lies a little after it was dated by another server, and counts as made now;
// one that lies far after it says nothing, and counts as old.
func (m managedWebhook) notBefore(client *kanbert.Client) func() time.Time {
	now := time.Now()
	return func() time.Time {
		made, known := client.LocalTime(m.private.CreatedAt)
		if !known || made.After(now.Add(clockSpread)) {
			return time.Time{}
		}
		if made.After(now) {
			made = now
		}
		return made.Add(client.ListLag())
	}
}

// confirmGone returns nil if the webhook is gone, by evidence that began after the
// call.
func (m managedWebhook) confirmGone(ctx context.Context, api *api) error {
	return api.reader.ConfirmGone(ctx, m.id, m.url, m.notBefore(api.client))
}

// mayBeRemoved reports whether the absence of the webhook was seen in the
// workspace that it was made in, and warns of its removal from state. Where the
// workspace is not known on both sides there is no such check.
func (d *providerData) mayBeRemoved(ctx context.Context, m managedWebhook, api *api, diags *diag.Diagnostics) bool {
	made, now := m.private.WorkspaceID, api.client.WorkspaceID(ctx)
	// A passing failure must not switch the check off where it can be made.
	for range kanbert.WorkspaceAttempts - 1 {
		if made != "" && now == "" {
			now = api.client.WorkspaceID(ctx)
		}
	}
	if m.refuseWorkspace(now, diags) {
		return false
	}
	d.removals.warn(m.id, made != "" && made == now, diags)
	return true
}

// refuseWorkspace adds an error if the webhook was made in another workspace than
// now, and reports whether it did. Unknown is no other.
func (m managedWebhook) refuseWorkspace(now string, diags *diag.Diagnostics) bool {
	made := m.private.WorkspaceID
	if made == "" || now == "" || made == now {
		return false
	}
	diags.AddError("Webhook belongs to another Kanbert workspace", fmt.Sprintf(
		"Webhook %q was created in the Kanbert workspace %q, but the token belongs to the Kanbert workspace %q, which does not have it. "+
			"Use a token of the workspace %[2]q. To stop managing the webhook without deleting it, run terraform state rm with its address, "+
			"or (Terraform and OpenTofu 1.7 and newer) use a removed block with destroy = false.", redactID(m.id), made, now))
	return true
}

// namedRemovals is how many removals of a process have a warning of their own.
// CLIs collapse further ones, which share a summary.
const namedRemovals = 5

// removals counts the webhooks that left state because they are gone.
type removals struct{ n atomic.Int64 }

func (r *removals) warn(id string, sameWorkspace bool, diags *diag.Diagnostics) {
	summary := "Further webhooks no longer exist"
	if r.n.Add(1) <= namedRemovals {
		summary = fmt.Sprintf("Webhook %s no longer exists", redactID(id))
	}
	other := "If it should exist, check before you apply that token and base_url belong to the Kanbert workspace in which it was created."
	if sameWorkspace {
		other = "If it should exist, find out who deleted it before you apply."
	}
	diags.AddWarning(summary, fmt.Sprintf(
		"Kanbert does not list webhook %q, by URL or in the complete list. The provider removes it from state, with its signing secret, which Kanbert does not return again. %s",
		redactID(id), other))
}
