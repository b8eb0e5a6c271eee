// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBody is the largest answer that is read, in bytes after decompression.
	// A page of 1000 webhooks has less than a twentieth of that.
	maxBody = 8 << 20
	// maxHeader is the largest header that is read, in bytes.
	maxHeader = 1 << 20
)

// call is one call of the API, with all its attempts.
type call struct {
	method string
	// template is the path as logs and errors show it: /webhooks/{id}.
	template string
	// path is the escaped path below the base URL.
	path  string
	query url.Values
	body  []byte
	// waitCtx ends waits while nothing is in flight; nil is the context of the
	// call itself.
	waitCtx context.Context
	// unaccounted is called for a POST that was answered 503 and is sent again:
	// it may have done its work.
	unaccounted func(error)
	// urgent calls go ahead of others where calls wait.
	urgent bool
	// url is the URL that is asked, without its query, and baseURLSource is where
	// its beginning comes from.
	url, baseURLSource string
	// attempts is how often the call has been made.
	attempts int
	// sent is when the last attempt began, after any wait for a rate limit.
	sent time.Time
	// began is when the call came to the rate limiter first, as the arrival-th of all
	// calls, when the API had answered so many attempts.
	began          time.Time
	arrival        uint64
	answeredBefore uint64
	// epoch is that of the rate limiter when the last attempt was sent, and heldIn one
	// more than the last in which the call waited.
	epoch, heldIn int
	// failed is the error of the last attempt that failed without an answer of
	// the API.
	failed error
}

// response is a whole answer with a status of 2xx.
type response struct {
	call   *call
	status int
	header http.Header
	// body is overwritten by other answers once this one has been read.
	body []byte
}

// TransportError says that a request got no answer, or none that arrived whole.
type TransportError struct {
	// Method and Path say what was asked. Path is a template: /webhooks/{id}.
	Method, Path string
	// URL is the URL that was asked, without its query, and BaseURLSource is where
	// its beginning comes from, if that was said with [WithBaseURLSource].
	URL, BaseURLSource string
	// Host is the host, and port if one was given, of the base URL.
	Host string
	// Proxy is the host of the proxy that could not be reached or that refused,
	// or empty if it is not a proxy's fault.
	Proxy string
	// Unsent is true if not one byte of the request can have reached the server,
	// because no connection was made.
	Unsent bool
	// Timeout is the time that one attempt was given, if it ran out.
	Timeout time.Duration
	// Attempts and Elapsed say how often and how long the call was tried.
	Attempts int
	Elapsed  time.Duration
	// Incident is what the error has in common with those of other calls, or nil.
	Incident *Incident
	// Err is the error of the network. Its text holds no URL, and nothing of what
	// the server sent.
	Err error

	// isHeld is true if it is the error of another call, and this one was not
	// sent.
	isHeld bool
}

func (e *TransportError) Error() string {
	text := e.Err.Error()
	if e.Timeout > 0 {
		text = fmt.Sprintf("no response within %s", e.Timeout)
	}
	return fmt.Sprintf("%s %s: %s: %s", e.Method, e.Path, e.Host, text)
}

// Unwrap gives the error of the network.
func (e *TransportError) Unwrap() error { return e.Err }

// untrusted reports whether the connection was given up because of who or what
// answered, or because no host has that name: trying again does not help.
func (e *TransportError) untrusted() bool {
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var notTLS tls.RecordHeaderError
	var dns *net.DNSError
	return errors.As(e.Err, &certificate) || errors.As(e.Err, &authority) || errors.As(e.Err, &hostname) ||
		errors.As(e.Err, &notTLS) || e.refusedByProxy() || errors.Is(e.Err, http.ErrSchemeMismatch) || (errors.As(e.Err, &dns) && dns.IsNotFound)
}

// refusedByProxy reports whether a proxy refused to connect to the host. One that
// tried, and says that it failed, may succeed later.
func (e *TransportError) refusedByProxy() bool {
	var proxy *ProxyError
	return errors.As(e.Err, &proxy) && proxy.StatusCode < 500
}

// ProxyError says that a proxy did not connect to the host that it was asked for.
type ProxyError struct {
	// Host is the proxy's.
	Host string
	// StatusCode is that of its answer.
	StatusCode int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("proxy %s: CONNECT: %d %s", e.Host, e.StatusCode, http.StatusText(e.StatusCode))
}

