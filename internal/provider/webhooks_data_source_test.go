// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// webhooksConfig builds the configuration of a kanbert_webhooks with these
// arguments, and the rest null.
func webhooksConfig(t *testing.T, server tfprotov6.ProviderServer, arguments map[string]tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kind := schemas.DataSourceSchemas["kanbert_webhooks"].ValueType()
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.(tftypes.Object).AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
	}
	for name, value := range arguments {
		values[name] = value
	}
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, values))
	if err != nil {
		t.Fatal(err)
	}
	return &config
}

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func texts(list ...string) []tftypes.Value {
	values := make([]tftypes.Value, len(list))
	for i, s := range list {
		values[i] = text(s)
	}
	return values
}

func textList(list ...string) tftypes.Value {
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, texts(list...))
}

func textSet(list ...string) tftypes.Value {
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, texts(list...))
}

// validateWebhooks asks a provider that was never configured, as terraform
// validate does: it has no token and can send nothing.
func validateWebhooks(t *testing.T, arguments map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.ValidateDataResourceConfig(context.Background(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: "kanbert_webhooks",
		Config:   webhooksConfig(t, server, arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

func TestWebhooksValidate(t *testing.T) {
	unknownText := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	filterPath := tftypes.NewAttributePath().WithAttributeName("filter")
	sortPath := tftypes.NewAttributePath().WithAttributeName("sort")
	eventsPath := tftypes.NewAttributePath().WithAttributeName("events")
	const bad, warn = tfprotov6.DiagnosticSeverityError, tfprotov6.DiagnosticSeverityWarning
	type want struct {
		severity tfprotov6.DiagnosticSeverity
		path     *tftypes.AttributePath
		summary  string
		detail   string // a part of it
	}
	for name, test := range map[string]struct {
		arguments map[string]tftypes.Value
		want      []want
	}{
		"nothing": {},
		"everything right": {arguments: map[string]tftypes.Value{
			"filter": text(`url contains "acme"`), "sort": textList("-created_at", "url", "is_active"),
			"events": textSet("contact:create", "task:delete"), "project_id": text("p"), "client_id": text("c"),
			"limit": tftypes.NewValue(tftypes.Number, 1),
		}},
		"everything unknown": {arguments: map[string]tftypes.Value{
			"filter": unknownText, "sort": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, tftypes.UnknownValue),
			"events":     tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, tftypes.UnknownValue),
			"project_id": unknownText, "client_id": unknownText,
			"limit": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue),
		}},
		"unknown entries": {
			arguments: map[string]tftypes.Value{
				"sort":   tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{unknownText, text("titel")}),
				"events": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{unknownText}),
			},
			want: []want{{bad, sortPath.WithElementKeyInt(1), "Unknown sort", "  titel\n  ^^^^^"}},
		},
		"filter in the string form": {
			arguments: map[string]tftypes.Value{"filter": text(`creatd_at > now and url matches "acme"`)},
			want: []want{
				{bad, filterPath, "Unknown filter field", "  creatd_at > now and url matches \"acme\"\n  ^^^^^^^^^\n\nThe API cannot filter by \"creatd_at\". Did you mean created_at?"},
				{bad, filterPath, "Unknown filter operator", "  creatd_at > now and url matches \"acme\"\n                          ^^^^^^^\n\nThere is no operator \"matches\". Did you mean contains or like?"},
			},
		},
		"filter in the JSON form": {
			arguments: map[string]tftypes.Value{"filter": text(`[{"field":"event","op":"eq","value":"contact:create"}]`)},
			want:      []want{{bad, filterPath, "Unknown filter field", "set the arguments events, project_id and client_id"}},
		},
		"filter is empty": {
			arguments: map[string]tftypes.Value{"filter": text("")},
			want:      []want{{bad, filterPath, "Empty filter", "leave the filter out"}},
		},
		"filter is left open": {
			arguments: map[string]tftypes.Value{"filter": text(`not url = "a\"b"`)},
			want: []want{
				{warn, filterPath, "Negation", "  not url = \"a\\\"b\"\n  ^^^\n"},
				{warn, filterPath, "Escape in a quoted string", "passed to the API as written"},
			},
		},
		"filter is left open and wrong": {
			arguments: map[string]tftypes.Value{"filter": text(`url like "a%" and title = "b"`)},
			want: []want{
				{warn, filterPath, "Wildcards of like", "passed to the API as written"},
				{bad, filterPath, "Unknown filter field", "title"},
			},
		},
		"sort": {
			arguments: map[string]tftypes.Value{"sort": textList("-created_at", "-creatd_at", "url,is_active", "")},
			want: []want{
				{bad, sortPath.WithElementKeyInt(1), "Unknown sort", "Did you mean created_at?"},
				{bad, sortPath.WithElementKeyInt(2), "Several sorts in one entry", "an entry of its own"},
				{bad, sortPath.WithElementKeyInt(3), "Empty sort", "url, is_active, created_at"},
			},
		},
		"sort with null": {
			arguments: map[string]tftypes.Value{"sort": tftypes.NewValue(tftypes.List{ElementType: tftypes.String},
				[]tftypes.Value{tftypes.NewValue(tftypes.String, nil)})},
			want: []want{{bad, sortPath.WithElementKeyInt(0), "Empty sort", ""}},
		},
		"sort twice": {
			arguments: map[string]tftypes.Value{"sort": textList("url", "-url")},
			want:      []want{{warn, sortPath.WithElementKeyInt(1), "Repeated sort", "by url already"}},
		},
		"events with null": {
			arguments: map[string]tftypes.Value{"events": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String},
				[]tftypes.Value{tftypes.NewValue(tftypes.String, nil)})},
			want: []want{{bad, eventsPath, "Null Set Value", ""}},
		},
		"events without one": {
			arguments: map[string]tftypes.Value{"events": textSet()},
			want:      []want{{bad, eventsPath, "Invalid Attribute Value", "at least 1"}},
		},
		"limit 0": {
			arguments: map[string]tftypes.Value{"limit": tftypes.NewValue(tftypes.Number, 0)},
			want:      []want{{bad, tftypes.NewAttributePath().WithAttributeName("limit"), "Invalid Attribute Value", "at least 1"}},
		},
		"project_id and client_id empty": {
			arguments: map[string]tftypes.Value{"project_id": text(""), "client_id": text("")},
			want: []want{
				{bad, tftypes.NewAttributePath().WithAttributeName("client_id"), "Invalid Attribute Value Length", "at least 1"},
				{bad, tftypes.NewAttributePath().WithAttributeName("project_id"), "Invalid Attribute Value Length", "at least 1"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := validateWebhooks(t, test.arguments)
			slices.SortStableFunc(got, func(a, b *tfprotov6.Diagnostic) int {
				return strings.Compare(a.Attribute.String(), b.Attribute.String())
			})
			for i, d := range got {
				if i >= len(test.want) {
					t.Errorf("unexpected: %s at %s: %s", d.Severity, d.Attribute, d.Summary)
					continue
				}
				w := test.want[i]
				if d.Severity != w.severity || !d.Attribute.Equal(w.path) || d.Summary != w.summary || !strings.Contains(d.Detail, w.detail) {
					t.Errorf("got %s at %s: %s\n%s\nwant %s at %s: %s\n%s", d.Severity, d.Attribute, d.Summary, d.Detail, w.severity, w.path, w.summary, w.detail)
				}
			}
			if len(got) < len(test.want) {
				t.Errorf("%d diagnostics, want %d", len(got), len(test.want))
			}
		})
	}
}
