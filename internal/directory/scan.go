// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"slices"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// scan is one listing of all webhooks, sorted by URL and read from both ends. It
// is complete when an end has come to its last page, or when the two ends meet.
type scan struct {
	began       *stamp
	front, back end
	cursors     map[string]bool // behind the sort
	extent      kanbert.Extent
	complete    bool
	// awaited says that calls wait for its pages: then it is not begun anew for others.
	awaited bool
	// sameWay says that both ends may go the same way: then one works alone.
	sameWay bool
}

// end is one of the two directions.
type end struct {
	sort, cursor string
	first        string  // id
	items        []*item // those that it has shown, in order
	call         *call   // the newest
}

func (d *Directory) newScan() {
	d.scan = &scan{front: end{sort: "url"}, back: end{sort: "-url"}, began: d.stamp(), cursors: map[string]bool{}}
}

// owns reports whether c fetches a page of s.
func (s *scan) owns(c *call) bool { return s != nil && (c == s.front.call || c == s.back.call) }

// accepted reports whether s, once it is complete, may say that what w asks for is
// not there.
func (s *scan) accepted(w *waiter) bool {
	maxAge := Freshness
	if w.absence == lookUpAndScan {
		maxAge = GoneWithin
	}
	return s != nil && w.accepts(s.began, maxAge)
}

// continueScan fetches the pages that waiters cannot do without. It reports whether
// the scan may answer any.
func (d *Directory) continueScan(want *wanted) bool {
	s := d.scan
	first, all := slices.ContainsFunc(want[needFirstPage], s.accepted), slices.ContainsFunc(want[needScan], s.accepted)
	if first || all {
		d.startPage(&s.front, !all)
	}
	// A list alone reads as the API would be read without this package. For others
	// two ends are faster, but the first page may be all there is.
	if d.large && slices.ContainsFunc(want[needScan], func(w *waiter) bool { return w.list == nil && s.accepted(w) }) {
		d.startPage(&s.back, false)
	}
	if s != nil {
		s.awaited = first || all
	}
	return first || all
}

// startPage fetches the next page of an end, unless one is in flight or the other
// end works alone.
func (d *Directory) startPage(e *end, once bool) {
	s := d.scan
	if e.call.inFlight() || e == &s.back && s.sameWay {
		return
	}
	opts := kanbert.ListOptions{Sort: []string{e.sort}, Cursor: e.cursor, Once: once}
	e.call = d.send(d.waiters[0].ctx, opts, d.source.ListPage, func(c *call) {
		if s != d.scan || s.complete {
			return
		}
		err := c.err
		if err == nil {
			err = s.take(e, c)
		}
		if err != nil {
			d.failScan(err, once)
			return
		}
		if e == &s.front && opts.Cursor == "" {
			d.large = c.page.NextCursor != ""
		}
		if s.complete {
			d.cache.sweep(s.began)
		}
	})
}

// take goes on after a page of e.
func (s *scan) take(e *end, c *call) error {
	if e.first == "" && len(c.page.Webhooks) > 0 {
		e.first = c.page.Webhooks[0].ID
	}
	// Two ends of more than one webhook do not begin with the same one. Where
	// they do, the back end is a second front end, and to meet it proves nothing.
	s.sameWay = s.sameWay || s.front.first != "" && s.front.first == s.back.first
	e.cursor = c.page.NextCursor
	switch s.complete = s.meets(e, c.shown) || e.cursor == ""; {
	case s.complete:
		return nil
	case s.cursors[e.sort+e.cursor]:
		return kanbert.ErrRepeatedCursor
	}
	s.cursors[e.sort+e.cursor] = true
	return s.extent.Add(c.page)
}

// meets notes what a page of e has shown, and reports whether it ends with what the
// other end has shown last, the other way round. Pages that overlap in another way
// are those of a server which ignores the direction, or of a list that changed
// meanwhile: to meet then proves nothing.
func (s *scan) meets(e *end, shown []*item) bool {
	other := &s.back
	if e == other {
		other = &s.front
	}
	met := false
	first := slices.IndexFunc(shown, func(it *item) bool { return it.end == other })
	if first >= 0 && !s.sameWay {
		tail := slices.Clone(other.items[max(0, len(other.items)-len(shown)+first):])
		slices.Reverse(tail)
		met = slices.Equal(shown[first:], tail)
		s.sameWay = !met
	}
	for _, it := range shown {
		it.end = e
	}
	e.items = append(e.items, shown...)
	return met
}

// failScan ends the listing. Those that need all of it get the error, unless it was
// asked for in one attempt: then they ask again. For all others it is as if it had
// not begun, and they do not wait for another first page.
func (d *Directory) failScan(err error, once bool) {
	s := d.scan
	if !once {
		d.finish(func(w *waiter) (answer, bool) {
			step, _ := d.next(w)
			return answer{err: err}, step == needScan && !w.call.inFlight() && s.accepted(w)
		})
	}
	d.scan, d.large = nil, true
	d.callOff(s.owns)
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

func isURL(field string) bool { return field == "url" || field == "-url" }

// isLocal reports whether the listing can give a list: it has no filter, and is
// sorted by what is known of a webhook.
func isLocal(list *kanbert.ListOptions) bool {
	return list.Filter == "" && !slices.ContainsFunc(list.Sort, func(field string) bool {
		return !isURL(field) && field != "created_at" && field != "-created_at"
	})
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
