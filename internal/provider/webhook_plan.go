// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// ModifyPlan adds errors and warnings about effects that the plan does not show. It
// changes only private state.
func (r *webhookResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.data == nil {
		return
	}
	var prior webhookResourceModel
	isNew, isDestroy := req.State.Raw.IsNull(), req.Plan.Raw.IsNull()
	// An apply plans again, and the plan has shown the warnings. In Terraform,
	// deferral is allowed in each apply and in Stacks.
	quiet := r.data.applying() || req.ClientCapabilities.DeferralAllowed
	if !isNew {
		prior = readResourceModel(ctx, req.State, &resp.Diagnostics)
		by := seenAsPrior
		if isDestroy {
			by = seenAsDestroyed
		}
		if twice := r.data.trackManaged(prior.ID.ValueString(), by); !quiet {
			warnOfTwoAddresses(prior.ID.ValueString(), twice, &resp.Diagnostics)
		}
	}
	if isDestroy || resp.Diagnostics.HasError() {
		return
	}
	planned := readResourceModel(ctx, req.Plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.checkPlan(prior, planned, quiet, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	predecessor := predecessorOf(ctx, req, prior, resp)
	private := loadPrivate(ctx, req.Private)
	changed := private.Spellings.changed(prior, planned)
	if !planned.URL.IsUnknown() {
		url := plannedURL{
			url: planned.URL.ValueString(), answered: private.lookupURL(planned.URL),
			event: kanbert.Event(planned.Event.ValueString()), change: isNew || len(changed) > 0,
		}
		r.data.seen.noteSpelling(url.url, url.answered)
		if r.reportConflict(url, predecessor, req.ClientCapabilities.DeferralAllowed, &resp.Diagnostics) {
			return
		}
	}
	if isNew {
		r.warnIfTaken(ctx, planned, predecessor, req.ClientCapabilities.DeferralAllowed, &resp.Diagnostics)
		return
	}
	if !quiet {
		warnOfNewSecret(prior.ID.ValueString(), changed, &resp.Diagnostics)
	}
}

// predecessorKey is the key of private state under which the first planning of a
// resource passes the id of its webhook to the second.
const predecessorKey = "predecessor"

// predecessorOf returns the id of the webhook that this resource has in state, or
// "" if it has none. Terraform plans a replacement twice, the second time as new,
// and passes the private state of the first response to the second call. The mark
// does not outlive the plan: each first planning overwrites it, and Create starts
// with an empty private state.
//
// A tainted resource, and each resource in an apply, is planned only as new, and
// counts as new.
func predecessorOf(ctx context.Context, req resource.ModifyPlanRequest, prior webhookResourceModel, resp *resource.ModifyPlanResponse) string {
	id := prior.ID.ValueString()
	if !req.State.Raw.IsNull() {
		mark, _ := json.Marshal(id)
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, predecessorKey, mark)...)
		return id
	}
	mark, _ := req.Private.GetKey(ctx, predecessorKey)
	_ = json.Unmarshal(mark, &id) // Without a mark it stays empty.
	return id
}

// reportConflict records the planned URL of the resource, and reports whether another
// resource of this plan has it as well. The first call that sees a conflict adds a
// diagnostic. The others add none, because the plan has already failed.
//
// The conflict is an error before any request, because the apply would create one of
// the webhooks at random. It is a warning if the client can defer changes. In an
// apply, the conflict is about URLs that the plan did not know, and the create
// reports it.
func (r *webhookResource) reportConflict(planned plannedURL, predecessor string, deferral bool, diags *diag.Diagnostics) bool {
	o := owner{id: predecessor}
	if predecessor == "" {
		o = r.data.seen.newOwner()
	}
	found, events := r.data.seen.planURL(o, planned)
	switch {
	case r.data.applying():
		return false
	case found == sameURL && !deferral:
		diags.AddAttributeError(path.Root("url"), "Several webhooks have one URL", explainConflict(events))
	case found == sameURL:
		diags.AddAttributeWarning(path.Root("url"), "Several webhooks have one URL", explainConflict(events))
	case found == otherSpelling:
		diags.AddAttributeWarning(path.Root("url"), "Several webhooks have one URL in different spellings", explainSpellings(events))
	}
	return r.data.seen.conflictReported(planned.url)
}

// explainConflict is the detail of the error that webhooks for these events are
// planned to have one URL.
func explainConflict(events []kanbert.Event) string {
	return "A URL can be used once in a Kanbert workspace, and this configuration uses it for several webhooks" + seenSoFar(events) + ". " +
		"Give each webhook its own URL, for example with for_each:\n\n" +
		"  url = \"…/${replace(each.key, \":\", \"/\")}\"\n\n" +
		"Guide: " + guideURL("one-receiver-for-many-events") + "\n" + destroyInstead
}

