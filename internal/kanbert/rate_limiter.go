// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// rateLimiter is the one limiter of a client. A 429 or a 503 blocks the requests of
// all calls, until the time that it named, or for a pause that grows. Calls that
// are held go first come, first served, and look-ups that settle a sent POST
// before all others.
//
// Once it has blocked, requests go out one after the other, rate of them in a
// period of Backoff.Limited. The rate is halved by a refusal, and one more with
// each success: it begins near what the server has let through, finds what the
// server allows within some rounds, and doubles in each period in which nothing is
// refused, so that it soon stops to matter.
//
// What bounds the waiting is in outage.go.
type rateLimiter struct {
	backoff Backoff
	log     LogFunc
	outage  outage

	mu sync.Mutex
	// arrivals counts the calls.
	arrivals uint64
	// queue holds the calls that wait for their turn.
	queue []*turn

	// until is when the next request may be sent.
	until time.Time
	// retryAt is when the server asked to come back, if it did.
	retryAt time.Time
	// refusal is what blocks requests until then.
	refusal *APIError
	// epoch counts how often requests were blocked. Of the requests that were under
	// way together, only the first that is refused halves the rate.
	epoch   int
	growing *backoff.ExponentialBackOff

	// rate is meaningful once paced is true; before that, it counts successes.
	rate     int
	paced    bool
	lastSent time.Time

	// waiting is how many calls wait, since waitingSince; waited is for how long
	// in all there was one.
	waiting      int
	waitingSince time.Time
	waited       time.Duration
	// unloggedEpoch is the epoch whose end is yet to be logged, or 0. It began at
	// blockedAt, and held calls wait in it.
	unloggedEpoch int
	blockedAt     time.Time
	held          int
}

// turn is a call that waits to be sent.
type turn struct {
	call *call
	// wake has an element if the call may be the first now.
	wake chan struct{}
}

func newRateLimiter(backoff Backoff, log LogFunc, maxWait, requestTimeout time.Duration) *rateLimiter {
	return &rateLimiter{
		backoff: backoff, log: log, growing: backoff.growing(backoff.Limited),
		outage: outage{maxWait: maxWait, requestTimeout: requestTimeout},
	}
}

// doRateLimited makes a call once. While requests are blocked it waits. A 429 or a
// 503 blocks them, and the call is made again afterwards; so it is, after a
// pause, if no connection was made. All of that is bounded by max_wait.
func doRateLimited[T any](ctx context.Context, c *Client, call *call, read func(*response) (T, error)) (T, error) {
	var none T
	call.url, call.baseURLSource = shownAddress(*c.baseURL, call), c.baseURLSource
	connecting := c.backoff.growing(c.backoff.First)
	for {
		if err := c.limiter.wait(ctx, call); err != nil {
			return none, err
		}
		result, err := doOnce(ctx, c, call, read)
		if ctx.Err() != nil {
			return result, err // It says nothing of the server.
		}
		c.limiter.observe(call, err)
		switch {
		case isUnavailable(err):
			if c.limiter.isTimeUp(call) {
				return result, err
			}
			if call.unaccounted != nil && !isLimit(err) {
				call.unaccounted(err)
			}
		case outcomeOf(err) == notSent:
			if err := c.limiter.awaitConnection(ctx, call, connecting.NextBackOff()); err != nil {
				return none, err
			}
		default:
			return result, err
		}
	}
}

// isUnavailable reports whether err is an answer that blocks all calls: 429, 503.
func isUnavailable(err error) bool {
	var answer *APIError
	return isLimit(err) || errors.As(err, &answer) && answer.StatusCode == http.StatusServiceUnavailable
}

func isLimit(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusTooManyRequests
}

