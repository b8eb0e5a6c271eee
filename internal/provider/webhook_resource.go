// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var (
	_ resource.Resource                = (*webhookResource)(nil)
	_ resource.ResourceWithConfigure   = (*webhookResource)(nil)
	_ resource.ResourceWithIdentity    = (*webhookResource)(nil)
	_ resource.ResourceWithImportState = (*webhookResource)(nil)
	_ resource.ResourceWithMoveState   = (*webhookResource)(nil)
)

// webhookResourceType is the name of the resource in configurations.
const webhookResourceType = "kanbert_webhook"

// writeDeadline is how long a create or a delete may take, with all that its
// retries wait for. It takes the place of Terraform's cancellation.
const writeDeadline = 30 * time.Minute

func newWebhookResource() resource.Resource { return &webhookResource{} }

type webhookResource struct{ connection *connection }

func (r *webhookResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = webhookResourceType
}

func (r *webhookResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A webhook: one URL that Kanbert tells of one kind of event.",
		Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				Required:            true,
				PlanModifiers:       replace,
				MarkdownDescription: "Where Kanbert delivers to.",
			},
			"event": schema.StringAttribute{
				Required:            true,
				PlanModifiers:       replace,
				MarkdownDescription: "The event that is delivered.",
			},
			"project_id": schema.StringAttribute{
				Optional:            true,
				PlanModifiers:       replace,
				MarkdownDescription: "The project whose events are delivered.",
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				PlanModifiers:       replace,
				MarkdownDescription: "The client whose events are delivered.",
			},
			"id": schema.StringAttribute{
				Computed:            true,
				PlanModifiers:       keep,
				MarkdownDescription: "Kanbert's id of the webhook.",
			},
			"created_at": schema.StringAttribute{
				CustomType:          timetypes.RFC3339Type{},
				Computed:            true,
				PlanModifiers:       keep,
				MarkdownDescription: "When the webhook was created.",
			},
			"signature_secret_key": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				PlanModifiers:       keep,
				MarkdownDescription: "The secret that signs the deliveries.",
			},
		},
	}
}

func (r *webhookResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Kanbert's id of the webhook.",
			},
		},
	}
}

func (r *webhookResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.connection = connectionFrom(req.ProviderData)
}

func (r *webhookResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var planned webhookResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &planned)...)
	if resp.Diagnostics.HasError() {
		return
	}
	api := r.connection.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	ctx, cancel := outliveInterrupt(ctx)
	defer cancel()

	created, err := api.client.CreateWebhook(ctx, planned.newWebhook())
	if created != nil {
		// The webhook exists. Its id and secret go into state before anything
		// that can fail: the API gives the secret this once.
		state := planned.created(*created)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		setIdentity(ctx, resp.Identity, created.ID, &resp.Diagnostics)
		api.directory.Created(created.Webhook)
		r.connection.know(created.ID)
	}
	if err != nil {
		addError(&resp.Diagnostics, createWebhook, err)
	}
}

func (r *webhookResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state webhookResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	api := r.connection.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	id := state.ID.ValueString()
	r.connection.know(id)
	webhook, err := api.directory.Read(ctx, id, state.URL.ValueString())
	if errors.Is(err, directory.ErrGone) {
		// Terraform refuses a removal without an identity, and a state of a CLI
		// below 1.12 has none.
		setIdentity(ctx, resp.Identity, id, &resp.Diagnostics)
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&resp.Diagnostics, readWebhook, err)
		return
	}
	state.refresh(webhook)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	setIdentity(ctx, resp.Identity, id, &resp.Diagnostics)
}

// Update is never reached by a plan of this provider: every argument replaces.
func (r *webhookResource) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("Unable to update webhook",
		"Kanbert cannot change a webhook, and every change of an argument is planned as a replacement. "+
			"That an update was asked for is an error in the provider: please report it.")
}

func (r *webhookResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state webhookResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	api := r.connection.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	ctx, cancel := outliveInterrupt(ctx)
	defer cancel()

	id := state.ID.ValueString()
	if err := api.client.DeleteWebhook(ctx, id); err != nil && !errors.Is(err, kanbert.ErrNotFound) {
		addError(&resp.Diagnostics, deleteWebhook, err)
		return
	}
	api.directory.Deleted(id)
}

// ImportState takes an id, by itself or as the identity.
func (r *webhookResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("id"), path.Root("id"), req, resp)
}

// outliveInterrupt returns a context that ignores Terraform's cancellation and
// has a deadline of its own. One Ctrl-C must not cut a create off between the
// request and the state: the webhook would stand and its secret be lost.
func outliveInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeDeadline)
}

// setIdentity sets the identity of the webhook.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, id string, diags *diag.Diagnostics) {
	diags.Append(identity.Set(ctx, webhookIdentityModel{ID: types.StringValue(id)})...)
}
