// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var (
	_ resource.Resource                = (*webhookResource)(nil)
	_ resource.ResourceWithConfigure   = (*webhookResource)(nil)
	_ resource.ResourceWithIdentity    = (*webhookResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*webhookResource)(nil)
	_ resource.ResourceWithImportState = (*webhookResource)(nil)
	_ resource.ResourceWithMoveState   = (*webhookResource)(nil)
)

// webhookResourceType is the name of the resource in configurations.
const webhookResourceType = "kanbert_webhook"

// newWebhookResource returns the constructor of the resource in one process.
func newWebhookResource(unknownSecret *secretWarning) func() resource.Resource {
	return func() resource.Resource { return &webhookResource{unknownSecret: unknownSecret} }
}

type webhookResource struct {
	data          *providerData
	unknownSecret *secretWarning
}

func (r *webhookResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = webhookResourceType
}

func (r *webhookResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a Kanbert webhook. A webhook subscribes one URL to one event. Kanbert sends each event as a signed POST request. " +
			"Kanbert cannot change a webhook: a change of any argument replaces it, and the new webhook has a new signing secret.",
		Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				Required:      true,
				Validators:    []validator.String{urlValidator{}},
				PlanModifiers: argumentNamed("url").modifiers(),
				MarkdownDescription: fmt.Sprintf("URL that receives the events: an absolute `https` or `http` URL of at most %d characters, without user info. "+
					"A Kanbert workspace can use a URL only once: a receiver of several events needs a URL for each, with another path or query. "+
					"Another spelling of the same URL (case of the host, default port, empty path) is not a change. "+
					"A value that Kanbert normalises at creation, such as a host in punycode, is not a change either. "+
					"For an imported webhook, write each argument as the API returns it. "+
					"The provider warns about plain `http` to a host that is not loopback, a fragment, and a loopback or private host. "+
					"An existing webhook with user info in its URL can be imported. A change replaces the webhook.", kanbert.MaxURLLength),
			},
			"event": schema.StringAttribute{
				Required:      true,
				Validators:    []validator.String{webhookEventValidator{}},
				PlanModifiers: argumentNamed("event").modifiers(),
				MarkdownDescription: "Event to subscribe to: one of `" + strings.Join(eventTexts(), "`, `") + "`. " +
					"The plan returns an error for any other event that is new or changed. An existing webhook with another event can be imported. " +
					"A change replaces the webhook.",
			},
			"project_id": schema.StringAttribute{
				Optional:      true,
				Validators:    []validator.String{scopeValidator{"project", "for a webhook that is not scoped to a project"}},
				PlanModifiers: argumentNamed("project_id").modifiers(),
				MarkdownDescription: "ID of the project that the webhook is scoped to. Required for events of `task:*` and `comment:*`: " +
					"the plan returns an error for a new or changed webhook without it. " +
					"A change replaces the webhook.",
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{scopeValidator{"client", "for a webhook that is not scoped to a client"}},
				PlanModifiers:       argumentNamed("client_id").modifiers(),
				MarkdownDescription: "ID of the client that the webhook is scoped to. A change replaces the webhook.",
			},
			"id": schema.StringAttribute{
				Computed:            true,
				PlanModifiers:       keep,
				MarkdownDescription: "ID of the webhook. It is also the resource identity, which Terraform 1.12 and newer store in state.",
			},
			"created_at": schema.StringAttribute{
				CustomType:          timetypes.RFC3339Type{},
				Computed:            true,
				PlanModifiers:       keep,
				MarkdownDescription: "Time of creation, from Kanbert's clock, in RFC 3339 format.",
			},
			secretAttribute: schema.StringAttribute{
				Computed:      true,
				Sensitive:     true,
				PlanModifiers: keep,
				MarkdownDescription: "Secret that signs the deliveries (HMAC-SHA256 of the body). Kanbert returns it only when it creates the webhook, " +
					"and it never changes. It is null after an import. State contains it in plain text: protect state like a password.",
			},
		},
	}
}

func (r *webhookResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "ID of the webhook. The data source kanbert_webhooks lists the ids.",
			},
		},
	}
}

func (r *webhookResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.data = providerDataFrom(req.ProviderData)
}