// wait returns when it is the call's turn to be sent. It returns an error, and
// nothing is to be sent, if the time to wait is used up, or ends before the server
// will answer again; and an [*InterruptedError] if the caller's context ends.
func (l *rateLimiter) wait(ctx context.Context, call *call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.enter(call)
	defer l.leave(t)
	for {
		now := time.Now()
		if l.outage.exhausted(now) {
			if err := l.refuse(call, now); err != nil {
				return err
			}
			break
		}
		d := l.timeTo(t, now)
		if d <= 0 {
			break
		}
		left := l.outage.left(now)
		if left <= 0 || l.retryAt.Sub(now) > left {
			l.giveUp(call, l.cause(now))
			continue
		}
		if err := l.sleep(ctx, t, min(d, left), l.waitingFor()); err != nil {
			return err
		}
	}
	l.logUnblocked(ctx)
	l.lastSent = time.Now()
	call.epoch = l.epoch
	return nil
}

// enter puts a call into the queue. Its place is that of its first arrival: one
// that was refused goes before those that came later.
func (l *rateLimiter) enter(call *call) *turn {
	if call.began.IsZero() {
		l.arrivals++
		call.arrival, call.began, call.answeredBefore = l.arrivals, time.Now(), l.outage.answered
	}
	t := &turn{call: call, wake: make(chan struct{}, 1)}
	at, _ := slices.BinarySearchFunc(l.queue, t, compareTurns)
	l.queue = slices.Insert(l.queue, at, t)
	return t
}

