// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// whereToFindIDs ends the errors about a webhook that was not found.
const whereToFindIDs = "The data source kanbert_webhooks lists the webhooks of the workspace with their ids and URLs. So does terraform query, with Terraform 1.14 or newer."

// ImportState accepts a webhook's id, its URL, or its identity.
//
// It looks the webhook up, although a read follows: the error about a webhook that
// does not exist is then this provider's own. Terraform's text would say that a
// remote object is non-existent or that an identity is missing.
func (r *webhookResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	find := importTarget(ctx, req, &resp.Diagnostics)
	if find == nil {
		return
	}
	api := r.data.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	defer api.watchWaiting(&resp.Diagnostics)()
	webhook := find(ctx, api.reader, &resp.Diagnostics)
	if webhook == nil {
		return
	}
	seen := r.data.trackManaged(webhook.ID, seenByImport)
	if seen == importedTwice {
		resp.Diagnostics.AddError(string(importWebhook), fmt.Sprintf(
			"Webhook %q is imported twice: by its id and by its URL, or to two addresses. Keep one of the imports. "+
				"If two resources manage one webhook, removing one of them deletes the webhook of both.", redactID(webhook.ID)))
		return
	}
	warnOfTwoAddresses(webhook.ID, seen, &resp.Diagnostics)
	// The secret stays null: the API returned it once, when the webhook was created.
	imported := webhookResourceModel{webhookModel: newWebhookModel(*webhook)}
	resp.Diagnostics.Append(resp.State.Set(ctx, imported.object(&resp.Diagnostics))...)
	setIdentity(ctx, resp.Identity, webhook.ID, &resp.Diagnostics)
	r.unknownSecret.add(&resp.Diagnostics)
	webhookPrivate{WorkspaceID: api.client.KnownWorkspaceID()}.save(ctx, resp.Private, &resp.Diagnostics)
}

// finder looks a webhook up. It returns nil, with an error, if there is none.
type finder func(context.Context, Reader, *diag.Diagnostics) *kanbert.Webhook

// importTarget reads the id or identity of an import. It returns nil, with an error,
// if no webhook can have it. Then no request is sent.
func importTarget(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) finder {
	// If the import has no identity, the framework passes a null one, and not nil.
	if req.ID == "" && !req.Identity.Raw.IsNull() {
		return identityTarget(ctx, req, diags)
	}
	name := req.ID
	switch scheme, _, isURL := strings.Cut(name, "://"); {
	case strings.TrimSpace(name) == "":
		diags.AddError(string(importWebhook), "The import id is empty. Set it to the id or the URL of the webhook. "+whereToFindIDs)
	case strings.TrimSpace(name) != name:
		diags.AddError(string(importWebhook), "The import id begins or ends with white space. Remove the white space. "+whereToFindIDs)
	case isURL && isHTTP(scheme):
		return urlTarget(name, diags)
	case isURL:
		diags.AddError(string(importWebhook), fmt.Sprintf(
			"The import id begins with %q, but the URL of a webhook begins with https:// or http://. Use the id or the URL of the webhook. %s", scheme+"://", whereToFindIDs))
	default:
		return func(ctx context.Context, d Reader, diags *diag.Diagnostics) *kanbert.Webhook {
			return findByID(ctx, d, importWebhook, name, diags)
		}
	}
	return nil
}

func identityTarget(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) finder {
	var known types.String
	diags.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &known)...)
	if diags.HasError() {
		return nil
	}
	id := known.ValueString()
	if strings.TrimSpace(id) == "" {
		diags.AddError(string(importWebhook), "The id of the identity is empty. Set it to the id of the webhook. "+whereToFindIDs)
		return nil
	}
	return func(ctx context.Context, d Reader, diags *diag.Diagnostics) *kanbert.Webhook {
		return findByID(ctx, d, importWebhook, id, diags)
	}
}

func urlTarget(address string, diags *diag.Diagnostics) finder {
	if u, err := url.Parse(address); err != nil || u.Hostname() == "" {
		diags.AddError(string(importWebhook),
			"The import id is not a valid URL: "+whatIsWrongWithURL(err)+". Use the id or the URL of the webhook. "+whereToFindIDs)
		return nil
	}
	return func(ctx context.Context, d Reader, diags *diag.Diagnostics) *kanbert.Webhook {
		return findByURL(ctx, d, importWebhook, address, diags)
	}
}

// whatIsWrongWithURL does not show the URL, which may contain a password.
func whatIsWrongWithURL(err error) string {
	if err == nil {
		return "it has no host"
	}
	var parseError *url.Error
	if errors.As(err, &parseError) {
		err = parseError.Err
	}
	return err.Error()
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")
}

// findByID looks the webhook up for op.
func findByID(ctx context.Context, d Reader, op operation, id string, diags *diag.Diagnostics) *kanbert.Webhook {
	webhook, found, err := d.ByID(ctx, id)
	if err != nil {
		addError(diags, op, err)
		return nil
	}
	if !found {
		diags.AddError(string(op), fmt.Sprintf("None of the webhooks in the workspace has the id %q.%s %s", redactID(id), idHint(id), whereToFindIDs))
		return nil
	}
	return &webhook
}

// findByURL looks up the webhook with this URL for op.
func findByURL(ctx context.Context, d Reader, op operation, address string, diags *diag.Diagnostics) *kanbert.Webhook {
	webhook, found, err := d.ByEquivalentURL(ctx, address)
	if err != nil {
		addError(diags, op, err)
		return nil
	}
	if !found {
		diags.AddError(string(op), fmt.Sprintf("No webhook in the workspace has this URL at the host %q. ", hostOf(address))+
			whatIsNear(address, d.Known()))
		return nil
	}
	return &webhook
}

// idHint says what an id that was not found looks like. The look-up comes first,
// because ids are opaque: any text may be one.
func idHint(id string) string {
	switch {
	case strings.Contains(id, "://"):
		return " It looks like a URL and not like an id."
	case strings.Trim(id, `"'`) != id:
		return " The id has quotes around it: remove them."
	case strings.HasPrefix(id, webhookResourceType+"."):
		return " It looks like the address of a Terraform resource and not like an id."
	case strings.Contains(id, "."):
		return " If it is a URL, it must begin with https:// or http://."
	case strings.ContainsAny(id, " \t\r\n"):
		return " The id contains white space."
	}
	return ""
}

// redactID returns id as an error may show it. Of a URL it returns only the host. Of
// any other text it removes the user info and the query that a URL without a scheme
// would have.
func redactID(id string) string {
	if scheme, _, isURL := strings.Cut(id, "://"); isURL {
		return scheme + "://" + hostOf(id) + "/…"
	}
	if before, _, found := strings.Cut(id, "?"); found {
		id = before + "…"
	}
	if i := strings.LastIndexByte(id, '@'); i >= 0 {
		id = "…" + id[i:]
	}
	return id
}
