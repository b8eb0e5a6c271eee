// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// The models name attributes by hand: a name that the schema lacks would be
// refused, and one that the model lacks would be null for ever.
func TestModelsHaveTheTypesOfTheSchemas(t *testing.T) {
	t.Parallel()
	var ofResource resource.SchemaResponse
	newWebhookResource(nil)().Schema(t.Context(), resource.SchemaRequest{}, &ofResource)
	if want := (types.ObjectType{AttrTypes: webhookResourceTypes}); !ofResource.Schema.Type().Equal(want) {
		t.Errorf("the resource is %s, and its model %s", ofResource.Schema.Type(), want)
	}
	var ofDataSource datasource.SchemaResponse
	newWebhookDataSource().Schema(t.Context(), datasource.SchemaRequest{}, &ofDataSource)
	if want := (types.ObjectType{AttrTypes: webhookTypes}); !ofDataSource.Schema.Type().Equal(want) {
		t.Errorf("the data source is %s, and its model %s", ofDataSource.Schema.Type(), want)
	}
}

// What is written is what is read again, in each attribute.
func TestModelRoundTrip(t *testing.T) {
	t.Parallel()
	want := webhookResourceModel{
		webhookModel: newWebhookModel(kanbert.Webhook{
			ID: "the id", URL: "https://receiver.example/", Event: "task:create", ProjectID: "the project", ClientID: "the client",
			CreatedAt: time.Date(2025, 1, 2, 3, 4, 5, 6, time.UTC),
		}),
		SignatureSecretKey: types.StringValue("the secret"),
	}
	var diags diag.Diagnostics
	object := want.object(&diags)
	if len(object.Attributes()) != len(webhookResourceTypes) {
		t.Errorf("%d attributes are written, want %d", len(object.Attributes()), len(webhookResourceTypes))
	}
	for name, value := range object.Attributes() {
		if value.IsNull() {
			t.Errorf("%s was lost", name)
		}
	}
	if got := readResourceModel(t.Context(), stateOf(t, object), &diags); got != want {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if diags.HasError() {
		t.Error(diags)
	}
}

// stateOf is a state of the resource that holds object.
func stateOf(t *testing.T, object types.Object) tfsdk.State {
	t.Helper()
	var schema resource.SchemaResponse
	newWebhookResource(nil)().Schema(t.Context(), resource.SchemaRequest{}, &schema)
	raw, err := object.ToTerraformValue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tfsdk.State{Schema: schema.Schema, Raw: raw}
}
