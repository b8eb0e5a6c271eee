// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"iter"
	"slices"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// listQuery asks for one page of a list, of which the whole listing is one.
type listQuery struct {
	kanbert.ListOptions
	limit int
}

func isURL(field string) bool { return field == "url" || field == "-url" }

// local reports whether the listing can give the list: it has no filter, and is
// sorted by what is known of a webhook.
func (q *listQuery) local() bool {
	return q.Filter == "" && !slices.ContainsFunc(q.Sort, func(field string) bool {
		return !isURL(field) && field != "created_at" && field != "-created_at"
	})
}

// List streams what the API lists for opts, in its order, each id once. Only
// requests that began after the call answer it, and calls that come within one
// batch window share them. limit is how many webhooks the caller reads at most,
// of those that it selects; 0 is all. A list that has a limit or a filter is
// fetched page by page, as the caller uses it. An error is yielded once, as the
// last. What the list shows is cached: a read of it costs nothing.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions, limit int) iter.Seq2[kanbert.Webhook, error] {
	if opts.PageSize == 0 {
		opts.PageSize = kanbert.DefaultPageSize
	}
	return func(yield func(kanbert.Webhook, error) bool) {
		d.mu.Lock()
		arrived := d.stamp()
		d.mu.Unlock()
		kanbert.Webhooks(kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) {
			got := d.load(ctx, query{list: &listQuery{opts, limit}, fresh: true, arrived: arrived})
			return got.page, got.err
		}))(yield)
	}
}

// startLists fetches pages of lists that the listing does not give. Equal ones are
// one request, as large as the largest.
func (d *Directory) startLists(waiters []*waiter) {
	slices.SortStableFunc(waiters, func(a, b *waiter) int { return b.list.PageSize - a.list.PageSize })
	for _, w := range waiters {
		if w.list.Cursor == "" && w.list.local() && !d.large && d.scan.mayAnswer(w) {
			continue // The first page of the listing is on its way, and may be all there is.
		}
		equal := slices.IndexFunc(d.calls, func(c *call) bool {
			return c.list != nil && c.list.Filter == w.list.Filter && c.list.Cursor == w.list.Cursor &&
				slices.Equal(c.list.Sort, w.list.Sort) && c.began.sequence > w.arrived.sequence
		})
		if equal >= 0 {
			w.call = d.calls[equal]
			continue
		}
		w.call = d.send(w.ctx, w.list.ListOptions, d.source.ListPage, func(c *call) {
			if c.err == nil {
				c.page.Webhooks = slices.DeleteFunc(c.page.Webhooks, func(w kanbert.Webhook) bool { return d.cache.tombstones[w.ID] })
			}
			d.finish(func(w *waiter) (answer, bool) { return answer{page: c.page, err: c.err}, w.call == c })
		})
		w.call.list = w.list
	}
}

// listing is what the complete scan has shown, in the order that sort says: the
// server's own by URL.
func (d *Directory) listing(sort []string) *kanbert.Page {
	back := slices.Clone(d.scan.back.items)
	if !d.scan.sameWay {
		slices.Reverse(back)
	}
	page, seen := &kanbert.Page{}, make(map[string]bool)
	for _, it := range slices.Concat(d.scan.front.items, back) {
		if it = d.cache.byID[it.webhook.ID]; it != nil && !seen[it.webhook.ID] {
			seen[it.webhook.ID] = true
			page.Webhooks = append(page.Webhooks, it.webhook)
		}
	}
	if i := slices.IndexFunc(sort, isURL); i >= 0 {
		sort = sort[:i+1] // No two webhooks share a URL.
	}
	for _, field := range slices.Backward(sort) { // Stable sorts, by what weighs least first.
		switch field {
		case "-url":
			slices.Reverse(page.Webhooks)
		case "created_at":
			slices.SortStableFunc(page.Webhooks, func(a, b kanbert.Webhook) int { return a.CreatedAt.Compare(b.CreatedAt) })
		case "-created_at":
			slices.SortStableFunc(page.Webhooks, func(a, b kanbert.Webhook) int { return b.CreatedAt.Compare(a.CreatedAt) })
		}
	}
	return page
}