// bodies has buffers for the bodies of answers, *bytes.Buffer, so that not each of a
// list's pages lets one grow.
var bodies sync.Pool

// maxRecycled is the largest buffer that is kept for other answers, in bytes.
const maxRecycled = maxBody / 16

// recycle keeps a buffer for other answers, without what it holds: that may be a
// secret.
func recycle(buffer *bytes.Buffer) {
	if buffer.Cap() > maxRecycled {
		return
	}
	clear(buffer.Bytes())
	buffer.Reset()
	bodies.Put(buffer)
}

// doOnce sends a call once, within the time of one attempt, and reads its
// answer, which read must keep no part of. Anything but a 2xx that read
// understands is an error.
func doOnce[T any](ctx context.Context, c *Client, call *call, read func(*response) (T, error)) (T, error) {
	call.attempts++
	call.sent = time.Now()
	var result T
	buffer, ok := bodies.Get().(*bytes.Buffer)
	if !ok {
		buffer = new(bytes.Buffer)
	}
	defer recycle(buffer)
	a, err := c.roundTrip(ctx, call, buffer)
	if err == nil {
		result, err = read(a)
	}
	c.logAttempt(ctx, call, a, err, time.Since(call.sent))
	return result, err
}

func (c *Client) logAttempt(ctx context.Context, call *call, a *response, err error, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("method", call.method),
		slog.String("path", call.template),
		slog.Int("attempt", call.attempts),
		slog.Int64("duration_ms", took.Milliseconds()),
	}
	var api *APIError
	var transport *TransportError
	switch {
	case errors.As(err, &api):
		// The message of the server is part of a body, and is not logged.
		attrs = append(attrs, slog.Int("status", api.StatusCode), slog.String("request_id", api.RequestID))
		if api.Kind != nil {
			attrs = append(attrs, slog.String("error", api.Kind.Error()))
		}
	case errors.As(err, &transport):
		attrs = append(attrs, slog.String("error", transport.Error()))
	case a != nil:
		attrs = append(attrs, slog.Int("status", a.status), slog.String("request_id", requestID(a.header)))
	}
	c.log(ctx, slog.LevelDebug, "Called the API", attrs...)
}

// roundTrip sends a call once and reads the whole answer into buffer.
func (c *Client) roundTrip(ctx context.Context, call *call, buffer *bytes.Buffer) (*response, error) {
	timed, cancel := context.WithTimeout(ctx, c.requestTimeout)
	defer cancel()
	var watch connectionWatch
	req, err := c.newRequest(watch.in(timed), call)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.transportError(ctx, timed, call, err, watch.unsent() || isDialError(err))
	}
	defer func() { _ = resp.Body.Close() }()
	now := time.Now()
	c.clock.observe(resp.Header, now)
	if strings.Contains(resp.Header.Get("X-Request-Id"), c.token.Reveal()) {
		resp.Header.Del("X-Request-Id")
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// Its body is the connection itself, which no deadline of ours ends.
		_ = resp.Body.Close()
		resp.Body = http.NoBody
	}
	body, readErr := readBounded(resp.Body, buffer)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.refusal(call, resp, body, readErr, now)
	}
	a := &response{call: call, status: resp.StatusCode, header: resp.Header, body: body}
	if errors.Is(readErr, errTooLarge) {
		return a, a.malformed("the response is larger than %d MiB", maxBody>>20)
	}
	if readErr != nil {
		return a, c.transportError(ctx, timed, call, readErr, false)
	}
	return a, nil
}

