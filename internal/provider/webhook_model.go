// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
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
var webhookTypes = map[string]attr.Type{
	"id":         types.StringType,
	"url":        types.StringType,
	"event":      types.StringType,
	"project_id": types.StringType,
	"client_id":  types.StringType,
	"created_at": timetypes.RFC3339Type{},
}

func (m webhookModel) attributes() map[string]attr.Value {
	return map[string]attr.Value{
		"id":         m.ID,
		"url":        m.URL,
		"event":      m.Event,
		"project_id": m.ProjectID,
		"client_id":  m.ClientID,
		"created_at": m.CreatedAt,
	}
}

// webhookModelOf is the inverse of attributes.
func webhookModelOf(attributes map[string]attr.Value) webhookModel {
	createdAt, _ := attributes["created_at"].(timetypes.RFC3339)
	return webhookModel{
		ID:        textAttribute(attributes, "id"),
		URL:       textAttribute(attributes, "url"),
		Event:     textAttribute(attributes, "event"),
		ProjectID: textAttribute(attributes, "project_id"),
		ClientID:  textAttribute(attributes, "client_id"),
		CreatedAt: createdAt,
	}
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
	return webhookModel{
		ID:        types.StringValue(w.ID),
		URL:       stringOrNull(w.URL),
		Event:     stringOrNull(string(w.Event)),
		ProjectID: stringOrNull(w.ProjectID),
		ClientID:  stringOrNull(w.ClientID),
		CreatedAt: timeOrNull(w.CreatedAt),
	}
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
	return kanbert.NewWebhook{
		URL:       m.URL.ValueString(),
		Event:     kanbert.Event(m.Event.ValueString()),
		ProjectID: m.ProjectID.ValueString(),
		ClientID:  m.ClientID.ValueString(),
	}
}

// refresh takes over what the API says of the webhook now. The secret is never
// read again. A spelling of the URL that means the same is no difference, and the
// time of creation cannot change: both keep the state's text, or a server that
// prints them in another form would show as drift.
func (m *webhookResourceModel) refresh(w kanbert.Webhook) {
	fresh := newWebhookModel(w)
	if kanbert.SameURL(m.URL.ValueString(), w.URL) {
		fresh.URL = m.URL
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

// warnOfDifferences warns where the API made something else than what was
// planned. State holds what was planned, so that the next plan will show it.
func (m webhookResourceModel) warnOfDifferences(w kanbert.Webhook, diags *diag.Diagnostics) {
	planned := m.newWebhook()
	if !kanbert.SameURL(planned.URL, w.URL) {
		warnOfDifference(diags, "url", "at the host "+hostOf(planned.URL), "another, at the host "+hostOf(w.URL))
	}
	for _, argument := range []struct{ name, planned, made string }{
		{"event", string(planned.Event), string(w.Event)},
		{"project_id", planned.ProjectID, w.ProjectID},
		{"client_id", planned.ClientID, w.ClientID},
	} {
		if argument.planned != argument.made {
			warnOfDifference(diags, argument.name, quoteOrNull(argument.planned), quoteOrNull(argument.made))
		}
	}
}

func quoteOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return strconv.Quote(s)
}

func warnOfDifference(diags *diag.Diagnostics, argument, planned, made string) {
	diags.AddAttributeWarning(path.Root(argument), "Kanbert made another webhook than was asked for", fmt.Sprintf(
		"The webhook was to have the %[1]s %[2]s, and Kanbert answered that it has %[3]s. "+
			"The next plan will see that and replace the webhook. Set %[1]s to what Kanbert made of it to keep the webhook.", argument, planned, made))
}
