// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest/eval"
)

// list handles GET /webhooks.
func (s *Sandbox) list(r *Request, now time.Time) reply {
	o, refusal := readSort(r)
	if refusal != nil {
		return *refusal
	}
	selects, refusal := s.readFilter(r, now)
	if refusal != nil {
		return *refusal
	}
	size, refusal := s.readPageSize(r)
	if refusal != nil {
		return *refusal
	}
	var from *cursor
	if text := r.Query.Get("page[cursor]"); text != "" && !r.forgetCursor {
		var ok bool
		if from, ok = decodeCursor(text, o); !ok {
			return r.fail(http.StatusInternalServerError, "Server Error")
		}
	}
	if s.config().endlessPage > 0 && strings.TrimSpace(r.Query.Get("filter")) == "" {
		return s.endlessList(r, now, size)
	}
	s.store.forget(now)
	listed := func(w *row) bool { return w.SpaceID == r.principal.key && w.listed(now) && selects(w) }
	p := s.page(s.store.sorted(o), listed, size, from)
	return jsonReply(http.StatusOK, s.listBody(r, p, size))
}

// sorts are the columns that the list can be sorted by (API reference, GET
// /webhooks, parameter sort).
var sorts = []string{"url", "is_active", "created_at"}

// readSort reads the parameter sort. Without one, the list has the order of the
// ids, which is arbitrary.
func readSort(r *Request) (order, *reply) {
	text := strings.TrimSpace(r.Query.Get("sort"))
	if text == "" {
		return nil, nil
	}
	var o order
	for entry := range strings.SplitSeq(text, ",") {
		name := strings.TrimLeft(entry, "-")
		descending := name != entry
		if !slices.Contains(sorts, name) {
			a := r.fail(http.StatusBadRequest, "Requested sort(s) `%s` is not allowed. Allowed sort(s) are `%s`.",
				name, strings.Join(sorts, ", "))
			return nil, &a
		}
		o = append(o, sortKey{column: name, descending: descending})
	}
	return o, nil
}

// readFilter returns the function that selects rows.
func (s *Sandbox) readFilter(r *Request, now time.Time) (func(*row) bool, *reply) {
	text := r.Query.Get("filter")
	if strings.TrimSpace(text) == "" {
		return func(*row) bool { return true }, nil
	}
	refuse := func(message string) (func(*row) bool, *reply) {
		a := r.fail(http.StatusBadRequest, "Invalid filter: %s", message)
		return nil, &a
	}
	f, err := eval.Parse(text)
	if err != nil {
		return refuse(err.Error() + ".")
	}
	for _, name := range f.Operators() {
		if slices.Contains(s.config().withoutOperators, name) {
			return refuse("the operator " + name + " is not supported.")
		}
	}
	// A collation applies to stored values and to values of the filter.
	address := func(w *row) string { return w.URL }
	if s.store.fold != nil {
		f = f.MapStrings(s.store.fold)
		address = func(w *row) string { return w.urlKey }
	}
	return func(w *row) bool {
		return f.Match(eval.Record{URL: address(w), CreatedAt: w.CreatedAt}, now)
	}, nil
}

// leadingNumber returns the number that PHP reads at the beginning of a string.
var leadingNumber = regexp.MustCompile(`^[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?`)

// readPageSize reads page[size]. A value that is not a positive number counts as
// absent.
func (s *Sandbox) readPageSize(r *Request) (int, *reply) {
	number, _ := strconv.ParseFloat(strings.TrimSpace(leadingNumber.FindString(r.Query.Get("page[size]"))), 64)
	size := int(min(number, math.MaxInt32))
	if size < 1 {
		return min(s.config().defaultPageSize, s.config().maxPageSize), nil
	}
	if size > s.config().maxPageSize && s.config().refuseLargePages {
		faults := invalid{locale: s.config().locale}
		faults.add("page.size", ruleMaxNumber, strconv.Itoa(s.config().maxPageSize))
		a := r.errorReply(http.StatusUnprocessableEntity, faults.body())
		return 0, &a
	}
	return min(size, s.config().maxPageSize), nil
}

// page is one page with the positions before and after it, which are nil at the
// ends of the list.
type page struct {
	rows       []*row
	prev, next *cursor
}

// page returns the page of x at from, or the first one if from is nil.
func (s *Sandbox) page(x *index, selects func(*row) bool, size int, from *cursor) page {
	if s.config().shortPages {
		size = (size + 1) / 2
	}
	if from != nil && from.Gap {
		behind := *from
		behind.Gap = false
		return page{rows: []*row{}, next: &behind}
	}
	if from != nil && !from.Next {
		return s.pageBefore(x, selects, size, *from)
	}
	start := 0
	if from != nil {
		start = s.behind(x, *from)
		start = back(x, selects, start, min(s.config().overlap, size-1))
	}
	p := page{rows: make([]*row, 0, size)}
	for _, r := range x.rows[start:] {
		if !selects(r) {
			continue
		}
		if len(p.rows) == size {
			next := cursorAt(p.rows[size-1], x.order, true)
			next.Gap = s.config().emptyPages
			p.next = &next
			break
		}
		p.rows = append(p.rows, r)
	}
	if from != nil && len(p.rows) > 0 {
		prev := cursorAt(p.rows[0], x.order, false)
		p.prev = &prev
	}
	return p
}

