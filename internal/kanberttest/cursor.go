// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// cursor is a position in a sorted list: that of one row, which may no longer
// exist. It contains values and not a count of rows, so a row that is inserted or
// deleted between two pages neither repeats nor skips another row.
type cursor struct {
	// Sort is the sort of the position.
	Sort      string    `json:"sort"`
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	CreatedAt time.Time `json:"created_at"`
	Inactive  bool      `json:"inactive,omitempty"`
	// Next says whether the page contains the rows after the position or before it.
	Next bool `json:"_pointsToNextItems"`
	// Gap requests an empty page, see [WithEmptyPages].
	Gap bool `json:"gap,omitempty"`
}

func cursorAt(r *row, o order, next bool) cursor {
	return cursor{Sort: o.String(), ID: r.ID, URL: r.urlKey, CreatedAt: r.CreatedAt, Inactive: r.Inactive, Next: next}
}

func (c cursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // A struct of strings and current times can always be encoded.
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// row returns a row for comparisons.
func (c cursor) row() *row {
	return &row{
		Webhook: Webhook{ID: c.ID, CreatedAt: c.CreatedAt, Inactive: c.Inactive},
		urlKey:  c.URL,
	}
}

// decodeCursor returns nil for text that is not a cursor: as with Laravel, the list
// then begins again, without an error. For a cursor that lacks a column of the
// sort, Laravel fails: ok is false.
func decodeCursor(text string, o order) (c *cursor, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c == nil {
		return nil, true
	}
	columns := parseColumns(c.Sort)
	for _, column := range parseColumns(o.String()) {
		if !slices.Contains(columns, column) {
			return nil, false
		}
	}
	return c, true
}

// parseColumns returns the columns of a sort without their directions. Without a
// sort, the list is sorted by id.
func parseColumns(sort string) []string {
	if sort == "" {
		return []string{"id"}
	}
	columns := strings.Split(sort, ",")
	for i := range columns {
		columns[i] = strings.TrimPrefix(columns[i], "-")
	}
	return columns
}
