// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// protocol is the provider in this process, spoken to as a CLI does: by the
// plugin protocol, version 6. It tests what the CLI on a machine may be too old
// to ask for, and what a CLI would hide.
//
// Its methods take and give plain Go values and end the test if the protocol
// itself fails. What the provider complains of comes back as diagnostics.
type protocol struct {
	t          testing.TB
	server     tfprotov6.ProviderServer
	schemas    *tfprotov6.GetProviderSchemaResponse
	identities map[string]*tfprotov6.ResourceIdentitySchema
	// config is what the provider was configured with last.
	config attrs
	// deferral is whether the CLI allows that changes are deferred.
	deferral bool
}

// attrs are the attributes of a block by name. A value is nil, a string, a bool,
// an int, a []string, a []attrs, a []any of such values, or unknown. A missing
// one is null.
type attrs map[string]any

type unknownValue struct{}

// unknown stands for a value that is not known before apply.
var unknown = unknownValue{}

// instance is a resource as the CLI holds it between calls.
type instance struct {
	// values is nil for an object that does not exist.
	values attrs
	// identity is nil where the CLI has none, as one below 1.12.
	identity attrs
	private  []byte
}

// newProtocol starts a provider that is not configured yet.
func newProtocol(t testing.TB, opts ...Option) *protocol {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("test", opts...)())()
	if err != nil {
		t.Fatal(err)
	}
	p := &protocol{t: t, server: server}
	p.schemas, err = server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	p.must(err)
	wantNone(t, diagnostics(p.schemas.Diagnostics))
	identities, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	p.must(err)
	wantNone(t, diagnostics(identities.Diagnostics))
	p.identities = identities.IdentitySchemas
	return p
}

// newProtocolFor starts a provider that is configured for the sandbox, which it
// reaches without a network, so that it works in a bubble of testing/synctest.
func newProtocolFor(t testing.TB, s *kanberttest.Sandbox, opts ...Option) *protocol {
	t.Helper()
	// Lists of the sandbox do not lag unless a test says so.
	p := newProtocol(t, append([]Option{WithClientOptions(
		kanbert.WithTransport(s.Transport()), kanbert.WithBackoff(kanbert.Backoff{Lag: 10 * time.Millisecond}),
	)}, opts...)...)
	wantNone(t, p.configure(attrs{"token": s.Token(), "base_url": s.BaseURL()}))
	return p
}

// bubble runs a subtest in virtual time.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func (p *protocol) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// validateProvider checks the provider block, as terraform validate does.
func (p *protocol) validateProvider(config attrs) diagnostics {
	p.t.Helper()
	resp, err := p.server.ValidateProviderConfig(p.t.Context(), &tfprotov6.ValidateProviderConfigRequest{
		Config: p.encode(p.schemas.Provider.ValueType(), config),
	})
	p.must(err)
	return resp.Diagnostics
}

func (p *protocol) configure(config attrs) diagnostics {
	p.t.Helper()
	p.config = config
	resp, err := p.server.ConfigureProvider(p.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.99.0",
		Config:           p.encode(p.schemas.Provider.ValueType(), config),
		ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{
			DeferralAllowed: p.deferral,
		},
	})
	p.must(err)
	return resp.Diagnostics
}

// nextWalk configures the provider once more, as a CLI does before each walk over
// a configuration: what the walk before has seen is forgotten.
func (p *protocol) nextWalk() {
	p.t.Helper()
	wantNone(p.t, p.configure(p.config))
}

// webhookType is the type of the resource's values.
func (p *protocol) webhookType() tftypes.Type {
	return p.schemas.ResourceSchemas[webhookResourceType].ValueType()
}

func (p *protocol) validateWebhook(config attrs) diagnostics {
	p.t.Helper()
	resp, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: webhookResourceType,
		Config:   p.encode(p.webhookType(), config),
	})
	p.must(err)
	return resp.Diagnostics
}

// plannedChange is what planning one resource gave.
type plannedChange struct {
	instance
	// replaces names the attributes that ask for a replacement.
	replaces    []string
	diagnostics diagnostics
}

