// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// This file alone decides what may be sent again.
//
//	what came back                          outcome    GET, DELETE   POST
//	no connection was made                  notSent    again, while max_wait lasts
//	429                                     limited    again, while max_wait lasts, after the wait that it asks for
//	503                                     ambiguous  the same      the same, but it may have done its work
//	time-out, reset, cut answer, 5xx, 408   ambiguous  again         never by itself: look first (create_settle.go)
//	2xx that cannot be read                 ambiguous  thrice more   never by itself: look first
//	404 that is not the API's own           refused    thrice more   look first, then final
//	redirect, 4xx that is not the API's own refused    final         look first, then final
//	any other status; an untrusted server   refused    final         final (a refused URL: create_settle.go)
//
// A DELETE that is answered 404 or 410 is not sent again: lists have to confirm it.
//
// Two resends happen below this file and outside its count. net/http sends a GET
// again, or anything of which not one byte was written, if a connection that it
// kept idle turns out to be dead. It would do so with a POST as well if the
// request had an Idempotency-Key header: the client must never set one.

// outcome is what is known of a request's work once its attempt has ended.
type outcome int

const (
	// refused: it did nothing, and would do nothing if sent again.
	refused outcome = iota
	// notSent: it did nothing, because no connection was made.
	notSent
	// limited: it did nothing, because there were too many.
	limited
	// ambiguous: it may have done its work, may do it yet, or may not.
	ambiguous
)

// outcomeOf judges the error of one attempt.
func outcomeOf(err error) outcome {
	var transport *TransportError
	var api *APIError
	switch {
	case errors.As(err, &transport):
		return transport.outcome()
	case errors.As(err, &api):
		return api.outcome()
	default:
		return refused // The client's own refusal, before anything was sent.
	}
}

func (e *TransportError) outcome() outcome {
	switch {
	case e.isHeld:
		return refused
	case !e.Unsent:
		return ambiguous
	case e.untrusted():
		return refused
	default:
		return notSent
	}
}

func (e *APIError) outcome() outcome {
	switch code := e.StatusCode; {
	case e.isHeld:
		return refused
	case code == http.StatusTooManyRequests:
		return limited
	case code == http.StatusRequestTimeout, code >= 500, code < 300:
		return ambiguous
	default:
		return refused
	}
}

// maxUnreadable is how often a whole answer that cannot be understood is asked
// for again. It is less than max_retries, because such an answer is mostly the
// sign of a wrong base_url, which a person should not learn after minutes.
const maxUnreadable = 3

// Backoff has the waits between attempts. All are jittered, and all but URLConflict
// double from one to the next.
type Backoff struct {
	// First is the pause before the first retry.
	First time.Duration
	// Max caps every pause that doubles.
	Max time.Duration
	// Lookup is the pause before the first of the look-ups that tell whether an
	// unanswered create has happened.
	Lookup time.Duration
	// Limited is the first wait after a 429 or a 503 that does not say how long
	// to wait, and the period in which requests are counted after it.
	Limited time.Duration
	// URLConflict is how long in all a create waits for the holder of its URL to be
	// deleted.
	URLConflict time.Duration
	// Lag is by how much lists may lag behind creates and deletes: replicas of a
	// database do.
	Lag time.Duration

	// steady switches the jitter off, so that a test can be repeated.
	steady bool
}

var defaultBackoff = Backoff{
	First:       250 * time.Millisecond,
	Max:         10 * time.Second,
	Lookup:      500 * time.Millisecond,
	Limited:     time.Second,
	URLConflict: 10 * time.Second,
	Lag:         20 * time.Second,
}

// ListLag is by how much lists may lag behind writes: 20 seconds unless a test
// says otherwise. That a webhook is not listed is believed only from lists that
// began this long after it was made.
func (c *Client) ListLag() time.Duration { return c.backoff.Lag }

