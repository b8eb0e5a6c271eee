// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"iter"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// List streams what the API lists for opts, in its order, each id once. A page
// is fetched when the caller has used up the one before, so a caller that stops
// saves the rest. An error is yielded once, as the last.
//
// What it shows is known from then on: a read of it costs nothing.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions) iter.Seq2[kanbert.Webhook, error] {
	return func(yield func(kanbert.Webhook, error) bool) {
		seen := make(map[string]struct{})
		for page, err := range d.pages(ctx, opts) {
			if err != nil {
				yield(kanbert.Webhook{}, err)
				return
			}
			for _, w := range page {
				if _, ok := seen[w.ID]; ok {
					continue
				}
				seen[w.ID] = struct{}{}
				if !yield(w, nil) {
					return
				}
			}
		}
	}
}

// pages streams the pages for opts, and lets the directory learn from them.
func (d *Directory) pages(ctx context.Context, opts kanbert.ListOptions) iter.Seq2[[]kanbert.Webhook, error] {
	return func(yield func([]kanbert.Webhook, error) bool) {
		cursors := map[string]struct{}{opts.Cursor: {}}
		for range kanbert.MaxPages {
			page, err := d.page(ctx, opts)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page.Webhooks, nil) || page.NextCursor == "" {
				return
			}
			if _, ok := cursors[page.NextCursor]; ok {
				yield(nil, kanbert.ErrRepeatedCursor)
				return
			}
			opts.Cursor = page.NextCursor
			cursors[opts.Cursor] = struct{}{}
		}
		yield(nil, kanbert.ErrEndlessList)
	}
}

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
	return page, nil
}

// all is every webhook that the API lists for opts.
func (d *Directory) all(ctx context.Context, opts kanbert.ListOptions) ([]kanbert.Webhook, error) {
	var all []kanbert.Webhook
	cursors := map[string]struct{}{"": {}}
	for range kanbert.MaxPages {
		page, err := d.source.ListPage(ctx, opts)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Webhooks...)
		if page.NextCursor == "" {
			return all, nil
		}
		if _, ok := cursors[page.NextCursor]; ok {
			return nil, kanbert.ErrRepeatedCursor
		}
		opts.Cursor = page.NextCursor
		cursors[opts.Cursor] = struct{}{}
	}
	return nil, kanbert.ErrEndlessList
}
