// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// outageMemory is for how long after its last failure an outage is believed
	// to last.
	outageMemory = time.Minute
	// outageFailures is how many attempts, of all calls, have to fail in a row
	// before a call that has used up its retries counts as an outage. A server
	// that loses a quarter of all requests does so once in hundred thousands.
	outageFailures = DefaultMaxRetries + 1
	// slowFailure is the part of request_timeout from which on a failed attempt
	// is too slow to be made again by each of many calls during an outage.
	slowFailure = 1.0 / 60
)

// outage is what a client knows of failures since the last success of any call.
// It is guarded by the lock of the [rateLimiter].
//
// A call waits for 429, 503 and connections until max_wait has passed since the
// first such failure without one success of any call; for all other failures it
// has max_retries. Once a call has used up either, what follows gets one attempt,
// or none and the same error if attempts are slow, until something succeeds or
// nothing has failed for a minute. So the end does not come N times as late for N
// calls.
type outage struct {
	maxWait, requestTimeout time.Duration

	// answered counts the attempts that the API answered.
	answered uint64
	// failures counts the attempts that failed since then, and last is when the
	// last of them ended, after it took so long.
	failures int
	last     time.Time
	took     time.Duration
	// since is when the first of them failed that is bounded by max_wait, and
	// cause is the last such failure.
	since time.Time
	cause error
	// over is true once a call has used up its budget, with err.
	over bool
	err  error
	// waitingFor is what was last waited for.
	waitingFor string

	incidents map[string]*Incident
}

// answers takes note that the API answered, if only to refuse.
func (o *outage) answers(now time.Time, blocked bool) {
	o.answered++
	o.failures, o.over, o.err, o.since = 0, false, nil, time.Time{}
	if blocked {
		o.since = now // What is held by now has its time from now on.
	}
}

// succeeded takes note that an attempt did what it was to do.
func (o *outage) succeeded(now time.Time, blocked bool) {
	o.answers(now, blocked)
	o.incidents = nil
}

// failed takes note of an attempt that took so long. until is when the next one
// was allowed.
func (o *outage) failed(now, until time.Time, took time.Duration) {
	expected := o.last
	if until.After(expected) {
		expected = until
	}
	if now.Sub(expected) > outageMemory+o.requestTimeout {
		// Nothing has been asked for so long: this is another outage.
		o.failures, o.over, o.err, o.since = 0, false, nil, time.Time{}
	}
	o.failures++
	o.last, o.took = now, took
}

// waitsFor takes note of a failure that is bounded by max_wait.
func (o *outage) waitsFor(err error, now time.Time) {
	o.cause = err
	if o.since.IsZero() {
		o.since = now
	}
}

// left is how much longer calls may wait.
func (o *outage) left(now time.Time) time.Duration {
	if o.since.IsZero() {
		return maxRetryAfter
	}
	return o.since.Add(o.maxWait).Sub(now)
}

// exhausted reports whether a call has used up its budget and what follows has
// none.
func (o *outage) exhausted(now time.Time) bool {
	if o.over && now.Sub(o.last) > outageMemory {
		o.failures, o.over, o.err, o.since = 0, false, nil, time.Time{}
	}
	return o.over
}

// giveUp declares that a call has used up its budget, and wakes those that wait.
func (l *rateLimiter) giveUp(call *call, err error) {
	if call.failed != nil {
		err = call.failed
	}
	if call.attempts > 0 {
		call.annotate(err)
	} else if attempts, _ := effort(err); attempts != nil && *attempts == 0 {
		*attempts = 1 // It is that of a call that is still being tried.
	}
	l.outage.over, l.outage.err = true, err
	// Without this the memory would begin at a failure that is long past.
	l.outage.last = time.Now()
	l.wakeAll()
}

// refuse returns the error of a call that is not to be sent during an outage. It
// is nil for a call that gets one attempt.
func (l *rateLimiter) refuse(call *call, now time.Time) error {
	if call.failed != nil {
		return call.failed
	}
	slow := time.Duration(float64(l.outage.requestTimeout) * slowFailure)
	switch {
	case l.outage.took > slow, l.retryAt.After(now):
		return call.held(l.outage.err)
	case call.method == http.MethodPost && outcomeOf(l.outage.err) == ambiguous:
		// It might do its work, and leave a webhook whose secret is lost.
		return call.held(l.outage.err)
	default:
		return nil
	}
}

// isExhausted reports whether a call that has failed gets no further attempt.
func (l *rateLimiter) isExhausted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outage.exhausted(time.Now())
}

