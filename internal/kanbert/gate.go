// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxRateLimitPause is the longest single wait that a 429 is given. One that
	// asks for more ends the call, and the error says when to come back: nobody
	// should watch a still screen for an hour.
	maxRateLimitPause = 5 * time.Minute
	// maxRateLimitWait is how long one call, with all its retries, waits for rate
	// limits. Each page of a list is a call of its own, and so is each look-up and
	// each delete that a create needs: it can tell what stands only if they are
	// not refused a wait because the create has waited before.
	maxRateLimitWait = 15 * time.Minute
	// maxRateLimitJitter spreads the requests that a gate held, so that they do
	// not come at once when it opens.
	maxRateLimitJitter = time.Second
)

// rateLimiter holds all requests of a client after a 429, until the time that it named.
type rateLimiter struct {
	pauses Pauses
	log    LogFunc

	mu    sync.Mutex
	until time.Time
	// refusal is the 429 that shut the gate until then.
	refusal *APIError
}

// block holds all requests until a time, unless they are held for longer already.
func (l *rateLimiter) block(until time.Time, refusal *APIError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.until) {
		l.until, l.refusal = until, refusal
	}
}

func (l *rateLimiter) closedFor() (time.Duration, *APIError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until), l.refusal
}

// wait returns once the gate is open, and adds what it waited to call.waited.
// The error is a 429 that asks for more time than is given: it need not be the
// answer to this call, and says when to come back.
func (l *rateLimiter) wait(ctx context.Context, call *call) error {
	for {
		d, refusal := l.closedFor()
		if d <= 0 {
			return nil
		}
		if d > maxRateLimitPause || call.waited+d > maxRateLimitWait {
			held := *refusal
			held.Method, held.Path = call.method, call.template
			return &held
		}
		d = min(l.pauses.jitter(d, maxRateLimitJitter), maxRateLimitWait-call.waited)
		l.log.logWait(ctx, "Waiting for the rate limit of the API", d,
			slog.String("method", call.method), slog.String("path", call.template))
		if err := sleep(ctx, d); err != nil {
			return err
		}
		call.waited += d
	}
}

// doRateLimited makes a call once. Behind a shut gate it waits; a 429 shuts the gate
// for everyone, and the call is made again once it opens.
func doRateLimited[T any](ctx context.Context, c *Client, call *call, read func(*response) (T, error)) (T, error) {
	unnamed := c.pauses.growing(c.pauses.Limited)
	for {
		var none T
		if err := c.limiter.wait(ctx, call); err != nil {
			return none, err
		}
		result, err := doOnce(ctx, c, call, read)
		var refusal *APIError
		if outcomeOf(err) != limited || !errors.As(err, &refusal) {
			return result, err
		}
		// A server that names no time, or "now" again and again, is asked ever
		// more rarely.
		until := time.Now().Add(unnamed.NextBackOff())
		if refusal.RetryAt.After(until) {
			until = refusal.RetryAt
		}
		c.limiter.block(until, refusal)
	}
}

// retryAt reads when an answer asks to come back: Retry-After in seconds or as a
// date, else X-RateLimit-Reset as a Unix time or in seconds. It is zero if the
// answer does not say. now is the local time at which the answer arrived; dates
// are compared with the answer's own Date, since either clock may be wrong.
func retryAt(header http.Header, now time.Time) time.Time {
	serverNow, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		serverNow = now
	}
	for _, read := range []func() (time.Duration, bool){
		func() (time.Duration, bool) { return parseSeconds(header.Get("Retry-After")) },
		func() (time.Duration, bool) { return parseDate(header.Get("Retry-After"), serverNow) },
		func() (time.Duration, bool) { return parseReset(header.Get("X-RateLimit-Reset"), serverNow) },
	} {
		if d, ok := read(); ok {
			return now.Add(min(max(d, 0), maxRetryAfter))
		}
	}
	return time.Time{}
}

// maxRetryAfter keeps absurd numbers from overflowing.
const maxRetryAfter = 10 * 365 * 24 * time.Hour

func parseSeconds(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	seconds, err := strconv.ParseUint(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return maxRetryAfter, true
	}
	if err != nil {
		return 0, false
	}
	return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second, true
}

func parseDate(text string, serverNow time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(strings.TrimSpace(text))
	if err != nil {
		return 0, false
	}
	return at.Sub(serverNow), true
}

// parseReset takes a number that would be many years of waiting for a Unix time.
func parseReset(text string, serverNow time.Time) (time.Duration, bool) {
	d, ok := parseSeconds(text)
	if !ok || d < maxRetryAfter {
		return d, ok
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || seconds-serverNow.Unix() > int64(maxRetryAfter/time.Second) {
		return maxRetryAfter, true
	}
	return time.Unix(seconds, 0).Sub(serverNow), true
}
