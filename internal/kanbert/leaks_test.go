// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
)

// leakCheck is a transport that finds at the end of a test what the client has left
// open: bodies of answers, contexts of requests, calls in its queue, and locks of
// URLs.
type leakCheck struct {
	base http.RoundTripper

	mu       sync.Mutex
	open     int
	contexts []context.Context
}

// checkLeaks lets a client be checked at the end of the test.
func checkLeaks(t testing.TB, c *Client) *Client {
	t.Helper()
	check := &leakCheck{base: c.http.Transport}
	c.http.Transport = check
	t.Cleanup(func() {
		check.mu.Lock()
		defer check.mu.Unlock()
		if check.open != 0 {
			t.Errorf("%d bodies of answers were not closed", check.open)
		}
		for _, ctx := range check.contexts {
			if ctx.Err() == nil {
				t.Error("the context of a request was not released")
			}
		}
		c.limiter.mu.Lock()
		defer c.limiter.mu.Unlock()
		if n := len(c.limiter.queue); n != 0 || c.limiter.waiting != 0 {
			t.Errorf("%d calls are in the queue, and %d wait", n, c.limiter.waiting)
		}
		c.creates.mu.Lock()
		defer c.creates.mu.Unlock()
		if n := len(c.creates.locks); n != 0 {
			t.Errorf("%d URLs are locked", n)
		}
	})
	return c
}

func (l *leakCheck) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.contexts = append(l.contexts, r.Context())
	l.mu.Unlock()
	resp, err := l.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.open++
	l.mu.Unlock()
	resp.Body = &watchedBody{ReadCloser: resp.Body, closed: sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open--
	})}
	return resp, nil
}

// CloseIdleConnections implements what [http.Client] looks for.
func (l *leakCheck) CloseIdleConnections() {
	if base, ok := l.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

type watchedBody struct {
	io.ReadCloser
	closed func()
}

func (b *watchedBody) Close() error {
	b.closed()
	return b.ReadCloser.Close()
}
