// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Address is where the registry has this provider. OpenTofu asks its own
// registry's host for the same namespace and type.
const Address = "registry.terraform.io/kanbert/kanbert"

var (
	_ provider.Provider                  = (*kanbertProvider)(nil)
	_ provider.ProviderWithListResources = (*kanbertProvider)(nil)
)

// Option changes what the provider is made of. Users have none of them: they are
// for tests and for comparisons.
type Option func(*kanbertProvider)

// WithClientOptions adds options to the client, after those that follow from the
// configuration, so that they win.
func WithClientOptions(opts ...kanbert.Option) Option {
	return func(p *kanbertProvider) { p.clientOptions = append(p.clientOptions, opts...) }
}

// WithDirectoryOptions adds options to the directory of webhooks.
func WithDirectoryOptions(opts ...directory.Option) Option {
	return func(p *kanbertProvider) { p.directoryOptions = append(p.directoryOptions, opts...) }
}

// New returns the constructor of the provider at this version.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &kanbertProvider{version: version}
		for _, opt := range opts {
			opt(p)
		}
		return p
	}
}

type kanbertProvider struct {
	version          string
	clientOptions    []kanbert.Option
	directoryOptions []directory.Option
}

type providerModel struct {
	Token          types.String `tfsdk:"token"`
	BaseURL        types.String `tfsdk:"base_url"`
	MaxRetries     types.Int64  `tfsdk:"max_retries"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
}

func (p *kanbertProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "kanbert"
	resp.Version = p.version
}

func (p *kanbertProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the webhooks of a Kanbert workspace.",
		Attributes: map[string]schema.Attribute{
			"token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Token of the Kanbert API, with the scope `integration`.",
			},
			"base_url": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Base URL of the Kanbert API.",
			},
			"max_retries": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How often one call may be sent again.",
			},
			"request_timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long one attempt may take.",
			},
		},
	}
}

// Configure sends nothing: what is configured is checked, and the client is made
// when somebody needs it.
func (p *kanbertProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings := readSettings(config, os.LookupEnv, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	settings.userAgent = userAgent(p.version, req.TerraformVersion, os.Getenv("TF_APPEND_USER_AGENT"))
	connection := newConnection(settings, p.clientOptions, p.directoryOptions)
	resp.ResourceData = connection
	resp.DataSourceData = connection
	resp.ListResourceData = connection
}

func (p *kanbertProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newWebhookResource}
}

func (p *kanbertProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newWebhookDataSource, newWebhooksDataSource}
}

func (p *kanbertProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newWebhookListResource}
}
