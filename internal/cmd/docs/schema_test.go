// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func ownSchema(t *testing.T) *tfjson.ProviderSchema {
	t.Helper()
	text, err := schemaJSON(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var schemas tfjson.ProviderSchemas
	if err := json.Unmarshal(text, &schemas); err != nil {
		t.Fatal(err)
	}
	return schemas.Schemas[schemaKey]
}

func TestSchemaHasEveryPartOfTheProvider(t *testing.T) {
	schema := ownSchema(t)
	for what, have := range map[string]bool{
		"the provider's own schema": schema.ConfigSchema.Block.Attributes["token"].Sensitive,
		"the resource":              schema.ResourceSchemas["kanbert_webhook"] != nil,
		"its identity":              schema.ResourceIdentitySchemas["kanbert_webhook"] != nil,
		"the data source of one":    schema.DataSourceSchemas["kanbert_webhook"] != nil,
		"the data source of many":   schema.DataSourceSchemas["kanbert_webhooks"] != nil,
		"the list resource":         schema.ListResourceSchemas["kanbert_webhook"] != nil,
	} {
		if !have {
			t.Errorf("%s is missing", what)
		}
	}
}

// What is written without a CLI is what a CLI would have written, down to the
// order.
func TestSchemaIsTheOneThatTerraformPrints(t *testing.T) {
	kanberttest.SkipShort(t, "it builds the provider and runs a real CLI")
	theirs, found := terraformSchema(t)
	ours := ownSchema(t)
	if theirs.ListResourceSchemas == nil {
		t.Logf("%s knows no list resources: theirs is not compared", found)
		ours.ListResourceSchemas = nil
	}
	if theirs.ResourceIdentitySchemas == nil {
		t.Logf("%s knows no identities: theirs is not compared", found)
		ours.ResourceIdentitySchemas = nil
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("ours:\n%s\n%s:\n%s", indented(t, ours), found, indented(t, theirs))
	}
}

func indented(t *testing.T, schema *tfjson.ProviderSchema) string {
	t.Helper()
	text, err := json.MarshalIndent(schema, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// terraformSchema asks a CLI for the schemas of the provider, built from this
// tree.
func terraformSchema(t *testing.T) (*tfjson.ProviderSchema, cli.CLI) {
	t.Helper()
	found, err := cli.Find(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	w, err := found.NewWorkspace(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var schemas tfjson.ProviderSchemas
	err = errors.Join(
		cli.BuildProvider(t.Context(), filepath.Join(w.Dir, cli.ProviderName)),
		w.Override("kanbert/kanbert", w.Dir),
		w.Write("main.tf", cli.RequiredProviders),
		w.ReadJSON(t.Context(), &schemas, "providers", "schema", "-json"),
	)
	if err != nil {
		t.Fatal(err)
	}
	schema := schemas.Schemas[found.RegistryHost()+"/kanbert/kanbert"]
	if schema == nil {
		t.Fatal("no schema for the provider")
	}
	return schema, found
}

func TestSchemaIsTheSameEachTime(t *testing.T) {
	first, err := schemaJSON(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again, err := schemaJSON(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, first) {
			t.Fatal("two dumps differ")
		}
	}
}

// served is a provider that serves the given schemas.
type served struct {
	tfprotov6.ProviderServer
	schemas tfprotov6.GetProviderSchemaResponse
}

func (s served) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &s.schemas, nil
}

func (s served) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func TestWhatCannotBeConvertedIsAnError(t *testing.T) {
	empty := &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}}
	for want, schemas := range map[string]tfprotov6.GetProviderSchemaResponse{
		"":                {Provider: empty},
		"functions":       {Provider: empty, Functions: map[string]*tfprotov6.Function{"echo": {}}},
		"ephemeral":       {Provider: empty, EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"kanbert_x": empty}},
		"nested blocks":   {Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{BlockTypes: []*tfprotov6.SchemaNestedBlock{{TypeName: "x"}}}}},
		"unknown nesting": {Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{{Name: "x", NestedType: &tfprotov6.SchemaObject{}}}}}},
		"it is broken":    {Provider: empty, Diagnostics: []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Oh", Detail: "it is broken"}}},
	} {
		_, err := describe(t.Context(), served{schemas: schemas})
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
