// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"slices"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

func TestCheckSortAccepts(t *testing.T) {
	for _, name := range filter.Sorts() {
		for _, entry := range []string{name, "-" + name} {
			if err := filter.CheckSort(entry); err != nil {
				t.Errorf("CheckSort(%q): %v", entry, err)
			}
		}
	}
}

func TestStableSort(t *testing.T) {
	tests := []struct{ entries, want []string }{
		{nil, []string{"url"}},
		{[]string{"-created_at"}, []string{"-created_at", "url"}},
		{[]string{"is_active", "-created_at"}, []string{"is_active", "-created_at", "url"}},
		{[]string{"url"}, []string{"url"}},
		{[]string{"-url", "created_at"}, []string{"-url", "created_at"}},
		{[]string{"created_at", "-url"}, []string{"created_at", "-url"}},
	}
	for _, test := range tests {
		if got := filter.StableSort(test.entries); !slices.Equal(got, test.want) {
			t.Errorf("StableSort(%q) = %q, want %q", test.entries, got, test.want)
		}
	}
}

// TestStableSortCopies keeps the result from being written into spare room
// behind the argument.
func TestStableSortCopies(t *testing.T) {
	entries := append(make([]string, 0, 4), "created_at")
	filter.StableSort(entries)
	if got := entries[:2][1]; got != "" {
		t.Errorf("StableSort wrote %q behind its argument", got)
	}
}
