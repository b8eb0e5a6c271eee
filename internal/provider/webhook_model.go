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

// newWebhookModel is the one conversion from the API. The URL has the server's
// spelling. What a record of a list lacks is null.
func newWebhookModel(w kanbert.Webhook) webhookModel {
	m := webhookModel{ID: types.StringValue(w.ID), CreatedAt: timeOrNull(w.CreatedAt)}
	for _, a := range arguments {
		*a.value(&m) = stringOrNull(*a.made(&w))
	}
	return m
}

// timeOrNull prints t in UTC with as much of a fraction as it has, which the
// library's own conversion would drop. An answer that lacked the time gives null,
// and so does a time that in UTC leaves the years of RFC 3339, 0 to 9999: null is
// known, which Terraform asks for after an apply, and a panic between a create and
// its state would lose the secret.
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

// stringOrNull turns the API's null, which the client gives as "", into null.
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

// secretAttribute is what a resource has beyond a data source.
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

// newWebhook is what a create asks for.
func (m webhookResourceModel) newWebhook() kanbert.NewWebhook {
	var w kanbert.NewWebhook
	for _, a := range arguments {
		*a.asked(&w) = a.value(&m.webhookModel).ValueString()
	}
	return w
}

// refresh takes over what the API says of the webhook now. The secret is never
// read again. What the API made of the planned text at creation is no difference,
// and neither is another text that means the same, nor another form of the time of
// creation, which cannot change: state keeps its own text.
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

// created is the state after a create: what was planned, with what the answer
// alone could tell. What was planned stays as planned, because Terraform refuses
// a state that differs from it.
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
