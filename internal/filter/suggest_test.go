// SPDX-License-Identifier: MPL-2.0

package filter

import (
	"slices"
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
