// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// book is what is known of single webhooks, and what this process did to them.
//
// It is built to be small: a process that holds ten thousand webhooks must not
// weigh half as much again as one that holds none. Entries lie page by page in
// one piece, events, projects and clients are kept once, and both indexes share
// the entries' own strings.
type book struct {
	byID map[string]*entry
	// byURL is by the URL as the server has it. Two webhooks may have URLs that
	// differ in spelling alone: a server that compares texts lets both stand.
	byURL map[string]*entry
	// respelt holds those whose URL is not in its canonical spelling, by that.
	respelt map[string][]*entry
	// absent is when the look-up began that found nobody at a URL (canonical).
	absent map[string]time.Time
	// gone is when this process deleted a webhook.
	gone map[string]struct{}
	// held counts the known webhooks at a URL (canonical, in lower case), and
	// lookedUp has those URLs that a look-up has asked for.
	held     map[string]int
	lookedUp map[string]struct{}
	// listed says that a listing was complete.
	listed bool
	texts  map[string]string
}

type entry struct {
	webhook kanbert.Webhook
	// seen is the start of the youngest request that showed it.
	seen stamp
	// front and back are the last rounds in which that end has shown it.
	front, back uint32
	// counted is the last round in which a read of it was counted.
	counted uint32
}

func newBook() book {
	return book{
		byID:     make(map[string]*entry),
		byURL:    make(map[string]*entry),
		respelt:  make(map[string][]*entry),
		absent:   make(map[string]time.Time),
		gone:     make(map[string]struct{}),
		held:     make(map[string]int),
		lookedUp: make(map[string]struct{}),
		texts:    make(map[string]string),
	}
}

// find returns what is known, however old, or nil. Of several at one URL the one
// that is spelled like the question goes before.
func (b *book) find(q *question) *entry {
	if q.kind.namesID() {
		return b.byID[q.id]
	}
	if e := b.byURL[q.url]; e != nil {
		return e
	}
	if q.canonical == "" {
		q.canonical = kanbert.CanonicalURL(q.url)
	}
	if e := b.byURL[q.canonical]; e != nil {
		return e
	}
	if respelt := b.respelt[q.canonical]; len(respelt) > 0 {
		return respelt[0]
	}
	return nil
}

// learn takes what a load that began at seen has shown, and calls visit for
// each entry that stands.
func (b *book) learn(webhooks []kanbert.Webhook, seen stamp, visit func(*entry)) {
	fresh := make([]entry, 0, b.unknown(webhooks))
	for i := range webhooks {
		w := &webhooks[i]
		if b.isGone(w.ID) {
			continue // We deleted it: the load is older, or the list lags.
		}
		e := b.byID[w.ID]
		if e == nil {
			fresh = append(fresh, entry{seen: seen})
			e = &fresh[len(fresh)-1]
		}
		if b.put(e, w, seen) && visit != nil {
			visit(e)
		}
	}
}

func (b *book) unknown(webhooks []kanbert.Webhook) int {
	n := 0
	for i := range webhooks {
		if b.byID[webhooks[i].ID] == nil {
			n++
		}
	}
	return n
}

// put makes e say what w says, unless something younger is known. It reports
// whether e stands in the book.
func (b *book) put(e *entry, w *kanbert.Webhook, seen stamp) bool {
	known := b.byID[w.ID] == e
	if known && e.seen.sequence > seen.sequence {
		return true
	}
	if holder := b.byURL[w.URL]; holder != nil && holder != e {
		if holder.seen.sequence > seen.sequence {
			return known // Somebody else held the URL later.
		}
		if holder.seen.sequence < seen.sequence {
			b.remove(holder)
		}
	}
	moved := !known || e.webhook.URL != w.URL
	if known && moved {
		b.unlink(e)
	}
	e.webhook, e.seen = *w, seen
	e.webhook.Event = kanbert.Event(b.once(string(w.Event)))
	e.webhook.ProjectID, e.webhook.ClientID = b.once(w.ProjectID), b.once(w.ClientID)
	b.byID[e.webhook.ID] = e
	b.byURL[e.webhook.URL] = e
	if !moved {
		return true
	}
	b.held[foldedURL(w.URL)]++
	if canonical := kanbert.CanonicalURL(w.URL); canonical != w.URL {
		b.respelt[canonical] = append(b.respelt[canonical], e)
	}
	return true
}

// once returns the one copy of a text that many webhooks share.
func (b *book) once(text string) string {
	if text == "" {
		return ""
	}
	if kept, ok := b.texts[text]; ok {
		return kept
	}
	b.texts[text] = text
	return text
}

func (b *book) remove(e *entry) {
	delete(b.byID, e.webhook.ID)
	b.unlink(e)
}

// unlink takes e out of the indexes by URL.
func (b *book) unlink(e *entry) {
	if b.byURL[e.webhook.URL] == e {
		delete(b.byURL, e.webhook.URL)
	}
	if folded := foldedURL(e.webhook.URL); b.held[folded] > 1 {
		b.held[folded]--
	} else {
		delete(b.held, folded)
	}
	canonical := kanbert.CanonicalURL(e.webhook.URL)
	if canonical == e.webhook.URL {
		return
	}
	left := slices.DeleteFunc(b.respelt[canonical], func(other *entry) bool { return other == e })
	if len(left) == 0 {
		delete(b.respelt, canonical)
		return
	}
	b.respelt[canonical] = left
}

func (b *book) created(w kanbert.Webhook, at stamp) {
	if b.isGone(w.ID) {
		return // It was deleted before its maker told us. Ids do not come back.
	}
	b.learn([]kanbert.Webhook{w}, at, nil)
	delete(b.absent, kanbert.CanonicalURL(w.URL))
}

func (b *book) deleted(id string) {
	b.gone[id] = struct{}{}
	if e := b.byID[id]; e != nil {
		b.remove(e)
	}
}

// noteAbsent remembers that a look-up which began at that time found nobody.
func (b *book) noteAbsent(canonical string, at time.Time) { b.absent[canonical] = at }

// sweep drops what a complete listing that began at began did not hold, and
// says of nobody any more that he is absent: the listing says it.
func (b *book) sweep(began stamp) {
	for _, e := range b.byID {
		if e.seen.sequence < began.sequence {
			b.remove(e)
		}
	}
	clear(b.absent)
	b.listed = true
}

func (b *book) seenFree(url string) bool {
	folded := foldedURL(url)
	_, lookedUp := b.lookedUp[folded]
	return (lookedUp || b.listed) && b.held[folded] == 0
}

// isGone reports whether this process has deleted the webhook.
func (b *book) isGone(id string) bool {
	_, ok := b.gone[id]
	return ok
}

// foldedURL is the same for all URLs that a database may take for one.
func foldedURL(url string) string { return strings.ToLower(kanbert.CanonicalURL(url)) }

// knowsAbsent reports whether a look-up that is still fresh found nobody.
func (b *book) knowsAbsent(canonical string, now time.Time) bool {
	began, ok := b.absent[canonical]
	return ok && now.Sub(began) <= Freshness
}
