// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// providerData is what Configure passes to resources and data sources: the client, the
// reader, and the webhooks that this process saw in state. All of them share one, so
// a provider process has one rate limiter and one reader. It is safe for concurrent
// use.
type providerData struct {
	// unknown names the provider's arguments that a request needs and that Terraform
	// does not know yet.
	unknown []string
	// open creates the client and the reader, once.
	open func() (*api, error)
	// seen is what this process saw of Terraform's state and plan.
	seen registry
	// removals counts the webhooks that are removed from state because they are
	// gone.
	removals removals
}

// api is the client and the reader.
type api struct {
	client *kanbert.Client
	reader Reader
	// warnedOfWaiting is true after an operation has warned that it waited.
	warnedOfWaiting atomic.Bool
}

// Reader reads webhooks. [directory.Directory] documents each method.
type Reader interface {
	Read(ctx context.Context, id, url string, notBefore func() time.Time) (kanbert.Webhook, error)
	ConfirmGone(ctx context.Context, id, url string, notBefore func() time.Time) error
	ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error)
	ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error)
	ByEquivalentURL(ctx context.Context, url string) (kanbert.Webhook, bool, error)
	List(ctx context.Context, opts kanbert.ListOptions, limit int) iter.Seq2[kanbert.Webhook, error]
	Known() []kanbert.Webhook
	SeenFree(url string) bool
	Created(kanbert.Webhook)
	Deleted(id string)
}

// newProviderData sends no request. Later clientOptions override earlier ones.
func newProviderData(unknown []string, clientOptions []kanbert.Option, newReader func(directory.Source) Reader) *providerData {
	return &providerData{
		unknown: unknown,
		open: sync.OnceValues(func() (*api, error) {
			client, err := kanbert.New(clientOptions...)
			if err != nil {
				return nil, err
			}
			return &api{client: client, reader: newReader(client)}, nil
		}),
	}
}

// providerDataFrom returns the provider data that the framework passes to a Configure
// method. It is nil before the provider is configured, for example during validate.
func providerDataFrom(configured any) *providerData {
	d, _ := configured.(*providerData)
	return d
}

// api returns the client and the reader, or nil with an error in diags if no request
// can be sent.
func (d *providerData) api(diags *diag.Diagnostics) *api {
	if d == nil {
		diags.AddError("Provider not configured",
			"The provider needs to send a request, but it is not configured. This is an error in the provider or in the CLI: please report it.")
		return nil
	}
	if !d.ready() {
		diags.AddError("Provider configuration not known yet", fmt.Sprintf(
			"The provider needs to send a request, but %s of the provider block will be known only after apply. Nothing was sent. "+
				"Apply the resources that the provider block depends on first, with -target, or use a variable. "+
				"The environment variable is not used instead: it may have the token of another workspace, or another host.",
			enumerate(d.unknown)))
		return nil
	}
	a, err := d.open()
	if err != nil {
		diags.AddError("Invalid provider configuration",
			"The provider could not create its API client: "+err.Error()+". This is an error in the provider: please report it.")
		return nil
	}
	return a
}

// ready reports whether requests can be sent: the provider's configuration is known.
func (d *providerData) ready() bool { return len(d.unknown) == 0 }

// trackManaged records that the webhook with this id is in Terraform's state, and
// returns the duplication that this sighting is the first to show. Read, ModifyPlan,
// import and Delete all call it. The client itself knows which webhooks it created.
func (d *providerData) trackManaged(id string, by sighting) duplication {
	if id == "" {
		return managedOnce
	}
	// No create may count it as its own. Without a client there is no create.
	if a, err := d.open(); err == nil {
		a.client.Claim(id)
	}
	return d.seen.trackManaged(id, by)
}

// beginApply records that this process creates or deletes webhooks: later plans run
// while other resources are applied.
func (d *providerData) beginApply() { d.seen.applying.Store(true) }

// applying reports whether the first Create or Delete of this process has begun.
func (d *providerData) applying() bool { return d.seen.applying.Load() }
