// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// webhookModel is a webhook as data sources give it: everything but its secret.
//
// Models and objects are converted by hand. The framework's own conversion, by
// reflection over tagged structs, compiles a regular expression for each field of
// each struct each time, and a large plan converts each webhook six times.
type webhookModel struct {
	ID        types.String
	URL       types.String
	Event     types.String
	ProjectID types.String
	ClientID  types.String
	CreatedAt timetypes.RFC3339
}

// webhookTypes are the types of a webhookModel's attributes.
var webhookTypes = func() map[string]attr.Type {
	all := map[string]attr.Type{"id": types.StringType, "created_at": timetypes.RFC3339Type{}}
	for _, a := range arguments {
		all[a.name] = types.StringType
	}
	return all
}()

func (m webhookModel) attributes() map[string]attr.Value {
	all := make(map[string]attr.Value, len(webhookResourceTypes))
	all["id"], all["created_at"] = m.ID, m.CreatedAt
	for _, a := range arguments {
		all[a.name] = *a.value(&m)
	}
	return all
}

// webhookModelOf is the inverse of attributes.
func webhookModelOf(attributes map[string]attr.Value) webhookModel {
	createdAt, _ := attributes["created_at"].(timetypes.RFC3339)
	m := webhookModel{ID: textAttribute(attributes, "id"), CreatedAt: createdAt}
	for _, a := range arguments {
		*a.value(&m) = textAttribute(attributes, a.name)
	}
	return m
}

// textAttribute is null if there is no such attribute.
func textAttribute(attributes map[string]attr.Value, name string) types.String {
	text, _ := attributes[name].(types.String)
	return text
}

// object is the model as a state takes it.
func (m webhookModel) object(diags *diag.Diagnostics) types.Object {
	object, problems := types.ObjectValue(webhookTypes, m.attributes())
	diags.Append(problems...)
	return object
}

// source is where a model is read from: a configuration, a plan or a state.
type source interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}

// attributesOf are those of the whole of from.
func attributesOf(ctx context.Context, from source, diags *diag.Diagnostics) map[string]attr.Value {
	var object types.Object
	diags.Append(from.Get(ctx, &object)...)
	return object.Attributes()
}

// newWebhookModel is the only conversion from the API. The URL has the server's
// spelling. A value that a record of a list does not have is null.
func newWebhookModel(w kanbert.Webhook) webhookModel {
	m := webhookModel{ID: types.StringValue(w.ID), CreatedAt: timeOrNull(w.CreatedAt)}
	for _, a := range arguments {
		*a.value(&m) = stringOrNull(*a.made(&w))
	}
	return m
}

// timeOrNull prints t in UTC with its full fraction, which the library's own
// conversion would drop. It returns null if the response had no time, or if the UTC
// year is outside of RFC 3339 (0 to 9999). Null is a known value, which Terraform
// requires after an apply. A panic between a create and its state would lose the
// secret.
func timeOrNull(t time.Time) timetypes.RFC3339 {
	if t.IsZero() {
		return timetypes.NewRFC3339Null()
	}
	value, diags := timetypes.NewRFC3339Value(t.UTC().Format(time.RFC3339Nano))
	if diags.HasError() {
		return timetypes.NewRFC3339Null()
	}
	return value
}

// stringOrNull turns the API's null, which the client represents as "", into null.
func stringOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// webhookResourceModel is a webhook as the resource's state has it.
type webhookResourceModel struct {
	webhookModel
	SignatureSecretKey types.String
}

// secretAttribute is the attribute that a resource has and a data source has not.
const secretAttribute = "signature_secret_key"

// webhookResourceTypes are the types of a webhookResourceModel's attributes.
var webhookResourceTypes = func() map[string]attr.Type {
	all := maps.Clone(webhookTypes)
	all[secretAttribute] = types.StringType
	return all
}()

// readResourceModel reads a webhook out of a configuration, a plan or a state.
func readResourceModel(ctx context.Context, from source, diags *diag.Diagnostics) webhookResourceModel {
	attributes := attributesOf(ctx, from, diags)
	return webhookResourceModel{
		webhookModel:       webhookModelOf(attributes),
		SignatureSecretKey: textAttribute(attributes, secretAttribute),
	}
}

// object is the model as a state takes it.
func (m webhookResourceModel) object(diags *diag.Diagnostics) types.Object {
	attributes := m.attributes()
	attributes[secretAttribute] = m.SignatureSecretKey
	object, problems := types.ObjectValue(webhookResourceTypes, attributes)
	diags.Append(problems...)
	return object
}

// newWebhook returns the request of a create.
func (m webhookResourceModel) newWebhook() kanbert.NewWebhook {
	var w kanbert.NewWebhook
	for _, a := range arguments {
		*a.asked(&w) = a.value(&m.webhookModel).ValueString()
	}
	return w
}

// refresh updates the model with the API's webhook. It does not change the secret.
// State keeps its own text if the API returns the value that it stored at creation,
// or another text with the same meaning. It also keeps its own form of the time of
// creation, which cannot change.
func (m *webhookResourceModel) refresh(w kanbert.Webhook, created spellings) {
	fresh := newWebhookModel(w)
	for _, a := range arguments {
		now, kept := a.value(&fresh), *a.value(&m.webhookModel)
		spelling, respelled := created[a.name]
		switch {
		case respelled && a.same(spelling.Answered, now.ValueString()):
			*now = stringOrNull(spelling.Asked)
		case a.same(kept.ValueString(), now.ValueString()):
			*now = kept
		}
	}
	if !m.CreatedAt.IsNull() {
		fresh.CreatedAt = m.CreatedAt
	}
	m.webhookModel = fresh
}

// created returns the state after a create: the planned values, and the values that
// only the response has. Planned values stay as planned, because Terraform refuses
// a state that differs from the plan.
func (m webhookResourceModel) created(c kanbert.CreatedWebhook) webhookResourceModel {
	fresh := newWebhookModel(c.Webhook)
	m.ID, m.CreatedAt = fresh.ID, fresh.CreatedAt
	m.SignatureSecretKey = stringOrNull(c.SignatureSecretKey.Reveal())
	return m
}

// changedArguments returns the arguments whose planned value is another than the
// prior one.
func changedArguments(prior, planned webhookResourceModel) []argument {
	var changed []argument
	for _, a := range arguments {
		if !a.value(&prior.webhookModel).Equal(*a.value(&planned.webhookModel)) {
			changed = append(changed, a)
		}
	}
	return changed
}
