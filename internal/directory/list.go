// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// listQuery is what a list asks for.
type listQuery struct {
	kanbert.ListOptions
	limit int
}

// local reports whether the shared listing can give the list: it has no filter,
// and is sorted by what is known of a webhook.
func (q *listQuery) local() bool {
	return q.Filter == "" && !slices.ContainsFunc(q.Sort, func(field string) bool {
		name := strings.TrimPrefix(field, "-")
		return name != "url" && name != "created_at"
	})
}

// shared reports whether the list is the shared listing: it asks for everything.
func (q *listQuery) shared() bool { return q.local() && q.limit == 0 }

// equal reports whether the API would answer both with the same pages.
func (q *listQuery) equal(other *listQuery) bool {
	return q.Filter == other.Filter && slices.Equal(q.Sort, other.Sort)
}

// sortLocally sorts webhooks, which are in the server's order by URL, as sort
// says. That order decides where created_at leaves a tie.
func sortLocally(webhooks []kanbert.Webhook, sort []string) {
	// What comes after url decides nothing: no two webhooks share one.
	if i := slices.IndexFunc(sort, func(field string) bool { return strings.TrimPrefix(field, "-") == "url" }); i >= 0 {
		if sort[i] == "-url" {
			slices.Reverse(webhooks)
		}
		sort = sort[:i]
	}
	if len(sort) == 0 {
		return
	}
	slices.SortStableFunc(webhooks, func(a, b kanbert.Webhook) int {
		order := a.CreatedAt.Compare(b.CreatedAt)
		if strings.HasPrefix(sort[0], "-") {
			return cmp.Compare(0, order)
		}
		return order
	})
}

// List streams what the API lists for opts, in its order, each id once. Only
// requests that began after the call answer it, and calls that come within one
// batch window share them. limit is how many webhooks the caller reads at most,
// of those that it selects; 0 is all. A list that has a limit or a filter is
// fetched page by page, as the caller uses it. An error is yielded once, as the
// last.
//
// What it shows is cached: a read of it costs nothing.
func (d *Directory) List(ctx context.Context, opts kanbert.ListOptions, limit int) iter.Seq2[kanbert.Webhook, error] {
	return func(yield func(kanbert.Webhook, error) bool) {
		got := d.load(ctx, query{list: &listQuery{ListOptions: opts, limit: limit}, absence: scanAlone, fresh: true})
		switch {
		case got.err != nil:
			yield(kanbert.Webhook{}, got.err)
		case got.pages != nil:
			next := -1
			kanbert.Webhooks(kanbert.Pages(got.pages.opts, func(kanbert.ListOptions) (*kanbert.Page, error) {
				next++
				return d.pageOf(ctx, got.pages, next)
			}))(yield)
		default:
			for _, w := range got.list {
				if !yield(w, nil) {
					return
				}
			}
		}
	}
}

// startLists answers lists that the shared listing does not give. Equal ones get
// the same pages. Where the first page of the shared listing is about to be asked
// for, a list waits for it: it may be all there is.
func (d *Directory) startLists(waiters []*waiter, now time.Time) {
	var started []*waiter
	for _, w := range waiters {
		if s := d.scan; w.list.local() && !w.declined && s != nil && s.front.taken == 0 && s.mayAnswer(w, now) {
			w.scan = s
			w.all = slices.ContainsFunc(d.waiters, func(other *waiter) bool { return other.scan == s && other.all })
			continue
		}
		equal := slices.IndexFunc(started, func(other *waiter) bool { return other.list.equal(w.list) })
		if equal < 0 {
			w.pages = &pages{opts: w.list.ListOptions}
		} else {
			w.pages = started[equal].pages
		}
		if size := &w.pages.opts.PageSize; w.list.PageSize == 0 || *size > 0 && w.list.PageSize > *size {
			*size = w.list.PageSize
		}
		started = append(started, w)
	}
	for _, w := range started {
		d.finish(w, answer{pages: w.pages})
	}
}

// pages is a list that some calls read together, page by page.
type pages struct {
	opts  kanbert.ListOptions
	loads []*pageLoad
}

// pageLoad is one page of it, on its way or here.
type pageLoad struct {
	done chan struct{}
	page *kanbert.Page
	err  error
}

// pageOf returns page i of p, whose pages before it were read.
func (d *Directory) pageOf(ctx context.Context, p *pages, i int) (*kanbert.Page, error) {
	d.mu.Lock()
	if i == len(p.loads) {
		d.startPageOf(ctx, p)
	}
	l := p.loads[i]
	d.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.done:
	}
	if l.err != nil {
		return nil, l.err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	page := *l.page
	page.Webhooks = slices.DeleteFunc(slices.Clone(page.Webhooks), func(w kanbert.Webhook) bool { return d.cache.isDeleted(w.ID) })
	return &page, nil
}

func (d *Directory) startPageOf(ctx context.Context, p *pages) {
	opts, seen := p.opts, d.stamp()
	if n := len(p.loads); n > 0 {
		opts.Cursor = p.loads[n-1].page.NextCursor
	}
	l := &pageLoad{done: make(chan struct{})}
	p.loads = append(p.loads, l)
	go func() {
		defer close(l.done)
		l.page, l.err = d.source.ListPage(context.WithoutCancel(ctx), opts)
		if l.err != nil {
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.cache.prime(l.page.Webhooks, seen, nil)
		d.schedule()
	}()
}
