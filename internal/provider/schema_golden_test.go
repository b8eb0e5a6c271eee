// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestSchemas compares all schemas with testdata/schemas.golden: what a CLI is
// served, and the validators, plan modifiers and defaults, which it is not. One
// that is left out is a changed line. go test -run TestSchemas -update writes the
// file anew.
func TestSchemas(t *testing.T) {
	wantGolden(t, "testdata/schemas.golden", strings.Join(schemaLines(t), "\n")+"\n")
}

func schemaLines(t *testing.T) []string {
	t.Helper()
	p := newProtocol(t)
	lines := servedLines("provider", p.schemas.Provider)
	lines = append(lines, servedOf("resource", p.schemas.ResourceSchemas)...)
	lines = append(lines, servedOf("data source", p.schemas.DataSourceSchemas)...)
	lines = append(lines, servedOf("list resource", p.schemas.ListResourceSchemas)...)
	for _, name := range slices.Sorted(maps.Keys(p.identities)) {
		lines = append(lines, fmt.Sprintf("identity of %s, version %d", name, p.identities[name].Version))
		for _, a := range p.identities[name].IdentityAttributes {
			lines = append(lines, "  "+a.Name+": "+traits(a.Type, map[string]bool{
				"required for import": a.RequiredForImport, "optional for import": a.OptionalForImport,
			}))
		}
	}
	lines = append(lines, fmt.Sprintf("%d functions, %d ephemeral resources, %d actions",
		len(p.schemas.Functions), len(p.schemas.EphemeralResourceSchemas), len(p.schemas.ActionSchemas)))
	return append(lines, checkLines(t.Context())...)
}

func servedOf(kind string, schemas map[string]*tfprotov6.Schema) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		lines = append(lines, servedLines(kind+" "+name, schemas[name])...)
	}
	return lines
}

func servedLines(title string, schema *tfprotov6.Schema) []string {
	lines := []string{fmt.Sprintf("%s, version %d, %d blocks", title, schema.Version, len(schema.Block.BlockTypes))}
	return append(lines, attributeLines("  ", schema.Block.Attributes)...)
}

func attributeLines(indent string, attributes []*tfprotov6.SchemaAttribute) []string {
	var lines []string
	for _, a := range attributes {
		lines = append(lines, indent+a.Name+": "+traits(a.ValueType(), map[string]bool{
			"required": a.Required, "optional": a.Optional, "computed": a.Computed,
			"sensitive": a.Sensitive, "write-only": a.WriteOnly, "deprecated": a.Deprecated,
		}))
		if a.NestedType != nil {
			lines = append(lines, attributeLines(indent+"  ", a.NestedType.Attributes)...)
		}
	}
	return lines
}

func traits(kind fmt.Stringer, has map[string]bool) string {
	words := []string{strings.ReplaceAll(kind.String(), "tftypes.", "")}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if has[name] {
			words = append(words, name)
		}
	}
	return strings.Join(words, ", ")
}

// checkLines lists what the framework does with the attributes of each schema.
func checkLines(ctx context.Context) []string {
	p, ok := New("test")().(*kanbertProvider)
	if !ok {
		return nil
	}
	var own provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &own)
	var name provider.MetadataResponse
	p.Metadata(ctx, provider.MetadataRequest{}, &name)
	lines := []string{fmt.Sprintf("provider %s, version %s", name.TypeName, name.Version)}
	lines = append(lines, checksOf(ctx, "provider", own.Schema.Attributes)...)
	for _, construct := range p.Resources(ctx) {
		r := construct()
		var name resource.MetadataResponse
		var schema resource.SchemaResponse
		r.Metadata(ctx, resource.MetadataRequest{}, &name)
		r.Schema(ctx, resource.SchemaRequest{}, &schema)
		lines = append(lines, checksOf(ctx, name.TypeName, schema.Schema.Attributes)...)
		lines = append(lines, configValidators(ctx, r)...)
	}
	for _, construct := range p.DataSources(ctx) {
		d := construct()
		var name datasource.MetadataResponse
		var schema datasource.SchemaResponse
		d.Metadata(ctx, datasource.MetadataRequest{}, &name)
		d.Schema(ctx, datasource.SchemaRequest{}, &schema)
		lines = append(lines, checksOf(ctx, "data "+name.TypeName, schema.Schema.Attributes)...)
		lines = append(lines, configValidators(ctx, d)...)
	}
	for _, construct := range p.ListResources(ctx) {
		l := construct()
		var name resource.MetadataResponse
		var schema list.ListResourceSchemaResponse
		l.Metadata(ctx, resource.MetadataRequest{}, &name)
		l.ListResourceConfigSchema(ctx, list.ListResourceSchemaRequest{}, &schema)
		lines = append(lines, checksOf(ctx, "list "+name.TypeName, schema.Schema.Attributes)...)
		lines = append(lines, configValidators(ctx, l)...)
	}
	return lines
}

