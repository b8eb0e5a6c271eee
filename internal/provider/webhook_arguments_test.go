// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// Each field that a create can send is one of the arguments, in the client's type
// and on the wire, and each argument is one of the resource, whose change replaces
// the webhook. What is added to a create and not to the table fails here.
func TestArgumentsAreThoseOfACreate(t *testing.T) {
	t.Parallel()
	var asked kanbert.NewWebhook
	fields := reflect.ValueOf(&asked).Elem()
	for i := range fields.NumField() {
		fields.Field(i).SetString("contact:create") // It is good for an event, too.
	}
	asked.URL = "https://receiver.example/"

	s := kanberttest.New()
	client, err := kanbert.New(kanbert.WithToken(kanbert.NewSecret(s.Token())), kanbert.WithBaseURL(s.BaseURL()), kanbert.WithTransport(s.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateWebhook(t.Context(), asked, nil); err != nil {
		t.Fatal(err)
	}
	sent := map[string]any{}
	for _, r := range s.Requests() {
		if r.Method == http.MethodPost {
			if err := json.Unmarshal(r.Body, &sent); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := slices.Sorted(slices.Values(argumentNames())), slices.Sorted(maps.Keys(sent)); !slices.Equal(got, want) {
		t.Errorf("the arguments are %v, and a create sends %v", got, want)
	}

	var again kanbert.NewWebhook
	for _, a := range arguments {
		*a.asked(&again) = *a.asked(&asked)
	}
	if again != asked {
		t.Errorf("the arguments fill %+v, want %+v", again, asked)
	}

	var resp resource.SchemaResponse
	newWebhookResource(nil)().Schema(t.Context(), resource.SchemaRequest{}, &resp)
	for name, attribute := range resp.Schema.Attributes {
		isArgument := slices.Contains(argumentNames(), name)
		if isArgument == attribute.IsComputed() {
			t.Errorf("%s is an argument: %t, and computed: %t", name, isArgument, attribute.IsComputed())
		}
		text, ok := attribute.(schema.StringAttribute)
		if isArgument && (!ok || len(text.PlanModifiers) != len(argumentNamed(name).modifiers())) {
			t.Errorf("%s has not the plan modifiers of an argument", name)
		}
	}
}

// Each argument reads and writes a field of its own.
func TestArgumentsAreDistinct(t *testing.T) {
	t.Parallel()
	var w kanbert.Webhook
	for _, a := range arguments {
		*a.made(&w) = a.name
	}
	model := newWebhookModel(w)
	for _, a := range arguments {
		if got := a.value(&model).ValueString(); got != a.name {
			t.Errorf("%s has the value %q", a.name, got)
		}
	}
	if w.URL != "url" || w.Event != "event" || w.ProjectID != "project_id" || w.ClientID != "client_id" {
		t.Errorf("the webhook is %+v", w)
	}
}

// Each argument goes to the API, and comes back from it, under its own name. All of
// them differ, so that none can stand for another.
func TestEachArgumentKeepsItsName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		config := attrs{"url": "https://receiver.example/all", "event": "task:create", "project_id": "the project", "client_id": "the client"}
		planned := p.plan(instance{}, config)
		wantNone(t, planned.diagnostics)
		created, diags := p.apply(instance{}, planned, config)
		wantNone(t, diags)
		var sent attrs
		for _, r := range s.Requests() {
			if r.Method == http.MethodPost {
				if err := json.Unmarshal(r.Body, &sent); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !maps.Equal(sent, config) {
			t.Errorf("sent %v, want %v", sent, config)
		}
		made := s.Webhooks()[0]
		imported, diags := newProtocolFor(t, s).importByID(made.ID)
		wantNoneBut(t, secretSummary, diags)
		listed, diags := p.readDataSource("kanbert_webhook", attrs{"id": made.ID})
		wantNone(t, diags)
		for name, got := range map[string]attrs{"create": created.values, "import": imported.values, "data source": listed} {
			for argument, want := range config {
				if got[argument] != want {
					t.Errorf("%s: %s is %v, want %v", name, argument, got[argument], want)
				}
			}
		}
	})
}
