// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"time"
)

// Client speaks to one Kanbert API with one token. It is safe for concurrent use.
type Client struct{}

// Option configures a [Client].
type Option func(*Client) error

// New returns a client. It sends nothing.
func New(opts ...Option) (*Client, error) { panic("todo") }

func WithToken(token Secret) Option               { panic("todo") }
func WithBaseURL(base string) Option              { panic("todo") }
func WithMaxRetries(n int) Option                 { panic("todo") }
func WithRequestTimeout(d time.Duration) Option   { panic("todo") }
func WithUserAgent(ua string) Option              { panic("todo") }
func WithTransport(base http.RoundTripper) Option { panic("todo") }
func WithLogger(log LogFunc) Option               { panic("todo") }

// LogFunc takes the client's log lines.
type LogFunc func(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr)

// ListOptions says which webhooks to list. The zero value lists all, sorted by url.
type ListOptions struct {
	// Filter is sent as it is: the JSON or the string form (API reference, GET /webhooks).
	Filter string
	// Sort is a list of url, is_active, created_at, each with an optional leading "-".
	Sort []string
	// PageSize is how many webhooks to ask for in one answer; 0 for the client's own choice.
	PageSize int
	// Cursor is where to start; empty for the beginning.
	Cursor string
}

// Page is one answer of the list.
type Page struct {
	Webhooks []Webhook
	// NextCursor is empty on the last page, and on that alone: a short page is no sign.
	NextCursor string
}

func (c *Client) ListPage(ctx context.Context, opts ListOptions) (*Page, error) { panic("todo") }
func (c *Client) ListWebhooks(ctx context.Context, opts ListOptions) iter.Seq2[Webhook, error] {
	panic("todo")
}
func (c *Client) CreateWebhook(ctx context.Context, w NewWebhook) (*CreatedWebhook, error) {
	panic("todo")
}
func (c *Client) DeleteWebhook(ctx context.Context, id string) error { panic("todo") }

// FilterByURL returns the filter, in its JSON form, that selects the webhooks at any of urls.
func FilterByURL(urls ...string) string { panic("todo") }