func (c *Client) newRequest(ctx context.Context, call *call) (*http.Request, error) {
	address := *c.baseURL
	// The path arrives escaped, and an id may hold an escaped slash.
	path, err := url.PathUnescape(call.path)
	if err != nil {
		return nil, fmt.Errorf("%s %s: the path cannot be built", call.method, call.template)
	}
	address.RawPath = address.EscapedPath() + call.path
	address.Path += path
	address.RawQuery = call.query.Encode()
	// A nil *bytes.Reader would be a body of unknown length.
	var body io.Reader
	if call.body != nil {
		body = bytes.NewReader(call.body)
	}
	req, err := http.NewRequestWithContext(ctx, call.method, address.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: the request cannot be built", call.method, call.template)
	}
	if call.method == http.MethodPost {
		// With a way to read the body again, net/http sends a POST again by
		// itself: over HTTP/2 after RST_STREAM and GOAWAY, when the server may
		// have done the work, and the secret of the first would be lost.
		req.GetBody = nil
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	// Without it the API would answer a refused field with a redirect to a page.
	req.Header.Set("Accept", "application/json")
	// Texts are shown to people beside our own.
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("User-Agent", c.userAgent)
	if call.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// shownAddress is the URL of a call as texts show it. An id that could be a URL
// itself is left out.
func shownAddress(base url.URL, call *call) string {
	const maxShown = 200
	path := call.path
	if lower := strings.ToLower(path); len(path) > maxShown || strings.Contains(lower, "%2f") || strings.Contains(lower, "%40") {
		path = call.template
	}
	return base.Scheme + "://" + base.Host + base.EscapedPath() + path
}

// transportError strips the URL that net/http puts around its errors and what it
// quotes in them, and tells the end of one attempt's time from the end of the
// whole operation's.
func (c *Client) transportError(ctx, timed context.Context, call *call, err error, unsent bool) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	e := &TransportError{
		Method: call.method, Path: call.template, URL: call.url, BaseURLSource: call.baseURLSource,
		Host: c.baseURL.Host, Proxy: c.failedProxy(err), Unsent: unsent, Err: c.unquoted(err),
	}
	if ctx.Err() == nil && errors.Is(timed.Err(), context.DeadlineExceeded) {
		e.Timeout = c.requestTimeout
	}
	return e
}

// failedProxy returns the host of the proxy that err is about, or nothing.
func (c *Client) failedProxy(err error) string {
	var refused *ProxyError
	if errors.As(err, &refused) {
		return refused.Host
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "proxyconnect" && !strings.HasPrefix(op.Op, "socks") {
		return ""
	}
	transport, ok := c.transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return ""
	}
	proxy, err := transport.Proxy(&http.Request{URL: c.baseURL})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

// networkError is an error of the network whose text was made fit to be shown.
type networkError struct {
	text string
	err  error
}

func (e *networkError) Error() string { return e.text }
func (e *networkError) Unwrap() error { return e.err }

// quotation is what %q writes.
var quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// unquoted takes out of the text of err what it quotes. The errors that net/http
// has for an answer which is no HTTP quote its first line, and after an answer of
// a wrong length that is a part of a body, with a secret in it perhaps. Those
// about a certificate quote the certificate alone, and stay.
func (c *Client) unquoted(err error) error {
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return err
	}
	text := c.scrubber(nil).text(quotation.ReplaceAllString(err.Error(), `"…"`), maxMessage)
	if text == err.Error() {
		return err
	}
	return &networkError{text: text, err: err}
}

// connectionWatch sees whether a request was given a connection. [http.Transport]
// tells it; other carriers may not, and then nothing is known.
type connectionWatch struct{ asked, got atomic.Bool }

func (w *connectionWatch) in(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { w.got.Store(true) },
	})
}

// unsent reports whether it is certain that no connection was had.
func (w *connectionWatch) unsent() bool { return w.asked.Load() && !w.got.Load() }

func isDialError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

var errTooLarge = errors.New("the body is too large")

func readBounded(body io.Reader, buffer *bytes.Buffer) ([]byte, error) {
	_, err := buffer.ReadFrom(io.LimitReader(body, maxBody+1))
	if err == nil && buffer.Len() > maxBody {
		return nil, errTooLarge
	}
	return buffer.Bytes(), err
}

// refusal makes the error for an answer that is no 2xx.
func (c *Client) refusal(call *call, resp *http.Response, body []byte, readErr error, now time.Time) error {
	e := &APIError{
		StatusCode:    resp.StatusCode,
		RequestID:     requestID(resp.Header),
		Method:        call.method,
		Path:          call.template,
		URL:           call.url,
		BaseURLSource: call.baseURLSource,
		RedirectHost:  redirectHost(resp, c.baseURL),
	}
	understood := readErr == nil && e.readBody(resp.Header, body, c.scrubber(call))
	e.OwnJSON = readErr == nil && isOwnJSON(resp.Header, body)
	if e.StatusCode >= http.StatusInternalServerError {
		// A server that fails says nothing a person could act on, and one that
		// runs in debug mode says the statement that failed, values included.
		e.Message, e.Fields = "", nil
	}
	e.unread = !understood || len(bytes.TrimSpace(body)) == 0
	if e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusServiceUnavailable {
		e.RetryAt = retryAt(resp.Header, now)
	}
	e.Kind = e.kind(understood, readErr == nil && looksLikeJSON(resp.Header))
	return e
}

