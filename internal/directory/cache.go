// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// cache is what is known of single webhooks, and what this process did to them.
type cache struct {
	byID map[string]*item
	// byURL is by canonical URL in lower case. Items that share one are chained:
	// a server that compares texts lets two spellings exist side by side.
	byURL map[string]*item
	// lookups is when the last look-up of a URL (canonical) began.
	lookups map[string]time.Time
	// tombstones are the webhooks that this process has deleted, made those that
	// it has created and not deleted, by URL like byURL.
	tombstones map[string]struct{}
	made       map[string]string
	// listed says that a listing was complete, scans is how many were begun.
	listed bool
	scans  uint32
}

type item struct {
	webhook kanbert.Webhook
	// seen is the start of the youngest request that showed it.
	seen stamp
	// front and back are the last scans in which that end has shown it.
	front, back uint32
	// sameURL is the next item of the chain in byURL.
	sameURL *item
}

func newCache() cache {
	return cache{
		byID:       make(map[string]*item),
		byURL:      make(map[string]*item),
		lookups:    make(map[string]time.Time),
		tombstones: make(map[string]struct{}),
		made:       make(map[string]string),
	}
}

// byCanonicalURL is the key of byURL: the same for all URLs that a database may
// take for one.
func byCanonicalURL(url string) string { return strings.ToLower(kanbert.CanonicalURL(url)) }

// find returns what is known, of any age, or nil. Of several at one URL the one
// that is spelled like the query goes before.
func (c *cache) find(q *query) *item {
	if q.matchID {
		return c.byID[q.id]
	}
	if q.canonical == "" {
		q.canonical = kanbert.CanonicalURL(q.url)
	}
	var found *item
	for it := c.byURL[strings.ToLower(q.canonical)]; it != nil; it = it.sameURL {
		switch {
		case it.webhook.URL == q.url:
			return it
		case it.webhook.URL == q.canonical, found == nil && kanbert.SameURL(it.webhook.URL, q.canonical):
			found = it
		}
	}
	return found
}

// prime takes what a request that began at seen has shown, and calls visit for
// each item that is cached.
func (c *cache) prime(webhooks []kanbert.Webhook, seen stamp, visit func(*item)) {
	for i := range webhooks {
		w := &webhooks[i]
		if c.isDeleted(w.ID) {
			continue // The request is older than the delete, or the list lags.
		}
		it := c.byID[w.ID]
		if it == nil {
			it = &item{seen: seen}
		}
		if c.put(it, w, seen) && visit != nil {
			visit(it)
		}
	}
}

// put makes it say what w says, unless something younger is known. It reports
// whether it is in the cache.
func (c *cache) put(it *item, w *kanbert.Webhook, seen stamp) bool {
	known := c.byID[w.ID] == it
	if known && it.seen.sequence > seen.sequence {
		return true
	}
	if holder := c.holder(w.URL); holder != nil && holder != it {
		if holder.seen.sequence > seen.sequence {
			return known // Another webhook held the URL later.
		}
		if holder.seen.sequence < seen.sequence {
			c.remove(holder)
		}
	}
	moved := !known || it.webhook.URL != w.URL
	if known && moved {
		c.unlink(it)
	}
	it.webhook, it.seen = *w, seen
	c.byID[it.webhook.ID] = it
	if moved && w.URL != "" {
		key := byCanonicalURL(w.URL)
		it.sameURL, c.byURL[key] = c.byURL[key], it
	}
	return true
}

// holder is the item at url, letter for letter.
func (c *cache) holder(url string) *item {
	if url == "" {
		return nil
	}
	it := c.byURL[byCanonicalURL(url)]
	for it != nil && it.webhook.URL != url {
		it = it.sameURL
	}
	return it
}

func (c *cache) remove(it *item) {
	delete(c.byID, it.webhook.ID)
	c.unlink(it)
}

// unlink takes it out of its chain in byURL.
func (c *cache) unlink(it *item) {
	key := byCanonicalURL(it.webhook.URL)
	head := c.byURL[key]
	for link := &head; *link != nil; link = &(*link).sameURL {
		if *link == it {
			*link = it.sameURL
			break
		}
	}
	it.sameURL = nil
	if head == nil {
		delete(c.byURL, key)
		return
	}
	c.byURL[key] = head
}

func (c *cache) created(w kanbert.Webhook, at stamp) {
	if c.isDeleted(w.ID) {
		return // It was deleted before its maker said so. Ids do not come back.
	}
	c.prime([]kanbert.Webhook{w}, at, nil)
	c.made[byCanonicalURL(w.URL)] = w.ID
}

func (c *cache) delete(id string) {
	c.tombstones[id] = struct{}{}
	for url, made := range c.made {
		if made == id {
			delete(c.made, url)
		}
	}
	if it := c.byID[id]; it != nil {
		c.remove(it)
	}
}

// isDeleted reports whether this process has deleted the webhook.
func (c *cache) isDeleted(id string) bool {
	_, ok := c.tombstones[id]
	return ok
}

// noteLookup remembers that a look-up of a URL has returned.
func (c *cache) noteLookup(canonical string, began time.Time) { c.lookups[canonical] = began }

// lookedUp reports whether a look-up of the URL is still fresh.
func (c *cache) lookedUp(canonical string, now time.Time) bool {
	began, ok := c.lookups[canonical]
	return ok && now.Sub(began) <= Freshness
}

// sweep drops what a complete listing that began at began did not show. What the
// look-ups have shown is in the listing.
func (c *cache) sweep(began stamp) {
	for _, it := range c.byID {
		if it.seen.sequence < began.sequence {
			c.remove(it)
		}
	}
	clear(c.lookups)
	c.listed = true
}

func (c *cache) seenFree(url string) bool {
	canonical := kanbert.CanonicalURL(url)
	key := strings.ToLower(canonical)
	_, lookedUp := c.lookups[canonical]
	_, made := c.made[key] // A list that lags may have dropped it.
	return (lookedUp || c.listed) && !made && c.byURL[key] == nil
}