func (p Backoff) withDefaults() Backoff {
	for _, f := range []struct{ value, otherwise *time.Duration }{
		{&p.First, &defaultBackoff.First},
		{&p.Max, &defaultBackoff.Max},
		{&p.Lookup, &defaultBackoff.Lookup},
		{&p.Limited, &defaultBackoff.Limited},
		{&p.URLConflict, &defaultBackoff.URLConflict},
		{&p.Lag, &defaultBackoff.Lag},
	} {
		if *f.value == 0 {
			*f.value = *f.otherwise
		}
	}
	return p
}

// jitter adds up to a quarter of d, and at most limit, to d.
func (p Backoff) jitter(d, limit time.Duration) time.Duration {
	if p.steady {
		return d
	}
	return d + rand.N(min(d/4, limit)+1)
}

// growing returns pauses that begin at first and double.
func (p Backoff) growing(first time.Duration) *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{InitialInterval: first, MaxInterval: p.Max, Multiplier: 2, RandomizationFactor: 0.3}
	if p.steady {
		b.RandomizationFactor = 0
	}
	b.Reset()
	return b
}

// final marks an error of a try that no other try follows.
func final(err error) error { return backoff.Permanent(err) }

// retry runs try, and again after a pause, until it succeeds, its error is
// [final], or the retries of one call are used up. An error is never lost to the
// end of ctx: what the last try said comes back with it.
func retry[T any](ctx context.Context, c *Client, call *call, try func() (T, error)) (T, error) {
	result, err := tryAgain(ctx, c, call, try)
	c.limiter.conclude(call, err)
	return result, err
}

func tryAgain[T any](ctx context.Context, c *Client, call *call, try func() (T, error)) (T, error) {
	pauses := c.backoff.growing(c.backoff.First)
	for retries := 0; ; retries++ {
		result, err := try()
		var permanent *backoff.PermanentError
		switch {
		case err == nil:
			return result, nil
		case errors.As(err, &permanent):
			return result, permanent.Unwrap()
		case retries >= c.maxRetries:
			c.limiter.usedUp(call, err, c.maxRetries)
			return result, err
		case c.limiter.isExhausted():
			return result, err
		}
		if cut := c.pause(ctx, call, pauses.NextBackOff()); cut != nil {
			if errors.Is(err, cut) {
				return result, err
			}
			return result, fmt.Errorf("%w; before that: %w", cut, err)
		}
	}
}

// pause waits for d before the next attempt.
func (c *Client) pause(ctx context.Context, call *call, d time.Duration) error {
	c.log.logWait(ctx, "Waiting before the next attempt", d)
	if call.waitCtx == nil {
		return sleep(ctx, d)
	}
	if err := sleep(call.waitCtx, d); err != nil {
		return &InterruptedError{Err: err, Waiting: "the next attempt"}
	}
	return nil
}

// sendIdempotent makes a call that does no more when it is sent twice: a list or
// a delete. read turns the answer into the result.
func sendIdempotent[T any](ctx context.Context, c *Client, call *call, read func(*response) (T, error)) (T, error) {
	unreadable := 0
	return retry(ctx, c, call, func() (T, error) {
		result, err := doRateLimited(ctx, c, call, read)
		f := outcomeOf(err)
		if f == ambiguous {
			call.waitCtx = nil // It may have done its work: it is finished.
		}
		switch {
		case err == nil || f == notSent:
			return result, err
		case call.method == http.MethodDelete && IsNotFound(err):
			// From any server: it has to be confirmed by a list.
		case isUnreadable(err):
			unreadable++
			if unreadable <= maxUnreadable {
				return result, err
			}
		case f == ambiguous:
			return result, err
		}
		return result, final(err)
	})
}

// isUnreadable reports whether an answer arrived whole and made no sense. A 404
// that is not in the API's own words is one: who says so may be a proxy, and that
// something does not exist is believed of the API alone.
func isUnreadable(err error) bool {
	var api *APIError
	if !errors.As(err, &api) || api.cut {
		return false
	}
	return api.StatusCode < 300 || api.StatusCode == http.StatusNotFound && !errors.Is(err, ErrNotFound)
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
