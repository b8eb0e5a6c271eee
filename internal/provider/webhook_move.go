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

// MoveState takes over webhooks that were managed through a generic REST provider
// (Terraform 1.8 and newer, OpenTofu 1.10 and newer). It reads the old state and
// sends nothing. The read that follows looks the webhook up.
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

// keepOwnState moves a kanbert_webhook of this provider at another address. Some
// CLIs call that a move as well: OpenTofu 1.12.4, when a state that Terraform wrote
// names the provider by the host of Terraform's registry.
func keepOwnState(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != webhookResourceType || providerType(req.SourceProviderAddress) != "kanbert" {
		return
	}
	if req.SourceState == nil {
		resp.Diagnostics.AddError(moveWebhook, "The state of the kanbert_webhook cannot be read. "+importInstead)
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

// providerType returns the last part of a provider's address, by which
// configurations call it. The host and the namespace before it do not count:
// mirrors and forks keep the state's shape.
func providerType(address string) string {
	return address[strings.LastIndexByte(address, '/')+1:]
}

// oldState holds the attributes of the resource that is moved, as its provider
// wrote them into the state. They are read without that provider's schema, which
// differs between its versions; a missing attribute and null are the same.
type oldState map[string]any

// moverFrom moves a resource of the type out of any provider of the type.
func (r *webhookResource) moverFrom(source, resourceType string, read func(oldState) oldWebhook) func(context.Context, resource.MoveStateRequest, *resource.MoveStateResponse) {
	return func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceTypeName != resourceType || providerType(req.SourceProviderAddress) != source {
			return
		}
		var state oldState
		// The error of encoding/json may quote its input, where a secret may be.
		if json.Unmarshal(req.SourceRawState.JSON, &state) != nil {
			resp.Diagnostics.AddError(moveWebhook, fmt.Sprintf("The state of the %s that is moved cannot be read as JSON. %s", resourceType, importInstead))
			return
		}
		old := read(state)
		if problem := old.problem(); problem != "" {
			resp.Diagnostics.AddError(moveWebhook, fmt.Sprintf("The %s that is moved is no Kanbert webhook: %s. %s", resourceType, problem, importInstead))
			return
		}
		resp.Diagnostics.Append(resp.TargetState.Set(ctx, old.model().object(&resp.Diagnostics))...)
		setIdentity(ctx, resp.TargetIdentity, old.webhook.ID, &resp.Diagnostics)
		if old.secret == "" {
			r.unknownSecret.add(&resp.Diagnostics)
		}
	}
}

const importInstead = "If it is one nevertheless, take the old resource out of the state with a removed block and import the webhook by its id or its URL."

// refuseMove stands last, so that what no other mover took gets a text that says
// what can be moved.
func refuseMove(_ context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	resp.Diagnostics.AddError(moveWebhook, fmt.Sprintf(
		"A %s of the provider %s cannot be moved to a %s. What can be moved is a restapi_object of the provider Mastercard/restapi and a restful_resource of the provider magodo/restful. "+
			"Everything else is taken out of the state with a removed block, and the webhook is imported by its id or its URL.",
		req.SourceTypeName, req.SourceProviderAddress, webhookResourceType))
}

// oldWebhook is what an old state tells of a webhook.
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
		return "its state holds no id of a webhook"
	case o.webhook.URL == "":
		return "its state holds no url"
	case err != nil || !isHTTP(address.Scheme) || address.Host == "":
		return "the url in its state is no https or http URL"
	case o.webhook.Event == "":
		return "its state holds no event"
	case !o.webhook.Event.WellFormed():
		return fmt.Sprintf("the event %q in its state has not the form noun:verb", o.webhook.Event)
	}
	return ""
}

func (o oldWebhook) model() webhookResourceModel {
	return webhookResourceModel{
		webhookModel:       newWebhookModel(o.webhook),
		SignatureSecretKey: stringOrNull(o.secret),
	}
}

// readRestapiObject reads a restapi_object. Its api_response is the last answer,
// its create_response the answer to the create, with the secret. Its api_data is
// the last answer once more, and all that versions before 1.10 have of it; and
// data is what the configuration asked for, which later reads overwrite.
func readRestapiObject(state oldState) oldWebhook {
	return newOldWebhook(state.objects("api_response", "create_response", "api_data", "data"), textOf(state["id"]))
}

// readRestfulResource reads a restful_resource. Its output is the last answer,
// and body what the configuration asked for. Its id is the path of that answer:
// of the list, or of one webhook.
func readRestfulResource(state oldState) oldWebhook {
	return newOldWebhook(state.objects("sensitive_output", "output", "body"), idFromPath(textOf(state["id"])))
}

// newOldWebhook takes each field from the first of objects that has it, null or
// not. Objects of another id are left aside: an answer to a create may be older
// than the webhook that is managed now, and its secret another's.
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

// objects returns the JSON objects that the attributes hold, nil for one that holds
// none.
func (s oldState) objects(names ...string) []map[string]any {
	objects := make([]map[string]any, len(names))
	for i, name := range names {
		objects[i] = object(s[name])
	}
	return objects
}

// object reads the forms in which a state has an object: itself, a text of JSON,
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

// textOf returns value if it is a string, and nothing otherwise. An api_data has
// null as Go prints it.
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
