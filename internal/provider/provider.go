// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Address is the address of this provider in the registry. OpenTofu uses the same
// namespace and type at the host of its own registry.
const Address = "registry.terraform.io/kanbert/kanbert"

var (
	_ provider.Provider                  = (*kanbertProvider)(nil)
	_ provider.ProviderWithListResources = (*kanbertProvider)(nil)
)

// Option replaces a part of the provider, for tests and comparisons. Users cannot set
// options.
type Option func(*kanbertProvider)

// WithClientOptions adds options to the client, after those that follow from the
// configuration, so that they win.
func WithClientOptions(opts ...kanbert.Option) Option {
	return func(p *kanbertProvider) { p.clientOptions = append(p.clientOptions, opts...) }
}

// WithReader replaces the directory for reads.
func WithReader(newReader func(directory.Source) Reader) Option {
	return func(p *kanbertProvider) { p.newReader = newReader }
}

// New returns the constructor of the provider at this version.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &kanbertProvider{
			version:   version,
			newReader: func(source directory.Source) Reader { return directory.New(source) },
		}
		for _, opt := range opts {
			opt(p)
		}
		return p
	}
}

type kanbertProvider struct {
	version       string
	clientOptions []kanbert.Option
	newReader     func(directory.Source) Reader
	// unknownSecret warns once in this process.
	unknownSecret secretWarning
}

func (p *kanbertProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "kanbert"
	resp.Version = p.version
}

func (p *kanbertProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages webhooks in a [Kanbert](https://kanbert.com) workspace. Requires Terraform 1.5, OpenTofu 1.8, or a newer version.",
		Attributes: map[string]schema.Attribute{
			"token": schema.StringAttribute{
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{settingValidator{tokenSetting}},
				MarkdownDescription: "Token of the Kanbert API, sent as a bearer token. It requires the scope `integration`. " +
					"Kanbert issues tokens under Settings → Apps & API. " + defaultsTo(tokenSetting, "") +
					" Plan and apply require one of the two. Validate requires neither.",
			},
			"base_url": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{settingValidator{baseURLSetting}},
				MarkdownDescription: "URL of the Kanbert API, with the version in the path. " +
					"It must be an `https` URL without user info, query and fragment. Plain `http` is accepted only for a loopback host. " +
					defaultsTo(baseURLSetting, "`"+kanbert.DefaultBaseURL+"`"),
			},
			"max_retries": schema.Int64Attribute{
				Optional:   true,
				Validators: []validator.Int64{settingValidator{maxRetriesSetting}},
				MarkdownDescription: fmt.Sprintf("Maximum number of retries of one call, from 0 to %d. "+
					"Waiting that `max_wait` limits does not count. A create is retried only if that cannot create a second webhook. %s",
					maxMaxRetries, defaultsTo(maxRetriesSetting, fmt.Sprintf("`%d`", kanbert.DefaultMaxRetries))),
			},
			"request_timeout": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{settingValidator{requestTimeoutSetting}},
				MarkdownDescription: "Time limit of one attempt, from the connection to the last byte of the response: " +
					"a number with a unit, such as `45s` or `1m30s`, up to `10m`. " +
					defaultsTo(requestTimeoutSetting, "`"+kanbert.DefaultRequestTimeout.String()+"`"),
			},
			"max_wait": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{settingValidator{maxWaitSetting}},
				MarkdownDescription: "Maximum time that a run waits without a successful request, for a rate limit (429), an outage (503) or a connection: " +
					"a number with a unit, such as `30s` or `10m`, up to `24h`. Each success starts the time again. " +
					"With `0s` the provider never waits. " +
					defaultsTo(maxWaitSetting, "`"+shortDuration(kanbert.DefaultMaxWait)+"`"),
			},
		},
	}
}

// defaultsTo returns, for the docs, the default of a setting.
func defaultsTo(s setting, otherwise string) string {
	text := "Defaults to the environment variable `" + s.variable + "`"
	if otherwise != "" {
		text += ", or else to " + otherwise
	}
	return text + "."
}

// Configure sends no request. It checks the configuration, and the first request
// creates the client. An unknown value is not an error: a plan may need no request.
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
	options := slices.Concat(settings.options, []kanbert.Option{
		kanbert.WithUserAgent(userAgent(p.version, req.TerraformVersion, os.Getenv("TF_APPEND_USER_AGENT"))),
		kanbert.WithLogger(logToTerraform),
	}, p.clientOptions)
	if len(settings.unknown) > 0 && req.ClientCapabilities.DeferralAllowed {
		// Terraform Stacks plan the resources of this provider in a later round. The
		// framework then responds for each resource and data source.
		resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
	}
	data := newProviderData(settings.unknown, options, p.newReader)
	resp.ResourceData = data
	resp.DataSourceData = data
	resp.ListResourceData = data
}

func (p *kanbertProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newWebhookResource(&p.unknownSecret)}
}

func (p *kanbertProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newWebhookDataSource, newWebhooksDataSource}
}

func (p *kanbertProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newWebhookListResource}
}
