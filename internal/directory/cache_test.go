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

// Webhooks that are shown without a URL, and had one, hold none: they do not take it
// from each other.
func TestURLIsLost(t *testing.T) {
	c := newCache()
	for i, w := range []kanbert.Webhook{at("a", "https://one.example.com/"), at("a", ""), at("b", "https://two.example.com/"), at("b", "")} {
		c.prime([]kanbert.Webhook{w}, &stamp{sequence: uint64(i + 1)})
	}
	if got := known(&c, "a", "b"); got != "ab" || len(c.byURL) != 0 {
		t.Errorf("%q are known, and %d URLs", got, len(c.byURL))
	}
}

// at is a webhook with this id and URL.
func at(id, url string) kanbert.Webhook {
	return kanbert.Webhook{ID: id, URL: url, Event: "contact:create"}
}

// known reports the ids that are cached, of these.
func known(c *cache, ids ...string) string {
	found := ""
	for _, id := range ids {
		if c.find(&query{id: id}) != nil {
			found += id
		}
	}
	return found
}

// TestWhoHoldsAURL primes two webhooks, one by one, in both orders of age.
func TestWhoHoldsAURL(t *testing.T) {
	const url = "https://receiver.example.com/a"
	for name, c := range map[string]struct {
		first, second string
		sequence      uint64 // of the second; the first has 5
		want          string
	}{
		"the younger comes last":    {url, url, 6, "b"},
		"the older comes last":      {url, url, 4, "a"},
		"both in one answer":        {url, url, 5, "ab"},
		"another spelling":          {url, "https://RECEIVER.example.com/a", 6, "ab"},
		"another path":              {url, "https://receiver.example.com/A", 6, "ab"},
		"neither has a usable one":  {"", "", 6, "ab"},
		"the first has none to use": {"", url, 6, "ab"},
	} {
		cached := newCache()
		cached.prime([]kanbert.Webhook{at("a", c.first)}, &stamp{sequence: 5})
		cached.prime([]kanbert.Webhook{at("b", c.second)}, &stamp{sequence: c.sequence})
		if got := known(&cached, "a", "b"); got != c.want {
			t.Errorf("%s: %q are known, want %q", name, got, c.want)
		}
	}
}

// TestSpellingsByURL asks by a URL what holds others of its spellings.
func TestSpellingsByURL(t *testing.T) {
	for _, c := range []struct {
		urls  []string
		asked string
		want  string
	}{
		{[]string{"https://TWIN.example.com/", "https://twin.example.com/"}, "HTTPS://twin.example.com/", "https://twin.example.com/"},
		{[]string{"https://twin.example.com/", "https://TWIN.example.com/"}, "HTTPS://twin.example.com/", "https://twin.example.com/"},
		{[]string{"https://twin.example.com/", "https://TWIN.example.com/"}, "https://TWIN.example.com/", "https://TWIN.example.com/"},
		{[]string{"https://TWIN.example.com/", "https://Twin.example.com/"}, "https://twin.example.com/", "https://TWIN.example.com/"},
		{[]string{"https://twin.example.com/A"}, "https://twin.example.com/a", ""},
	} {
		cached := newCache()
		for i, url := range c.urls {
			cached.prime([]kanbert.Webhook{at(url, url)}, &stamp{sequence: uint64(i + 1)})
		}
		got := ""
		if it := cached.find(&query{url: c.asked, canonical: kanbert.CanonicalURL(c.asked)}); it != nil {
			got = it.webhook.ID
		}
		if got != c.want {
			t.Errorf("%v: %s gives %q, want %q", c.urls, c.asked, got, c.want)
		}
	}
}