// plan plans from prior to config: a create if prior has no values, a destroy if
// config is nil.
func (p *protocol) plan(prior instance, config attrs) plannedChange {
	p.t.Helper()
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName:         webhookResourceType,
		PriorState:       p.encode(p.webhookType(), prior.values),
		ProposedNewState: p.encode(p.webhookType(), p.proposed(prior.values, config)),
		Config:           p.encode(p.webhookType(), config),
		PriorPrivate:     prior.private,
		PriorIdentity:    p.encodeIdentity(prior.identity),
		ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{
			DeferralAllowed: p.deferral,
		},
	})
	p.must(err)
	change := plannedChange{
		instance: instance{
			values:   p.decode(p.webhookType(), resp.PlannedState),
			identity: p.decodeIdentity(resp.PlannedIdentity),
			private:  resp.PlannedPrivate,
		},
		diagnostics: resp.Diagnostics,
	}
	for _, path := range resp.RequiresReplace {
		change.replaces = append(change.replaces, attributeName(path))
	}
	if !change.diagnostics.hasErrors() {
		p.wantValid(prior.values, config, change.values)
	}
	return change
}

// wantValid checks what CLIs demand of a plan: each argument is planned as it is
// configured, or keeps its prior value where neither of the two is null.
func (p *protocol) wantValid(prior, config, planned attrs) {
	p.t.Helper()
	for _, name := range argumentNames() {
		keeps := prior[name] != nil && config[name] != nil && planned[name] == prior[name]
		if planned[name] != config[name] && !keeps {
			p.t.Errorf("a CLI refuses a plan of %s as %v: it is configured as %v, and was %v", name, planned[name], config[name], prior[name])
		}
	}
}

// replace plans a replacement as a CLI does: from prior, and then as new, with the
// private state of the first answer. It returns the second plan and the
// diagnostics of both.
func (p *protocol) replace(prior instance, config attrs) plannedChange {
	p.t.Helper()
	first := p.plan(prior, config)
	if first.diagnostics.hasErrors() {
		return first
	}
	second := p.plan(instance{private: first.private}, config)
	second.diagnostics = append(first.diagnostics, second.diagnostics...)
	return second
}

// proposed does as the CLI: what is computed keeps its prior value, the rest is
// the configuration.
func (p *protocol) proposed(prior, config attrs) attrs {
	if config == nil {
		return nil
	}
	proposed := maps.Clone(config)
	for _, a := range p.schemas.ResourceSchemas[webhookResourceType].Block.Attributes {
		if a.Computed && proposed[a.Name] == nil {
			proposed[a.Name] = prior[a.Name]
		}
	}
	return proposed
}

// apply carries out what plan gave.
func (p *protocol) apply(prior instance, planned plannedChange, config attrs) (instance, diagnostics) {
	p.t.Helper()
	return p.applyIn(p.t.Context(), prior, planned, config)
}

// applyIn is apply under a context that may end, as at an interrupt.
func (p *protocol) applyIn(ctx context.Context, prior instance, planned plannedChange, config attrs) (instance, diagnostics) {
	p.t.Helper()
	resp, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName:        webhookResourceType,
		PriorState:      p.encode(p.webhookType(), prior.values),
		PlannedState:    p.encode(p.webhookType(), planned.values),
		Config:          p.encode(p.webhookType(), config),
		PlannedPrivate:  planned.private,
		PlannedIdentity: p.encodeIdentity(planned.identity),
	})
	p.must(err)
	return instance{
		values:   p.decode(p.webhookType(), resp.NewState),
		identity: p.decodeIdentity(resp.NewIdentity),
		private:  resp.Private,
	}, resp.Diagnostics
}

// create plans and applies a new webhook, and ends the test if that fails.
func (p *protocol) create(config attrs) instance {
	p.t.Helper()
	planned := p.plan(instance{}, config)
	wantNoErrors(p.t, planned.diagnostics)
	created, diags := p.apply(instance{}, planned, config)
	wantNoErrors(p.t, diags)
	return created
}

// read refreshes a resource.
func (p *protocol) read(current instance) (instance, diagnostics) {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName:        webhookResourceType,
		CurrentState:    p.encode(p.webhookType(), current.values),
		CurrentIdentity: p.encodeIdentity(current.identity),
		Private:         current.private,
	})
	p.must(err)
	return instance{
		values:   p.decode(p.webhookType(), resp.NewState),
		identity: p.decodeIdentity(resp.NewIdentity),
		private:  resp.Private,
	}, resp.Diagnostics
}

// importByID imports as the command terraform import and import blocks with id.
func (p *protocol) importByID(id string) (instance, diagnostics) {
	p.t.Helper()
	return p.importState(&tfprotov6.ImportResourceStateRequest{TypeName: webhookResourceType, ID: id})
}

