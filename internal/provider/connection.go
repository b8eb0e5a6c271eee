// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// connection is the only way from resources and data sources to the API. One is
// made when the provider is configured and shared by all of them, so that there
// is one gate for rate limits and one directory in a provider process. It is safe
// for concurrent use.
type connection struct {
	// unknown names the provider's arguments without which nothing can be sent
	// and that Terraform does not know yet.
	unknown []string
	// open makes the client and the directory, once.
	open func() (*api, error)

	removals removals

	mu sync.Mutex
	// managed holds, for each webhook that this process saw in Terraform's state,
	// how it stands there and how it was planned to be.
	managed map[string][]kanbert.NewWebhook
}

// api is what a connection opens to.
type api struct {
	client    *kanbert.Client
	directory Reader
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
	SeenFree(url string) bool
	Created(kanbert.Webhook)
	Deleted(id string)
}

// newConnection sends nothing. clientOptions come last and win.
func newConnection(unknown []string, clientOptions []kanbert.Option, newReader func(directory.Source) Reader) *connection {
	return &connection{
		unknown: unknown,
		managed: make(map[string][]kanbert.NewWebhook),
		open: sync.OnceValues(func() (*api, error) {
			client, err := kanbert.New(clientOptions...)
			if err != nil {
				return nil, err
			}
			return &api{client: client, directory: newReader(client)}, nil
		}),
	}
}

// connectionFrom takes the connection out of what the framework hands to a
// Configure method. It is nil before the provider is configured, which is so
// whenever a configuration is only validated.
func connectionFrom(providerData any) *connection {
	c, _ := providerData.(*connection)
	return c
}

// api returns the client and the directory, or nil with an error in diags if
// nothing can be sent.
func (c *connection) api(diags *diag.Diagnostics) *api {
	if c == nil {
		diags.AddError("Provider not configured",
			"A request to Kanbert is needed, but the provider was not configured before. This is an error in the provider or in the CLI: please report it.")
		return nil
	}
	if !c.ready() {
		diags.AddError("Provider configuration not known yet", fmt.Sprintf(
			"A request to Kanbert is needed now, but the provider's %s will be known only after apply. "+
				"Nothing was sent, and no environment variable stands in for it: that might be the token of another workspace, or another host. "+
				"Apply what the provider block depends on first, with -target, or take the value from a variable.",
			strings.Join(c.unknown, " and ")))
		return nil
	}
	a, err := c.open()
	if err != nil {
		diags.AddError("Invalid provider configuration",
			"The client of Kanbert cannot be made: "+err.Error()+". This is an error in the provider, which should have named the argument: please report it.")
		return nil
	}
	return a
}

// ready reports whether something can be sent. It is not so while the provider's
// configuration is not known.
func (c *connection) ready() bool { return c != nil && len(c.unknown) == 0 }

// know remembers that the webhook with this id is in Terraform's state, and how
// it stands there or is planned to be.
func (c *connection) know(id string, as ...kanbert.NewWebhook) {
	if c == nil || id == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.managed[id]
	for _, w := range as {
		w.URL = kanbert.CanonicalURL(w.URL)
		if !slices.Contains(seen, w) {
			seen = append(seen, w)
		}
	}
	c.managed[id] = seen
}

// knows reports whether the webhook with this id is in Terraform's state, as far
// as this process has seen, and whether it stands there as w or is planned to be
// replaced by w.
func (c *connection) knows(id string, w kanbert.NewWebhook) (managed, predecessor bool) {
	w.URL = kanbert.CanonicalURL(w.URL)
	c.mu.Lock()
	defer c.mu.Unlock()
	as, managed := c.managed[id]
	return managed, slices.Contains(as, w)
}
