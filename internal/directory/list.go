// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"iter"
	"slices"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// List streams what the API lists for opts, in its order, each id once. A page
// is fetched when the caller has used up the one before, so a caller that stops
// saves the rest. An error is yielded once, as the last.
//
// What it shows is known from then on: a read of it costs nothing.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions) iter.Seq2[kanbert.Webhook, error] {
	return kanbert.Webhooks(kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) { return d.page(ctx, opts) }))
}

// page fetches a page, and lets the directory learn from it.
func (d *Directory) page(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	if d.unshared {
		return d.source.ListPage(ctx, opts)
	}
	d.mu.Lock()
	seen := d.stamp()
	d.mu.Unlock()
	page, err := d.source.ListPage(ctx, opts)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.book.learn(page.Webhooks, seen, nil)
	d.advance()
	page.Webhooks = slices.DeleteFunc(page.Webhooks, func(w kanbert.Webhook) bool { return d.book.isGone(w.ID) })
	return page, nil
}

// all is every webhook that the API lists for opts.
func (d *Directory) all(ctx context.Context, opts kanbert.ListOptions) ([]kanbert.Webhook, error) {
	var all []kanbert.Webhook
	pages := kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) { return d.source.ListPage(ctx, opts) })
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		all = append(all, page.Webhooks...)
	}
	return all, nil
}
