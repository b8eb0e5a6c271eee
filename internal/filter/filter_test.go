// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

func TestOperators(t *testing.T) {
	f, _, err := filter.Parse(`url != "a" and (created_at <= now or created_at LE today) and url notin ["b"]`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Operators(), []string{"lte", "ne", "nin"}; !slices.Equal(got, want) {
		t.Errorf("Operators() = %q, want %q", got, want)
	}
}

// TestFormIsTheFirstCharacters finds the form behind white space.
func TestFormIsTheFirstCharacters(t *testing.T) {
	for _, text := range []string{
		"url = \"a\"", "\n\t url = 'a'\n", "[{\"field\":\"url\",\"op\":\"eq\",\"value\":\"a\"}]",
		"\n  {\"field\": \"url\", \"op\": \"eq\", \"value\": \"a\"}\n",
	} {
		f, warnings, err := filter.Parse(text)
		if err != nil || len(warnings) > 0 || f.String() != `url = "a"` {
			t.Errorf("Parse(%q) = %v, %v, %v", text, f, warnings, err)
		}
	}
}

// TestParseAtOnce parses both forms in many goroutines, for the race detector.
func TestParseAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, c := range warned {
				if _, _, err := filter.Parse(c.text); err != nil {
					t.Errorf("Parse(%q): %v", c.text, err)
				}
			}
		})
	}
	all.Wait()
}
