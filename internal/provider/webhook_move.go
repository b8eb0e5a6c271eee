// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// moveWebhook is the summary of errors about a moved block.
const moveWebhook = "Unable to move webhook"

// MoveState moves webhooks that a generic REST provider manages (Terraform 1.8 and
// newer, OpenTofu 1.10 and newer). It reads the old state and sends no request. The
// read that follows looks the webhook up.
func (r *webhookResource) MoveState(ctx context.Context) []resource.StateMover {
	var own resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &own)
	return []resource.StateMover{
		{SourceSchema: &own.Schema, StateMover: keepOwnState},
		{StateMover: r.moverFrom("restapi", "restapi_object", readRestapiObject)},
		{StateMover: r.moverFrom("restful", "restful_resource", readRestfulResource)},
		{StateMover: refuseMove},
	}
}

// keepOwnState moves a kanbert_webhook of this provider under another provider
// address. Some CLIs treat that as a move: OpenTofu 1.12.4 does, if Terraform wrote
// the state with the host of its own registry.
func keepOwnState(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != webhookResourceType || providerType(req.SourceProviderAddress) != "kanbert" {
		return
	}
	if req.SourceState == nil {
		resp.Diagnostics.AddError(moveWebhook, "The state of the kanbert_webhook cannot be read. Remove the old resource "+importInstead)
		return
	}
	state := readResourceModel(ctx, req.SourceState, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, state.object(&resp.Diagnostics))...)
	setIdentity(ctx, resp.TargetIdentity, state.ID.ValueString(), &resp.Diagnostics)
	loadPrivate(ctx, req.SourcePrivate).save(ctx, resp.TargetPrivate, &resp.Diagnostics)
}

// providerType returns the last part of a provider's address. The host and the
// namespace are ignored: mirrors and forks have the same state format.
func providerType(address string) string {
	return address[strings.LastIndexByte(address, '/')+1:]
}

// oldState contains the attributes of the moved resource, as its provider wrote them
// into state. They are read without that provider's schema, which differs between
// its versions. A missing attribute and null are the same.
type oldState map[string]any

// moverFrom moves a resource of resourceType from a provider of the type source.
func (r *webhookResource) moverFrom(source, resourceType string, read func(oldState) oldWebhook) func(context.Context, resource.MoveStateRequest, *resource.MoveStateResponse) {
	return func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceTypeName != resourceType || providerType(req.SourceProviderAddress) != source {
			return
		}
		var state oldState
		// The error of encoding/json may quote its input, where a secret may be.
		if json.Unmarshal(req.SourceRawState.JSON, &state) != nil {
			resp.Diagnostics.AddError(moveWebhook, fmt.Sprintf("The state of the %s cannot be read as JSON. Remove the old resource %s", resourceType, importInstead))
			return
		}
		old := read(state)
		if problem := old.problem(); problem != "" {
			resp.Diagnostics.AddError(moveWebhook, fmt.Sprintf("The %s is not a Kanbert webhook: %s. If it manages one, remove it %s", resourceType, problem, importInstead))
			return
		}
		resp.Diagnostics.Append(resp.TargetState.Set(ctx, old.model().object(&resp.Diagnostics))...)
		setIdentity(ctx, resp.TargetIdentity, old.webhook.ID, &resp.Diagnostics)
		if old.secret == "" {
			r.unknownSecret.add(&resp.Diagnostics)
		}
	}
}

// importInstead ends the advice to remove a resource that cannot be moved.
const importInstead = "from state with a removed block, and import the webhook by its id or its URL."

// refuseMove is the last mover. Its error says which resources can be moved.
func refuseMove(_ context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	resp.Diagnostics.AddError(moveWebhook, fmt.Sprintf(
		"A %s of the provider %s cannot be moved to a %s. Only restapi_object (provider Mastercard/restapi) and restful_resource (provider magodo/restful) can be moved. "+
			"Remove any other resource %s",
		req.SourceTypeName, req.SourceProviderAddress, webhookResourceType, importInstead))
}

// oldWebhook is a webhook as an old state describes it.
type oldWebhook struct {
	webhook kanbert.Webhook
	secret  string
}

