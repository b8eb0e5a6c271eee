// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// row is a webhook with what comparing and listing it needs.
type row struct {
	Webhook
	// urlKey is the URL under the collation.
	urlKey string
	// odd is what its record in a list has instead, see [Sandbox.SeedOdd].
	odd map[string]any
	// listedFrom and listedUntil are when lists show it, by the unskewed clock.
	// Zero is no bound.
	listedFrom, listedUntil time.Time
	// deleted says that the row is kept for lists that lag alone.
	deleted bool
}

// listed reports whether a list shows r at a time.
func (r *row) listed(at time.Time) bool {
	if at.Before(r.listedFrom) {
		return false
	}
	return !r.deleted || at.Before(r.listedUntil)
}

// store is the table of webhooks with its indexes. Each sort that was asked for
// has one, which is kept sorted, so that a page of a large table costs a binary
// search and not a sort. Indexes hold deleted rows as long as a list may show
// them; byID and byURL do not.
type store struct {
	fold     func(string) string
	perSpace bool
	byID     map[string]*row
	byURL    map[string]*row
	// ghosts are the deleted rows of the indexes.
	ghosts map[string]*row
	// held are URLs that are taken by what no list shows.
	held    map[string]bool
	indexes map[string]*index
}

func newStore(c *config) *store {
	return &store{
		fold:     c.fold,
		perSpace: c.uniquePerSpace,
		byID:     map[string]*row{},
		byURL:    map[string]*row{},
		ghosts:   map[string]*row{},
		held:     map[string]bool{},
		indexes:  map[string]*index{},
	}
}

// collate returns the key by which URLs are compared.
func (st *store) collate(url string) string {
	if st.fold != nil {
		return st.fold(url)
	}
	return url
}

// uniqueKey returns the key that only one row can have.
func (st *store) uniqueKey(space, url string) string {
	if st.perSpace {
		return space + "\x00" + st.collate(url)
	}
	return st.collate(url)
}

// holder returns the row that has the URL in the workspace, or nil. Where URLs
// are unique over all workspaces, it may be one of another workspace.
func (st *store) holder(space, url string) *row { return st.byURL[st.uniqueKey(space, url)] }

// taken reports whether the URL can have no further webhook.
func (st *store) taken(space, url string) bool {
	return st.holder(space, url) != nil || st.held[st.uniqueKey(space, url)]
}

// insert adds a webhook that lists show from a time on.
func (st *store) insert(w Webhook, listedFrom time.Time) {
	if st.ghosts[w.ID] != nil {
		st.bury(st.ghosts[w.ID])
	}
	r := &row{Webhook: w, urlKey: st.collate(w.URL), listedFrom: listedFrom}
	st.byID[w.ID], st.byURL[st.uniqueKey(w.SpaceID, w.URL)] = r, r
	for _, x := range st.indexes {
		i, _ := x.search(r)
		x.rows = slices.Insert(x.rows, i, r)
	}
}

// remove deletes a webhook, which lists show until a time, and reports whether
// there was one with the id.
func (st *store) remove(id string, listedUntil time.Time) bool {
	r := st.byID[id]
	if r == nil {
		return false
	}
	delete(st.byID, id)
	delete(st.byURL, st.uniqueKey(r.SpaceID, r.URL))
	r.deleted, r.listedUntil = true, listedUntil
	if listedUntil.IsZero() {
		st.bury(r)
		return true
	}
	st.ghosts[id] = r
	return true
}

// bury takes a deleted row out of the indexes.
func (st *store) bury(r *row) {
	delete(st.ghosts, r.ID)
	for _, x := range st.indexes {
		if i, found := x.search(r); found {
			x.rows = slices.Delete(x.rows, i, i+1)
		}
	}
}

// forget buries the deleted rows that no list shows any more.
func (st *store) forget(at time.Time) {
	for _, r := range st.ghosts {
		if !r.listed(at) {
			st.bury(r)
		}
	}
}

// sorted returns the index for o, and makes it if this is the first use.
func (st *store) sorted(o order) *index {
	name := o.String()
	x := st.indexes[name]
	if x == nil {
		x = &index{order: o, rows: make([]*row, 0, len(st.byID))}
		for _, rows := range []map[string]*row{st.byID, st.ghosts} {
			for _, r := range rows {
				x.rows = append(x.rows, r)
			}
		}
		slices.SortFunc(x.rows, o.compare)
		st.indexes[name] = x
	}
	return x
}

// index holds all rows in one order.
type index struct {
	order order
	rows  []*row
}

func (x *index) search(r *row) (int, bool) {
	return slices.BinarySearchFunc(x.rows, r, x.order.compare)
}

// order is a list of columns to sort by. Ties are ordered by id, as a database
// does that appends its primary key.
type order []sortKey

type sortKey struct {
	column     string
	descending bool
}

// String gives o as the parameter sort spells it.
func (o order) String() string {
	names := make([]string, len(o))
	for i, key := range o {
		names[i] = key.column
		if key.descending {
			names[i] = "-" + key.column
		}
	}
	return strings.Join(names, ",")
}

// compare orders rows strictly: it gives 0 for one and the same row alone.
func (o order) compare(a, b *row) int {
	if c := o.compareColumns(a, b); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

// compareColumns compares by the columns of the sort and nothing else.
func (o order) compareColumns(a, b *row) int {
	for _, key := range o {
		c := key.compare(a, b)
		if c != 0 {
			return c
		}
	}
	return 0
}

func (k sortKey) compare(a, b *row) int {
	if k.descending {
		a, b = b, a
	}
	switch k.column {
	case "url":
		return cmp.Compare(a.urlKey, b.urlKey)
	case "created_at":
		return a.CreatedAt.Compare(b.CreatedAt)
	default: // is_active, false before true
		return cmp.Compare(activity(a), activity(b))
	}
}

func activity(r *row) int {
	if r.Inactive {
		return 0
	}
	return 1
}