// importByIdentity imports as import blocks with identity (CLI 1.12).
func (p *protocol) importByIdentity(identity attrs) (instance, diagnostics) {
	p.t.Helper()
	return p.importState(&tfprotov6.ImportResourceStateRequest{TypeName: webhookResourceType, Identity: p.encodeIdentity(identity)})
}

func (p *protocol) importState(req *tfprotov6.ImportResourceStateRequest) (instance, diagnostics) {
	p.t.Helper()
	resp, err := p.server.ImportResourceState(p.t.Context(), req)
	p.must(err)
	if diagnostics(resp.Diagnostics).hasErrors() {
		return instance{}, resp.Diagnostics
	}
	if len(resp.ImportedResources) != 1 {
		p.t.Fatalf("%d resources were imported, want 1", len(resp.ImportedResources))
	}
	imported := resp.ImportedResources[0]
	return instance{
		values:   p.decode(p.webhookType(), imported.State),
		identity: p.decodeIdentity(imported.Identity),
		private:  imported.Private,
	}, resp.Diagnostics
}

// moveSource is a resource of another type or provider that a moved block names.
type moveSource struct {
	provider, resourceType string
	schemaVersion          int64
	// state is its attributes in JSON, as a state file has them.
	state []byte
	// identity is its identity in JSON, if it has one.
	identity []byte
}

// move moves a resource into kanbert_webhook.
func (p *protocol) move(from moveSource) (instance, diagnostics) {
	p.t.Helper()
	req := &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: from.provider,
		SourceTypeName:        from.resourceType,
		SourceSchemaVersion:   from.schemaVersion,
		SourceState:           &tfprotov6.RawState{JSON: from.state},
		TargetTypeName:        webhookResourceType,
	}
	if from.identity != nil {
		req.SourceIdentity = &tfprotov6.RawState{JSON: from.identity}
	}
	resp, err := p.server.MoveResourceState(p.t.Context(), req)
	p.must(err)
	if diagnostics(resp.Diagnostics).hasErrors() {
		return instance{}, resp.Diagnostics
	}
	return instance{
		values:   p.decode(p.webhookType(), resp.TargetState),
		identity: p.decodeIdentity(resp.TargetIdentity),
		private:  resp.TargetPrivate,
	}, resp.Diagnostics
}

// readDataSource reads a data source.
func (p *protocol) readDataSource(typeName string, config attrs) (attrs, diagnostics) {
	p.t.Helper()
	kind := p.schemas.DataSourceSchemas[typeName].ValueType()
	resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: typeName,
		Config:   p.encode(kind, config),
	})
	p.must(err)
	return p.decode(kind, resp.State), resp.Diagnostics
}

func (p *protocol) validateDataSource(typeName string, config attrs) diagnostics {
	p.t.Helper()
	resp, err := p.server.ValidateDataResourceConfig(p.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: typeName,
		Config:   p.encode(p.schemas.DataSourceSchemas[typeName].ValueType(), config),
	})
	p.must(err)
	return resp.Diagnostics
}

// listing is one list block.
type listing struct {
	config          attrs
	limit           int64
	includeResource bool
	// stopAfter ends the stream after so many results, as a CLI that was
	// interrupted does; 0 for never.
	stopAfter int
}

// listed is one result of a list block.
type listed struct {
	name     string
	identity attrs
	// values is nil where the resource was not asked for.
	values      attrs
	diagnostics diagnostics
}

// list lists webhooks, as terraform query does (CLI 1.14).
func (p *protocol) list(l listing) []listed {
	p.t.Helper()
	stream, err := p.listServer().ListResource(p.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName:        webhookResourceType,
		Config:          p.encode(p.schemas.ListResourceSchemas[webhookResourceType].ValueType(), l.config),
		IncludeResource: l.includeResource,
		Limit:           l.limit,
	})
	p.must(err)
	var results []listed
	for r := range stream.Results {
		result := listed{name: r.DisplayName, identity: p.decodeIdentity(r.Identity), diagnostics: r.Diagnostics}
		if r.Resource != nil {
			result.values = p.decode(p.webhookType(), r.Resource)
		}
		results = append(results, result)
		if len(results) == l.stopAfter {
			break
		}
	}
	return results
}

func (p *protocol) validateList(config attrs) diagnostics {
	p.t.Helper()
	resp, err := p.listServer().ValidateListResourceConfig(p.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: webhookResourceType,
		Config:   p.encode(p.schemas.ListResourceSchemas[webhookResourceType].ValueType(), config),
	})
	p.must(err)
	return resp.Diagnostics
}

