// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	fieldsAndOperators := append(fieldNames(), "eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "contains", "startswith", "=", "!=")
	tests := []struct {
		text string
		want []string
	}{
		{"creatd_at", []string{"created_at"}},
		{"craeted_at", []string{"created_at"}},
		{"CreatedAt", []string{"created_at"}},
		{"ulr", []string{"url"}},
		{"gtee", []string{"gte"}},
		{"gtt", []string{"gt", "gte"}},
		{"matches", []string{"contains"}}, // like is not offered here
		{"==", []string{"=", "eq"}},
		{"x", nil}, // every word of one letter is near to it
		{"project_id", nil},
		{"", nil},
		{"lx", []string{"lt"}},                  // one error in two letters
		{"xx", nil},                             // a whole word
		{"contxins", []string{"contains"}},      // one in eight
		{"cxntxins", []string{"contains"}},      // two
		{"cxntxixs", nil},                       // three, where two are allowed
		{"Starts With", []string{"startswith"}}, // an alias
	}
	for _, test := range tests {
		if got := suggest(test.text, fieldsAndOperators); !slices.Equal(got, test.want) {
			t.Errorf("suggest(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "acb", 1}, // neighbours swapped
		{"abc", "abcd", 1},
		{"abc", "bc", 1},
		{"abc", "axc", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 1},
		{"xab", "ba", 2},
		{"ca", "abc", 3}, // what is swapped is not changed again
		{"abcd", "badc", 2},
		{"acb", "abd", 2}, // no swap, though one half of it
		{"acb", "dbc", 2},
		{"ż", "z", 1}, // a letter, whatever its bytes
	}
	for _, test := range tests {
		if got := Distance(test.a, test.b); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// TestAliasesLeadSomewhere finds aliases of names that do not exist.
func TestAliasesLeadSomewhere(t *testing.T) {
	known := slices.Concat(fieldNames(), sorts, jsonKeys, (&checker{}).operatorNames(Field{}), []string{"today-1d", "today+1d"})
	for text, names := range aliases {
		for _, name := range names {
			if !slices.Contains(known, name) {
				t.Errorf("the alias %q leads to %q, which is no name", text, name)
			}
		}
	}
}

// TestAliases compares the table with a list by meaning.
func TestAliases(t *testing.T) {
	const want = `
and: & &&
contains: contain has includes
contains like: match matches regex regexp =~ ~
created_at: created created_on createdat createdon creation_date date
endswith: end with, ends, ends with, ends_with, suffix
eq: equal, equal to, equals, equals to, is equal
field: column key name
gt: after, greater than, later than, newer than
gte: since
in: any, is in, one of, oneof
is_active: active
isnotnull: exists
isnull: is isempty
like: is like,
like contains: ilike
lt: before, earlier than, less than, older than
lte: until
op: operator
or: | ||
startswith: begins, begins with, begins_with, beginswith, prefix, start with, starts, starts with, starts_with
today+1d: tomorrow
today-1d: yesterday
url: address endpoint link target uri
value: values
!= ne: !== <> =!
<= lte: =<
= eq: == ===
>= gte: =>
`
	count := 0
	for line := range strings.Lines(strings.TrimSpace(want)) {
		names, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		words := strings.Fields(list)
		if strings.Contains(list, ",") {
			words = strings.Split(strings.TrimSuffix(list, ","), ", ")
		}
		for _, text := range words {
			count++
			if got := strings.Join(aliases[text], " "); got != names {
				t.Errorf("the alias %q leads to %q, want %q", text, got, names)
			}
		}
	}
	if count != len(aliases) {
		t.Errorf("%d aliases are listed here, and %d exist", count, len(aliases))
	}
}