// explainSpellings is the detail of the warning that webhooks for these events are
// planned to have one URL in different spellings.
func explainSpellings(events []kanbert.Event) string {
	return "This configuration uses one URL in different spellings for several webhooks" + seenSoFar(events) + ". " +
		"Give each webhook its own URL, with another path or query. The Kanbert API reference does not specify whether Kanbert accepts different spellings. If it does not, the apply fails."
}

// seenSoFar lists the events, which are sorted. A provider does not know how many
// resources the plan still has.
func seenSoFar(events []kanbert.Event) string {
	var names []string
	for _, e := range events {
		if e != "" { // An unknown event is empty here.
			names = append(names, shownEvent(e))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", so far for " + enumerate(names)
}

// warnOfTwoAddresses warns if a webhook was found in state at two addresses.
func warnOfTwoAddresses(id string, seen duplication, diags *diag.Diagnostics) {
	if seen == managedOnce {
		return
	}
	id = redactID(id)
	diags.AddWarning("Webhook "+id+" is in state at two addresses", fmt.Sprintf(
		"Two resources manage webhook %q: removing one of them deletes the webhook of both. "+
			"Keep one of them. Remove the other from state without deleting the webhook: run terraform state rm with its address, "+
			"or (Terraform and OpenTofu 1.7 and newer) use a removed block with destroy = false.", id))
}

// warnOfNewSecret warns if the plan replaces the webhook because arguments changed.
// A provider cannot see a replacement because of -replace or a taint: it is planned
// without a change.
func warnOfNewSecret(id string, changed []argument, diags *diag.Diagnostics) {
	if len(changed) == 0 {
		return
	}
	names := make([]string, len(changed))
	for i, a := range changed {
		names[i] = a.name
	}
	diags.AddAttributeWarning(path.Root(names[0]), "A new signing secret will be issued", fmt.Sprintf(
		"Kanbert cannot change a webhook. The change of %s replaces webhook %q, and the new webhook has a new signing secret. "+
			"A receiver that verifies signatures refuses deliveries until it has the new secret. Events between the delete and the create are not delivered. "+
			"The guide \"Rotating secrets\" shows how to change the secret without a gap.",
		enumerate(names), id))
}

// warnIfTaken warns if a webhook other than the predecessor has the URL of a webhook
// that is planned as new. It is not an error: the same apply may destroy the holder,
// and a provider cannot see that. A provider cannot see either whether the holder is
// in state: Terraform reads and plans resources in no fixed order. One text therefore
// has to be true in each case. An apply sends the look-up as well, because its result
// is evidence for the create.
func (r *webhookResource) warnIfTaken(ctx context.Context, planned webhookResourceModel, predecessor string, deferral bool, diags *diag.Diagnostics) {
	if planned.URL.IsUnknown() || !r.data.ready() {
		return
	}
	api := r.data.api(diags)
	if api == nil {
		return
	}
	defer api.watchWaiting(diags)()
	holder, found, err := api.reader.ByURL(ctx, planned.URL.ValueString())
	switch {
	case errors.Is(err, kanbert.ErrUnauthorized), errors.Is(err, kanbert.ErrForbidden):
		// The create would fail with the same error.
		addError(diags, checkURL, err)
	case ctx.Err() != nil || deferral || r.data.applying():
	case err != nil:
		diags.AddAttributeWarning(path.Root("url"), string(checkURL),
			"The provider could not check whether another webhook has this URL. If one has it, the apply fails and names it. "+explainOnce(err, tellWarning))
	case found && holder.ID != predecessor && !r.data.seen.conflictReported(planned.URL.ValueString()):
		diags.AddAttributeWarning(path.Root("url"), "The URL is taken", takenAtPlan(holder))
	}
}

// takenAtPlan is the detail of the warning that holder has the URL of a webhook
// that is planned as new.
func takenAtPlan(holder kanbert.Webhook) string {
	return "A URL can be used once in a Kanbert workspace, and " + identify(holder) + " has this URL. " +
		"If this apply destroys or replaces that webhook, as for a tainted resource, ignore this warning. If its resource was renamed, a moved block keeps the webhook and its secret. " +
		"Otherwise the apply fails. If Terraform manages that webhook, here or elsewhere, give this resource another URL. " +
		"If not, import it, with the address of this resource:\n\n" + importBlock(holder.ID)
}
