// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// useStateForEquivalentURL makes a harmless respelling of the URL no change: it plans the
// state's spelling. It must stand before the modifier that asks for a
// replacement. Terraform lets a plan keep the prior value of an argument.
type useStateForEquivalentURL struct{}

var _ planmodifier.String = useStateForEquivalentURL{}

func (useStateForEquivalentURL) Description(context.Context) string {
	return "A spelling that means the same URL is no change."
}

func (m useStateForEquivalentURL) MarkdownDescription(ctx context.Context) string {
	return m.Description(ctx)
}

func (useStateForEquivalentURL) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if kanbert.SameURL(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// ValidateConfig checks what concerns more than one argument.
func (r *webhookResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config := readResourceModel(ctx, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	event := kanbert.Event(config.Event.ValueString())
	if !event.NeedsProject() || !config.ProjectID.IsNull() {
		return // An unknown project is one.
	}
	resp.Diagnostics.AddAttributeError(path.Root("project_id"), "Missing project", fmt.Sprintf(
		"A webhook for %s has to be scoped to a project, as all for task:* and comment:* have. Set project_id to the id of the project.", event))
}

// ModifyPlan warns of what a plan brings that its lines do not show. It changes
// nothing.
func (r *webhookResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var prior webhookResourceModel
	isNew, isDestroy := req.State.Raw.IsNull(), req.Plan.Raw.IsNull()
	if !isNew {
		prior = readResourceModel(ctx, req.State, &resp.Diagnostics)
		r.data.trackManaged(prior.ID.ValueString(), prior.newWebhook())
	}
	if isDestroy || resp.Diagnostics.HasError() {
		return
	}
	planned := readResourceModel(ctx, req.Plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if isNew {
		r.warnIfTaken(ctx, planned, &resp.Diagnostics)
		return
	}
	// Terraform plans a replacement a second time, as new: what then has the URL
	// may be this resource's own predecessor.
	r.data.trackManaged(prior.ID.ValueString(), planned.newWebhook())
	warnOfNewSecret(prior, planned, &resp.Diagnostics)
}

// warnOfNewSecret warns if the plan replaces the webhook because an argument has
// changed. A replacement that is asked for from outside, by -replace or a taint,
// is planned without a change, and cannot be seen.
func warnOfNewSecret(prior, planned webhookResourceModel, diags *diag.Diagnostics) {
	var changed []string
	for _, argument := range []struct {
		name           string
		prior, planned attr.Value
	}{
		{"url", prior.URL, planned.URL},
		{"event", prior.Event, planned.Event},
		{"project_id", prior.ProjectID, planned.ProjectID},
		{"client_id", prior.ClientID, planned.ClientID},
	} {
		if !argument.prior.Equal(argument.planned) {
			changed = append(changed, argument.name)
		}
	}
	if len(changed) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root(changed[0]), "A new signing secret will be issued", fmt.Sprintf(
		"Kanbert cannot change a webhook. Because of the change of %s, webhook %q is deleted and another created, with another signing secret. "+
			"A receiver that verifies signatures refuses deliveries until it has the new one, and events between the two are not delivered. "+
			"The guide \"Rotating secrets\" shows how to change over without a gap.",
		strings.Join(changed, " and "), prior.ID.ValueString()))
}

// warnIfTaken warns if somebody has the URL of a webhook that is planned as new.
// It is no error: the holder may be destroyed in the same apply, which a provider
// cannot see.
func (r *webhookResource) warnIfTaken(ctx context.Context, planned webhookResourceModel, diags *diag.Diagnostics) {
	if planned.URL.IsUnknown() || !r.data.ready() {
		return
	}
	api := r.data.api(diags)
	if api == nil {
		return
	}
	holder, found, err := api.reader.ByURL(ctx, planned.URL.ValueString())
	switch {
	case errors.Is(err, kanbert.ErrUnauthorized), errors.Is(err, kanbert.ErrForbidden):
		// The create would fail of the same.
		addError(diags, checkURL, err)
		return
	case ctx.Err() != nil:
		return
	case err != nil:
		diags.AddAttributeWarning(path.Root("url"), string(checkURL),
			"The plan goes on without knowing whether another webhook has this URL. If one has, the apply will fail and name it. "+explain(err))
		return
	case !found:
		return
	}
	managed, predecessor := r.data.seen.isManaged(holder.ID, planned.newWebhook())
	if predecessor {
		return
	}
	diags.AddAttributeWarning(path.Root("url"), "The URL is taken", takenAtPlan(holder, managed))
}

// takenAtPlan is the detail of the warning that holder has the URL of a webhook
// that is planned as new.
func takenAtPlan(holder kanbert.Webhook, managed bool) string {
	text := "A URL can be used once in a workspace, and " + describe(holder) + " has this one. "
	if managed {
		return text + "That webhook is in this Terraform state. If it is destroyed or replaced in the same apply, as when a resource was renamed, there is nothing to do. " +
			"If it stays, the apply will fail: give each webhook its own URL, for example by another path or query."
	}
	return text + "If it is destroyed in the same apply, there is nothing to do. If it stays, the apply will fail: choose another URL, or import the webhook, " +
		inPlaceOf + ":\n\n" + importBlock(holder.ID)
}
