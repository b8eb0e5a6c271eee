// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// accepted are filters without errors and warnings.
var accepted = []string{
	`url = "a"`, "\n\t url = 'a'\n", `url="a"`, `url StartsWith "a" AND created_at>=now`,
	`((url = "a"))`, `url = "a" or (url = "b" and url = "c")`, `url = "a" and url = "b" and (url = "c" or url = "d" or url = "e")`,
	`url contains "and"`, `url contains ""`, `url = 'say "hi"'`, `url contains 'a""b'`, "url contains \"\u00a0“日本”\"",
	`url in ["a"]`, `url nin ["a",'b' , ""]`, `url is null`, `url Is NULL and created_at isnotnull`,
	`created_at = today`, `created_at in [now, today+5d, "2024-01-01T00:00:00Z"]`, `created_at > today-999999d`,
	`created_at >= "2024-01-31"`, `created_at >= "2024-01-31 12:00:00.5"`,
	`{"field":"url","op":"eq","value":"a"}`, "\n [{\"field\": \"url\", \"op\": \"EQ\", \"value\": \"a\"}] \n",
	`[{"value":null,"op":"isnull","field":"url"}]`, `[{"field":"created_at","op":"gt","value":"today-3d"}]`,
	`[{"field":"url","op":"in","value":["and","now","null","[","\\","\""]}]`,
	`{"and":[{"field":"url","op":"isnull"},{"or":[{"and":[{"field":"url","op":"notnull"}]}]}]}`,
}

func TestAccepted(t *testing.T) {
	for _, text := range accepted {
		if errs, warnings := filter.Check(text); len(errs) > 0 || len(warnings) > 0 {
			t.Errorf("%s\nerrors %v\nwarnings %v", text, errs, warnings)
		}
	}
}

// TestCheckAtOnce checks both forms in many goroutines, for the race detector.
func TestCheckAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, c := range warned {
				if errs, _ := filter.Check(c.text); len(errs) > 0 {
					t.Errorf("%s: %v", c.text, errs)
				}
			}
		})
	}
	all.Wait()
}
