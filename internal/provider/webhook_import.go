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
const whereToFindIDs = "The data source kanbert_webhooks lists the webhooks of the workspace with their ids and URLs; from Terraform 1.14 on, terraform query does so too."

// ImportState takes a webhook's id, its URL, or its identity.
//
// The webhook is looked up here and not only by the read that follows: so one
// that does not exist gets a text of this provider, where Terraform's own would
// say that a remote object is non-existent or that an identity is missing.
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
			"Webhook %q is imported twice: by its id and by its URL, or to two addresses. "+
				"Where two resources manage one webhook, removing one deletes the other's. Keep one of the imports.", redactID(webhook.ID)))
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

// finder looks a webhook up. It gives nil, with an error, if there is none.
type finder func(context.Context, Reader, *diag.Diagnostics) *kanbert.Webhook

// importTarget reads what an import names. It gives nil, with an error, if that
// cannot be the name of a webhook, so that no request is spent on it.
func importTarget(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) finder {
	// The framework gives a null identity, and not nil, where the import has none.
	if req.ID == "" && !req.Identity.Raw.IsNull() {
		return identityTarget(ctx, req, diags)
	}
	name := req.ID
	switch scheme, _, isURL := strings.Cut(name, "://"); {
	case strings.TrimSpace(name) == "":
		diags.AddError(string(importWebhook), "The import id is empty. Give the id or the URL of the webhook. "+whereToFindIDs)
	case strings.TrimSpace(name) != name:
		diags.AddError(string(importWebhook), "The import id has white space around it. Give the id or the URL of the webhook as it is. "+whereToFindIDs)
	case isURL && isHTTP(scheme):
		return urlTarget(name, diags)
	case isURL:
		diags.AddError(string(importWebhook), fmt.Sprintf(
			"The import id begins with %q, as a URL does, but the URL of a webhook begins with https:// or http://. Give the id or the URL of the webhook. %s", scheme+"://", whereToFindIDs))
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
		diags.AddError(string(importWebhook), "The id of the identity is empty. Give the id of the webhook. "+whereToFindIDs)
		return nil
	}
	return func(ctx context.Context, d Reader, diags *diag.Diagnostics) *kanbert.Webhook {
		return findByID(ctx, d, importWebhook, id, diags)
	}
}

func urlTarget(address string, diags *diag.Diagnostics) finder {
	if u, err := url.Parse(address); err != nil || u.Hostname() == "" {
		diags.AddError(string(importWebhook),
			"The import id begins as a URL does, but it is none: "+whatIsWrongWithURL(err)+". Give the id or the URL of the webhook. "+whereToFindIDs)
		return nil
	}
	return func(ctx context.Context, d Reader, diags *diag.Diagnostics) *kanbert.Webhook {
		return findByURL(ctx, d, importWebhook, address, diags)
	}
}

// whatIsWrongWithURL leaves the URL itself out, which may hold a password.
func whatIsWrongWithURL(err error) string {
	if err == nil {
		return "it names no host"
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
		diags.AddError(string(op), fmt.Sprintf("No webhook of the workspace has the id %q: all of them were listed.%s %s", redactID(id), idHint(id), whereToFindIDs))
		return nil
	}
	return &webhook
}

// findByURL looks the holder of the URL up for op.
func findByURL(ctx context.Context, d Reader, op operation, address string, diags *diag.Diagnostics) *kanbert.Webhook {
	webhook, found, err := d.ByEquivalentURL(ctx, address)
	if err != nil {
		addError(diags, op, err)
		return nil
	}
	if !found {
		diags.AddError(string(op), fmt.Sprintf("No webhook of the workspace has the URL that was given, at the host %q. ", hostOf(address))+
			whatIsNear(address, d.Known()))
		return nil
	}
	return &webhook
}

// idHint says what a text that is no webhook's id looks like. It comes after the
// look-up and not before: ids are opaque, so that any text may be one.
func idHint(id string) string {
	switch {
	case strings.Contains(id, "://"):
		return " It looks like a URL, and ids alone are looked up here."
	case strings.Trim(id, `"'`) != id:
		return " It has quotes around it, which are not part of an id."
	case strings.HasPrefix(id, webhookResourceType+"."):
		return " It looks like the address of a resource in a configuration, which Kanbert does not know."
	case strings.Contains(id, "."):
		return " If it is a URL, it has to begin with https:// or http://."
	case strings.ContainsAny(id, " \t\r\n"):
		return " It has white space in it."
	}
	return ""
}

// redactID is id as an error may show it: without what would be the user info
// and the query if it were a URL that was written without its scheme, and of a
// URL the host alone.
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
