// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestLocks expects each call that reads or writes what several calls share to wait
// for its lock. The race detector finds a lock that is left out only where two calls
// meet; this finds it without them.
func TestLocks(t *testing.T) {
	type locked func(c *Client) (*sync.Mutex, func())
	claims := func(do func(c *Client)) locked {
		return func(c *Client) (*sync.Mutex, func()) { return &c.claims.mu, func() { do(c) } }
	}
	clock := func(do func(c *Client)) locked {
		return func(c *Client) (*sync.Mutex, func()) { return &c.clock.mu, func() { do(c) } }
	}
	limiter := func(do func(c *Client, l *rateLimiter)) locked {
		return func(c *Client) (*sync.Mutex, func()) {
			// An outage: no call waits for anything but the lock.
			c.limiter.outage.over, c.limiter.outage.err, c.limiter.outage.last = true, io.EOF, time.Now()
			return &c.limiter.mu, func() { do(c, c.limiter) }
		}
	}
	workspace := func(settled bool, do func(c *Client)) locked {
		return func(c *Client) (*sync.Mutex, func()) {
			c.workspace.settled, c.workspace.attempts = settled, 1
			return &c.workspace.mu, func() { do(c) }
		}
	}
	ctx := t.Context()
	for name, prepare := range map[string]locked{
		"claiming":                 claims(func(c *Client) { c.Claim("x") }),
		"noting what was made":     claims(func(c *Client) { c.claims.made("x") }),
		"noting what was deleted":  claims(func(c *Client) { c.claims.delete("x") }),
		"asking for a claim":       claims(func(c *Client) { c.claims.isClaimed("x") }),
		"asking for what was made": claims(func(c *Client) { c.claims.isMadeHere("x") }),
		"asking for deletions":     claims(func(c *Client) { c.claims.isDeleted("x") }),
		"coming to a key":          func(c *Client) (*sync.Mutex, func()) { return &c.creates.mu, func() { c.creates.enter("x") } },
		"leaving a key": func(c *Client) (*sync.Mutex, func()) {
			q := c.creates.enter("x")
			return &c.creates.mu, func() { c.creates.leave("x", q) }
		},
		"an answer's Date":         clock(func(c *Client) { c.clock.observe(dateHeader(time.Now()), time.Now()) }),
		"the server's time":        clock(func(c *Client) { c.LocalTime(time.Now()) }),
		"waiting for a turn":       limiter(func(_ *Client, l *rateLimiter) { _ = l.wait(ctx, &call{failed: io.EOF}) }),
		"the end of an attempt":    limiter(func(_ *Client, l *rateLimiter) { l.observe(&call{}, nil) }),
		"asking for time":          limiter(func(_ *Client, l *rateLimiter) { l.isTimeUp(&call{}) }),
		"waiting for a connection": limiter(func(_ *Client, l *rateLimiter) { _ = l.awaitConnection(ctx, &call{failed: io.EOF}, 0) }),
		"totals":                   limiter(func(c *Client, _ *rateLimiter) { c.Waited() }),
		"the end of retries":       limiter(func(_ *Client, l *rateLimiter) { l.usedUp(&call{}, io.EOF, 0) }),
		"asking for an outage":     limiter(func(_ *Client, l *rateLimiter) { l.isExhausted() }),
		"the end of a call":        limiter(func(_ *Client, l *rateLimiter) { l.conclude(&call{}, io.EOF) }),
		"an incident": func(*Client) (*sync.Mutex, func()) {
			var incident Incident
			return &incident.mu, func() { incident.First("x") }
		},
		"the workspace, settled":     workspace(true, func(c *Client) { c.WorkspaceID(ctx) }),
		"the workspace":              workspace(false, func(c *Client) { c.WorkspaceID(ctx) }),
		"the workspace, if known":    workspace(true, func(c *Client) { c.KnownWorkspaceID() }),
		"the workspace, for creates": workspace(true, func(c *Client) { c.askWorkspaceOnce(ctx) }),
		"the answer about it":        workspace(false, func(c *Client) { c.askWorkspace(ctx, make(chan struct{})) }),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(WithToken(NewSecret("a-token")), WithTransport(&answers{prepared: []reply{{status: 403}}}))
			if err != nil {
				t.Fatal(err)
			}
			lock, call := prepare(c)
			lock.Lock()
			done := make(chan struct{})
			go func() {
				defer close(done)
				call()
			}()
			// Without the lock it would be done by then.
			for range 100 {
				runtime.Gosched()
			}
			select {
			case <-done:
				t.Error("it does not wait for the lock")
			default:
			}
			lock.Unlock()
			<-done
		})
	}
}

// TestWaitsWithoutTheLock lets a call wait for its turn while others look at what it
// waits for.
func TestWaitsWithoutTheLock(t *testing.T) {
	c, err := New(WithToken(NewSecret("a-token")), WithTransport(&answers{prepared: []reply{
		{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {"60"}}},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan struct{})
	c.limiter.log = func(context.Context, slog.Level, string, ...slog.Attr) { close(waiting) }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := WithoutWhoami(c).ListPage(ctx, ListOptions{})
		ended <- err
	}()
	<-waiting
	if c.limiter.isExhausted() {
		t.Error("there is an outage")
	}
	cancel()
	if err := <-ended; !errors.As(err, new(*InterruptedError)) {
		t.Errorf("got %v", err)
	}
}
