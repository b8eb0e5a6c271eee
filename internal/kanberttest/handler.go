// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest body of a request that is read, in bytes. The largest
// right one has less than a thousandth of that.
const maxBody = 1 << 20

// ServeHTTP implements [http.Handler].
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		panic(http.ErrAbortHandler) // The client went away in the middle of its request.
	}
	a := s.handle(r.Context(), r, body)
	if !a.answers() {
		s.endConnection(r.Context(), w, a.ending)
		return
	}
	maps.Copy(w.Header(), a.header)
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.sent())
	if a.ending == complete {
		return
	}
	_ = http.NewResponseController(w).Flush()
	if a.ending == stalled {
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}

// endConnection ends the connection without an answer.
func (s *Sandbox) endConnection(ctx context.Context, w http.ResponseWriter, how ending) {
	switch how {
	case hanging:
		<-ctx.Done()
	case reset, refused:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			break
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // Closing now sends RST instead of FIN.
		}
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}

// handle is the whole way of a request, whichever transport brought it.
func (s *Sandbox) handle(ctx context.Context, r *http.Request, body []byte) reply {
	record := &Request{
		Method:    r.Method,
		Path:      r.URL.EscapedPath(),
		Query:     r.URL.Query(),
		Header:    r.Header.Clone(),
		Body:      body,
		uriLength: len(r.URL.RequestURI()),
	}
	f := s.receive(record)
	a, struck := s.decide(ctx, record, f)
	s.conclude(record, &a, struck)
	return a
}

// receive records the request and returns the fault that is to strike it, or the
// zero Fault.
func (s *Sandbox) receive(r *Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	r.ID = fmt.Sprintf("req-%06d", s.received)
	r.Time = s.now()
	s.requests = append(s.requests, r)
	s.doDueWork(r.Time)
	f := s.chooseFault(r)
	r.forgetCursor = f.kind == forgottenCursor
	if r.Method == http.MethodPost && f.kind != refusal {
		s.doWorkThatWaitsForPOST(r.Time)
	}
	return f
}

// decide does the work of the request, or not, and returns what becomes of it,
// and the fault if it struck.
func (s *Sandbox) decide(ctx context.Context, r *Request, f Fault) (a reply, struck Fault) {
	if f.kind == refusal {
		return reply{ending: refused}, f
	}
	wait := s.config.latency
	if f.kind == delay && f.moment == beforeWork {
		wait += f.wait
	}
	if !pause(ctx, wait) {
		return reply{ending: abandoned}, Fault{}
	}
	if f.needsAnswer() || f.moment == afterWork {
		a = s.work(r)
	}
	if f.moment == lateWork || f.moment == workAtNextPOST {
		s.postpone(r, f)
	}
	if f.kind == delay && f.moment == afterWork && !pause(ctx, f.wait) {
		return reply{ending: abandoned}, f
	}
	return s.strike(f, r, a)
}

// conclude completes the answer and the record.
func (s *Sandbox) conclude(r *Request, a *reply, struck Fault) {
	s.mu.Lock()
	now := s.now()
	if a.answers() {
		r.Status = a.status
		a.header.Set("Date", now.UTC().Format(http.TimeFormat))
		a.header.Set("X-Request-Id", r.ID)
		a.header.Set("Cache-Control", "no-cache, private")
	}
	r.Fault = struck.String()
	r.Duration = now.Sub(r.Time)
	record := *r
	s.mu.Unlock()
	// Outside the lock, so that the callback may use the sandbox.
	if s.config.onRequestHandled != nil {
		s.config.onRequestHandled(record)
	}
}

// work does what the request asks for.
func (s *Sandbox) work(r *Request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.doDueWork(now)
	operation, refusal := s.admit(r, now)
	if refusal != nil {
		return *refusal
	}
	return operation(r, now)
}

// operation does the work of an admitted request, under the lock.
type operation func(r *Request, now time.Time) reply

// admit returns the operation that r asks for, or the answer that refuses it.
// The order is Laravel's: the route, the token, the rate limit, the scope.
func (s *Sandbox) admit(r *Request, now time.Time) (operation, *reply) {
	refuse := func(a reply) (operation, *reply) { return nil, &a }
	if s.config.maxURI > 0 && r.uriLength > s.config.maxURI {
		return refuse(htmlReply(http.StatusRequestURITooLong)) // The web server in front says so, not Laravel.
	}
	op, allow := s.route(r)
	switch {
	case allow == "":
		return refuse(r.fail(http.StatusNotFound, "The route %s could not be found.", strings.TrimPrefix(r.Path, "/")))
	case op == nil:
		return refuse(r.fail(http.StatusMethodNotAllowed, "The %s method is not supported for route %s. Supported methods: %s.",
			r.Method, strings.TrimPrefix(r.Path, "/"), allow).set("Allow", allow))
	}
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer || token != s.token && token != s.unscopedToken {
		return refuse(r.fail(http.StatusUnauthorized, "Unauthenticated."))
	}
	if s.config.rateLimit > 0 {
		if until, ok := s.limiter.take(now, s.config.rateLimit, s.config.ratePeriod); !ok {
			return refuse(s.tooMany(r, s.config.rateLimitForm, now, until))
		}
	}
	if token == s.unscopedToken {
		return refuse(r.fail(http.StatusForbidden, "Invalid scope(s) provided."))
	}
	return op, nil
}

// route returns the operation, and the methods that the path has. An empty allow
// stands for an unknown path, and a nil operation for another method.
func (s *Sandbox) route(r *Request) (op operation, allow string) {
	const collection = BasePath + "/webhooks"
	if r.Path == collection {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			op = s.list
		case http.MethodPost:
			op = s.create
		}
		return op, "GET, HEAD, POST"
	}
	escaped, below := strings.CutPrefix(r.Path, collection+"/")
	id, err := url.PathUnescape(escaped)
	if !below || escaped == "" || strings.Contains(escaped, "/") || err != nil {
		return nil, ""
	}
	if r.Method == http.MethodDelete {
		op = func(r *Request, _ time.Time) reply { return s.delete(r, id) }
	}
	return op, "DELETE"
}

// pause waits for d and reports whether the client is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