// problem says why this is no webhook of Kanbert, or nothing if it is one. A
// project and a client are not needed, and neither is the time of creation, which
// the next read brings.
func (o oldWebhook) problem() string {
	address, err := url.Parse(o.webhook.URL)
	switch {
	case o.webhook.ID == "":
		return "its state has no id"
	case o.webhook.URL == "":
		return "its state has no url"
	case err != nil || !isHTTP(address.Scheme) || address.Host == "":
		return "the url in its state is not an https or http URL"
	case o.webhook.Event == "":
		return "its state has no event"
	case !o.webhook.Event.WellFormed():
		return fmt.Sprintf("the event %q in its state does not have the form noun:verb", o.webhook.Event)
	}
	return ""
}

func (o oldWebhook) model() webhookResourceModel {
	return webhookResourceModel{
		webhookModel:       newWebhookModel(o.webhook),
		SignatureSecretKey: stringOrNull(o.secret),
	}
}

// readRestapiObject reads a restapi_object. Its api_response is the last response,
// its create_response the response to the create, with the secret. Its api_data is
// the last response too, and the only form of it before version 1.10. Its data is
// the configured value, which later reads overwrite.
func readRestapiObject(state oldState) oldWebhook {
	return newOldWebhook(state.objects("api_response", "create_response", "api_data", "data"), textOf(state["id"]))
}

// readRestfulResource reads a restful_resource. Its output is the last response, and
// body the configured value. Its id is the path of that response: of the list, or of
// one webhook.
func readRestfulResource(state oldState) oldWebhook {
	return newOldWebhook(state.objects("sensitive_output", "output", "body"), idFromPath(textOf(state["id"])))
}

// newOldWebhook takes each field from the first of objects that has it, null or not.
// It ignores objects with another id: the response to a create may be older than the
// managed webhook, and its secret then belongs to another webhook.
func newOldWebhook(objects []map[string]any, fallbackID string) oldWebhook {
	id := textOf(first(objects, "id"))
	if id == "" {
		id = fallbackID
	}
	objects = slices.DeleteFunc(objects, func(o map[string]any) bool { return o["id"] != nil && textOf(o["id"]) != id })
	old := oldWebhook{webhook: kanbert.Webhook{ID: id}}
	for _, a := range arguments {
		*a.made(&old.webhook) = textOf(first(objects, a.name))
	}
	old.webhook.CreatedAt, _ = time.Parse(time.RFC3339, textOf(first(objects, "created_at"))) // Zero is null.
	for _, o := range objects {
		if old.secret == "" {
			old.secret = textOf(o["signature_secret_key"])
		}
	}
	return old
}

// objects returns the JSON objects in the attributes, nil for one without.
func (s oldState) objects(names ...string) []map[string]any {
	objects := make([]map[string]any, len(names))
	for i, name := range names {
		objects[i] = object(s[name])
	}
	return objects
}

// object reads an object from each form that a state may use: an object, JSON text,
// or a dynamic value, which is {"type": …, "value": …}.
func object(value any) map[string]any {
	if encoded, ok := value.(string); ok {
		return readable[map[string]any]([]byte(encoded))
	}
	o, _ := value.(map[string]any)
	if _, isDynamic := o["type"]; isDynamic && o["value"] != nil {
		return object(o["value"])
	}
	return o
}

func first(objects []map[string]any, key string) any {
	for _, o := range objects {
		if value, ok := o[key]; ok {
			return value
		}
	}
	return nil
}

// textOf returns value if it is a string, and "" otherwise. In api_data null is
// "<nil>".
func textOf(value any) string {
	s, _ := value.(string)
	if s == "<nil>" {
		return ""
	}
	return s
}

// idFromPath returns the last segment of a path like /webhooks/{id}, unescaped.
func idFromPath(path string) string {
	_, escaped, found := strings.Cut(path, "webhooks/")
	if !found {
		return ""
	}
	escaped, _, _ = strings.Cut(escaped, "?")
	id, err := url.PathUnescape(strings.TrimSuffix(escaped, "/"))
	if err != nil {
		return ""
	}
	return id
}
