// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// connection is the only way from resources and data sources to the API. One is
// made when the provider is configured and shared by all of them, so that there
// is one gate for rate limits and one directory in a provider process. It is safe
// for concurrent use.
type connection struct {
	settings settings
	// open makes client and directory, once.
	open func() (*api, error)

	mu    sync.Mutex
	known map[string]bool
}

// api is what a connection opens to.
type api struct {
	client    *kanbert.Client
	directory *directory.Directory
}

func newConnection(s settings, clientOptions []kanbert.Option, directoryOptions []directory.Option) *connection {
	return &connection{
		settings: s,
		known:    make(map[string]bool),
		open: sync.OnceValues(func() (*api, error) {
			client, err := kanbert.New(append([]kanbert.Option{
				kanbert.WithToken(s.token),
				kanbert.WithBaseURL(s.baseURL),
				kanbert.WithMaxRetries(s.maxRetries),
				kanbert.WithRequestTimeout(s.requestTimeout),
				kanbert.WithUserAgent(s.userAgent),
				kanbert.WithLogger(logToTerraform),
			}, clientOptions...)...)
			if err != nil {
				return nil, err
			}
			return &api{client: client, directory: directory.New(client, directoryOptions...)}, nil
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

// api returns the client and the directory, or nil with an error in diags where
// the provider's configuration is not known yet.
func (c *connection) api(diags *diag.Diagnostics) *api {
	if c == nil {
		diags.AddError("Provider not configured", "This is an error in the provider: a call was needed before it was configured. Please report it.")
		return nil
	}
	if len(c.settings.unknown) > 0 {
		diags.AddError("Provider configuration not known yet", fmt.Sprintf("A call to the API is needed, but %s cannot be known before apply.", strings.Join(c.settings.unknown, " and ")))
		return nil
	}
	a, err := c.open()
	if err != nil {
		diags.AddError("Invalid provider configuration", err.Error())
		return nil
	}
	return a
}

// ready reports whether a call could be made now.
func (c *connection) ready() bool { return c != nil && len(c.settings.unknown) == 0 }

// know remembers that the webhook with this id is in Terraform's state.
func (c *connection) know(id string) {
	if c == nil || id == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[id] = true
}

// knows reports whether the webhook with this id is in Terraform's state, as far
// as this process has seen.
func (c *connection) knows(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id]
}