func (p *protocol) listServer() tfprotov6.ListResourceServer {
	p.t.Helper()
	server, ok := p.server.(tfprotov6.ListResourceServer)
	if !ok {
		p.t.Fatal("the provider serves no list resources")
	}
	return server
}

func (p *protocol) encodeIdentity(identity attrs) *tfprotov6.ResourceIdentityData {
	p.t.Helper()
	if identity == nil {
		return nil
	}
	return &tfprotov6.ResourceIdentityData{
		IdentityData: p.encode(p.identities[webhookResourceType].ValueType(), identity),
	}
}

func (p *protocol) decodeIdentity(data *tfprotov6.ResourceIdentityData) attrs {
	p.t.Helper()
	if data == nil {
		return nil
	}
	return p.decode(p.identities[webhookResourceType].ValueType(), data.IdentityData)
}

func (p *protocol) encode(kind tftypes.Type, values attrs) *tfprotov6.DynamicValue {
	p.t.Helper()
	value, err := encodeValue(kind, values)
	p.must(err)
	encoded, err := tfprotov6.NewDynamicValue(kind, value)
	p.must(err)
	return &encoded
}

func encodeValue(kind tftypes.Type, value any) (tftypes.Value, error) {
	switch v := value.(type) {
	case nil:
		return tftypes.NewValue(kind, nil), nil
	case unknownValue:
		return tftypes.NewValue(kind, tftypes.UnknownValue), nil
	case []string:
		return encodeElements(kind, v)
	case []attrs:
		return encodeElements(kind, v)
	case []any:
		return encodeElements(kind, v)
	case attrs:
		return encodeObject(kind, v)
	}
	if err := tftypes.ValidateValue(kind, value); err != nil {
		return tftypes.Value{}, fmt.Errorf("%v is no %s: %w", value, kind, err)
	}
	return tftypes.NewValue(kind, value), nil
}

func encodeObject(kind tftypes.Type, values attrs) (tftypes.Value, error) {
	if values == nil {
		return tftypes.NewValue(kind, nil), nil
	}
	object, ok := kind.(tftypes.Object)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%v is no %s", values, kind)
	}
	encoded := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		var err error
		if encoded[name], err = encodeValue(kind, values[name]); err != nil {
			return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name := range values {
		if _, ok := encoded[name]; !ok {
			return tftypes.Value{}, fmt.Errorf("there is no attribute %q", name)
		}
	}
	return tftypes.NewValue(kind, encoded), nil
}

