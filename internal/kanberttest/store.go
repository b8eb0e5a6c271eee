// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// row is a webhook with the data for comparing and listing it.
type row struct {
	Webhook
	// urlKey is the URL under the collation.
	urlKey string
	// odd replaces fields of its record in a list, see [Sandbox.SeedOdd].
	odd map[string]any
	// listedFrom and listedUntil say when lists contain it, by the unskewed clock.
	// Zero means no limit.
	listedFrom, listedUntil time.Time
	// deleted says that the row is kept only for lagging lists.
	deleted bool
}

// listed reports whether a list contains r at a time.
func (r *row) listed(at time.Time) bool {
	if at.Before(r.listedFrom) {
		return false
	}
	return !r.deleted || at.Before(r.listedUntil)
}

// store is the table of webhooks with its indexes. Each sort that was requested has
// a sorted index, so a page of a large table needs a binary search and not a sort.
// Indexes contain deleted rows as long as a list may show them; byID and byURL do
// not.
type store struct {
	fold     func(string) string
	perSpace bool
	byID     map[string]*row
	byURL    map[string]*row
	// ghosts are the deleted rows of the indexes.
	ghosts map[string]*row
	// held are URLs that are taken by webhooks that no list shows.
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

// uniqueKey returns the key that must be unique.
func (st *store) uniqueKey(space, url string) string {
	if st.perSpace {
		return space + "\x00" + st.collate(url)
	}
	return st.collate(url)
}

// holder returns the row with the URL in the workspace, or nil. If URLs are unique
// across all workspaces, it may belong to another one.
func (st *store) holder(space, url string) *row { return st.byURL[st.uniqueKey(space, url)] }

// taken reports whether no further webhook can have the URL.
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

// remove deletes a webhook, which lists show until a time. It reports whether there
// was one with the id.
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

// bury removes a deleted row from the indexes.
func (st *store) bury(r *row) {
	delete(st.ghosts, r.ID)
	for _, x := range st.indexes {
		if i, found := x.search(r); found {
			x.rows = slices.Delete(x.rows, i, i+1)
		}
	}
}

// forget buries the deleted rows that no list shows anymore.
func (st *store) forget(at time.Time) {
	for _, r := range st.ghosts {
		if !r.listed(at) {
			st.bury(r)
		}
	}
}

// sorted returns the index for o, and creates it at its first use.
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

// index contains all rows in one order.
type index struct {
	order order
	rows  []*row
}

func (x *index) search(r *row) (int, bool) {
	return slices.BinarySearchFunc(x.rows, r, x.order.compare)
}

// order is a list of columns to sort by. Ties are ordered by id, as in a database
// that appends its primary key.
type order []sortKey

type sortKey struct {
	column     string
	descending bool
}

// String returns o in the format of the parameter sort.
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

// compare orders rows strictly: it returns 0 only for the same row.
func (o order) compare(a, b *row) int {
	if c := o.compareColumns(a, b); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

// compareColumns compares only by the columns of the sort.
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