// usedUp is called for a call that has used up its retries with err. It is an
// outage if the API has answered no call meanwhile. Without retries each call
// counts for itself.
func (l *rateLimiter) usedUp(call *call, err error, maxRetries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if maxRetries > 0 && l.outage.failures >= outageFailures && l.outage.answered == call.answeredBefore {
		l.giveUp(call, err)
	}
}

// conclude completes the error with which a call ends: with how often and how
// long was tried, and with its incident.
func (l *rateLimiter) conclude(call *call, err error) {
	if err == nil {
		return
	}
	class, always := incidentClass(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	call.annotate(err)
	if l.outage.over {
		takeOver(err, l.outage.err)
	}
	if class == "" || !always && !l.outage.over {
		return
	}
	incident := l.outage.incidents[class]
	if incident == nil {
		if l.outage.incidents == nil {
			l.outage.incidents = make(map[string]*Incident)
		}
		incident = &Incident{}
		l.outage.incidents[class] = incident
	}
	var answer *APIError
	var transport *TransportError
	switch {
	case errors.As(err, &transport):
		transport.Incident = incident
	case errors.As(err, &answer):
		answer.Incident = incident
	}
}

// annotate says in err how often and how long the call was tried.
func (call *call) annotate(err error) {
	if attempts, elapsed := effort(err); attempts != nil && !isHeld(err) {
		*attempts, *elapsed = call.attempts, time.Since(call.began)
	}
}

// isHeld reports whether err is that of another call.
func isHeld(err error) bool {
	var answer *APIError
	var transport *TransportError
	return errors.As(err, &transport) && transport.isHeld || errors.As(err, &answer) && answer.isHeld
}

// takeOver lets the error of a call that got one attempt in an outage tell what
// the call has tried that used up its budget: it may be the first that is shown.
func takeOver(err, first error) {
	attempts, elapsed := effort(err)
	firstAttempts, firstElapsed := effort(first)
	if attempts == nil || firstAttempts == nil || *attempts >= *firstAttempts {
		return
	}
	*attempts, *elapsed = *firstAttempts, *firstElapsed
}

// effort returns where err says how often and how long was tried, or nil.
func effort(err error) (attempts *int, elapsed *time.Duration) {
	var answer *APIError
	var transport *TransportError
	switch {
	case errors.As(err, &transport):
		return &transport.Attempts, &transport.Elapsed
	case errors.As(err, &answer):
		return &answer.Attempts, &answer.Elapsed
	default:
		return nil, nil
	}
}

// held returns a copy of the error of another call, as that of this one, which
// is not sent.
func (call *call) held(err error) error {
	var answer *APIError
	var transport *TransportError
	switch {
	case errors.As(err, &transport):
		held := *transport
		held.Method, held.Path, held.URL, held.isHeld = call.method, call.template, call.url, true
		return &held
	case errors.As(err, &answer):
		held := *answer
		held.Method, held.Path, held.URL, held.isHeld = call.method, call.template, call.url, true
		return &held
	default:
		return err
	}
}

// incidentClass returns the cause that err has in common with errors of other
// calls, or "" if it is about its own request. always is true for a cause that is
// no less common without an outage.
func incidentClass(err error) (class string, always bool) {
	var answer *APIError
	var transport *TransportError
	switch {
	case errors.As(err, &transport):
		return "unreachable", transport.untrusted()
	case !errors.As(err, &answer):
		return "", false
	case answer.StatusCode == http.StatusServiceUnavailable:
		return "unavailable", false
	}
	switch answer.Kind {
	case ErrServer:
		return "server", false
	case ErrRateLimited:
		return "limit", false
	case ErrUnauthorized, ErrForbidden, ErrRedirect, ErrNotJSON:
		return answer.Kind.Error(), true
	default:
		return "", false
	}
}

// Incident is one cause for which several calls of a client have failed, without
// a success of any call between them.
type Incident struct {
	mu        sync.Mutex
	explained map[string]bool
}

// First reports whether it is the first time that it is asked of this incident
// for this purpose: the first error is to be explained, and others may point at
// it. A nil incident is explained each time.
func (i *Incident) First(purpose string) bool {
	if i == nil {
		return true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.explained[purpose] {
		return false
	}
	if i.explained == nil {
		i.explained = make(map[string]bool)
	}
	i.explained[purpose] = true
	return true
}

// IncidentOf returns the incident of err, or nil.
func IncidentOf(err error) *Incident {
	var answer *APIError
	var transport *TransportError
	switch {
	case errors.As(err, &transport):
		return transport.Incident
	case errors.As(err, &answer):
		return answer.Incident
	default:
		return nil
	}
}