// checksOf finds, in attributes of any type, the fields that hold behaviour.
func checksOf[A any](ctx context.Context, title string, attributes map[string]A) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := reflect.ValueOf(attributes[name])
		for _, field := range []string{"Validators", "PlanModifiers", "Default"} {
			if f := value.FieldByName(field); f.IsValid() && !f.IsZero() {
				lines = append(lines, behaviourOf(ctx, title+"."+name, strings.ToLower(field), f)...)
			}
		}
	}
	return lines
}

func behaviourOf(ctx context.Context, title, what string, field reflect.Value) []string {
	if field.Kind() != reflect.Slice {
		return []string{fmt.Sprintf("%s %s: %T", title, what, field.Interface())}
	}
	var lines []string
	for i := range field.Len() {
		element := field.Index(i).Interface()
		text := ""
		if d, ok := element.(interface {
			Description(ctx context.Context) string
		}); ok {
			text = ": " + d.Description(ctx)
		}
		lines = append(lines, fmt.Sprintf("%s %s %d: %T%s", title, what, i+1, element, text))
	}
	return lines
}

func configValidators(ctx context.Context, of any) []string {
	switch v := of.(type) {
	case resource.ResourceWithConfigValidators:
		return behaviourOf(ctx, "  all of it", "validators", reflect.ValueOf(v.ConfigValidators(ctx)))
	case datasource.DataSourceWithConfigValidators:
		return behaviourOf(ctx, "  all of it", "validators", reflect.ValueOf(v.ConfigValidators(ctx)))
	}
	return nil
}

// Each schema and each attribute is described, and docs/, which make generate writes,
// has the description word by word.
func TestDescriptionsAreInTheDocs(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	wantDocumented(t, "index.md", "provider", p.schemas.Provider.Block)
	wantDocumented(t, "resources/webhook.md", "resource", p.schemas.ResourceSchemas[webhookResourceType].Block)
	wantDocumented(t, "data-sources/webhook.md", "data source", p.schemas.DataSourceSchemas["kanbert_webhook"].Block)
	wantDocumented(t, "data-sources/webhooks.md", "data source of all", p.schemas.DataSourceSchemas[webhooksType].Block)
	wantDocumented(t, "list-resources/webhook.md", "list resource", p.schemas.ListResourceSchemas[webhookResourceType].Block)
	for _, a := range p.identities[webhookResourceType].IdentityAttributes {
		wantPart(t, "resources/webhook.md", "identity."+a.Name, a.Description)
	}
}

func wantDocumented(t *testing.T, page, title string, block *tfprotov6.SchemaBlock) {
	t.Helper()
	wantPart(t, page, title, block.Description)
	var visit func(attributes []*tfprotov6.SchemaAttribute)
	visit = func(attributes []*tfprotov6.SchemaAttribute) {
		for _, a := range attributes {
			wantPart(t, page, title+"."+a.Name, a.Description)
			if a.NestedType != nil {
				visit(a.NestedType.Attributes)
			}
		}
	}
	visit(block.Attributes)
}

func wantPart(t *testing.T, page, title, description string) {
	t.Helper()
	if description == "" || !strings.Contains(readFile(t, filepath.Join("..", "..", "docs", page)), description) {
		t.Errorf("docs/%s lacks the description of %s: %q", page, title, description)
	}
}
