// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// ModifyPlan finds what a plan brings that its lines do not show. It changes
// nothing but private state.
func (r *webhookResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.data == nil {
		return
	}
	var prior webhookResourceModel
	isNew, isDestroy := req.State.Raw.IsNull(), req.Plan.Raw.IsNull()
	// An apply plans once more what the plan has warned of. In Terraform, deferral
	// is allowed in each apply and in Stacks.
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

// predecessorKey is under which the first planning of a resource leaves the id of
// its webhook to the second.
const predecessorKey = "predecessor"

// predecessorOf returns the id of the webhook that this resource has in state, or
// "" if it has none. Terraform plans a replacement twice, the second time as new,
// and hands the private state of the first response to the second call. The mark
// does not outlive the plan: each first planning overwrites it, and Create starts
// with an empty private state.
//
// A tainted resource, and each resource in an apply, is planned as new alone, and
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

// reportConflict records which URL the resource is planned to have, and reports
// whether another resource of this plan is planned to have it as well. The first
// call that sees a conflict adds a diagnostic. The others add none: the plan has
// failed already.
//
// The conflict is an error before anything is sent, because the apply would create
// one of the webhooks at random. Where the client can defer changes it is a
// warning. In an apply, where it concerns URLs that the plan did not know, it is
// left to the create.
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
		"Guide: " + guideURL("one-receiver-for-many-events") + "\n" +
		"To destroy what is in state, run terraform destroy -refresh=false."
}

// explainSpellings is the detail of the warning that webhooks for these events are
// planned to have one URL in different spellings.
func explainSpellings(events []kanbert.Event) string {
	return "This configuration uses one URL in different spellings for several webhooks" + seenSoFar(events) + ". " +
		"The Kanbert API reference does not specify whether it accepts that. If it does not, the apply will fail. Give each webhook its own URL, by another path or query."
}

// seenSoFar names the events. A plan does not know how many
// resources it has yet to plan.
func seenSoFar(events []kanbert.Event) string {
	var names []string
	for _, e := range events {
		if e != "" { // It is not known before the apply.
			names = append(names, shownEvent(e))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", so far for " + strings.Join(names, " and ")
}

// warnOfTwoAddresses warns if a webhook was found in state at two addresses.
func warnOfTwoAddresses(id string, seen duplication, diags *diag.Diagnostics) {
	if seen == managedOnce {
		return
	}
	id = redactID(id)
	diags.AddWarning("Webhook "+id+" is in state at two addresses", fmt.Sprintf(
		"Two resources manage webhook %q: removing one of them deletes the other's webhook. "+
			"Keep one of them. Take the other out of state without deleting the webhook: run terraform state rm with its address, "+
			"or (Terraform and OpenTofu 1.7 and newer) use a removed block with destroy = false.", id))
}

// warnOfNewSecret warns if the plan replaces the webhook because arguments have
// changed. A replacement that is asked for from outside, by -replace or a taint,
// is planned without a change, and cannot be seen.
func warnOfNewSecret(id string, changed []argument, diags *diag.Diagnostics) {
	if len(changed) == 0 {
		return
	}
	names := make([]string, len(changed))
	for i, a := range changed {
		names[i] = a.name
	}
	diags.AddAttributeWarning(path.Root(names[0]), "A new signing secret will be issued", fmt.Sprintf(
		"Kanbert cannot change a webhook. Because of the change of %s, webhook %q is deleted and another created, with another signing secret. "+
			"A receiver that verifies signatures refuses deliveries until it has the new one, and events between the two are not delivered. "+
			"The guide \"Rotating secrets\" shows how to change over without a gap.",
		strings.Join(names, " and "), id))
}

// warnIfTaken warns if another webhook than the predecessor has the URL of a webhook
// that is planned as new. It is no error: the holder may be destroyed in the same
// apply, which a provider cannot see. Where it stands in state cannot be seen
// either: Terraform reads and plans resources in no fixed order, so that one text
// has to be true in each case. The look-up is made in an apply as well: what it
// sees is evidence for the create.
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
		// The create would fail of the same.
		addError(diags, checkURL, err)
	case ctx.Err() != nil || deferral || r.data.applying():
	case err != nil:
		diags.AddAttributeWarning(path.Root("url"), string(checkURL),
			"The plan goes on without knowing whether another webhook has this URL. If one has, the apply will fail and name it. "+explainOnce(err, tellWarning))
	case found && holder.ID != predecessor && !r.data.seen.conflictReported(planned.URL.ValueString()):
		diags.AddAttributeWarning(path.Root("url"), "The URL is taken", takenAtPlan(holder))
	}
}

// takenAtPlan is the detail of the warning that holder has the URL of a webhook
// that is planned as new.
func takenAtPlan(holder kanbert.Webhook) string {
	return "A URL can be used once in a Kanbert workspace, and " + identify(holder) + " has this one. " +
		"If this apply destroys or replaces that webhook, as for a renamed or tainted resource, there is nothing to do; a moved block would keep it and its secret. " +
		"Otherwise the apply will fail. If Terraform manages that webhook, here or elsewhere, give this resource another URL. " +
		"Otherwise import it, with this resource's address:\n\n" + importBlock(holder.ID)
}
