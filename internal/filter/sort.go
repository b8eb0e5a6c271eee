// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
	"strings"
)

// uniqueSort is the only sort of the API that no two webhooks share.
const uniqueSort = "url"

// CheckSort checks one entry of a sort list: url, is_active or created_at, with
// an optional "-" in front (API reference, GET /webhooks, parameter sort). It
// returns nil if the entry is right.
func CheckSort(entry string) *Problem {
	name := strings.TrimPrefix(entry, "-")
	if slices.Contains(sorts, name) {
		return nil
	}
	c := &checker{text: entry}
	at := place{length: len(entry)}
	column, direction, _ := strings.Cut(name, " ")
	switch {
	case name == "":
		c.addError(at, "Empty sort", "The entry has no name. %s", sortsText)
	case strings.HasPrefix(entry, "sort="):
		c.addError(place{length: len("sort=")}, "Unknown sort", `Leave out "sort=". %s`, sortsText)
	case strings.Contains(entry, ","):
		c.addError(place{offset: strings.Index(entry, ","), length: 1}, "Several sorts in one entry",
			`Make each an entry of its own: ["-created_at", "url"].`)
	case strings.HasPrefix(entry, "+"):
		c.addError(place{length: 1}, "Unknown sort", `Ascending order has no sign. %s`, sortsText)
	case strings.EqualFold(direction, "asc") && slices.Contains(sorts, column):
		c.addError(at, "Unknown sort", `Write "%s" to sort in ascending order.`, column)
	case strings.EqualFold(direction, "desc") && slices.Contains(sorts, column):
		c.addError(at, "Unknown sort", `Write "-%s" to sort in descending order.`, column)
	default:
		c.addError(place{offset: len(entry) - len(name), length: len(name)}, "Unknown sort", "The list cannot be sorted by %s.%s %s",
			quote(name), didYouMean(name, sorts), sortsText)
	}
	return &c.errs[0]
}

var sortsText = "It can be sorted by " + strings.Join(sorts, ", ") + `, in descending order with a "-" in front.`

// StableSort returns a sort list that gives every webhook one place: entries, and
// "url" behind them unless they sort by url already. Without it, webhooks that
// are equal under the sort may change places between two pages, and one is read
// twice and another not at all. The argument is not changed.
func StableSort(entries []string) []string {
	stable := slices.Clone(entries)
	for _, entry := range entries {
		if strings.TrimPrefix(entry, "-") == uniqueSort {
			return stable
		}
	}
	return append(stable, uniqueSort)
}