func (r *webhookResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	planned := readResourceModel(ctx, req.Plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	api := r.data.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	defer api.watchWaiting(&resp.Diagnostics)()
	r.data.beginApply()
	asked := planned.newWebhook()
	created, err := api.client.CreateWebhook(ctx, asked, func() bool { return api.reader.SeenFree(asked.URL) })
	if created != nil {
		// The webhook exists. Its id and secret go into state before anything
		// that can fail: the API returns the secret this once.
		state := planned.created(*created)
		resp.Diagnostics.Append(resp.State.Set(ctx, state.object(&resp.Diagnostics))...)
		setIdentity(ctx, resp.Identity, created.ID, &resp.Diagnostics)
		private := webhookPrivate{
			WorkspaceID: api.client.KnownWorkspaceID(), CreatedAt: created.AnsweredAt, Spellings: spellingsOf(asked, created.Webhook),
		}
		private.save(ctx, resp.Private, &resp.Diagnostics)
		api.reader.Created(created.Webhook)
		r.data.seen.noteSpelling(asked.URL, created.URL)
		warnOfSpellings(private.Spellings, &resp.Diagnostics)
	}
	if err == nil {
		return
	}
	r.addCreateError(asked.URL, err, &resp.Diagnostics)
	if created != nil && !created.SignatureSecretKey.IsZero() {
		resp.Diagnostics.AddWarning("The webhook was created in spite of the error", fmt.Sprintf(
			"Webhook %q exists, and is in state with its signing secret. Because of the error Terraform marks it as tainted and will replace it. "+
				"To keep it, run terraform untaint with the address of this resource.", created.ID))
	}
}

// addCreateError adds the diagnostics that explain why a create failed. A URL for
// which several creates failed is explained once.
func (r *webhookResource) addCreateError(url string, err error, diags *diag.Diagnostics) {
	var taken *kanbert.URLTakenError
	if errors.As(err, &taken) && !r.data.seen.reportTaken(url) {
		diags.AddAttributeError(path.Root("url"), string(createWebhook), explainTakenAgain(taken))
		return
	}
	addError(diags, createWebhook, err, argumentNames()...)
}

func (r *webhookResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := readResourceModel(ctx, req.State, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	api := r.data.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	defer api.watchWaiting(&resp.Diagnostics)()
	managed := newManagedWebhook(state, loadPrivate(ctx, req.Private))
	r.data.seen.noteSpelling(state.URL.ValueString(), managed.url)
	warnOfTwoAddresses(managed.id, r.data.trackManaged(managed.id, seenByRead), &resp.Diagnostics)
	webhook, err := api.reader.Read(ctx, managed.id, managed.url, managed.notBefore(api.client))
	switch {
	case errors.Is(err, directory.ErrGone):
		if r.data.mayBeRemoved(ctx, managed, api, &resp.Diagnostics) {
			// A removal without an identity is refused, and a state that a CLI
			// below 1.12 wrote has none.
			setIdentity(ctx, resp.Identity, managed.id, &resp.Diagnostics)
			resp.State.RemoveResource(ctx)
		}
		return
	case err != nil:
		addError(&resp.Diagnostics, readWebhook, err)
		return
	}
	state.refresh(webhook, managed.private.Spellings)
	resp.Diagnostics.Append(resp.State.Set(ctx, state.object(&resp.Diagnostics))...)
	setIdentity(ctx, resp.Identity, managed.id, &resp.Diagnostics)
	managed.private.seenIn(api.client.KnownWorkspaceID()).save(ctx, resp.Private, &resp.Diagnostics)
}

// Update sends no request: the API has no update. A plan contains one only if an
// argument changes between null and the value that the API stored at creation.
func (r *webhookResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	state, planned := readResourceModel(ctx, req.State, &resp.Diagnostics), readResourceModel(ctx, req.Plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	private := loadPrivate(ctx, req.Private)
	adopted, ok := private.Spellings.adopt(state, planned)
	if !ok {
		resp.Diagnostics.AddError("Unable to update webhook",
			"The provider received an update, although Kanbert cannot change a webhook and every change is planned as a replacement. "+
				"This is an error in the provider: please report it.")
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, planned.object(&resp.Diagnostics))...)
	setIdentity(ctx, resp.Identity, state.ID.ValueString(), &resp.Diagnostics)
	private.Spellings = adopted
	private.save(ctx, resp.Private, &resp.Diagnostics)
}

func (r *webhookResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := readResourceModel(ctx, req.State, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	api := r.data.api(&resp.Diagnostics)
	if api == nil {
		return
	}
	defer api.watchWaiting(&resp.Diagnostics)()
	managed := newManagedWebhook(state, loadPrivate(ctx, req.Private))
	r.data.beginApply()
	r.data.trackManaged(managed.id, seenByApply)
	if managed.refuseWorkspace(api.client.KnownWorkspaceID(), &resp.Diagnostics) {
		return
	}
	switch err := api.client.DeleteWebhook(ctx, managed.id); {
	case err == nil:
		api.reader.Deleted(managed.id)
	case kanbert.NeedsProof(err):
		r.deleteAbsent(ctx, managed, api, err, &resp.Diagnostics)
	default:
		addError(&resp.Diagnostics, deleteWebhook, err)
	}
}

// deleteAbsent handles a DELETE whose response proves nothing. A gateway, a missing
// route and another workspace return the same response: the webhook is gone, and the
// delete successful, only if the lists agree.
func (r *webhookResource) deleteAbsent(ctx context.Context, managed managedWebhook, api *api, answer error, diags *diag.Diagnostics) {
	// The request was sent, so one Ctrl-C must not end its follow-up.
	ctx = context.WithoutCancel(ctx)
	if err := managed.confirmGone(ctx, api); err != nil {
		addUnconfirmedDelete(diags, managed.id, answer, err)
		return
	}
	if r.data.mayBeRemoved(ctx, managed, api, diags) {
		api.reader.Deleted(managed.id)
	}
}

// setIdentity sets the identity of the webhook.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, id string, diags *diag.Diagnostics) {
	diags.Append(identity.SetAttribute(ctx, path.Root("id"), id)...)
}
