// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// StartHTTP2 returns a sandbox that supports only HTTP/2 over TLS, on a free
// loopback port until the test ends. Clients need [Sandbox.TLSConfig] or
// [Sandbox.CertificatePEM].
//
// It writes the frames itself, because net/http's own server cannot reset a stream
// with a certain code, or send a GOAWAY at a certain request. It has no flow
// control: a response must fit into the client's window, which is 4 MiB with
// net/http.
func StartHTTP2(tb testing.TB, opts ...Option) *Sandbox {
	tb.Helper()
	s := New(opts...)
	ctx, cancel := context.WithCancel(context.Background())
	s.hangUp = cancel
	server := httptest.NewUnstartedServer(s)
	server.TLS = &tls.Config{NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { s.serveHTTP2(ctx, conn) },
	}
	server.StartTLS()
	s.certificate = server.Certificate()
	s.baseURL = server.URL + BasePath
	tb.Cleanup(func() {
		cancel()
		server.Close()
	})
	return s
}

// TLSConfig returns the configuration for a client of a sandbox of [StartHTTP2].
func (s *Sandbox) TLSConfig() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.certificate)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// CertificatePEM returns the certificate of a sandbox of [StartHTTP2], for the
// environment variable SSL_CERT_FILE of another process.
func (s *Sandbox) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate.Raw})
}

// http2Conn is one connection of a sandbox of [StartHTTP2].
type http2Conn struct {
	sandbox *Sandbox
	conn    *tls.Conn
	framer  *http2.Framer

	mu      sync.Mutex // guards the fields below, and writing
	encoder *hpack.Encoder
	encoded bytes.Buffer
	streams map[uint32]*http2Stream
	highest uint32
	// draining says that a GOAWAY was sent: streams above last are ignored.
	draining bool
	last     uint32
}

// http2Stream is a request without a response yet.
type http2Stream struct {
	request *http.Request
	body    bytes.Buffer
	cancel  context.CancelFunc
}

func (s *Sandbox) serveHTTP2(ctx context.Context, conn *tls.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil || string(preface) != http2.ClientPreface {
		return
	}
	c := &http2Conn{sandbox: s, conn: conn, framer: http2.NewFramer(conn, conn), streams: map[uint32]*http2Stream{}}
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encoder = hpack.NewEncoder(&c.encoded)
	if c.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 250}) != nil {
		return
	}
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return
		}
		if ready, id := c.take(ctx, frame); ready != nil {
			working.Go(func() { c.work(ready, id) })
		}
	}
}

// take processes a frame, and returns the stream whose request it completes.
func (c *http2Conn) take(ctx context.Context, frame http2.Frame) (*http2Stream, uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := frame.Header().StreamID
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			_ = c.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			_ = c.framer.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		c.end(id)
	case *http2.MetaHeadersFrame:
		if c.draining && id > c.last {
			return nil, 0
		}
		c.highest = max(c.highest, id)
		c.streams[id] = newHTTP2Stream(ctx, f)
		if f.StreamEnded() {
			return c.streams[id], id
		}
	case *http2.DataFrame:
		if n := f.Length; n > 0 {
			_ = c.framer.WriteWindowUpdate(0, n)
			_ = c.framer.WriteWindowUpdate(id, n)
		}
		stream := c.streams[id]
		if stream == nil {
			return nil, 0
		}
		stream.body.Write(f.Data())
		if f.StreamEnded() {
			return stream, id
		}
	}
	return nil, 0
}

func newHTTP2Stream(ctx context.Context, f *http2.MetaHeadersFrame) *http2Stream {
	ctx, cancel := context.WithCancel(ctx)
	r := (&http.Request{
		Method: f.PseudoValue("method"),
		Host:   f.PseudoValue("authority"),
		Header: http.Header{},
		Proto:  "HTTP/2.0", ProtoMajor: 2,
	}).WithContext(ctx)
	var err error
	if r.URL, err = url.ParseRequestURI(f.PseudoValue("path")); err != nil {
		r.URL = &url.URL{Path: "/"}
	}
	for _, field := range f.RegularFields() {
		r.Header.Add(field.Name, field.Value)
	}
	return &http2Stream{request: r, cancel: cancel}
}

// end removes a stream. The client closes a draining connection, as servers allow
// for a while: a client that is about to send must first receive the GOAWAY.
func (c *http2Conn) end(id uint32) {
	if stream := c.streams[id]; stream != nil {
		stream.cancel()
		delete(c.streams, id)
	}
}

// work responds to a request, or executes its fault.
func (c *http2Conn) work(stream *http2Stream, id uint32) {
	ctx := stream.request.Context()
	a := c.sandbox.handle(ctx, stream.request, stream.body.Bytes())
	if a.ending == hanging || a.ending == abandoned {
		<-ctx.Done()
	}
	if a.ending == stalled {
		c.locked(func() { c.answer(id, a, false) })
		<-ctx.Done()
	}
	c.locked(func() {
		switch a.ending {
		case complete:
			c.answer(id, a, true)
			if a.lastOfConnection {
				c.goAway(c.highest)
			}
		case cut:
			c.answer(id, a, false)
			_ = c.framer.WriteRSTStream(id, http2.ErrCodeInternal)
		case streamReset:
			_ = c.framer.WriteRSTStream(id, http2.ErrCode(a.code))
		case goneAway:
			c.goAway(id - min(id, 2))
		case closed:
			_ = c.conn.Close()
		case reset, refused:
			if tcp, ok := c.conn.NetConn().(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
				_ = tcp.Close()
			}
		}
		c.end(id)
	})
}

func (c *http2Conn) locked(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// goAway says that no stream above last is processed.
func (c *http2Conn) goAway(last uint32) {
	if c.draining {
		last = min(last, c.last)
	}
	c.draining, c.last = true, last
	_ = c.framer.WriteGoAway(last, http2.ErrCodeNo, nil)
}

// answer writes the part of a that is sent.
func (c *http2Conn) answer(id uint32, a reply, whole bool) {
	c.encoded.Reset()
	_ = c.encoder.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(a.status)})
	if len(a.body) > 0 {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(a.body))})
	}
	for name, values := range a.header {
		for _, value := range values {
			_ = c.encoder.WriteField(hpack.HeaderField{Name: strings.ToLower(name), Value: value})
		}
	}
	body := a.sent()
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: c.encoded.Bytes(), EndHeaders: true, EndStream: whole && len(body) == 0,
	})
	const largestFrame = 16384 // every client must accept it
	rest := len(body)
	for chunk := range slices.Chunk(body, largestFrame) {
		rest -= len(chunk)
		if err == nil {
			err = c.framer.WriteData(id, whole && rest == 0, chunk)
		}
	}
	if err != nil {
		_ = c.conn.Close() // The client has disconnected.
	}
}
