// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// twins are webhooks whose URLs differ in spelling alone, which a server that
// compares texts lets stand side by side.
func twins() []kanbert.Webhook {
	return []kanbert.Webhook{
		{ID: "id-one", URL: "https://twin.example.com", Event: "contact:create"},
		{ID: "id-two", URL: "https://twin.example.com/", Event: "contact:update"},
		{ID: "id-three", URL: "https://TWIN.example.com/", Event: "contact:delete"},
	}
}

func TestTwinsAllStand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		all := twins()
		source := newAPI(30, append(hooks("ours", 50), all...)...)
		d := directory.New(source)
		for _, twin := range append(all, all...) {
			mustRead(t, d, twin)
			if got, found, err := d.ByID(t.Context(), twin.ID); !found || err != nil || got != twin {
				t.Errorf("ByID(%s) = %v, %t, %v", twin.ID, got, found, err)
			}
		}
	})
}

// TestTwinsByURL asks for each in its own spelling, and in one that none has.
func TestTwinsByURL(t *testing.T) {
	bubble(t, func(t *testing.T) {
		all := twins()
		d := directory.New(newAPI(30, append(hooks("ours", 50), all...)...))
		mustBeGone(t, d, hook("gone", 1)) // All are listed.
		for _, twin := range all {
			if got, found, err := d.ByURL(t.Context(), twin.URL); !found || err != nil || got != twin {
				t.Errorf("ByURL(%s) = %v, %t, %v", twin.URL, got, found, err)
			}
		}
		for i, left := range [][]string{{"id-one", "id-two", "id-three"}, {"id-one", "id-three"}, {"id-three"}, nil} {
			got, found, err := d.ByURL(t.Context(), "HTTPS://twin.example.com:443/")
			if err != nil || found != (left != nil) || found && !strings.Contains(strings.Join(left, " "), got.ID) {
				t.Errorf("after %d deletes: ByURL = %v, %t, %v, want one of %v", i, got, found, err, left)
			}
			d.Deleted([]string{"id-two", "id-one", "id-three", ""}[i])
		}
	})
}

// TestMissingURLsShareAListing asks for ten URLs that no webhook holds, and for one
// that the server keeps in a spelling which no look-up names.
func TestMissingURLsShareAListing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		odd := kanbert.Webhook{ID: "id-odd", URL: "https://ODD.example.com:443/x", Event: "contact:create"}
		source := newAPI(30, append(hooks("ours", 300), odd)...)
		d := directory.New(source)
		ask := func(i int) {
			if got, found, err := d.ByEquivalentURL(t.Context(), fmt.Sprintf("https://absent.example.com/%d", i)); found || err != nil {
				t.Errorf("ByEquivalentURL = %v, %t, %v", got, found, err)
			}
		}
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() { ask(i) })
		}
		all.Go(func() {
			if got, found, err := d.ByEquivalentURL(t.Context(), "https://odd.example.com/x"); !found || err != nil || got != odd {
				t.Errorf("ByEquivalentURL = %v, %t, %v, want %v", got, found, err, odd)
			}
		})
		all.Wait()
		// Eleven pages, four more for the two ends, and the look-ups before.
		if lookups, pages := source.sent(); lookups > 2 || pages > 15 {
			t.Errorf("%d look-ups and %d pages", lookups, pages)
		}
	})
}

func TestEquivalentURLAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		odd := kanbert.Webhook{ID: "id-odd", URL: "https://ODD.example.com:443/x", Event: "contact:create"}
		d := directory.New(newAPI(30, append(hooks("ours", 60), odd)...))
		for url, want := range map[string]bool{"https://odd.example.com/x": true, odd.URL: true, "https://absent.example.com/": false} {
			if _, found, err := d.ByEquivalentURL(t.Context(), url); found != want || err != nil {
				t.Errorf("ByEquivalentURL(%s) = %t, %v", url, found, err)
			}
		}
	})
}
