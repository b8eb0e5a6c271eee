// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// registry contains what this process saw of Terraform's state and plan. A provider
// does not know the addresses of resources, so webhooks in state are identified by
// their ids. The zero value is empty. It is safe for concurrent use.
//
// Terraform plans in one process and applies in another, and configures the
// provider once in each walk: a registry belongs to one walk.
type registry struct {
	mu sync.Mutex
	// managed contains each webhook that was seen in state, by id.
	managed map[string]*managedSightings
	// owners contains the owners that are planned to have a URL after the apply, by
	// the canonical URL and then by owner.
	owners map[string]map[owner]plannedURL
	// planned is the URL that an owner is planned to have.
	planned map[owner]plannedURL
	// reported contains the canonical URLs about which this process has reported a
	// conflict.
	reported map[string]conflict
	// taken contains the canonical URLs for which a create was refused.
	taken map[string]bool
	// answered contains the API's text for URLs of webhooks in state, if it
	// differs, by the canonical URL in state.
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
	// seenAsPrior is the prior state of a webhook that the plan keeps or replaces.
	seenAsPrior
	// seenAsDestroyed is the prior state of a webhook that the plan destroys.
	seenAsDestroyed
	// seenByApply is a delete. It says nothing about addresses.
	seenByApply
)

// managedSightings counts how one webhook was seen.
type managedSightings struct {
	n        [seenByApply + 1]int
	reported bool
}

// duplication says whether a webhook is managed more than once, and how.
type duplication int

const (
	managedOnce duplication = iota
	// atTwoAddresses is a webhook in state at two addresses.
	atTwoAddresses
	// importedTwice is a webhook that two imports name.
	importedTwice
)

// add counts a sighting and returns the duplication that it shows. A walk reads
// each address at most once, and plans it at most once with a prior state.
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

// trackManaged records that the webhook with this id is in Terraform's state. It
// returns the duplication that this sighting is the first to show.
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

// owner has a URL after the apply. It is the id of a webhook in state (which stays
// or is replaced), or a number for a new resource.
type owner struct {
	id string
	n  int64
}

// plannedURL is a URL as an owner is planned to have it.
type plannedURL struct {
	// url is as planned. answered is the API's text for it, as far as known.
	url, answered string
	event         kanbert.Event
	// change is true for a webhook that is created or changed. The server has
	// already accepted the URLs of unchanged webhooks.
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

// conflict says how severe the conflict of two owners of one URL is.
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

// planURL records the planned URL of o, and replaces an earlier record. It returns
// how that conflicts with the plans of other owners, and the sorted events of all
// of them. Only the first call that sees a conflict of a kind for a URL gets it.
// Later calls get noConflict.
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

// report records that a conflict of a URL is reported. It returns whether it is the
// first of its kind for the planned URL and for the API's text of it. The caller
// holds the lock.
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

// move records o at the URL, and removes it from its earlier URL. The caller holds
// the lock.
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

// noteSpelling records the API's text for the URL of a webhook in state.
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

// answeredTo returns the API's text for the URL of a webhook in state, if this
// process knows it.
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
