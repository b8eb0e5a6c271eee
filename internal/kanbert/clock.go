// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"net/http"
	"sync"
	"time"
)

// serverClock tells the server's time from the Date headers of its answers. The
// client's own clock may be wrong by hours, and who made a webhook is decided by
// comparing times.
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
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	offset := date.Sub(serverEpoch) - now.Sub(s.started)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || offset > s.offset {
		s.known, s.offset = true, offset
	}
}

// at returns what the server's clock showed, at the earliest, at the local time
// t. It is unknown before the first answer with a Date.
func (s *serverClock) at(t time.Time) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return serverEpoch.Add(t.Sub(s.started) + s.offset), s.known
}
