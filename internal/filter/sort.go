// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
	"strings"
)

// uniqueSort is the only sort of the API that no two webhooks share.
const uniqueSort = "url"

// CheckSort checks one entry of a sort list: url, is_active or created_at, with
// an optional "-" in front (API reference, GET /webhooks, parameter sort). The
// error is a [*Problem].
func CheckSort(entry string) error {
	r := &report{text: entry}
	at := span{0, len(entry)}
	name := strings.TrimPrefix(entry, "-")
	switch {
	case slices.Contains(sorts, name):
		return nil
	case name == "":
		r.refuse(at, "Empty sort", "There is no name. %s", sortsText)
	case strings.HasPrefix(entry, "sort="):
		r.refuse(span{0, len("sort=")}, "Unknown sort", `Leave out "sort=". %s`, sortsText)
	case strings.Contains(entry, ","):
		r.refuse(span{strings.Index(entry, ","), 1}, "Several sorts in one entry",
			`Make each an entry of its own: ["-created_at", "url"].`)
	case strings.HasPrefix(entry, "+"):
		r.refuse(span{0, 1}, "Unknown sort", `Ascending order has no sign, and descending order a "-". %s`, sortsText)
	case strings.ContainsAny(entry, " \t\r\n"):
		r.refuse(at, "Unknown sort", "An entry is a name without spaces. %s", sortsText)
	default:
		r.refuse(span{len(entry) - len(name), len(name)}, "Unknown sort", "The list cannot be sorted by %s.%s %s",
			quote(name), didYouMean(name, sorts), sortsText)
	}
	return r.refused[0]
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
