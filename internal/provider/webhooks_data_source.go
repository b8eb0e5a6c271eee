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
		MarkdownDescription: "Lists webhooks of the workspace: all of them, or those that a filter, their events, a project or a client select. " +
			"None found is no error. The signing secrets are not among what the API lists.",
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
				MarkdownDescription: "What the list is sorted by: `url`, `is_active` and `created_at`, each with a `-` in front to descend. " +
					"The first entry decides, the next ones where it leaves a tie. " +
					"`url` is appended if it is missing, because pages of a list with ties can overlap. Sorted by `url` if not set.",
			},
			"events": schema.ListAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{eventsValidator{}},
				MarkdownDescription: "Only webhooks for one of these events, e.g. `contact:create`. " + selectedAfterListing,
			},
			"project_id": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{scopeValidator{"project", "for webhooks of any project or of none"}},
				MarkdownDescription: "Only webhooks that are scoped to this project. " + selectedAfterListing,
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{scopeValidator{"client", "for webhooks of any client or of none"}},
				MarkdownDescription: "Only webhooks that are scoped to this client. " + selectedAfterListing,
			},
			"limit": schema.Int64Attribute{
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "How many webhooks to give at most: 1 or more. When so many are found, no further page is asked for. " +
					"There is no limit if not set.",
			},
			"webhooks": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The webhooks, in the order of `sort`. Empty if there is none.",
				NestedObject:        schema.NestedAttributeObject{Attributes: webhookAttributes()},
			},
			"ids": schema.ListAttribute{
				ElementType: types.StringType,
				Computed:    true,
				MarkdownDescription: "The ids of `webhooks`, in the same order: for an `import` block with `for_each`. " +
					"`terraform test` can override this list, and cannot override `webhooks`.",
			},
			"urls": schema.ListAttribute{
				ElementType:         types.StringType,
				Computed:            true,
				MarkdownDescription: "The URLs of `webhooks`, in the same order. `terraform test` can override this list as well.",
			},
		},
	}
}

// What the data source and list blocks say of the same arguments.
const (
	filterText = "Which webhooks the API lists, by `url` and `created_at`: " +
		"in the string form, as `url contains 'acme' and created_at >= today-30d`, or in the JSON form, as `jsonencode` writes it. " +
		"It is checked before any request and sent as written. See the guide [Filters and sorting](../guides/filters)."
	selectedAfterListing = "The API cannot filter by it: the provider reads every page that `filter` leaves, up to the `limit`, and selects from them."
)

// webhookAttributes describes a webhook that the API gives, for both data sources.
func webhookAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Kanbert's id of the webhook, by which it can be imported.",
		},
		"url": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Where Kanbert delivers to, in the API's spelling.",
		},
		"event": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The event that is delivered, e.g. `contact:create`.",
		},
		"project_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The project whose events are delivered. Null if the webhook is not scoped to one.",
		},
		"client_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The client whose events are delivered. Null if the webhook is not scoped to one.",
		},
		"created_at": schema.StringAttribute{
			CustomType:          timetypes.RFC3339Type{},
			Computed:            true,
			MarkdownDescription: "When the webhook was created, in RFC 3339.",
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
		// The loop ends on the last one wanted, not before the next: looking for
		// the next may cost a page.
		if config.full(len(found)) {
			break
		}
	}
	webhooks, diags := types.ListValue(types.ObjectType{AttrTypes: webhookTypes}, found)
	resp.Diagnostics.Append(diags...)
	config.Webhooks = webhooks
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}

// listOptions is what the API itself can select and sort.
func (m webhooksModel) listOptions() kanbert.ListOptions {
	opts := kanbert.ListOptions{Filter: m.Filter.ValueString()}
	if len(m.Sort) > 0 {
		opts.Sort = filter.StableSort(stringValues(m.Sort))
	}
	// Where every webhook of a page counts, no larger page is needed.
	if limit := m.Limit.ValueInt64(); limit > 0 && limit < kanbert.DefaultPageSize && !m.selectsAfterListing() {
		opts.PageSize = int(limit)
	}
	return opts
}

func (m webhooksModel) selectsAfterListing() bool {
	return m.Events != nil || !m.ProjectID.IsNull() || !m.ClientID.IsNull()
}

// selects reports whether w is what events, project_id and client_id ask for.
func (m webhooksModel) selects(w kanbert.Webhook) bool {
	return (m.Events == nil || slices.Contains(m.Events, types.StringValue(string(w.Event)))) &&
		(m.ProjectID.IsNull() || m.ProjectID.ValueString() == w.ProjectID) &&
		(m.ClientID.IsNull() || m.ClientID.ValueString() == w.ClientID)
}

// full reports whether found webhooks are as many as limit asks for.
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
