// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultPageSize is the page[size] that lists ask for. The API reference
	// states no maximum; a server may clamp it silently.
	DefaultPageSize = 100
	// MaxPages is how many pages one list is followed for before it counts as
	// one that never ends. A server that gives a fresh cursor with every page, or
	// empty pages without end, repeats nothing by which that could be seen; only
	// a bound ends such a list. It is far above any real one: a million webhooks
	// in pages of [DefaultPageSize].
	MaxPages = 10_000
	// MaxListed is how many webhooks one list may have.
	MaxListed = 300_000
	// MaxListBytes is how large the pages of one list may be in all.
	MaxListBytes = 128 << 20
	// MaxListTime is how long the pages of one list may take in all.
	MaxListTime = 30 * time.Minute

	webhooksPath = "/webhooks"
)

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
	// Once asks for one attempt: the caller can do without the answer.
	Once bool

	// urgent lists settle a create and do not wait behind others.
	urgent bool
}

// Page is one answer of the list.
type Page struct {
	Webhooks []Webhook
	// NextCursor is empty on the last page, and on that alone: a short page is no sign.
	NextCursor string
	// PerPage is how many webhooks the server says that a page holds, or 0 if it
	// does not say.
	PerPage int
	// Bytes is the size of the answer.
	Bytes int
}

// ListPage returns one page of the list. If the API refuses the size of the page
// that was asked for, the page is asked for again without a size, and so are all
// later pages of that size or more.
//
// The error is an [*APIError] or a [*TransportError], or that of ctx.
func (c *Client) ListPage(ctx context.Context, opts ListOptions) (*Page, error) {
	size := c.pageSize(opts)
	page, err := c.listPage(ctx, opts, size)
	if size == 0 || !refusesPageSize(err, opts) {
		return page, err
	}
	page, err = c.listPage(ctx, opts, 0)
	if err == nil {
		c.refusePageSize(int64(size))
	}
	return page, err
}

// pageSize returns the page[size] to ask for, or 0 for none.
func (c *Client) pageSize(opts ListOptions) int {
	size := opts.PageSize
	if size <= 0 {
		size = DefaultPageSize
	}
	if refused := c.refusedPageSize.Load(); refused > 0 && int64(size) >= refused {
		return 0
	}
	return size
}

func (c *Client) refusePageSize(size int64) {
	for {
		refused := c.refusedPageSize.Load()
		if refused > 0 && refused <= size || c.refusedPageSize.CompareAndSwap(refused, size) {
			return
		}
	}
}

// refusesPageSize reports whether a refusal is about page[size]: it says so, or
// there is nothing else that it could be about.
func refusesPageSize(err error, opts ListOptions) bool {
	var api *APIError
	if !errors.As(err, &api) || (api.StatusCode != http.StatusBadRequest && api.StatusCode != http.StatusUnprocessableEntity) {
		return false
	}
	for field := range api.Fields {
		if strings.Contains(strings.ToLower(field), "size") {
			return true
		}
	}
	if len(api.Fields) > 0 {
		return false
	}
	message := strings.ToLower(api.Message)
	return strings.Contains(message, "page") && strings.Contains(message, "size") ||
		opts.Filter == "" && len(opts.Sort) == 0 && opts.Cursor == ""
}

func (c *Client) listPage(ctx context.Context, opts ListOptions, size int) (*Page, error) {
	query := url.Values{"sort": {"url"}}
	if len(opts.Sort) > 0 {
		query.Set("sort", strings.Join(opts.Sort, ","))
	}
	if size > 0 {
		query.Set("page[size]", strconv.Itoa(size))
	}
	if opts.Cursor != "" {
		query.Set("page[cursor]", opts.Cursor)
	}
	if opts.Filter != "" {
		query.Set("filter", opts.Filter)
	}
	call := &call{method: http.MethodGet, template: webhooksPath, path: webhooksPath, query: query, urgent: opts.urgent}
	read := func(a *response) (*Page, error) { return readPage(a, opts.Cursor) }
	if opts.Once {
		return doRateLimited(ctx, c, call, read)
	}
	return sendIdempotent(ctx, c, call, read)
}

// readPage reads one page, which was asked for at cursor.
func readPage(a *response, cursor string) (*Page, error) {
	return withPageData(a, func(data *pageData) (*Page, error) { return data.page(a, cursor) })
}