// redirectHost returns the host that a redirect leads to, or nothing.
func redirectHost(resp *http.Response, base *url.URL) string {
	if resp.StatusCode < 300 || resp.StatusCode > 399 {
		return ""
	}
	target, err := base.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" || len(target.Host) > maxRequestID || strings.IndexFunc(target.Host, notVisibleASCII) >= 0 {
		return ""
	}
	return target.Host
}

// isOwnJSON reports whether a refusal has the form of the API's own: JSON, an
// object with a text "message".
func isOwnJSON(header http.Header, body []byte) bool {
	var parsed struct {
		Message *string `json:"message"`
	}
	return looksLikeJSON(header) && json.Unmarshal(body, &parsed) == nil && parsed.Message != nil
}

// kind says what a refusal is. 5xx, 429 and 3xx mean the same from any server. The
// others are the API's own words: from a page of HTML they prove nothing, least of
// all that something does not exist.
func (e *APIError) kind(understood, isJSON bool) error {
	switch code := e.StatusCode; {
	case code >= 500:
		return ErrServer
	case code == http.StatusTooManyRequests:
		return ErrRateLimited
	case code < 300:
		return ErrMalformed
	case code < 400:
		return ErrRedirect
	case !understood && !isJSON:
		return ErrNotJSON
	case !understood && code == http.StatusNotFound:
		return ErrMalformed
	}
	switch e.StatusCode {
	case http.StatusBadRequest:
		return ErrBadRequest
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusUnprocessableEntity:
		return ErrInvalid
	default:
		return ErrBadRequest
	}
}

// readBody takes message and field errors out of a refusal's body, and reports
// whether the body was understood. An empty body says nothing and is no page.
func (e *APIError) readBody(header http.Header, body []byte, scrub *scrubber) bool {
	if len(bytes.TrimSpace(body)) == 0 {
		return true
	}
	if !looksLikeJSON(header) {
		return false
	}
	var parsed struct {
		Message json.RawMessage            `json:"message"`
		Errors  map[string]json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &parsed) != nil {
		// One of the fields may be of another type than expected: the rest is
		// worth having.
		return json.Valid(body)
	}
	_ = json.Unmarshal(parsed.Message, &e.Message)
	e.Message = scrub.text(e.Message, maxMessage)
	e.Fields = make(map[string][]string)
	for _, field := range boundedFields(parsed.Errors) {
		texts := stringOrStrings(parsed.Errors[field])
		texts = texts[:min(len(texts), maxFieldTexts)]
		for i := range texts {
			texts[i] = scrub.text(texts[i], maxFieldText)
		}
		// Two names may become one.
		name := scrub.text(field, maxFieldText)
		e.Fields[name] = append(e.Fields[name], texts...)
	}
	return true
}

// boundedFields returns the names of some of the fields, in order. Those that the
// API has go before any others.
func boundedFields(fields map[string]json.RawMessage) []string {
	names := slices.Sorted(maps.Keys(fields))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names[:min(len(names), maxFields)]
}

func rank(field string) int {
	if isArgument(field) {
		return 0
	}
	return 1
}

func stringOrStrings(raw json.RawMessage) []string {
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	return nil
}

// looksLikeJSON reports whether an answer calls itself JSON, or nothing at all.
func looksLikeJSON(header http.Header) bool {
	text := header.Get("Content-Type")
	if text == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(text)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// maxRequestID is the longest X-Request-Id that is believed to be one.
const maxRequestID = 100

func requestID(header http.Header) string {
	id := header.Get("X-Request-Id")
	if len(id) > maxRequestID || strings.IndexFunc(id, notVisibleASCII) >= 0 {
		return ""
	}
	return id
}
