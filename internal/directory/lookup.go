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

// lookups is what the look-ups have in common.
type lookups struct {
	// maxFilter is how long a filter may be, in bytes as sent.
	maxFilter int
	// refused says that the API refused a look-up. From then on the listing is
	// asked first, and what it does not hold is looked up by itself.
	refused bool
}

// lookup is one request for the webhooks at some URLs.
type lookup struct {
	waiters []*waiter
	filter  string
	// single says that it was made after a refusal.
	single bool
	began  stamp
	cancel context.CancelFunc
	// waiting is how many have not given up.
	waiting int
}

// abandon notes that one of its waiters has given up.
func (l *lookup) abandon() {
	if l == nil {
		return
	}
	l.waiting--
	if l.waiting == 0 {
		l.cancel()
	}
}

// startLookup sends a look-up for as many as fit into one, and returns the rest.
func (d *Directory) startLookup(queue []*waiter, b *batch) []*waiter {
	n, urls := d.pack(queue)
	l := &lookup{waiters: queue[:n:n], filter: kanbert.FilterByURL(urls...), single: d.lookups.refused, began: d.stamp(), waiting: n}
	for _, w := range l.waiters {
		w.lookup = l
	}
	b.lookups++
	ctx, cancel := context.WithCancel(context.WithoutCancel(queue[0].ctx))
	l.cancel = cancel
	opts := kanbert.ListOptions{Filter: l.filter}
	// Where the API's own size will do, no other is named, so that a server which
	// refuses large pages has none to refuse.
	if len(urls) <= ordinaryPage {
		opts.PageSize = ordinaryPage
	}
	go func() {
		defer cancel()
		webhooks, err := d.listAll(ctx, opts)
		d.mu.Lock()
		defer d.mu.Unlock()
		b.lookups--
		d.tookLookup(l, webhooks, err)
		d.schedule()
	}()
	return queue[n:]
}

func (d *Directory) listAll(ctx context.Context, opts kanbert.ListOptions) ([]kanbert.Webhook, error) {
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

// pack is how many of queue fit into one filter, at least one, and the URLs that
// it asks for, each once.
func (d *Directory) pack(queue []*waiter) (int, []string) {
	if d.lookups.refused {
		return 1, []string{queue[0].url}
	}
	var urls []string
	for n, w := range queue {
		more := slices.Clone(urls)
		for _, url := range []string{w.url, w.canonical} {
			if !slices.Contains(more, url) {
				more = append(more, url)
			}
		}
		if n > 0 && sentLength(kanbert.FilterByURL(more...)) > d.lookups.maxFilter {
			return n, urls
		}
		urls = more
	}
	return len(queue), urls
}

func sentLength(filter string) int { return len(url.QueryEscape(filter)) }

func (d *Directory) tookLookup(l *lookup, webhooks []kanbert.Webhook, err error) {
	again := err != nil && d.lookups.adapt(l, err)
	if err == nil {
		d.cache.prime(webhooks, l.began, nil)
	}
	for _, w := range l.waiters {
		w.lookup = nil
		switch {
		case again:
		case err != nil:
			d.finish(w, answer{err: err})
		default:
			w.lookedUp = true
			d.cache.noteLookup(w.canonical, l.began.at)
		}
	}
}

// adapt makes look-ups smaller if err says that the API does not take one like
// l, and reports whether it is worth another try.
func (s *lookups) adapt(l *lookup, err error) bool {
	length := sentLength(l.filter)
	var broken *kanbert.TransportError
	if errors.As(err, &broken) {
		// Over HTTP/2 a server answers a request line that is too long by closing
		// the connection.
		tooLong := !broken.Unsent && broken.Timeout == 0 && len(l.waiters) > 1 && length > harmlessLength
		if tooLong {
			s.maxFilter = min(s.maxFilter, length) / 2
		}
		return tooLong
	}
	var refusal *kanbert.APIError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.StatusCode {
	case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		if len(l.waiters) > 1 {
			s.maxFilter = min(s.maxFilter, length) / 2
			return true
		}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
	default:
		return false
	}
	s.refused = true
	return !l.single // Else this was the last resort.
}
