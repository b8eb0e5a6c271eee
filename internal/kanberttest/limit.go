// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"net/http"
	"strconv"
	"time"
)

// RetryAfterForm is the form in which a 429 specifies the time of the next try.
type RetryAfterForm int

// The forms of a 429.
const (
	InSeconds     RetryAfterForm = iota // Retry-After: 30
	AsDate                              // Retry-After: Wed, 21 Oct 2026 07:28:00 GMT
	AsReset                             // X-RateLimit-Reset in seconds since 1970, and no Retry-After
	Unsaid                              // neither
	AsResetMillis                       // X-RateLimit-Reset in milliseconds since 1970, and no Retry-After
	AsResetIn                           // X-RateLimit-Reset in seconds from now, and no Retry-After
	AsLaravel                           // Retry-After: 30, and X-RateLimit-Reset in seconds since 1970
)

// String returns the name of the form for the name of a fault.
func (f RetryAfterForm) String() string {
	switch f {
	case InSeconds:
		return "Retry-After in seconds"
	case AsLaravel:
		return "Retry-After in seconds and X-RateLimit-Reset"
	case AsDate:
		return "Retry-After as a date"
	case AsReset:
		return "X-RateLimit-Reset alone"
	case AsResetMillis:
		return "X-RateLimit-Reset in milliseconds"
	case AsResetIn:
		return "X-RateLimit-Reset from now"
	default:
		return "no word of when to come back"
	}
}

// limiterOf returns the limiter of the user whose token r has.
func (s *Sandbox) limiterOf(r *Request) *limiter {
	if s.limiters == nil {
		s.limiters = map[string]*limiter{}
	}
	user := r.principal.userID
	if s.limiters[user] == nil {
		s.limiters[user] = &limiter{}
	}
	return s.limiters[user]
}

// limiter counts the requests of the current window.
type limiter struct {
	begin time.Time
	count int
}

// take counts a request, or returns when the window ends if it is full.
func (l *limiter) take(now time.Time, n int, per time.Duration) (until time.Time, ok bool) {
	if l.begin.IsZero() || now.Sub(l.begin) >= per {
		l.begin, l.count = now, 0
	}
	if l.count >= n {
		return l.begin.Add(per), false
	}
	l.count++
	return time.Time{}, true
}

// tooMany returns a 429 with the time until, in the form. Times are rounded up to
// whole seconds, so a client that waits is not early.
func (s *Sandbox) tooMany(r *Request, form RetryAfterForm, now, until time.Time) reply {
	a := r.fail(http.StatusTooManyRequests, "Too Many Attempts.")
	a.header.Set("X-RateLimit-Limit", strconv.Itoa(max(1, s.config().rateLimit)))
	a.header.Set("X-RateLimit-Remaining", "0")
	setRetryAfter(a.header, form, now, until)
	return a
}

// setRetryAfter sets until, in the form, as the time of the next try.
func setRetryAfter(h http.Header, form RetryAfterForm, now, until time.Time) {
	end := roundUp(until)
	seconds := strconv.FormatInt(int64((until.Sub(now)+time.Second-1)/time.Second), 10)
	switch form {
	case InSeconds:
		h.Set("Retry-After", seconds)
	case AsLaravel:
		h.Set("Retry-After", seconds)
		h.Set("X-RateLimit-Reset", strconv.FormatInt(end.Unix(), 10))
	case AsDate:
		h.Set("Retry-After", end.UTC().Format(http.TimeFormat))
	case AsReset:
		h.Set("X-RateLimit-Reset", strconv.FormatInt(end.Unix(), 10))
	case AsResetMillis:
		h.Set("X-RateLimit-Reset", strconv.FormatInt(end.UnixMilli(), 10))
	case AsResetIn:
		h.Set("X-RateLimit-Reset", seconds)
	}
}

func roundUp(t time.Time) time.Time {
	if cut := t.Truncate(time.Second); !cut.Equal(t) {
		return cut.Add(time.Second)
	}
	return t
}
