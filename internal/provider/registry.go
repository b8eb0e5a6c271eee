// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// registry holds what this process saw of Terraform's state and plan. Terraform
// names no resource's address to a provider, so that webhooks in state are told
// apart by their ids. The zero value is empty. It is safe for concurrent use.
//
// Terraform plans in one process and applies in another, and configures the
// provider once in each walk: a registry holds one walk.
type registry struct {
	mu sync.Mutex
	// managed holds each webhook that was seen in state, by id.
	managed map[string]*managedSightings
	// owners holds who is planned to have a URL after the apply, by the URL in
	// its canonical spelling and then by owner.
	owners map[string]map[owner]plannedURL
	// planned is the URL that an owner is planned to have.
	planned map[owner]plannedURL
	// reported holds the URLs, in their canonical spelling, about which this
	// process has reported a conflict.
	reported map[string]conflict
	// taken holds the URLs, in their canonical spelling, that a create was refused
	// because of.
	taken map[string]bool
	// answered holds what the API calls URLs of webhooks in state that it has
	// another text for, by the URL in state in its canonical spelling.
	answered map[string]string

	// anonymous counts the owners without an id.
	anonymous atomic.Int64
	// applying is set by the first Create or Delete.
	applying atomic.Bool
}

// sighting is how a webhook was seen in state.
type sighting int

const (
	// seenByImport is an import. A read of the same address follows it.
	seenByImport sighting = iota
	// seenByRead is a refresh.
	seenByRead
	// seenAsPrior is the prior state of what is planned to stay or be replaced.
	seenAsPrior
	// seenAsDestroyed is the prior state of what is planned to be destroyed.
	seenAsDestroyed
	// seenByApply is a delete. It tells nothing about addresses.
	seenByApply
)

// managedSightings counts how one webhook was seen.
type managedSightings struct {
	n        [seenByApply + 1]int
	reported bool
}

// duplication is how one webhook is managed more than once.
type duplication int

const (
	managedOnce duplication = iota
	// atTwoAddresses is a webhook in state at two addresses.
	atTwoAddresses
	// importedTwice is a webhook that two imports name.
	importedTwice
)

// add counts a sighting and returns what it shows. A walk reads each address at
// most once, and plans it at most once with a prior state.
func (m *managedSightings) add(by sighting) duplication {
	reads, priors, destroyed := m.n[seenByRead], m.n[seenAsPrior], m.n[seenAsDestroyed]
	m.n[by]++
	twice := false
	switch by {
	case seenByImport:
		if m.n[by] > 1 {
			return importedTwice
		}
		twice = reads+priors > 0
	case seenByRead:
		twice = reads > 0
	case seenAsPrior:
		twice = priors+destroyed > 0
	case seenAsDestroyed:
		twice = priors > 0 // Where all are destroyed, nothing is to be warned of.
	}
	if !twice || m.reported {
		return managedOnce
	}
	m.reported = true
	return atTwoAddresses
}

// trackManaged remembers that the webhook with this id is in Terraform's state. It
// returns what this sighting is the first to show.
func (r *registry) trackManaged(id string, by sighting) duplication {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.managed[id]
	if m == nil {
		m = &managedSightings{}
		if r.managed == nil {
			r.managed = make(map[string]*managedSightings)
		}
		r.managed[id] = m
	}
	return m.add(by)
}

// owner is who has a URL after the apply: the id of a webhook in state, for what
// stays and for what replaces it, or a number for each new resource.
type owner struct {
	id string
	n  int64
}

// plannedURL is a URL as an owner is planned to have it.
type plannedURL struct {
	// url is as planned. answered is what the API calls it, as far as is known.
	url, answered string
	event         kanbert.Event
	// change is true for what is created or changed. Of webhooks that stay as
	// they are the server has accepted the URLs.
	change bool
}

// canonical returns the canonical spellings under which p is recorded.
func (p plannedURL) canonical() []string {
	planned, answered := kanbert.CanonicalURL(p.url), kanbert.CanonicalURL(p.answered)
	if planned == answered {
		return []string{planned}
	}
	return []string{planned, answered}
}

