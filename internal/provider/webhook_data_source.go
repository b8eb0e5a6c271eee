// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var (
	_ datasource.DataSource                     = (*webhookDataSource)(nil)
	_ datasource.DataSourceWithConfigure        = (*webhookDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*webhookDataSource)(nil)
)

func newWebhookDataSource() datasource.DataSource { return &webhookDataSource{} }

type webhookDataSource struct{ data *providerData }

func (d *webhookDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = webhookResourceType
}

func (d *webhookDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := webhookAttributes()
	attributes["id"] = schema.StringAttribute{
		Optional:   true,
		Computed:   true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: "ID of the webhook. Set exactly one of `id` and `url`. " +
			"The API cannot filter by id, so the provider lists all webhooks, once for all data sources that are read at the same time.",
	}
	attributes["url"] = schema.StringAttribute{
		Optional:   true,
		Computed:   true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: "URL that receives the events. Set exactly one of `id` and `url`. " +
			"The case of scheme and host, a default port and an empty path make no difference. " +
			"If `url` is set, it keeps its spelling. Otherwise it has the API's spelling.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads a webhook in the workspace by its `id` or its `url`. Returns an error if no webhook matches. " +
			"The API does not return the signing secret here: it returns the secret only when the webhook is created.",
		Attributes: attributes,
	}
}

func (d *webhookDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("url")),
	}
}

func (d *webhookDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.data = providerDataFrom(req.ProviderData)
}

func (d *webhookDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	config := webhookModelOf(attributesOf(ctx, req.Config, &resp.Diagnostics))
	if resp.Diagnostics.HasError() {
		return
	}
	api := d.data.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	defer api.watchWaiting(&resp.Diagnostics)()
	var webhook *kanbert.Webhook
	if config.URL.IsNull() {
		webhook = findByID(ctx, api.reader, readWebhook, config.ID.ValueString(), &resp.Diagnostics)
	} else {
		webhook = d.findByURL(ctx, api.reader, config.URL.ValueString(), &resp.Diagnostics)
	}
	if webhook == nil {
		return
	}
	found := newWebhookModel(*webhook)
	if !config.URL.IsNull() {
		// Terraform refuses a result that contradicts the configuration.
		found.URL = config.URL
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, found.object(&resp.Diagnostics))...)
}

// findByURL looks the webhook up. It also finds a webhook of this configuration by
// the URL in state if the API has another text for it.
func (d *webhookDataSource) findByURL(ctx context.Context, reader Reader, url string, diags *diag.Diagnostics) *kanbert.Webhook {
	if answered, known := d.data.seen.answeredTo(url); known {
		if webhook, found, err := reader.ByEquivalentURL(ctx, answered); err == nil && found {
			return &webhook
		}
	}
	return findByURL(ctx, reader, readWebhook, url, diags)
}
