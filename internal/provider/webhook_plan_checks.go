// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// This file refuses, at plan, values that an existing webhook may have and a new one
// must not: before a replacement destroys anything, and without blocking an import.

// destroyInstead ends the errors of a plan. CLIs plan before they destroy, and a
// provider cannot distinguish the two plans.
const destroyInstead = "To destroy the resources in state, run terraform destroy -refresh=false."

// checkPlan adds an error for each argument that is planned to be new or changed
// and that Kanbert would refuse, and, unless quiet, a warning for a URL that it
// cannot deliver to. A null prior counts as different.
func (r *webhookResource) checkPlan(prior, planned webhookResourceModel, quiet bool, diags *diag.Diagnostics) {
	if !planned.URL.IsUnknown() && !planned.URL.Equal(prior.URL) {
		r.checkPlannedURL(planned.URL.ValueString(), quiet, diags)
	}
	if planned.Event.IsUnknown() {
		return
	}
	newEvent := !planned.Event.Equal(prior.Event)
	if newEvent {
		checkPlannedEvent(kanbert.Event(planned.Event.ValueString()), diags)
	}
	if newEvent || !planned.ProjectID.Equal(prior.ProjectID) {
		checkPlannedProject(planned, diags)
	}
}

func (r *webhookResource) checkPlannedURL(raw string, quiet bool, diags *diag.Diagnostics) {
	u, problem := parseWebhookURL(raw)
	if problem == "" {
		problem = unusableURL(u)
	}
	if problem != "" {
		diags.AddAttributeError(path.Root("url"), invalidURL, problem+"\n"+destroyInstead)
		return
	}
	if !quiet {
		r.warnOfUndeliverable(u, diags)
	}
}

// warnOfUndeliverable warns about URLs that Kanbert accepts but cannot deliver to.
func (r *webhookResource) warnOfUndeliverable(u *url.URL, diags *diag.Diagnostics) {
	if u.Fragment != "" {
		diags.AddAttributeWarning(path.Root("url"), "URL with a fragment",
			"Kanbert does not send the part of the URL after # to the receiver. To distinguish webhooks, use another path or query.")
	}
	if kanbert.IsPrivateHost(u.Hostname()) && !r.data.hasPrivateAPI() {
		diags.AddAttributeWarning(path.Root("url"), "URL of a private host", fmt.Sprintf(
			"Kanbert cannot deliver to %s: it is a loopback or private host. Use a URL that can be reached from the internet.", u.Hostname()))
	}
}

// checkPlannedEvent refuses an event that the API reference does not list. Kanbert
// would refuse it, in a replacement after the old webhook is gone.
func checkPlannedEvent(event kanbert.Event, diags *diag.Diagnostics) {
	switch {
	case event.Known():
	case event.WellFormed():
		diags.AddAttributeError(path.Root("event"), unknownEvent, fmt.Sprintf(
			"There is no event %q. The events are %s. If Kanbert has added it, use a newer version of the provider.\n%s", event, eventNames(), destroyInstead))
	default:
		diags.AddAttributeError(path.Root("event"), unknownEvent, malformedEvent(event)+"\n"+destroyInstead)
	}
}

// checkPlannedProject refuses a webhook without the project that its event requires.
// An unknown project counts as a project.
func checkPlannedProject(planned webhookResourceModel, diags *diag.Diagnostics) {
	event := kanbert.Event(planned.Event.ValueString())
	if !event.NeedsProject() || !planned.ProjectID.IsNull() {
		return
	}
	diags.AddAttributeError(path.Root("project_id"), "Missing project", fmt.Sprintf(
		"A webhook for %s requires a project, as all events of tasks and comments do. Set project_id to the id of the project.\n%s", shownEvent(event), destroyInstead))
}

// hasPrivateAPI reports whether the API is on a loopback or private host, from which
// it may deliver to other such hosts. It reports true if the host is not known yet.
func (d *providerData) hasPrivateAPI() bool {
	if !d.ready() {
		return true
	}
	a, err := d.open()
	return err != nil || kanbert.IsPrivateHost(a.client.Hostname())
}