func (data *pageData) page(a *response, cursor string) (*Page, error) {
	switch {
	case data.Data == nil:
		return nil, a.missing("", []string{"data"})
	case data.Meta == nil:
		return nil, a.missing("", []string{"meta"})
	case !data.Meta.NextCursor.present:
		// Without it the last page looks like any other.
		return nil, a.missing("meta.", []string{"next_cursor"})
	}
	page := &Page{NextCursor: data.Meta.NextCursor.text, Webhooks: make([]Webhook, 0, len(*data.Data)), Bytes: len(a.body)}
	if page.NextCursor != "" && page.NextCursor == cursor {
		return nil, a.malformed("%s", repeatedCursor)
	}
	_ = json.Unmarshal(data.Meta.PerPage, &page.PerPage)
	seen := make(map[string]bool, len(*data.Data))
	for i := range *data.Data {
		w := &(*data.Data)[i]
		id := w.ID.value
		if id == "" {
			return nil, a.missing(fmt.Sprintf("data[%d].", i), []string{"id"})
		}
		if !seen[id] {
			page.Webhooks = append(page.Webhooks, Webhook{})
			w.store(&page.Webhooks[len(page.Webhooks)-1])
		}
		seen[id] = true
	}
	return page, nil
}

const repeatedCursor = "the list gave the same cursor twice, so that it would never end"

// The errors that end a list which would not end otherwise, for callers that follow
// its cursors. Both are an [APIError] that wraps [ErrMalformed].
var (
	ErrRepeatedCursor = endlessList(repeatedCursor)
	ErrEndlessList    = endlessList(fmt.Sprintf("the list has not ended after %d pages, %d webhooks, %d MiB or %s",
		MaxPages, MaxListed, MaxListBytes>>20, MaxListTime))
)

// Extent is how much of one list was read. The zero value is none.
type Extent struct {
	began                  time.Time
	pages, webhooks, bytes int
}

// Add adds a page. The error is [ErrEndlessList] if the list goes on and is
// longer than any list may be.
func (e *Extent) Add(p *Page) error {
	if e.began.IsZero() {
		e.began = time.Now()
	}
	e.pages++
	e.webhooks += len(p.Webhooks)
	e.bytes += p.Bytes
	if p.NextCursor == "" || e.pages < MaxPages && e.webhooks < MaxListed && e.bytes < MaxListBytes && time.Since(e.began) < MaxListTime {
		return nil
	}
	return ErrEndlessList
}

// ListWebhooks streams what the API lists for opts, page by page, each webhook
// once. An error is yielded once, with no webhook, and ends the list; it is one of
// [Client.ListPage] or of [Pages].
func (c *Client) ListWebhooks(ctx context.Context, opts ListOptions) iter.Seq2[Webhook, error] {
	return Webhooks(Pages(opts, func(opts ListOptions) (*Page, error) { return c.ListPage(ctx, opts) }))
}

// Pages streams the pages for opts to the last, each as fetch gets it. A page is
// fetched when the one before has been used up, so that a caller that stops saves the
// rest. An error is yielded once, with no page, and ends the list: besides those of
// fetch it is [ErrRepeatedCursor], or [ErrEndlessList] where [Extent.Add] returns it.
func Pages(opts ListOptions, fetch func(ListOptions) (*Page, error)) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		opts := opts
		cursors := map[string]struct{}{opts.Cursor: {}}
		var extent Extent
		for {
			page, err := fetch(opts)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) || page.NextCursor == "" {
				return
			}
			if _, ok := cursors[page.NextCursor]; ok {
				yield(nil, ErrRepeatedCursor)
				return
			}
			if err := extent.Add(page); err != nil {
				yield(nil, err)
				return
			}
			cursors[page.NextCursor] = struct{}{}
			opts.Cursor = page.NextCursor
		}
	}
}

// Webhooks streams the webhooks of pages, each id once, and ends with their error.
func Webhooks(pages iter.Seq2[*Page, error]) iter.Seq2[Webhook, error] {
	return func(yield func(Webhook, error) bool) {
		seen := make(map[string]struct{})
		for page, err := range pages {
			if err != nil {
				yield(Webhook{}, err)
				return
			}
			for _, w := range page.Webhooks {
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

func endlessList(message string) error {
	return &APIError{StatusCode: http.StatusOK, Message: message, Method: http.MethodGet, Path: webhooksPath, Kind: ErrMalformed}
}

// FilterByURL returns the filter, in its JSON form, that selects the webhooks at
// any of urls. The JSON form is the one whose escapes are known.
func FilterByURL(urls ...string) string {
	type condition struct {
		Field string `json:"field"`
		Op    string `json:"op"`
		Value any    `json:"value"`
	}
	one := condition{Field: "url", Op: "in", Value: urls}
	if len(urls) == 1 {
		one = condition{Field: "url", Op: "eq", Value: urls[0]}
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	// "&" is common in URLs, and its escape six times as long.
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode([]condition{one}); err != nil {
		panic(err) // Strings always encode.
	}
	return strings.TrimSuffix(text.String(), "\n")
}
