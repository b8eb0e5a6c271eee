// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var standing = kanbert.Webhook{ID: "id", URL: "https://receiver.example.com/", Event: "contact:create"}

// An older load that arrives late must not make what is known look older: the
// listing that is complete next would take it for gone.
func TestOlderNewsChangesNothing(t *testing.T) {
	c := newCache()
	c.prime([]kanbert.Webhook{standing}, &stamp{sequence: 5})
	c.prime([]kanbert.Webhook{standing}, &stamp{sequence: 3})
	c.sweep(&stamp{sequence: 4})
	if c.find(&query{id: "id"}) == nil {
		t.Error("it was swept away, although a younger request had shown it")
	}
}

// A delete can be told before the create that made the webhook.
func TestCreatedAfterDeleted(t *testing.T) {
	c := newCache()
	c.delete("id")
	c.put(&standing, &stamp{sequence: 2})
	if c.find(&query{id: "id"}) != nil {
		t.Error("it came back")
	}
}

// What one answer shows side by side stands side by side, whatever it shows.
func TestOneAnswerShowsOneURLTwice(t *testing.T) {
	c := newCache()
	other := standing
	other.ID = "other"
	c.prime([]kanbert.Webhook{standing, other}, &stamp{sequence: 1})
	for _, id := range []string{"id", "other"} {
		if c.find(&query{id: id}) == nil {
			t.Errorf("%s is not known", id)
		}
	}
}

// A webhook that is shown at another URL is not found at the one before.
func TestURLChanges(t *testing.T) {
	c := newCache()
	urls := []string{"https://one.example.com/", "https://TWO.example.com/", "https://three.example.com/"}
	for i, url := range urls {
		w := standing
		w.URL = url
		c.prime([]kanbert.Webhook{w}, &stamp{sequence: uint64(i + 1)})
		for k, asked := range urls {
			if found := c.find(&query{url: asked, canonical: kanbert.CanonicalURL(asked)}) != nil; found != (k == i) {
				t.Errorf("at %s: found at %s: %t", url, asked, found)
			}
		}
	}
	if len(c.byURL) != 1 {
		t.Errorf("%d URLs are kept", len(c.byURL))
	}
}
