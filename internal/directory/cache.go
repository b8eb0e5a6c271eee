// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// cache is what is known of single webhooks, and what this process did to them.
type cache struct {
	byID map[string]*item
	// byURL is by the canonical URL in lower case, the same for all URLs that a
	// database may take for one. A server that compares texts lets two spellings
	// exist side by side.
	byURL      map[string][]*item
	lookups    map[string]*stamp // when a URL, letter for letter, was last looked up
	tombstones map[string]bool   // by id: this process has deleted them
	listed     bool              // a listing was complete
}

type item struct {
	webhook kanbert.Webhook
	seen    *stamp // the start of the youngest request that showed it
	end     *end   // the end of a scan that showed it last
}

func newCache() cache {
	return cache{byID: map[string]*item{}, byURL: map[string][]*item{}, lookups: map[string]*stamp{}, tombstones: map[string]bool{}}
}

func byCanonicalURL(url string) string { return strings.ToLower(kanbert.CanonicalURL(url)) }

// find returns what is known, of any age, or nil. Of several at one URL the one
// that is spelled like the query goes before.
func (c *cache) find(q *query) *item {
	if q.canonical == "" {
		return c.byID[q.id]
	}
	var found *item
	for _, it := range c.byURL[strings.ToLower(q.canonical)] {
		switch {
		case it.webhook.URL == q.url:
			return it
		case it.webhook.URL == q.canonical, found == nil && kanbert.SameURL(it.webhook.URL, q.canonical):
			found = it
		}
	}
	return found
}

// prime caches what a request that began at seen has shown, and returns the items.
func (c *cache) prime(webhooks []kanbert.Webhook, seen *stamp) []*item {
	shown := make([]*item, 0, len(webhooks))
	for i := range webhooks {
		if it := c.put(&webhooks[i], seen); it != nil {
			shown = append(shown, it)
		}
	}
	return shown
}

// put caches w, unless something younger is known, and returns its item or nil.
func (c *cache) put(w *kanbert.Webhook, seen *stamp) *item {
	if c.tombstones[w.ID] {
		return nil // The request is older than the delete, or the list lags. Ids do not come back.
	}
	it, key := c.byID[w.ID], byCanonicalURL(w.URL)
	if it != nil && it.seen.after(seen) {
		return it
	}
	if i := slices.IndexFunc(c.byURL[key], func(o *item) bool { return o != it && o.webhook.URL == w.URL }); i >= 0 {
		switch holder := c.byURL[key][i]; {
		case holder.seen.after(seen):
			return it // Another webhook held the URL later.
		case seen.after(holder.seen):
			c.remove(holder)
		}
	}
	if it == nil {
		it = &item{}
	}
	if it.webhook.URL != w.URL {
		c.remove(it)
		if w.URL != "" {
			c.byURL[key] = append(c.byURL[key], it)
		}
	}
	it.webhook, it.seen = *w, seen
	c.byID[w.ID] = it
	return it
}

func (c *cache) remove(it *item) {
	delete(c.byID, it.webhook.ID)
	key := byCanonicalURL(it.webhook.URL)
	c.byURL[key] = slices.DeleteFunc(c.byURL[key], func(o *item) bool { return o == it })
	if len(c.byURL[key]) == 0 {
		delete(c.byURL, key)
	}
}

func (c *cache) delete(id string) {
	c.tombstones[id] = true
	if it := c.byID[id]; it != nil {
		c.remove(it)
	}
}

// sweep drops what a complete listing that began at began did not show.
func (c *cache) sweep(began *stamp) {
	for _, it := range c.byID {
		if began.after(it.seen) {
			c.remove(it)
		}
	}
	c.listed = true
}

// stamp is a moment: its place in the order of things, and its time. Clocks are
// for ages alone.
type stamp struct {
	sequence uint64
	at       time.Time
}

// stamp is the moment at which something begins.
func (d *Directory) stamp() *stamp {
	d.sequence++
	return &stamp{sequence: d.sequence, at: time.Now()}
}

// orEarlier returns the earlier of the two.
func (s *stamp) orEarlier(other *stamp) *stamp {
	if s.after(other) {
		return other
	}
	return s
}

func (s *stamp) after(other *stamp) bool {
	return s != nil && other != nil && s.sequence > other.sequence
}