// pageBefore returns the page that ends before c.
func (s *Sandbox) pageBefore(x *index, selects func(*row) bool, size int, c cursor) page {
	end, _ := x.search(c.row())
	start := back(x, selects, end, size)
	p := page{rows: make([]*row, 0, size)}
	for _, r := range x.rows[start:end] {
		if selects(r) {
			p.rows = append(p.rows, r)
		}
	}
	if len(p.rows) == 0 {
		return p
	}
	next := cursorAt(p.rows[len(p.rows)-1], x.order, true)
	p.next = &next
	if back(x, selects, start, 1) < start {
		prev := cursorAt(p.rows[0], x.order, false)
		p.prev = &prev
	}
	return p
}

// behind returns the index of the first row after c.
func (s *Sandbox) behind(x *index, c cursor) int {
	if s.config().tiesLost {
		return sort.Search(len(x.rows), func(i int) bool { return x.order.compareColumns(x.rows[i], c.row()) > 0 })
	}
	i, found := x.search(c.row())
	if found {
		i++
	}
	return i
}

// back returns the index n selected rows before i, or that of the first one if
// there are fewer.
func back(x *index, selects func(*row) bool, i, n int) int {
	first := i
	for n > 0 && i > 0 {
		i--
		if selects(x.rows[i]) {
			first = i
			n--
		}
	}
	return first
}

// listBody returns p in the format of the API reference (the cursor paginated
// collection of WebhookData), with the changes of the options.
func (s *Sandbox) listBody(r *Request, p page, size int) map[string]any {
	data := make([]any, len(p.rows))
	for i, w := range p.rows {
		data[i] = w.record(s.webhookData(w.Webhook))
	}
	nextName, prevName := "next_cursor_url", "prev_cursor_url"
	if s.config().nextPageURL {
		nextName, prevName = "next_page_url", "prev_page_url"
	}
	next, nextURL := s.cursorFields(r, p.next)
	prev, prevURL := s.cursorFields(r, p.prev)
	meta := map[string]any{
		"path":        s.baseURL + "/webhooks",
		"per_page":    size,
		"next_cursor": next, nextName: nextURL,
		"prev_cursor": prev, prevName: prevURL,
	}
	body := map[string]any{"data": data, "meta": meta}
	switch s.config().links {
	case EmptyLinks:
		body["links"] = []string{}
	case StringLinks:
		body["links"] = slices.DeleteFunc([]any{prevURL, nextURL}, func(u any) bool { return u == nil })
	case ObjectLinks:
		body["links"] = map[string]any{"first": nil, "last": nil, "prev": prevURL, "next": nextURL}
	}
	if s.config().extraFields {
		body["extra"] = map[string]any{"nested": []any{1, "two", nil}}
		meta["on_each_side"] = 3
	}
	return body
}

// record returns the record of r in a list, given its correct fields.
func (r *row) record(data map[string]any) map[string]any {
	for name, value := range r.odd {
		if value == Missing {
			delete(data, name)
			continue
		}
		data[name] = value
	}
	return data
}

// endlessList returns a page of generated webhooks, and a cursor that no page had
// before.
func (s *Sandbox) endlessList(r *Request, now time.Time, size int) reply {
	c := s.config()
	data := make([]any, c.endlessPage)
	for i := range data {
		id := letters(s.principal, 26)
		w := s.webhookData(Webhook{ID: id, URL: "https://endless.example/" + id, Event: events[i%len(events)], ProjectID: "endless", CreatedAt: now})
		if c.endlessPadding > 0 {
			w["padding"] = strings.Repeat("x", c.endlessPadding)
		}
		data[i] = w
	}
	body := s.listBody(r, page{}, size)
	body["data"] = data
	if meta, ok := body["meta"].(map[string]any); ok {
		meta["next_cursor"] = letters(s.principal, 60)
	}
	return jsonReply(http.StatusOK, body)
}

// cursorFields returns a cursor and its URL, or two nulls.
func (s *Sandbox) cursorFields(r *Request, c *cursor) (text, address any) {
	if c == nil {
		return nil, nil
	}
	query := url.Values{}
	for name, values := range r.Query {
		query[name] = values
	}
	encoded := c.encode()
	query.Set("page[cursor]", encoded)
	return encoded, s.baseURL + "/webhooks?" + query.Encode()
}
