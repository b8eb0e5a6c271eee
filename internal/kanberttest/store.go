// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"cmp"
	"slices"
	"strings"
)

// row is a webhook with what comparing it needs.
type row struct {
	Webhook
	// urlKey is the URL under the collation.
	urlKey string
}

// store is the table of webhooks with its indexes. Each sort that was asked for
// has one, which is kept sorted, so that a page of a large table costs a binary
// search and not a sort.
type store struct {
	foldCase bool
	byID     map[string]*row
	byURL    map[string]*row
	indexes  map[string]*index
}

func newStore(foldCase bool) *store {
	return &store{
		foldCase: foldCase,
		byID:     map[string]*row{},
		byURL:    map[string]*row{},
		indexes:  map[string]*index{},
	}
}

// collate returns the key by which URLs are compared.
func (st *store) collate(url string) string {
	if st.foldCase {
		return strings.ToLower(url)
	}
	return url
}

// holder returns the row that has the URL, or nil.
func (st *store) holder(url string) *row { return st.byURL[st.collate(url)] }

func (st *store) insert(w Webhook) {
	r := &row{Webhook: w, urlKey: st.collate(w.URL)}
	st.byID[w.ID], st.byURL[r.urlKey] = r, r
	for _, x := range st.indexes {
		i, _ := x.search(r)
		x.rows = slices.Insert(x.rows, i, r)
	}
}

// remove reports whether there was a webhook with the id.
func (st *store) remove(id string) bool {
	r := st.byID[id]
	if r == nil {
		return false
	}
	delete(st.byID, id)
	delete(st.byURL, r.urlKey)
	for _, x := range st.indexes {
		if i, found := x.search(r); found {
			x.rows = slices.Delete(x.rows, i, i+1)
		}
	}
	return true
}

// sorted returns the index for o, and makes it if this is the first use.
func (st *store) sorted(o order) *index {
	name := o.String()
	x := st.indexes[name]
	if x == nil {
		x = &index{order: o, rows: make([]*row, 0, len(st.byID))}
		for _, r := range st.byID {
			x.rows = append(x.rows, r)
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
