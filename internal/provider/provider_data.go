// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// providerData is what resources and data sources get when they are configured:
// the client, the reader, and the webhooks that this process saw in state. One is
// made when the provider is configured and shared by all of them, so that there
// is one gate for rate limits and one reader in a provider process. It is safe
// for concurrent use.
type providerData struct {
	// unknown names the provider's arguments without which nothing can be sent
	// and that Terraform does not know yet.
	unknown []string
	// open makes the client and the reader, once.
	open func() (*api, error)
	// seen is what this process saw of Terraform's state and plan.
	seen registry
	// removals counts what leaves state because it is gone.
	removals removals
}

// api is the client and the reader.
type api struct {
	client *kanbert.Client
	reader Reader
	// warnedOfWaiting is true once an operation has said that it waited.
	warnedOfWaiting atomic.Bool
}

// Reader answers for webhooks. [directory.Directory] says what each method must
// hold to.
type Reader interface {
	Read(ctx context.Context, id, url string, notBefore time.Time) (kanbert.Webhook, error)
	ConfirmGone(ctx context.Context, id, url string, notBefore time.Time) error
	ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error)
	ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error)
	ByEquivalentURL(ctx context.Context, url string) (kanbert.Webhook, bool, error)
	List(ctx context.Context, opts kanbert.ListOptions, limit int) iter.Seq2[kanbert.Webhook, error]
	Known() []kanbert.Webhook
	SeenFree(url string) bool
	Created(kanbert.Webhook)
	Deleted(id string)
}

// newProviderData sends nothing. clientOptions come last and win.
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

// providerDataFrom returns the provider data that the framework hands to a
// Configure method. It is nil before the provider is configured, which is so
// whenever a configuration is only validated.
func providerDataFrom(configured any) *providerData {
	d, _ := configured.(*providerData)
	return d
}

// api returns the client and the reader, or nil with an error in diags if
// nothing can be sent.
func (d *providerData) api(diags *diag.Diagnostics) *api {
	if d == nil {
		diags.AddError("Provider not configured",
			"A request to Kanbert is needed, but the provider was not configured before. This is an error in the provider or in the CLI: please report it.")
		return nil
	}
	if !d.ready() {
		diags.AddError("Provider configuration not known yet", fmt.Sprintf(
			"A request to Kanbert is needed now, but the provider's %s will be known only after apply. "+
				"Nothing was sent. An environment variable is not used instead: it may have the token of another workspace, or another host. "+
				"Apply what the provider block depends on first, with -target, or take the value from a variable.",
			strings.Join(d.unknown, " and ")))
		return nil
	}
	a, err := d.open()
	if err != nil {
		diags.AddError("Invalid provider configuration",
			"The client of Kanbert cannot be made: "+err.Error()+". This is an error in the provider, which should have named the argument: please report it.")
		return nil
	}
	return a
}

// ready reports whether something can be sent. It is not so while the provider's
// configuration is not known.
func (d *providerData) ready() bool { return len(d.unknown) == 0 }

// trackManaged remembers that the webhook with this id is in Terraform's state, and
// returns what this sighting is the first to show. Each sighting of an id in state
// passes through here: by Read, ModifyPlan, import and Delete. The client itself knows
// what it has created.
func (d *providerData) trackManaged(id string, by sighting) duplication {
	if id == "" {
		return managedOnce
	}
	// No create may take it for its own. Without a client there is none.
	if a, err := d.open(); err == nil {
		a.client.Claim(id)
	}
	return d.seen.trackManaged(id, by)
}

// beginApply records that this process creates or deletes webhooks, so that what
// is planned from here on is planned while others are being applied.
func (d *providerData) beginApply() { d.seen.applying.Store(true) }

// applying reports whether the first Create or Delete of this process has begun.
func (d *providerData) applying() bool { return d.seen.applying.Load() }
