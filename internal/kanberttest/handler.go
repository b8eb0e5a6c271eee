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
// valid one has less than a thousandth of that.
const maxBody = 1 << 20

// ServeHTTP implements [http.Handler].
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == DeliverPath {
		s.serveDeliver(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		panic(http.ErrAbortHandler) // The client closed the connection during its request.
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

// endConnection ends the connection without a response.
func (s *Sandbox) endConnection(ctx context.Context, w http.ResponseWriter, how ending) {
	switch how {
	case hanging:
		<-ctx.Done()
	case reset, refused, streamReset, goneAway:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			break
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // Close then sends RST instead of FIN.
		}
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}

// handle processes a request of either transport, from its arrival to its reply.
func (s *Sandbox) handle(ctx context.Context, r *http.Request, body []byte) reply {
	record := &Request{
		Method:    r.Method,
		Path:      r.URL.EscapedPath(),
		Query:     r.URL.Query(),
		Header:    r.Header.Clone(),
		Body:      body,
		uriLength: len(r.URL.RequestURI()),
	}
	arrival := s.receive(record)
	s.call(arrival.before)
	s.beginWork(record, arrival.fault)
	a, applied := s.decide(ctx, record, arrival.fault)
	s.call(arrival.after)
	s.conclude(record, &a, applied)
	return a
}

// arrival contains the fault and hooks of a request.
type arrival struct {
	// fault is the fault to apply, or the zero Fault.
	fault         Fault
	before, after []func(*Sandbox)
}

// receive records the request.
func (s *Sandbox) receive(r *Request) arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	r.ID = fmt.Sprintf("req-%06d", s.received)
	r.Time = s.now()
	s.requests = append(s.requests, r)
	f := s.chooseFault(r)
	r.forgetCursor = f.kind == forgottenCursor
	before, after := s.chooseHooks(r)
	return arrival{fault: f, before: before, after: after}
}

// beginWork does the late work that comes before the request's work.
func (s *Sandbox) beginWork(r *Request, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doDueWork(r.Time)
	if r.Method == http.MethodPost && f.kind != refusal {
		s.doWorkThatWaitsForPOST(r.Time)
	}
}

// decide does the work of the request, or not. It returns the reply, and the fault
// if it was applied.
func (s *Sandbox) decide(ctx context.Context, r *Request, f Fault) (a reply, applied Fault) {
	if f.kind == refusal {
		return reply{ending: refused}, f
	}
	wait := s.config().latency
	if f.kind == delay && f.phase == beforeWork {
		wait += f.wait
	}
	if !pause(ctx, wait) {
		return reply{ending: abandoned}, Fault{}
	}
	if f.needsAnswer() || f.phase == afterWork {
		a = s.work(r)
	}
	if f.phase == lateWork || f.phase == workAtNextPOST {
		s.postpone(r, f)
	}
	if f.kind == delay && f.phase == afterWork && !pause(ctx, f.wait) {
		return reply{ending: abandoned}, f
	}
	return s.applyFault(f, r, a)
}

// conclude completes the response and the record.
func (s *Sandbox) conclude(r *Request, a *reply, applied Fault) {
	s.mu.Lock()
	now := s.now()
	if a.answers() {
		r.Status = a.status
		a.header["Date"] = s.date(now)
		a.header.Set("X-Request-Id", r.ID)
		a.header.Set("Cache-Control", "no-cache, private")
	}
	r.Fault = applied.String()
	r.Duration = now.Sub(r.Time)
	record := *r
	s.mu.Unlock()
	// Outside the lock, so that the callback may use the sandbox.
	if s.config().onRequestHandled != nil {
		s.config().onRequestHandled(record)
	}
}

// date returns the header Date, or nil to omit it: net/http would add its own to a
// response without the key.
func (s *Sandbox) date(now time.Time) []string {
	text := now.UTC().Format(http.TimeFormat)
	if f := s.config().date; f != nil {
		text = f(now)
	}
	if text == "" {
		return nil
	}
	return []string{text}
}

// work does the work of the request.
func (s *Sandbox) work(r *Request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.doDueWork(now)
	operation, refusal := s.admit(r, now)
	if refusal != nil {
		return *refusal
	}
	a := operation(r, now)
	if n := s.config().rateLimit; n > 0 {
		a.header.Set("X-RateLimit-Limit", strconv.Itoa(n))
		a.header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, n-s.limiterOf(r).count)))
	}
	return a
}

// operation does the work of an admitted request, under the lock.
type operation func(r *Request, now time.Time) reply

// admit returns the operation for r, or the response that refuses it. The order is
// Laravel's: the route, the token, the rate limit, the scope.
func (s *Sandbox) admit(r *Request, now time.Time) (operation, *reply) {
	refuse := func(a reply) (operation, *reply) { return nil, &a }
	if s.config().maxURI > 0 && r.uriLength > s.config().maxURI {
		return refuse(htmlReply(http.StatusRequestURITooLong)) // The web server in front returns this, not Laravel.
	}
	to := s.route(r)
	switch {
	case to.allow == "":
		return refuse(r.fail(http.StatusNotFound, "The route %s could not be found.", strings.TrimPrefix(r.Path, "/")))
	case to.operation == nil:
		return refuse(r.fail(http.StatusMethodNotAllowed, "The %s method is not supported for route %s. Supported methods: %s.",
			r.Method, strings.TrimPrefix(r.Path, "/"), to.allow).set("Allow", to.allow))
	}
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, known := s.tokens[token]
	if !isBearer || !known {
		return refuse(r.fail(http.StatusUnauthorized, "Unauthenticated."))
	}
	r.principal = who
	if s.config().rateLimit > 0 {
		if until, ok := s.limiterOf(r).take(now, s.config().rateLimit, s.config().ratePeriod); !ok {
			return refuse(s.tooMany(r, s.config().rateLimitForm, now, until))
		}
	}
	if to.needsScope && !who.scoped {
		return refuse(r.fail(http.StatusForbidden, "Invalid scope(s) provided."))
	}
	return to.operation, nil
}

// route is the target of a request. An empty allow means an unknown path, and a nil
// operation means another method.
type route struct {
	operation operation
	// allow contains the methods of the path.
	allow      string
	needsScope bool
}

func (s *Sandbox) route(r *Request) route {
	switch r.Path {
	case WhoamiPath:
		if s.config().withoutWhoami {
			return route{}
		}
		to := route{allow: "GET, HEAD"}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			to.operation = s.whoami
		}
		return to
	case WebhooksPath:
		to := route{allow: "GET, HEAD, POST", needsScope: true}
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			to.operation = s.list
		case http.MethodPost:
			to.operation = s.create
		}
		return to
	}
	escaped, below := strings.CutPrefix(r.Path, WebhooksPath+"/")
	id, err := url.PathUnescape(escaped)
	if !below || escaped == "" || strings.Contains(escaped, "/") || err != nil {
		return route{}
	}
	to := route{allow: "DELETE", needsScope: true}
	if r.Method == http.MethodDelete {
		to.operation = func(r *Request, now time.Time) reply { return s.delete(r, id, now) }
	}
	return to
}

// pause waits for d and reports whether the client is still connected.
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
