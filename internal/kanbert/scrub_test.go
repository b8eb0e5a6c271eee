// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestScrub expects what a server says to show nothing of a URL but its host,
// and no character that moves a terminal.
func TestScrub(t *testing.T) {
	const own = "https://user:hunter2@receiver.example/s3cret/hooks?key=pa55word&x=a%20b1c2#frag-ment"
	body, err := json.Marshal(NewWebhook{URL: own, Event: ContactCreate})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(WithToken(NewSecret("t0ken-of-ours")))
	if err != nil {
		t.Fatal(err)
	}
	for name, scrub := range map[string]*scrubber{
		"create":  c.scrubber(&call{body: body}),
		"look-up": c.scrubber(&call{query: url.Values{"filter": {FilterByURL(own, "https://other.example/")}}}),
		"filter":  c.scrubber(&call{query: url.Values{"filter": {"url eq '" + own + "'"}}}),
	} {
		for said, want := range map[string]string{
			"The token t0ken-of-ours is bad.":                                     "The token (redacted) is bad.",
			"The url " + own + " is taken.":                                       "The url https://…@receiver.example/… is taken.",
			strings.ReplaceAll(own, "/", `\/`):                                    "https://…@receiver.example/…",
			"at " + url.QueryEscape(own) + " .":                                   "at https://…@receiver.example/… .",
			"no route for /s3cret/hooks?key=pa55word&x=a%20b1c2":                  "no route for …",
			`no route for \/s3cret\/hooks`:                                        "no route for …",
			"the path S3CRET/HOOKS":                                               "the path …",
			"key is pa55word, x is a b1c2":                                        "key is …, x is …",
			"another: https://other.example/x?y=z, and more.":                     "another: https://other.example/…, and more.",
			"truncated: https://receiver.example/s3c":                             "truncated: https://receiver.example/…",
			"at https%3A%2F%2Freceiver.example%2Fs3cret%zz .":                     "at … .",
			"no host: https:///s3cret/hooks.":                                     "no host: https:///….",
			"bare @: https://@receiver.example/x.":                                "bare @: https://…@receiver.example/….",
			"bare: https://receiver.example.":                                     "bare: https://receiver.example.",
			"a\x1b[2Jb\r\nc\u2028d\u2029e\u202ef\u2066g\u200fh\u200bi\ufeffj\xff": "a [2Jb c d e f g h i j\ufffd",
		} {
			if name == "filter" && strings.Contains(said, "frag-ment") && !strings.Contains(said, "://") {
				continue
			}
			if got := scrub.text(said, maxMessage); strings.ReplaceAll(got, redacted, "(redacted)") != want {
				t.Errorf("%s: %q becomes %q, want %q", name, said, got, want)
			}
		}
	}
}

