// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"syscall"
)

// Transport returns a transport that reaches the sandbox without a network, for any
// host of the request.
//
// It starts no goroutine and waits only for timers and the request's context, so it
// works in a bubble of testing/synctest. Its errors are those of net/http. Unlike
// net/http, it never sends a request again.
func (s *Sandbox) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sandbox *Sandbox }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a := t.sandbox.handle(ctx, r, body)
	tellTrace(ctx, r, a.ending != refused)
	if !a.answers() {
		return nil, endingError(ctx, a.ending)
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          &responseBody{ctx: ctx, rest: a.sent(), ending: a.ending},
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// tellTrace calls the hooks of [httptrace] that show a client whether there was a
// connection. It calls them when the exchange is over.
func tellTrace(ctx context.Context, r *http.Request, connected bool) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		return
	}
	if trace.GetConn != nil {
		trace.GetConn(r.URL.Host)
	}
	if connected && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

// readBody reads the body to its end and closes it, as a transport has to.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	return body, err
}

// endingError is the error of net/http for an exchange without a response.
func endingError(ctx context.Context, how ending) error {
	switch how {
	case refused:
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case reset, streamReset, goneAway:
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case closed:
		return io.EOF
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// responseBody returns the part of the body that is sent, and then the ending. Like
// net/http, it ends when the request's context does.
type responseBody struct {
	ctx    context.Context
	rest   []byte
	ending ending
}

func (b *responseBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	if len(b.rest) > 0 {
		n := copy(p, b.rest)
		b.rest = b.rest[n:]
		return n, nil
	}
	switch b.ending {
	case cut:
		return 0, io.ErrUnexpectedEOF
	case stalled:
		<-b.ctx.Done()
		return 0, context.Cause(b.ctx)
	}
	return 0, io.EOF
}

func (b *responseBody) Close() error { return nil }
