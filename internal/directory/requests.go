// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// MaxFilterLength is how long the filter of a look-up may be, in bytes as
	// sent, percent-encoding included: with the rest of the request line less than
	// 4 KiB. Ten URLs of the greatest length fit.
	MaxFilterLength = 3800
	// harmlessLength is a length that every server takes: where a connection
	// breaks on a shorter filter, its length is not the reason.
	harmlessLength = 1000
	// ordinaryPage is the page[size] that the API takes for granted (API
	// reference, GET /webhooks).
	ordinaryPage = 30
)

// startLookup looks up as many as fit into one request, and returns the rest.
func (d *Directory) startLookup(queue []*waiter) []*waiter {
	n, urls := d.pack(queue)
	lastResort, opts := d.refused, kanbert.ListOptions{Filter: kanbert.FilterByURL(urls...)}
	// Where the API's own size will do, no other is named, so that a server which
	// refuses large pages has none to refuse.
	if len(urls) <= ordinaryPage {
		opts.PageSize = ordinaryPage
	}
	c := d.send(queue[0].ctx, opts, d.listAll, func(c *call) {
		switch {
		case c.err == nil:
			for _, url := range urls {
				d.cache.lookups[url] = c.began
			}
		case lastResort || !d.adapt(c.err, sentLength(opts.Filter), n):
			d.finish(func(w *waiter) (answer, bool) { return answer{err: c.err}, w.call == c })
		}
	})
	for _, w := range queue[:n] {
		w.call = c
	}
	return queue[n:]
}

func (d *Directory) listAll(ctx context.Context, opts kanbert.ListOptions) (*kanbert.Page, error) {
	all := &kanbert.Page{}
	pages := kanbert.Pages(opts, func(opts kanbert.ListOptions) (*kanbert.Page, error) { return d.source.ListPage(ctx, opts) })
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		all.Webhooks = append(all.Webhooks, page.Webhooks...)
	}
	return all, nil
}

// pack is how many of queue fit into one filter, at least one, and the URLs that
// it asks for, each once.
func (d *Directory) pack(queue []*waiter) (int, []string) {
	if d.refused {
		return 1, []string{queue[0].url}
	}
	var urls []string
	for n, w := range queue {
		more := append(slices.Clone(urls), w.url, kanbert.CanonicalURL(w.url))
		slices.Sort(more)
		more = slices.Compact(more)
		if n > 0 && sentLength(kanbert.FilterByURL(more...)) > d.maxFilter {
			return n, urls
		}
		urls = more
	}
	return len(queue), urls
}

func sentLength(filter string) int { return len(url.QueryEscape(filter)) }

// adapt makes look-ups smaller if err says that the API does not take one of this
// length for n calls, and reports whether it did.
func (d *Directory) adapt(err error, length, n int) bool {
	var refusal *kanbert.APIError
	var broken *kanbert.TransportError
	status := 0
	if errors.As(err, &refusal) {
		status = refusal.StatusCode
	}
	tooLong := status == http.StatusRequestURITooLong || status == http.StatusRequestHeaderFieldsTooLarge
	// Over HTTP/2 a server answers a request line that is too long by closing the
	// connection.
	cut := errors.As(err, &broken) && !broken.Unsent && broken.Timeout == 0 && length > harmlessLength
	if n > 1 && (tooLong || cut) {
		d.maxFilter = min(d.maxFilter, length) / 2
		return true
	}
	refused := tooLong || status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
	d.refused = d.refused || refused
	return refused
}

// startLists fetches pages of lists that the listing does not give. Equal ones are
// one request, as large as the largest.
func (d *Directory) startLists(waiters []*waiter) {
	slices.SortStableFunc(waiters, func(a, b *waiter) int { return b.list.PageSize - a.list.PageSize })
	for _, w := range waiters {
		if w.list.Cursor == "" && isLocal(w.list) && !d.large && d.scan.accepted(w) {
			continue // The first page of the listing is on its way, and may be all there is.
		}
		equal := slices.IndexFunc(d.calls, func(c *call) bool {
			return c.list != nil && c.list.Filter == w.list.Filter && c.list.Cursor == w.list.Cursor &&
				slices.Equal(c.list.Sort, w.list.Sort) && c.began.after(w.arrived)
		})
		if equal >= 0 {
			w.call = d.calls[equal]
			continue
		}
		w.call = d.send(w.ctx, *w.list, d.source.ListPage, func(c *call) {
			if c.err == nil {
				c.page.Webhooks = slices.DeleteFunc(c.page.Webhooks, func(w kanbert.Webhook) bool { return d.cache.tombstones[w.ID] })
			}
			d.finish(func(w *waiter) (answer, bool) { return answer{page: c.page, err: c.err}, w.call == c })
		})
		w.call.list = w.list
	}
}
