// SPDX-License-Identifier: MPL-2.0

// Command nothing serves a provider that has the schema of the Kanbert provider and
// does nothing: a create returns the planned values, and a read returns the state
// unchanged. Benchmarks compare with it: its time and memory are those of the CLI
// and the plugin library.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/path"
	framework "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/kanbert/terraform-provider-kanbert/internal/gc"
	"github.com/kanbert/terraform-provider-kanbert/internal/provider"
)

// tuned is set by the linker, -X main.tuned=yes, for a build that logs and collects
// garbage as the Kanbert provider does. Others do as the plugin library does.
var tuned string

func main() {
	if tuned != "" {
		_ = os.Setenv("TF_LOG_SDK", "off")
		gc.CollectLazily(os.LookupEnv)
	}
	constructor := func() framework.Provider { return nothing{provider.New("bench")()} }
	if err := providerserver.Serve(context.Background(), constructor, providerserver.ServeOpts{Address: provider.Address}); err != nil {
		log.Fatal(err)
	}
}

// nothing has the schema of the provider that it holds.
type nothing struct{ framework.Provider }

func (nothing) Configure(context.Context, framework.ConfigureRequest, *framework.ConfigureResponse) {}

func (n nothing) Resources(ctx context.Context) []func() resource.Resource {
	var all []func() resource.Resource
	for _, constructor := range n.Provider.Resources(ctx) {
		all = append(all, func() resource.Resource {
			inner, ok := constructor().(resource.ResourceWithIdentity)
			if !ok {
				panic("the resource has no identity")
			}
			return idle{inner}
		})
	}
	return all
}

// schemas is what idle keeps of a resource.
type schemas interface {
	Metadata(context.Context, resource.MetadataRequest, *resource.MetadataResponse)
	Schema(context.Context, resource.SchemaRequest, *resource.SchemaResponse)
	IdentitySchema(context.Context, resource.IdentitySchemaRequest, *resource.IdentitySchemaResponse)
}

type idle struct{ schemas }

var _ resource.ResourceWithIdentity = idle{}

// created counts the creates, for ids.
var created atomic.Int64

func (idle) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	id := fmt.Sprintf("nothing-%020d", created.Add(1))
	resp.State.Raw = req.Plan.Raw
	for name, value := range map[string]string{
		"id":                   id,
		"created_at":           "2025-01-02T03:04:05Z",
		"signature_secret_key": "0123456789abcdefghijklmnopqrstuvwxyz0123",
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), id)...)
}

// Read sets the identity, without which the CLI refuses the answer.
func (idle) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var id string
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), id)...)
}

func (idle) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}

func (idle) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