func compareTurns(a, b *turn) int {
	if a.call.urgent != b.call.urgent {
		if a.call.urgent {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.call.arrival, b.call.arrival)
}

func (l *rateLimiter) leave(t *turn) {
	at := slices.Index(l.queue, t)
	l.queue = slices.Delete(l.queue, at, at+1)
	if at == 0 && len(l.queue) > 0 {
		l.queue[0].signal()
	}
}

func (t *turn) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (l *rateLimiter) wakeAll() {
	for _, t := range l.queue {
		t.signal()
	}
}

// cause is the failure for which calls wait.
func (l *rateLimiter) cause(now time.Time) error {
	if l.isBlocked(now) {
		return l.refusal
	}
	return l.outage.cause
}

func (l *rateLimiter) isBlocked(now time.Time) bool { return l.until.After(now) }

// timeTo returns how long it will be until t may be sent, at the earliest.
func (l *rateLimiter) timeTo(t *turn, now time.Time) time.Duration {
	if l.queue[0] != t {
		return maxRetryAfter // It is woken when it is the first.
	}
	next := l.until
	if l.paced {
		if paced := l.lastSent.Add(l.backoff.Limited / time.Duration(l.rate)); paced.After(next) {
			next = paced
		}
	}
	return next.Sub(now)
}

// observe takes note of how an attempt has ended.
func (l *rateLimiter) observe(call *call, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var answer *APIError
	switch {
	case err == nil:
		l.outage.succeeded(now, l.isBlocked(now))
		l.growing.Reset()
		l.rate++
		return
	case outcomeOf(err) == refused && errors.As(err, &answer) && answer.OwnJSON:
		l.outage.answers(now, l.isBlocked(now)) // The API is there, and says no.
		l.growing.Reset()
		l.rate++
		return
	}
	call.failed = err
	l.outage.failed(now, l.until, now.Sub(call.sent))
	if isUnavailable(err) || outcomeOf(err) == notSent {
		l.outage.waitsFor(err, now)
	}
	if isUnavailable(err) && errors.As(err, &answer) {
		l.block(call, answer, now)
	}
}

// block holds all requests until the time that a refusal named, and at least for
// the next of the growing pauses: a server that names no time, or "now" again and
// again, is asked ever more rarely. A refusal of a request that was sent before
// requests were blocked only adds the time that it names.
func (l *rateLimiter) block(call *call, refusal *APIError, now time.Time) {
	until := refusal.RetryAt
	if d := until.Sub(now); d > 0 {
		until = until.Add(l.backoff.jitter(d, l.backoff.Limited) - d)
	}
	if call.epoch == l.epoch {
		l.epoch++
		l.rate, l.paced = max(1, l.rate/2), true
		// The last pause ends with the time that is left, so that an attempt is
		// made then.
		pause := min(l.growing.NextBackOff(), max(0, l.outage.left(now)))
		if next := now.Add(pause); next.After(until) {
			until = next
		}
		if l.unloggedEpoch == 0 {
			l.blockedAt = now
		}
		l.unloggedEpoch = l.epoch
	}
	if until.After(l.until) {
		l.until, l.retryAt, l.refusal = until, refusal.RetryAt, refusal
	}
}

// isTimeUp reports whether a call that was refused may not wait any longer.
func (l *rateLimiter) isTimeUp(call *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outage.left(time.Now()) > 0 {
		return false
	}
	l.giveUp(call, call.failed)
	return true
}

// awaitConnection waits for d before a call is made again for which there was no
// connection. It returns the call's error if the time to wait is used up.
func (l *rateLimiter) awaitConnection(ctx context.Context, call *call, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.outage.left(time.Now())
	if !l.outage.exhausted(time.Now()) && left <= 0 {
		l.giveUp(call, call.failed)
	}
	if l.outage.exhausted(time.Now()) {
		return call.failed
	}
	return l.sleep(ctx, &turn{call: call}, min(d, left), "a connection")
}

// waitingFor names what blocked calls wait for.
func (l *rateLimiter) waitingFor() string {
	if l.refusal != nil && l.refusal.StatusCode == http.StatusServiceUnavailable {
		return "the end of an outage (503)"
	}
	return "the rate limit"
}

// sleep waits for d, or until t is woken, without the lock. It returns an
// [*InterruptedError] if the caller's context ends.
func (l *rateLimiter) sleep(ctx context.Context, t *turn, d time.Duration, what string) error {
	waitCtx := t.call.waitCtx
	if waitCtx == nil {
		waitCtx = ctx
	}
	l.beginWaiting(ctx, t.call, what)
	l.mu.Unlock()
	timer := time.NewTimer(d)
	select {
	case <-timer.C:
	case <-t.wake:
	case <-ctx.Done():
	case <-waitCtx.Done():
	}
	timer.Stop()
	l.mu.Lock()
	l.endWaiting()
	for _, c := range []context.Context{waitCtx, ctx} {
		if c.Err() != nil {
			return &InterruptedError{Err: context.Cause(c), Waiting: what}
		}
	}
	return nil
}

func (l *rateLimiter) beginWaiting(ctx context.Context, call *call, what string) {
	now := time.Now()
	if l.waiting == 0 {
		l.waitingSince = now
	}
	l.waiting++
	l.outage.waitingFor = what
	if call.heldIn == l.epoch+1 {
		return
	}
	// Logged once for each call and each epoch.
	call.heldIn = l.epoch + 1
	l.held++
	attrs := []slog.Attr{slog.String("method", call.method), slog.String("path", call.template)}
	if d := l.until.Sub(now); d > 0 {
		l.log.logWait(ctx, "Waiting for "+what, d, attrs...)
		return
	}
	l.log(ctx, slog.LevelDebug, "Waiting for "+what, attrs...)
}

func (l *rateLimiter) endWaiting() {
	if l.waiting--; l.waiting == 0 {
		l.waited += time.Since(l.waitingSince)
	}
}

// totalWaited is for how long there was a call that waited, and what the last one
// waited for.
func (l *rateLimiter) totalWaited() (time.Duration, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == 0 {
		return l.waited, l.outage.waitingFor
	}
	return l.waited + time.Since(l.waitingSince), l.outage.waitingFor
}

// logUnblocked logs what the time in which requests were blocked has cost.
func (l *rateLimiter) logUnblocked(ctx context.Context) {
	if l.unloggedEpoch == 0 || l.isBlocked(time.Now()) {
		return
	}
	total := l.waited
	if l.waiting > 0 {
		total += time.Since(l.waitingSince)
	}
	l.log(ctx, slog.LevelInfo, "Sending requests again after "+l.waitingFor(),
		slog.Int("status", l.refusal.StatusCode),
		slog.String("waited", time.Since(l.blockedAt).Round(time.Millisecond).String()),
		slog.Int("held_calls", l.held),
		slog.String("total_waited", total.Round(time.Millisecond).String()))
	l.unloggedEpoch, l.held = 0, 0
}