// TestScrubOfURLsThatCannotBeRead expects one to be shown by its host alone, and those
// beside it to be taken out.
func TestScrubOfURLsThatCannotBeRead(t *testing.T) {
	c, err := New(WithToken(NewSecret("a-token")))
	if err != nil {
		t.Fatal(err)
	}
	const unread, read = "https://me:hunter2@receiver.example/%zz/s3cret", "https://other.example/pa55word"
	s := c.scrubber(&call{query: url.Values{"filter": {FilterByURL(unread, read)}}})
	if got, want := s.text(unread+" or /pa55word", 100), "https://…@receiver.example/… or …"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRequestsThatCannotBeBuilt expects an error that shows neither path nor id.
func TestRequestsThatCannotBeBuilt(t *testing.T) {
	c, transport := answering(t, reply{status: 204})
	for name, odd := range map[string]*call{
		"path":   {method: http.MethodDelete, template: "/webhooks/{id}", path: "/webhooks/hunter2%zz"},
		"method": {method: "hunter2 ", template: "/webhooks/{id}", path: "/webhooks/hunter2"},
	} {
		_, err := doOnce(t.Context(), c, odd, readDeleted)
		if err == nil || !strings.Contains(err.Error(), "/webhooks/{id}: the ") || !strings.HasSuffix(err.Error(), "cannot be built") ||
			strings.Contains(strings.TrimPrefix(err.Error(), odd.method), "hunter2") || outcomeOf(err) != refused || len(transport.requests) != 0 {
			t.Errorf("%s: got %v after %d requests", name, err, len(transport.requests))
		}
	}
}

// TestRefusalIsScrubbed expects neither the error nor the log of a refused create
// to hold what the server quotes, and both to be bounded.
func TestRefusalIsScrubbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const own = "https://receiver.example/s3cret-path?key=hunter2"
		fields := map[string][]string{"url": {"The url " + own + " is taken.", "s3cret-path"}}
		for i := range 1000 {
			fields[fmt.Sprintf("a%d\u202e", i)] = []string{strings.Repeat("x", 1000)}
			fields["event"] = append(fields["event"], "hunter2 is bad")
		}
		said, err := json.Marshal(map[string]any{"message": "SQL: insert into hooks values ('" + own + "')", "errors": fields})
		if err != nil {
			t.Fatal(err)
		}
		var log lines
		c, err := New(WithToken(NewSecret("a-token")), WithLogger(log.log), WithTransport(&answers{prepared: []reply{
			{status: 400, body: string(said), header: http.Header{"X-Request-Id": {"req-a-token-1"}}},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.CreateWebhook(t.Context(), NewWebhook{URL: own, Event: ContactCreate}, nil)
		var answer *APIError
		if !errors.As(err, &answer) {
			t.Fatal(err)
		}
		shown := fmt.Sprint(err, answer.Message, answer.Fields, answer.RequestID, log.kept)
		for _, secret := range []string{"s3cret", "hunter2", "a-token"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q is shown in %s", secret, shown)
			}
		}
		if len(answer.Fields) > maxFields || len(answer.Fields["url"]) != 2 || len(answer.Fields["event"]) != maxFieldTexts || len(shown) > 10_000 {
			t.Errorf("%d fields, %d characters", len(answer.Fields), len(shown))
		}
		if strings.ContainsFunc(shown, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
			t.Error("a text turns the direction of what follows")
		}
	})
}

// TestRedirectNamesItsTarget expects the host alone.
func TestRedirectNamesItsTarget(t *testing.T) {
	for location, want := range map[string]string{
		"https://login.example:8443/sso?key=hunter2": "login.example:8443",
		"/login": "api.kanbert.com",
		"":       "",
	} {
		c, err := New(WithToken(NewSecret("a-token")), WithTransport(&answers{prepared: []reply{
			{status: 302, header: http.Header{"Location": {location}, "Content-Type": {"text/html"}}},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.ListPage(t.Context(), ListOptions{})
		var answer *APIError
		if !errors.As(err, &answer) || answer.RedirectHost != want {
			t.Errorf("%q leads to %q, want %q (%v)", location, answer.RedirectHost, want, err)
		}
	}
}

// TestStatusesOfRedirects has those for which the target is named, and the targets
// that are no host.
func TestStatusesOfRedirects(t *testing.T) {
	const target = "https://login.example/"
	for _, test := range []struct {
		status         int
		location, host string
	}{
		{201, target, ""}, {299, target, ""}, {300, target, "login.example"}, {302, target, "login.example"}, {399, target, "login.example"}, {400, target, ""}, {500, target, ""},
		{302, "https://" + strings.Repeat("x", 100) + "/", strings.Repeat("x", 100)}, {302, "https://" + strings.Repeat("x", 101) + "/", ""},
		{302, "https://é.example/", ""}, {300, "https://[", ""}, {300, "https://a b/", ""}, {300, "", ""}, {302, "#", "api.kanbert.com"},
	} {
		c, _ := answering(t, reply{status: test.status, header: http.Header{"Location": {test.location}}, body: `{"message":"x"}`})
		base, err := url.Parse("https://api.kanbert.com/api/v1")
		if err != nil {
			t.Fatal(err)
		}
		c.baseURL = base
		_, err = c.ListPage(t.Context(), ListOptions{Once: true})
		var answer *APIError
		if !errors.As(err, &answer) {
			t.Errorf("%d to %.30s gives %v", test.status, test.location, err)
		} else if answer.RedirectHost != test.host || (answer.Kind == ErrRedirect) != (test.status/100 == 3) {
			t.Errorf("%d to %.30s leads to %q, want %q (%v)", test.status, test.location, answer.RedirectHost, test.host, err)
		}
	}
}

// TestThroughAProxy speaks TLS through a proxy that connects.
func TestThroughAProxy(t *testing.T) {
	s := kanberttest.StartHTTP2(t)
	var connected []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected = append(connected, r.Method+" "+r.Host)
		there, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = there.Close() }()
		w.WriteHeader(http.StatusOK)
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = here.Close() }()
		go func() { _, _ = io.Copy(there, buffered) }()
		_, _ = io.Copy(here, there)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := newTransport()
	transport.Proxy, transport.TLSClientConfig = http.ProxyURL(address), s.TLSConfig()
	c := newTestClient(t, s, WithTransport(transport), WithMaxRetries(0), WithMaxWait(0))
	all(t, c, ListOptions{})
	c.http.CloseIdleConnections()
	api, err := url.Parse(s.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	if len(connected) != 1 || connected[0] != "CONNECT "+api.Host {
		t.Errorf("the proxy was asked for %q", connected)
	}
}

// TestErrorsThatNameNoProxy has errors of a proxy where none is known.
func TestErrorsThatNameNoProxy(t *testing.T) {
	refused := func(op string) error { return &net.OpError{Op: op, Err: errors.New("refused")} }
	proxied := func(proxy func(*http.Request) (*url.URL, error)) *http.Transport {
		return &http.Transport{Proxy: proxy}
	}
	squid, err := url.Parse("http://squid.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	known := proxied(http.ProxyURL(squid))
	for name, test := range map[string]struct {
		transport http.RoundTripper
		err       error
		want      string
	}{
		"a proxy":                 {known, refused("proxyconnect"), "squid.example:3128"},
		"a SOCKS proxy":           {known, refused("socks connect"), "squid.example:3128"},
		"the API":                 {known, refused("dial"), ""},
		"no error of the network": {known, errors.New("proxyconnect"), ""},
		"no proxy":                {&http.Transport{}, refused("proxyconnect"), ""},
		"another transport":       {roundTripFunc(nil), refused("proxyconnect"), ""},
		"a proxy that says so":    {roundTripFunc(nil), &ProxyError{Host: "squid.example", StatusCode: 407}, "squid.example"},
		"no proxy for the host":   {proxied(func(*http.Request) (*url.URL, error) { return nil, nil }), refused("proxyconnect"), ""},
		"a proxy that is no URL":  {proxied(func(*http.Request) (*url.URL, error) { return squid, errors.New("x") }), refused("proxyconnect"), ""},
	} {
		c, err := New(WithToken(NewSecret("a-token")), WithTransport(test.transport))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.failedProxy(test.err); got != test.want {
			t.Errorf("%s: the proxy is %q, want %q", name, got, test.want)
		}
	}
}

// TestProxyIsNamed expects a proxy that is not there, that is not known and that
// refuses to be told from the API, and only the first to be tried again.
func TestProxyIsNamed(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	answering := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, test := range map[string]struct {
		proxy     string
		untrusted bool
	}{
		"closed":         {closed.URL, false},
		"closed, SOCKS":  {strings.Replace(closed.URL, "http:", "socks5:", 1), false},
		"unknown":        {"http://proxy.invalid:3128", true},
		"wants a login":  {answering(407), true},
		"forbids":        {answering(403), true},
		"cannot connect": {answering(502), false},
	} {
		t.Run(name, func(t *testing.T) {
			proxy, err := url.Parse(test.proxy)
			if err != nil {
				t.Fatal(err)
			}
			transport := newTransport()
			transport.Proxy = http.ProxyURL(proxy)
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "proxy.invalid") {
					return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: "proxy.invalid", IsNotFound: true}}
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			c, err := New(WithToken(NewSecret("a-token")), WithTransport(transport), WithMaxWait(0), WithMaxRetries(0))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.ListPage(t.Context(), ListOptions{})
			var failed *TransportError
			if !errors.As(err, &failed) || failed.Proxy != proxy.Host || !failed.Unsent || failed.untrusted() != test.untrusted {
				t.Errorf("got %v, %+v", err, failed)
			}
		})
	}
}
