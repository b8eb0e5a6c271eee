// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"net/http"
	"sync"
	"time"
)

// maxClockDifference is how far a Date may be from the local clock and still be
// believed. A Date that is absurd says nothing, and its arithmetic may overflow.
const maxClockDifference = 24 * time.Hour

// serverClock tells the server's time from the Date headers of its answers. The
// client's own clock may be wrong by hours, and which request made a webhook is
// decided by comparing times.
type serverClock struct {
	// started is read on the monotonic clock, so that a client's clock which is
	// set while it runs changes nothing.
	started time.Time

	mu    sync.Mutex
	known bool
	// offset is the largest difference seen between a Date header and the time
	// that had passed since started. A Date is stamped before it arrives and has
	// whole seconds, so that every difference is too small, never too large.
	offset time.Duration
}

// serverEpoch is an arbitrary point from which offsets are counted.
var serverEpoch = time.Unix(0, 0).UTC()

// observe takes note of an answer that arrived at the local time now.
func (s *serverClock) observe(header http.Header, now time.Time) {
	date, ok := believableDate(header, now)
	if !ok {
		return
	}
	offset := date.Sub(serverEpoch) - now.Sub(s.started)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || offset > s.offset {
		s.known, s.offset = true, offset
	}
}

// believableDate is the Date of an answer that arrived at the local time now,
// unless it is absurd.
func believableDate(header http.Header, now time.Time) (time.Time, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || date.Before(now.Add(-maxClockDifference)) || date.After(now.Add(maxClockDifference)) {
		return time.Time{}, false
	}
	return date, true
}

// at returns what the server's clock showed, at the earliest, at the local time
// t. It is unknown before the first answer with a believable Date.
func (s *serverClock) at(t time.Time) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return serverEpoch.Add(t.Sub(s.started) + s.offset), s.known
}

// LocalTime returns the local time at which the server's clock showed t, at the
// latest. It is unknown before the first answer with a believable Date (one within
// a day of the local clock), and for a zero t.
func (c *Client) LocalTime(t time.Time) (time.Time, bool) {
	now := time.Now()
	serverNow, known := c.clock.at(now)
	if !known || t.IsZero() {
		return time.Time{}, false
	}
	return now.Add(t.Sub(serverNow)), true
}
