// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var (
	_ datasource.DataSource              = (*webhooksDataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*webhooksDataSource)(nil)
)

func newWebhooksDataSource() datasource.DataSource { return &webhooksDataSource{} }

type webhooksDataSource struct{ data *providerData }

type webhooksModel struct {
	Filter    types.String   `tfsdk:"filter"`
	Sort      []types.String `tfsdk:"sort"`
	Events    []types.String `tfsdk:"events"`
	ProjectID types.String   `tfsdk:"project_id"`
	ClientID  types.String   `tfsdk:"client_id"`
	Limit     types.Int64    `tfsdk:"limit"`
	Webhooks  types.List     `tfsdk:"webhooks"`
	IDs       []types.String `tfsdk:"ids"`
	URLs      []types.String `tfsdk:"urls"`
}

func (d *webhooksDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "kanbert_webhooks"
}

func (d *webhooksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists webhooks in the workspace. Returns webhooks that match all arguments, or all webhooks if none is set. If none match, the list is empty. " +
			"The API does not return the signing secrets here.",
		Attributes: map[string]schema.Attribute{
			"filter": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{filterValidator{}},
				MarkdownDescription: filterText,
			},
			"sort": schema.ListAttribute{
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.List{sortValidator{}},
				MarkdownDescription: "Fields to sort by: `url`, `is_active` and `created_at`, with a leading `-` for descending order. " +
					"Webhooks that are equal in one field are sorted by the next. " +
					"The provider appends `url` if it is missing, because pages of a list with ties can overlap. Defaults to `url`.",
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
			"limit": schema.Int64Attribute{
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Maximum number of webhooks to return, 1 or more. The provider stops reading pages when it has found this number. " +
					"Defaults to no limit.",
			},
			"webhooks": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Webhooks that match, in the order of `sort`.",
				NestedObject:        schema.NestedAttributeObject{Attributes: webhookAttributes()},
			},
			"ids": schema.ListAttribute{
				ElementType: types.StringType,
				Computed:    true,
				MarkdownDescription: "IDs of `webhooks`, in the same order, for example for an `import` block with `for_each`. " +
					"In `terraform test`, `override_data` can set this list, but not `webhooks`.",
			},
			"urls": schema.ListAttribute{
				ElementType:         types.StringType,
				Computed:            true,
				MarkdownDescription: "URLs of `webhooks`, in the same order. `override_data` can set this list too.",
			},
		},
	}
}

// Descriptions of the arguments that the data source and list blocks share.
const (
	filterText = "Filter on `url` and `created_at`, " +
		"in the string form, such as `url contains 'acme' and created_at >= today-30d`, or in the JSON form, as `jsonencode` writes it. " +
		"The provider checks the filter, and sends it unchanged. See the guide [Filters and sorting](../guides/filters)."
	selectedAfterListing = "The API cannot filter by it. The provider reads all pages that match `filter`, up to `limit`, and selects from them."
)

// webhookAttributes describes a webhook of the API, for both data sources.
func webhookAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the webhook, for example for an import.",
		},
		"url": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "URL that receives the events, in the API's spelling.",
		},
		"event": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Event that the webhook subscribes to, such as `contact:create`.",
		},
		"project_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the project that the webhook is scoped to. Null if the webhook is not scoped to one.",
		},
		"client_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the client that the webhook is scoped to. Null if the webhook is not scoped to one.",
		},
		"created_at": schema.StringAttribute{
			CustomType:          timetypes.RFC3339Type{},
			Computed:            true,
			MarkdownDescription: "Time of creation, in RFC 3339 format.",
		},
	}
}

func (d *webhooksDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.data = providerDataFrom(req.ProviderData)
}

func (d *webhooksDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config webhooksModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	api := d.data.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	defer api.watchWaiting(&resp.Diagnostics)()
	found := []attr.Value{}
	config.IDs, config.URLs = []types.String{}, []types.String{}
	for webhook, err := range api.reader.List(ctx, config.listOptions(), int(config.Limit.ValueInt64())) {
		if err != nil {
			addListError(&resp.Diagnostics, err, config.Filter, len(config.Sort) > 0)
			return
		}
		if !config.selects(webhook) {
			continue
		}
		model := newWebhookModel(webhook)
		found = append(found, model.object(&resp.Diagnostics))
		config.IDs, config.URLs = append(config.IDs, model.ID), append(config.URLs, model.URL)
		// The loop ends at the last webhook wanted, and not before the next one,
		// because the next one may cost a page.
		if config.full(len(found)) {
			break
		}
	}
	webhooks, diags := types.ListValue(types.ObjectType{AttrTypes: webhookTypes}, found)
	resp.Diagnostics.Append(diags...)
	config.Webhooks = webhooks
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}

// listOptions is the part of the arguments that the API applies itself.
func (m webhooksModel) listOptions() kanbert.ListOptions {
	opts := kanbert.ListOptions{Filter: m.Filter.ValueString(), Sort: filter.StableSort(stringValues(m.Sort))}
	// If every webhook of a page counts, a larger page is not needed. 0 is the
	// default page size, and no limit.
	if !m.selectsAfterListing() {
		opts.PageSize = int(min(m.Limit.ValueInt64(), kanbert.DefaultPageSize))
	}
	return opts
}

func (m webhooksModel) selectsAfterListing() bool {
	return m.Events != nil || !m.ProjectID.IsNull() || !m.ClientID.IsNull()
}

// selects reports whether w matches events, project_id and client_id.
func (m webhooksModel) selects(w kanbert.Webhook) bool {
	return (m.Events == nil || slices.Contains(m.Events, types.StringValue(string(w.Event)))) &&
		(m.ProjectID.IsNull() || m.ProjectID.ValueString() == w.ProjectID) &&
		(m.ClientID.IsNull() || m.ClientID.ValueString() == w.ClientID)
}

// full reports whether the number found has reached limit.
func (m webhooksModel) full(found int) bool {
	return !m.Limit.IsNull() && int64(found) >= m.Limit.ValueInt64()
}

func stringValues(list []types.String) []string {
	values := make([]string, len(list))
	for i, s := range list {
		values[i] = s.ValueString()
	}
	return values
}
