// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
	"strings"
)

// aliases are names from other languages and libraries, with the names here, the
// likeliest first. They come before the edit distance, which knows no meaning. An
// alias of two words is read as one operator.
var aliases = map[string][]string{
	// Operators.
	"matches": {"contains", "like"}, "match": {"contains", "like"}, "ilike": {"like", "contains"},
	"regex": {"contains", "like"}, "regexp": {"contains", "like"}, "~": {"contains", "like"}, "=~": {"contains", "like"},
	"has": {"contains"}, "includes": {"contains"}, "contain": {"contains"},
	"begins": {"startswith"}, "beginswith": {"startswith"}, "begins_with": {"startswith"},
	"starts": {"startswith"}, "starts_with": {"startswith"}, "prefix": {"startswith"},
	"starts with": {"startswith"}, "begins with": {"startswith"}, "start with": {"startswith"},
	"ends with": {"endswith"}, "end with": {"endswith"},
	"is equal": {"eq"}, "equal to": {"eq"}, "equals to": {"eq"}, "is in": {"in"}, "one of": {"in"}, "is like": {"like"},
	"greater than": {"gt"}, "later than": {"gt"}, "newer than": {"gt"},
	"less than": {"lt"}, "earlier than": {"lt"}, "older than": {"lt"},
	"ends": {"endswith"}, "ends_with": {"endswith"}, "suffix": {"endswith"},
	"equal": {"eq"}, "equals": {"eq"}, "is": {"isnull"}, "isempty": {"isnull"}, "exists": {"isnotnull"},
	"any": {"in"}, "oneof": {"in"},
	"before": {"lt"}, "until": {"lte"}, "after": {"gt"}, "since": {"gte"},
	// Signs.
	"==": {"=", "eq"}, "===": {"=", "eq"}, "<>": {"!=", "ne"}, "!==": {"!=", "ne"}, "=!": {"!=", "ne"},
	"=>": {">=", "gte"}, "=<": {"<=", "lte"},
	"&&": {"and"}, "&": {"and"}, "||": {"or"}, "|": {"or"},
	// Fields and sorts.
	"uri": {"url"}, "address": {"url"}, "link": {"url"}, "endpoint": {"url"}, "target": {"url"},
	"created": {"created_at"}, "createdat": {"created_at"}, "createdon": {"created_at"}, "created_on": {"created_at"},
	"creation_date": {"created_at"}, "date": {"created_at"}, "active": {"is_active"},
	// Special values.
	"yesterday": {"today-1d"}, "tomorrow": {"today+1d"},
	// Keys of the JSON form.
	"operator": {"op"}, "key": {"field"}, "name": {"field"}, "column": {"field"}, "values": {"value"},
}

// didYouMean returns a sentence that proposes the names nearest to text, with a
// space in front, or nothing if none is near.
func didYouMean(text string, names []string) string {
	near := suggest(text, names)
	if len(near) == 0 {
		return ""
	}
	return " Did you mean " + strings.Join(near, " or ") + "?"
}

// suggest returns those of names that the writer of text most likely meant: those
// that text is an alias of, else the names at the smallest edit distance, if that is small
// for the length of the text.
func suggest(text string, names []string) []string {
	text = strings.ToLower(text)
	var meant []string
	for _, name := range aliases[text] {
		if slices.Contains(names, name) {
			meant = append(meant, name)
		}
	}
	if len(meant) > 0 {
		return meant
	}
	// One typing error in three letters, but never a whole word.
	best := min(max(1, len(text)/3), len(text)-1)
	for _, name := range names {
		switch d := Distance(text, name); {
		case d < best:
			best, meant = d, []string{name}
		case d == best:
			meant = append(meant, name)
		}
	}
	return meant
}

// Distance counts the least number of insertions, deletions, replacements and
// swaps of neighbours that turn a into b (optimal string alignment).
func Distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	d := make([][]int, len(s)+1) // from the first i characters of a to the first j of b
	for i := range d {
		d[i] = make([]int, len(t)+1)
		for j := range d[i] {
			if i == 0 || j == 0 {
				d[i][j] = i + j
				continue
			}
			d[i][j] = min(d[i-1][j], d[i][j-1], d[i-1][j-1]) + 1
			if s[i-1] == t[j-1] {
				d[i][j] = d[i-1][j-1]
			} else if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
