// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var (
	_ list.ListResource              = (*webhookListResource)(nil)
	_ list.ListResourceWithConfigure = (*webhookListResource)(nil)
)

func newWebhookListResource() list.ListResource { return &webhookListResource{} }

type webhookListResource struct{ data *providerData }

// webhookListModel is the config block of a list block.
type webhookListModel struct {
	Filter    types.String   `tfsdk:"filter"`
	Events    []types.String `tfsdk:"events"`
	ProjectID types.String   `tfsdk:"project_id"`
	ClientID  types.String   `tfsdk:"client_id"`
}

func (l *webhookListResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = webhookResourceType
}

func (l *webhookListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists webhooks in the workspace for `terraform query`, sorted by URL. Returns webhooks that match all arguments, or all webhooks if none is set. " +
			"The name of each result is its event and its URL without user info and query. The API does not return the signing secret here.",
		Attributes: map[string]schema.Attribute{
			"filter": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{filterValidator{}},
				MarkdownDescription: filterText,
			},
			"events": schema.ListAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{eventsValidator{}},
				MarkdownDescription: "Events to select, such as `contact:create`. Returns webhooks that subscribe to one of them. " + selectedAfterListing,
			},
			"project_id": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{scopeValidator{"project", "for webhooks of any project or of none"}},
				MarkdownDescription: "ID of a project. Returns only webhooks that are scoped to it. " + selectedAfterListing,
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{scopeValidator{"client", "for webhooks of any client or of none"}},
				MarkdownDescription: "ID of a client. Returns only webhooks that are scoped to it. " + selectedAfterListing,
			},
		},
	}
}

func (l *webhookListResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	l.data = providerDataFrom(req.ProviderData)
}

func (l *webhookListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config webhookListModel
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	api := l.data.api(&diags)
	if api == nil {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = listResults(ctx, req, config, api.reader)
}

// listResults lists page by page, as results are consumed, and requests no page
// beyond the last result wanted. An error is also a result: without it, an outage
// would look like a workspace without webhooks.
func listResults(ctx context.Context, req list.ListRequest, config webhookListModel, d Reader) iter.Seq[list.ListResult] {
	wanted := config.selection(req.Limit)
	return func(push func(list.ListResult) bool) {
		found := int64(0)
		for webhook, err := range d.List(ctx, wanted.listOptions(), int(wanted.Limit.ValueInt64())) {
			if err != nil {
				push(list.ListResult{Diagnostics: listDiagnostics(config.Filter, err)})
				return
			}
			if !wanted.selects(webhook) {
				continue
			}
			found++
			if !push(newListResult(ctx, req, webhook)) || found == req.Limit {
				return
			}
		}
	}
}

// selection returns the same arguments for the data source kanbert_webhooks. A limit
// of 0 means no limit.
func (m webhookListModel) selection(limit int64) webhooksModel {
	return webhooksModel{Filter: m.Filter, Events: m.Events, ProjectID: m.ProjectID, ClientID: m.ClientID, Limit: types.Int64Value(limit)}
}

func listDiagnostics(userFilter types.String, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	addListError(&diags, err, userFilter, false)
	return diags
}

func newListResult(ctx context.Context, req list.ListRequest, webhook kanbert.Webhook) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = displayName(webhook)
	setIdentity(ctx, result.Identity, webhook.ID, &result.Diagnostics)
	if req.IncludeResource {
		// The secret stays null, as after an import.
		listed := webhookResourceModel{webhookModel: newWebhookModel(webhook)}
		result.Diagnostics.Append(result.Resource.Set(ctx, listed.object(&result.Diagnostics))...)
	}
	return result
}

// displayName identifies a webhook in the results. It has no user info and no query,
// because receivers often have a password there.
func displayName(webhook kanbert.Webhook) string {
	return shownEvent(webhook.Event) + " " + kanbert.RedactURL(webhook.URL)
}