// conflictsWith returns how p conflicts with other, which shares a canonical
// spelling with it.
func (p plannedURL) conflictsWith(other plannedURL) conflict {
	switch {
	case !p.change && !other.change:
		return noConflict
	case p.url == other.url, p.url == other.answered, p.answered == other.url, p.answered == other.answered:
		return sameURL
	default:
		return otherSpelling
	}
}

// conflict is how much two owners of one URL conflict.
type conflict int

const (
	noConflict conflict = iota
	// otherSpelling is a conflict at servers that compare addresses and not texts.
	otherSpelling
	// sameURL is a conflict at each server.
	sameURL
)

// newOwner returns an owner for a resource that has no webhook in state.
func (r *registry) newOwner() owner {
	return owner{n: r.anonymous.Add(1)}
}

// planURL records what o is planned to have, in place of what was recorded before.
// It returns how that conflicts with the plans of other owners, and the events of
// all of them, sorted and each once. A URL has one conflict of a kind: the call that sees it
// first gets it, and others get noConflict.
func (r *registry) planURL(o owner, planned plannedURL) (conflict, []kanbert.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(o, planned)
	found, events := noConflict, []kanbert.Event{planned.event}
	for _, canonical := range planned.canonical() {
		for other, theirs := range r.owners[canonical] {
			c := planned.conflictsWith(theirs)
			if other == o || c == noConflict {
				continue
			}
			found, events = max(found, c), append(events, theirs.event)
		}
	}
	if !r.report(planned, found) {
		return noConflict, nil
	}
	slices.Sort(events)
	return found, slices.Compact(events)
}

// report records that a conflict of a URL is reported, and returns whether none of
// its kind was before, about what was planned or what the API makes of it. The
// caller holds the lock.
func (r *registry) report(planned plannedURL, found conflict) (first bool) {
	if r.reported == nil {
		r.reported = make(map[string]conflict)
	}
	before := noConflict
	for _, canonical := range planned.canonical() {
		before = max(before, r.reported[canonical])
		r.reported[canonical] = max(found, r.reported[canonical])
	}
	return found > before
}

// move records o at the URL, and nowhere else. The caller holds the lock.
func (r *registry) move(o owner, planned plannedURL) {
	if r.owners == nil {
		r.owners = make(map[string]map[owner]plannedURL)
		r.planned = make(map[owner]plannedURL)
	}
	for _, canonical := range r.planned[o].canonical() {
		delete(r.owners[canonical], o)
	}
	for _, canonical := range planned.canonical() {
		if r.owners[canonical] == nil {
			r.owners[canonical] = make(map[owner]plannedURL)
		}
		r.owners[canonical][o] = planned
	}
	r.planned[o] = planned
}

// noteSpelling remembers what the API calls the URL of a webhook in state.
func (r *registry) noteSpelling(url, answered string) {
	if kanbert.SameURL(url, answered) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered == nil {
		r.answered = make(map[string]string)
	}
	r.answered[kanbert.CanonicalURL(url)] = answered
}

// answeredTo returns what the API calls the URL of a webhook in state, if this
// process knows.
func (r *registry) answeredTo(url string) (answered string, known bool) {
	canonical := kanbert.CanonicalURL(url)
	r.mu.Lock()
	defer r.mu.Unlock()
	answered, known = r.answered[canonical]
	return answered, known
}

// conflictReported reports whether this process has reported an error about the
// URL, by which the plan fails.
func (r *registry) conflictReported(url string) bool {
	canonical := kanbert.CanonicalURL(url)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reported[canonical] == sameURL
}

// reportTaken reports whether this is the first create that the URL was refused to.
func (r *registry) reportTaken(url string) (first bool) {
	canonical := kanbert.CanonicalURL(url)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken[canonical] {
		return false
	}
	if r.taken == nil {
		r.taken = make(map[string]bool)
	}
	r.taken[canonical] = true
	return true
}
