// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
)

// formatVersion is the version of the JSON that `terraform providers schema
// -json` prints.
const formatVersion = "1.0"

// describe asks server for its schemas, as Terraform does when it starts, and
// returns them as `terraform providers schema -json` would. It is an error if the
// server serves a kind of object that is not converted here, since its page would
// then be missing without a word.
func describe(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchema, error) {
	served, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	if err := firstError(append(served.Diagnostics, identities.Diagnostics...)); err != nil {
		return nil, err
	}
	if n := len(served.Functions) + len(served.EphemeralResourceSchemas) + len(served.ActionSchemas) + len(served.StateStoreSchemas); n > 0 {
		return nil, errors.New("the provider serves functions, ephemeral resources, actions or state stores, which are not converted yet")
	}

	var c converter
	out := &tfjson.ProviderSchema{
		ConfigSchema:            c.schema(served.Provider),
		ResourceSchemas:         c.schemas(served.ResourceSchemas),
		DataSourceSchemas:       c.schemas(served.DataSourceSchemas),
		ListResourceSchemas:     c.schemas(served.ListResourceSchemas),
		ResourceIdentitySchemas: c.identities(identities.IdentitySchemas),
	}
	return out, c.err
}

func firstError(diagnostics []*tfprotov6.Diagnostic) error {
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	return nil
}

// converter turns the protocol's schemas into Terraform's JSON. It keeps the
// first error, so that the conversion reads as the shape it gives.
type converter struct{ err error }

func (c *converter) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *converter) schemas(in map[string]*tfprotov6.Schema) map[string]*tfjson.Schema {
	out := make(map[string]*tfjson.Schema, len(in))
	for name, schema := range in {
		out[name] = c.schema(schema)
	}
	return out
}

func (c *converter) schema(in *tfprotov6.Schema) *tfjson.Schema {
	return &tfjson.Schema{Version: uint64(in.Version), Block: c.block(in.Block)}
}

func (c *converter) block(in *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	out := &tfjson.SchemaBlock{
		Description:     in.Description,
		DescriptionKind: c.kind(in.DescriptionKind),
		Deprecated:      in.Deprecated,
		Attributes:      c.attributes(in.Attributes),
	}
	for _, nested := range in.BlockTypes {
		// No schema of this provider has one: attributes nest instead.
		c.fail(fmt.Errorf("block %q: nested blocks are not converted yet", nested.TypeName))
	}
	return out
}

func (c *converter) attributes(in []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	out := make(map[string]*tfjson.SchemaAttribute, len(in))
	for _, attribute := range in {
		out[attribute.Name] = c.attribute(attribute)
	}
	return out
}

func (c *converter) attribute(in *tfprotov6.SchemaAttribute) *tfjson.SchemaAttribute {
	out := &tfjson.SchemaAttribute{
		Description:     in.Description,
		DescriptionKind: c.kind(in.DescriptionKind),
		Deprecated:      in.Deprecated,
		Required:        in.Required,
		Optional:        in.Optional,
		Computed:        in.Computed,
		Sensitive:       in.Sensitive,
		WriteOnly:       in.WriteOnly,
	}
	if in.NestedType != nil {
		out.AttributeNestedType = c.nested(in.Name, in.NestedType)
		return out
	}
	out.AttributeType = c.cty(in.Name, in.Type)
	return out
}

func (c *converter) nested(name string, in *tfprotov6.SchemaObject) *tfjson.SchemaNestedAttributeType {
	modes := map[tfprotov6.SchemaObjectNestingMode]tfjson.SchemaNestingMode{
		tfprotov6.SchemaObjectNestingModeSingle: tfjson.SchemaNestingModeSingle,
		tfprotov6.SchemaObjectNestingModeList:   tfjson.SchemaNestingModeList,
		tfprotov6.SchemaObjectNestingModeSet:    tfjson.SchemaNestingModeSet,
		tfprotov6.SchemaObjectNestingModeMap:    tfjson.SchemaNestingModeMap,
	}
	mode, known := modes[in.Nesting]
	if !known {
		c.fail(fmt.Errorf("attribute %q: unknown nesting %s", name, in.Nesting))
	}
	return &tfjson.SchemaNestedAttributeType{NestingMode: mode, Attributes: c.attributes(in.Attributes)}
}

// identities converts what an import block's identity argument takes.
func (c *converter) identities(in map[string]*tfprotov6.ResourceIdentitySchema) map[string]*tfjson.IdentitySchema {
	out := make(map[string]*tfjson.IdentitySchema, len(in))
	for name, schema := range in {
		attributes := make(map[string]*tfjson.IdentityAttribute, len(schema.IdentityAttributes))
		for _, attribute := range schema.IdentityAttributes {
			attributes[attribute.Name] = &tfjson.IdentityAttribute{
				IdentityType:      c.cty(attribute.Name, attribute.Type),
				Description:       attribute.Description,
				RequiredForImport: attribute.RequiredForImport,
				OptionalForImport: attribute.OptionalForImport,
			}
		}
		out[name] = &tfjson.IdentitySchema{Version: uint64(schema.Version), Attributes: attributes}
	}
	return out
}

func (c *converter) kind(in tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if in == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}

// cty reads a protocol type as Terraform does: both write types as the same JSON.
func (c *converter) cty(name string, in interface{ MarshalJSON() ([]byte, error) }) cty.Type {
	text, err := in.MarshalJSON()
	if err != nil {
		c.fail(fmt.Errorf("attribute %q: %w", name, err))
		return cty.NilType
	}
	var out cty.Type
	if err := out.UnmarshalJSON(text); err != nil {
		c.fail(fmt.Errorf("attribute %q: %w", name, err))
	}
	return out
}
