// SPDX-License-Identifier: MPL-2.0

// Package directory is the one read path over an API that can only list.
// (Stub with the final surface; the implementation is being written.)
package directory

import (
	"context"
	"errors"
	"iter"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Source is what the directory reads from: [kanbert.Client] in life.
type Source interface {
	ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error)
}

// ErrGone says that a webhook is gone, on two signals.
var ErrGone = errors.New("the webhook is gone")

type Directory struct{ source Source }

type Option func(*Directory)

func New(source Source, opts ...Option) *Directory { return &Directory{source: source} }

// Read returns the webhook with this id, which was last known at url. The error is ErrGone only when two signals agree.
func (d *Directory) Read(ctx context.Context, id, url string) (kanbert.Webhook, error) { panic("todo") }

// ByURL returns the webhook that holds url, if one does.
func (d *Directory) ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	panic("todo")
}

// ByID returns the webhook with this id, if there is one.
func (d *Directory) ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error) {
	panic("todo")
}

// List streams what the API lists for opts, page by page.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions) iter.Seq2[kanbert.Webhook, error] {
	panic("todo")
}

// Created tells the directory of a webhook that this process has made.
func (d *Directory) Created(w kanbert.Webhook) { panic("todo") }

// Deleted tells the directory that this process has deleted a webhook.
func (d *Directory) Deleted(id string) { panic("todo") }
