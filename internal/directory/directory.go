// SPDX-License-Identifier: MPL-2.0

// Package directory is the one read path over an API that can only list: it
// answers for one webhook, by id or by URL, out of what the list gives.
//
// It must never report a webhook as gone on one signal, and never take an error
// for an answer.
package directory

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Source is what the directory reads from: [kanbert.Client] in life.
type Source interface {
	ListPage(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error)
}

// ErrGone says that a webhook is gone, on two signals.
var ErrGone = errors.New("the webhook is gone")

// Directory answers for single webhooks. It is safe for concurrent use.
type Directory struct{ source Source }

// Option configures a [Directory].
type Option func(*Directory)

// WithoutSharing makes the directory ask for each webhook by itself.
func WithoutSharing() Option { return func(*Directory) {} }

// New returns a directory over source. It sends nothing.
func New(source Source, opts ...Option) *Directory {
	d := &Directory{source: source}
	for _, opt := range opts {
		opt(d)
	}
	return d
}

// Read returns the webhook with this id, which was last known at url. The error
// is [ErrGone] only when two signals agree.
func (d *Directory) Read(ctx context.Context, id, url string) (kanbert.Webhook, error) {
	sameID := func(w kanbert.Webhook) bool { return w.ID == id }
	for _, opts := range []kanbert.ListOptions{{Filter: filterByURL(url)}, {}} {
		w, found, err := d.first(ctx, opts, sameID)
		if err != nil || found {
			return w, err
		}
	}
	return kanbert.Webhook{}, ErrGone
}

// ByURL returns the webhook that holds url, if one does.
func (d *Directory) ByURL(ctx context.Context, url string) (kanbert.Webhook, bool, error) {
	return d.first(ctx, kanbert.ListOptions{Filter: filterByURL(url)}, func(w kanbert.Webhook) bool {
		return kanbert.SameURL(w.URL, url)
	})
}

// ByID returns the webhook with this id, if there is one.
func (d *Directory) ByID(ctx context.Context, id string) (kanbert.Webhook, bool, error) {
	return d.first(ctx, kanbert.ListOptions{}, func(w kanbert.Webhook) bool { return w.ID == id })
}

// List streams what the API lists for opts, page by page.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions) iter.Seq2[kanbert.Webhook, error] {
	return func(yield func(kanbert.Webhook, error) bool) {
		seen := make(map[string]bool)
		cursors := map[string]bool{opts.Cursor: true}
		for {
			page, err := d.source.ListPage(ctx, opts)
			if err != nil {
				yield(kanbert.Webhook{}, err)
				return
			}
			for _, w := range page.Webhooks {
				if !seen[w.ID] && !yield(w, nil) {
					return
				}
				seen[w.ID] = true
			}
			if page.NextCursor == "" {
				return
			}
			if cursors[page.NextCursor] {
				yield(kanbert.Webhook{}, fmt.Errorf("listing webhooks: the server gave the same cursor twice"))
				return
			}
			opts.Cursor = page.NextCursor
			cursors[opts.Cursor] = true
		}
	}
}

// Created tells the directory of a webhook that this process has made.
func (d *Directory) Created(kanbert.Webhook) {}

// Deleted tells the directory that this process has deleted a webhook.
func (d *Directory) Deleted(string) {}

func (d *Directory) first(ctx context.Context, opts kanbert.ListOptions, is func(kanbert.Webhook) bool) (kanbert.Webhook, bool, error) {
	for w, err := range d.List(ctx, opts) {
		if err != nil {
			return kanbert.Webhook{}, false, err
		}
		if is(w) {
			return w, true, nil
		}
	}
	return kanbert.Webhook{}, false, nil
}

// filterByURL asks for url as given, and for its canonical spelling.
func filterByURL(url string) string {
	if canonical := kanbert.CanonicalURL(url); canonical != url {
		return kanbert.FilterByURL(url, canonical)
	}
	return kanbert.FilterByURL(url)
}