func encodeElements[T any](kind tftypes.Type, elements []T) (tftypes.Value, error) {
	if elements == nil {
		return tftypes.NewValue(kind, nil), nil
	}
	var elementType tftypes.Type
	switch k := kind.(type) {
	case tftypes.List:
		elementType = k.ElementType
	case tftypes.Set:
		elementType = k.ElementType
	default:
		return tftypes.Value{}, fmt.Errorf("%v is no %s", elements, kind)
	}
	encoded := make([]tftypes.Value, len(elements))
	for i, e := range elements {
		var err error
		if encoded[i], err = encodeValue(elementType, e); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(kind, encoded), nil
}

// decode returns nil for a null object.
func (p *protocol) decode(kind tftypes.Type, encoded *tfprotov6.DynamicValue) attrs {
	p.t.Helper()
	if encoded == nil {
		return nil
	}
	value, err := encoded.Unmarshal(kind)
	p.must(err)
	decoded, err := decodeValue(value)
	p.must(err)
	if decoded == nil {
		return nil
	}
	return decoded.(attrs)
}

func decodeValue(value tftypes.Value) (any, error) {
	if !value.IsKnown() {
		return unknown, nil
	}
	if value.IsNull() {
		return nil, nil
	}
	switch kind := value.Type(); {
	case kind.Is(tftypes.String):
		var s string
		err := value.As(&s)
		return s, err
	case kind.Is(tftypes.Bool):
		var b bool
		err := value.As(&b)
		return b, err
	case kind.Is(tftypes.Number):
		var n *big.Float
		err := value.As(&n)
		i, _ := n.Int64()
		return int(i), err
	case kind.Is(tftypes.Object{}):
		return decodeObject(value)
	default:
		return decodeElements(value)
	}
}

func decodeObject(value tftypes.Value) (attrs, error) {
	var values map[string]tftypes.Value
	if err := value.As(&values); err != nil {
		return nil, err
	}
	decoded := attrs{}
	for name, v := range values {
		var err error
		if decoded[name], err = decodeValue(v); err != nil {
			return nil, err
		}
	}
	return decoded, nil
}

// decodeElements gives a []string or a []attrs.
func decodeElements(value tftypes.Value) (any, error) {
	var values []tftypes.Value
	if err := value.As(&values); err != nil {
		return nil, err
	}
	texts, objects := []string{}, []attrs{}
	for _, v := range values {
		decoded, err := decodeValue(v)
		if err != nil {
			return nil, err
		}
		switch d := decoded.(type) {
		case string:
			texts = append(texts, d)
		case attrs:
			objects = append(objects, d)
		default:
			return nil, errors.New("an element is neither a text nor an object")
		}
	}
	if len(objects) > 0 {
		return objects, nil
	}
	return texts, nil
}

// diagnostics are what the provider says of one call.
type diagnostics []*tfprotov6.Diagnostic

func (ds diagnostics) hasErrors() bool { return len(ds.errors()) > 0 }

func (ds diagnostics) errors() diagnostics {
	return ds.ofSeverity(tfprotov6.DiagnosticSeverityError)
}

func (ds diagnostics) warnings() diagnostics {
	return ds.ofSeverity(tfprotov6.DiagnosticSeverityWarning)
}

func (ds diagnostics) ofSeverity(severity tfprotov6.DiagnosticSeverity) diagnostics {
	var some diagnostics
	for _, d := range ds {
		if d.Severity == severity {
			some = append(some, d)
		}
	}
	return some
}

// String gives each diagnostic as a person would read it: severity, attribute,
// summary, detail.
func (ds diagnostics) String() string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s", d.Severity)
		if name := attributeName(d.Attribute); name != "" {
			fmt.Fprintf(&b, " (%s)", name)
		}
		fmt.Fprintf(&b, ": %s\n%s\n", d.Summary, d.Detail)
	}
	return b.String()
}

// attributeName gives the name of the top-level attribute that path leads into.
func attributeName(path *tftypes.AttributePath) string {
	if path == nil || len(path.Steps()) == 0 {
		return ""
	}
	name, _ := path.Steps()[0].(tftypes.AttributeName)
	return string(name)
}

// wantNone fails the test if there is any diagnostic.
func wantNone(t testing.TB, ds diagnostics) {
	t.Helper()
	if len(ds) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", ds)
	}
}

// secretSummary is the summary of the warning that comes once in a process in which
// a webhook is imported or moved without its secret.
const secretSummary = "Signing secret not known"

// wantNoneBut fails the test if there is a diagnostic of another summary.
func wantNoneBut(t testing.TB, summary string, ds diagnostics) {
	t.Helper()
	if len(ds.withSummary(summary)) != len(ds) {
		t.Fatalf("unexpected diagnostics:\n%s", ds)
	}
}

// wantWarning expects one warning, whose text holds all parts, and no error.
func wantWarning(t testing.TB, ds diagnostics, parts ...string) {
	t.Helper()
	if len(ds) != 1 || ds[0].Severity != tfprotov6.DiagnosticSeverityWarning {
		t.Fatalf("got %v, want one warning", ds)
	}
	for _, part := range parts {
		if text := ds[0].Summary + "\n" + ds[0].Detail; !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
}

// wantNoErrors ends the test if there is an error. Warnings are let through.
func wantNoErrors(t testing.TB, ds diagnostics) {
	t.Helper()
	if ds.hasErrors() {
		t.Fatalf("unexpected errors:\n%s", ds)
	}
}

// wantOneError ends the test unless there is exactly one error, whose text has
// all of parts in it. An empty attribute stands for an error of no attribute.
func wantOneError(t testing.TB, ds diagnostics, attribute string, parts ...string) {
	t.Helper()
	all := ds.errors()
	if len(all) != 1 {
		t.Fatalf("%d errors, want 1:\n%s", len(all), all)
	}
	if got := attributeName(all[0].Attribute); got != attribute {
		t.Errorf("the error is on %q, want %q:\n%s", got, attribute, all)
	}
	for _, part := range parts {
		if !strings.Contains(all[0].Summary+"\n"+all[0].Detail, part) {
			t.Errorf("the error does not say %q:\n%s", part, all)
		}
	}
}
