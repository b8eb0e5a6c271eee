// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a transport that answers the first requests of one method with a
// fault, and all others as a server would that has no webhook.
type script struct {
	method string
	faulty int
	fault  attempt

	mu       sync.Mutex
	requests []string
}

// attempt is what comes back from one attempt: an error, or an answer.
type attempt struct {
	err    error
	status int
	html   bool
	header http.Header
	body   string
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method)
	faulty := r.Method == s.method && s.faulty > 0
	if faulty {
		s.faulty--
	}
	s.mu.Unlock()
	if faulty && s.fault.err != nil {
		return nil, s.fault.err
	}
	a := attempt{status: 200, body: `{"data":[],"meta":{"next_cursor":null}}`}
	switch {
	case faulty:
		a = s.fault
	case r.Method == http.MethodPost:
		a = attempt{status: 201, body: `{"id":"wh_1","url":"` + askedHook.URL + `","event":"task:create","project_id":"prj_1","client_id":"cli_1","created_at":"2000-01-01T00:00:00Z","signature_secret_key":"s3cret"}`}
	case r.Method == http.MethodDelete:
		a = attempt{status: 204}
	case strings.HasSuffix(r.URL.Path, "/whoami"):
		a.body = `{"space":{"id":"spc_1"}}`
	}
	header := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if a.html {
		header.Set("Content-Type", "text/html")
	}
	for name, values := range a.header {
		header[name] = values
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// short writes requests as G, P and D.
func (s *script) short() string {
	var b strings.Builder
	for _, method := range s.requests {
		b.WriteByte(method[0])
	}
	return b.String()
}

// TestWhatMayBeSentAgain is the table at the head of policy.go, one row for each kind
// of answer: its outcome, and the requests that follow it. Of each fault one is met,
// and what comes after it is well.
//
// Where the last request is the one that was answered by the fault, the call ends
// with an error; where another follows, with success.
func TestWhatMayBeSentAgain(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	const looks = "GGGGGG" // The last begins 20 seconds after the answer.
	own := func(status int) attempt { return attempt{status: status, body: `{"message":"x"}`} }
	html := func(status int) attempt { return attempt{status: status, html: true, body: "<p>"} }
	for _, test := range []struct {
		name    string
		fault   attempt
		outcome outcome
		// What is sent by a list, a delete, a create, and three calls for the
		// workspace.
		list, del, create, whoami string
	}{
		{"refused", attempt{err: dial(errors.New("refused"))}, notSent, "GG", "DD", "PP", "GG"},
		{"a host without an address for now", attempt{err: dial(&net.DNSError{IsTemporary: true})}, notSent, "GG", "DD", "PP", "GG"},
		{"a host that does not exist", attempt{err: dial(&net.DNSError{IsNotFound: true})}, refused, "G", "D", "P", "G"},
		{"an unknown authority", attempt{err: dial(x509.UnknownAuthorityError{})}, refused, "G", "D", "P", "G"},
		{"another host's certificate", attempt{err: dial(x509.HostnameError{Certificate: &x509.Certificate{}})}, refused, "G", "D", "P", "G"},
		{"a bad certificate", attempt{err: dial(&tls.CertificateVerificationError{Err: errors.New("expired")})}, refused, "G", "D", "P", "G"},
		{"no TLS", attempt{err: dial(tls.RecordHeaderError{})}, refused, "G", "D", "P", "G"},
		{"another scheme", attempt{err: dial(http.ErrSchemeMismatch)}, refused, "G", "D", "P", "G"},
		{"a proxy that wants a login", attempt{err: dial(&ProxyError{StatusCode: 407})}, refused, "G", "D", "P", "G"},
		{"a proxy that forbids", attempt{err: dial(&ProxyError{StatusCode: 499})}, refused, "G", "D", "P", "G"},
		{"a proxy that fails", attempt{err: dial(&ProxyError{StatusCode: 500})}, notSent, "GG", "DD", "PP", "GG"},

		{"a reset", attempt{err: &net.OpError{Op: "read", Err: errors.New("reset")}}, ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"an end of the connection", attempt{err: io.EOF}, ambiguous, "GG", "DD", "PGGGP", "GG"},
		// That it is untrusted says nothing once a request may be there.
		{"a bad certificate after the request", attempt{err: x509.UnknownAuthorityError{}}, ambiguous, "GG", "DD", "PGGGP", "GG"},

		{"429", own(429), limited, "GG", "DD", "PP", "GG"},
		{"429 of a proxy", html(429), limited, "GG", "DD", "PP", "GG"},
		{"503", own(503), ambiguous, "GG", "DD", "PP", "GG"},
		{"503 of a proxy", html(503), ambiguous, "GG", "DD", "PP", "GG"},
		{"500", own(500), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"500 of a proxy", html(500), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"502 of a proxy", html(502), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"504 of a proxy", html(504), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"599", html(599), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"408", own(408), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"408 of a proxy", html(408), ambiguous, "GG", "DD", "PGGGP", "GG"},

		{"200 that is cut", attempt{status: 200, body: `{"data":[`}, ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"200 of a proxy", html(200), ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"200 without what it should have", attempt{status: 200, body: `{"x":1}`}, ambiguous, "GG", "DD", "PGGGP", "G"},
		{"201 of another kind", attempt{status: 201, body: `["x"]`}, ambiguous, "GG", "DD", "PGGGP", "GG"},
		{"299 of no kind", attempt{status: 299, body: `x`}, ambiguous, "GG", "DD", "PGGGP", "GG"},

		{"404", own(404), refused, "G", "D", "P", "G"},
		{"404 of a proxy", html(404), refused, "GG", "D", "P" + looks, "G"},
		{"404 of a proxy, in JSON", attempt{status: 404, body: `{"error":"no route"}`}, refused, "G", "D", "P" + looks, "G"},
		{"404 of nothing", attempt{status: 404, body: `x`}, refused, "GG", "D", "P" + looks, "G"},
		{"410", own(410), refused, "G", "D", "P", "G"},
		{"410 of a proxy", html(410), refused, "G", "D", "P" + looks, "G"},

		{"300", html(300), refused, "G", "D", "P" + looks, "G"},
		{"301", html(301), refused, "G", "D", "P" + looks, "G"},
		{"302", html(302), refused, "G", "D", "P" + looks, "G"},
		{"307", own(307), refused, "G", "D", "P" + looks, "G"},
		{"399", own(399), refused, "G", "D", "P" + looks, "G"},
		{"304", attempt{status: 304}, refused, "G", "D", "P" + looks, "G"},

		{"400", own(400), refused, "G", "D", "P", "G"},
		{"400 of a proxy", html(400), refused, "G", "D", "P" + looks, "G"},
		{"401", own(401), refused, "G", "D", "P", "G"},
		{"401 of a proxy", html(401), refused, "G", "D", "P" + looks, "G"},
		{"403", own(403), refused, "G", "D", "P", "G"},
		{"403 of a proxy", html(403), refused, "G", "D", "P" + looks, "G"},
		{"403 in JSON without a message", attempt{status: 403, body: `{"error":"x"}`}, refused, "G", "D", "P" + looks, "G"},
		{"403 in JSON that calls itself a page", attempt{status: 403, html: true, body: `{"message":"x"}`}, refused, "G", "D", "P" + looks, "G"},
		{"425", own(425), refused, "G", "D", "PGGGGGGP", "G"},
		{"499", own(499), refused, "G", "D", "P", "G"},

		// A refused URL is looked for, and asked for again once if it is free.
		{"409", own(409), refused, "G", "D", "PGP", "G"},
		{"409 of a proxy", html(409), refused, "G", "D", "PGGGGGGP", "G"},
		{"422 without fields", own(422), refused, "G", "D", "PG", "G"},
		{"422 on url", attempt{status: 422, body: `{"message":"x","errors":{"url":["x"]}}`}, refused, "G", "D", "PGP", "G"},
		{"422 on url and event", attempt{status: 422, body: `{"message":"x","errors":{"url":["x"],"event":["x"]}}`}, refused, "G", "D", "P", "G"},
		{"422 on event", attempt{status: 422, body: `{"message":"x","errors":{"event":["x"]}}`}, refused, "G", "D", "P", "G"},
		{"422 on url without a word", attempt{status: 422, body: `{"message":"x","errors":{"url":[]}}`}, refused, "G", "D", "P", "G"},
		{"422 of a proxy", html(422), refused, "G", "D", "PGGGGGGP", "G"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := func(method string, faulty int, opts ...Option) (*Client, *script) {
				s := &script{method: method, faulty: faulty, fault: test.fault}
				c, err := New(append([]Option{WithToken(NewSecret("a-token")), WithTransport(s), WithSteadyBackoff()}, opts...)...)
				if err != nil {
					t.Fatal(err)
				}
				return c, s
			}
			expect := func(t *testing.T, what string, s *script, err error, want string) {
				t.Helper()
				if got := s.short(); got != want {
					t.Errorf("the %s sent %s, want %s", what, got, want)
				}
				ends := want[len(want)-1] == s.method[0] && strings.Count(want, s.method[:1]) > 1
				if (err == nil) != ends {
					t.Errorf("the %s ended with %v", what, err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				c, s := run(http.MethodGet, 1)
				_, err := checkLeaks(t, WithoutWhoami(c)).ListPage(t.Context(), ListOptions{Filter: "x"})
				expect(t, "list", s, err, test.list)

				c, s = run(http.MethodDelete, 1)
				expect(t, "delete", s, checkLeaks(t, WithoutWhoami(c)).DeleteWebhook(t.Context(), "wh_1"), test.del)

				c, s = run(http.MethodPost, 1)
				created, err := checkLeaks(t, WithoutWhoami(c)).CreateWebhook(t.Context(), askedHook, heldBefore)
				expect(t, "create", s, err, test.create)
				if (created != nil) != (err == nil) || created != nil && created.SignatureSecretKey.Reveal() != "s3cret" {
					t.Errorf("created %+v with %v", created, err)
				}

				c, s = run(http.MethodGet, 1)
				for range 3 {
					checkLeaks(t, c).WorkspaceID(t.Context())
				}
				if got := s.short(); got != test.whoami {
					t.Errorf("the workspace was asked for with %s, want %s", got, test.whoami)
				}

				// Without retries and waits one attempt shows its outcome.
				c, _ = run(http.MethodGet, 1, WithMaxRetries(0), WithMaxWait(0))
				_, err = WithoutWhoami(c).ListPage(t.Context(), ListOptions{Filter: "x", Once: true})
				if got := outcomeOf(err); err == nil || got != test.outcome {
					t.Errorf("the outcome of %v is %d, want %d", err, got, test.outcome)
				}
			})
		})
	}
}

// TestHowOftenIsSentAgain lets each kind of fault go on without end.
func TestHowOftenIsSentAgain(t *testing.T) {
	dial := attempt{err: &net.OpError{Op: "dial", Err: errors.New("refused")}}
	reset := attempt{err: io.EOF}
	for _, test := range []struct {
		name    string
		fault   attempt
		retries int
		del     string
		create  string
	}{
		{"a reset", reset, 0, "D", "PGGG"},
		{"a reset", reset, 1, "DD", "PGGGPGGG"},
		{"a reset", reset, 8, "DDDDDDDDD", strings.Repeat("PGGG", 9)},
		{"a connection that is not made, without waits", dial, 8, "D", "P"},
		{"429, without waits", attempt{status: 429, body: `{"message":"x"}`}, 8, "D", "P"},
		// Each look-up is a success, after which there is time again.
		{"503, without waits", attempt{status: 503, body: `{"message":"x"}`}, 8, "D", strings.Repeat("PGGG", 9)},
		{"what cannot be read, three times more", attempt{status: 200, body: `x`}, 8, "DDDD", strings.Repeat("PGGG", 9)},
		{"what cannot be read, by less retries", attempt{status: 200, body: `x`}, 1, "DD", "PGGGPGGG"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for method, want := range map[string]string{http.MethodDelete: test.del, http.MethodPost: test.create} {
					s := &script{method: method, faulty: 1000, fault: test.fault}
					c, err := New(WithToken(NewSecret("a-token")), WithTransport(s), WithSteadyBackoff(), WithMaxRetries(test.retries), WithMaxWait(0))
					if err != nil {
						t.Fatal(err)
					}
					checkLeaks(t, WithoutWhoami(c))
					if method == http.MethodDelete {
						err = c.DeleteWebhook(t.Context(), "wh_1")
					} else {
						_, err = c.CreateWebhook(t.Context(), askedHook, heldBefore)
					}
					if got := s.short(); err == nil || got != want {
						t.Errorf("%s sent %s, want %s, and ended with %v", method, got, want, err)
					}
				}
			})
		})
	}
}

// TestSizeOfAPageIsRefused has a row for each refusal of a list: whether it is taken
// for one of page[size], so that the list is asked for without a size.
func TestSizeOfAPageIsRefused(t *testing.T) {
	none := ListOptions{}
	filtered := ListOptions{Filter: "url isnull"}
	for _, test := range []struct {
		name    string
		answer  attempt
		opts    ListOptions
		refused bool
	}{
		{"422 on page.size", attempt{status: 422, body: `{"message":"x","errors":{"page.size":["x"]}}`}, filtered, true},
		{"400 on page[size]", attempt{status: 400, body: `{"message":"x","errors":{"page[size]":["x"]}}`}, filtered, true},
		{"422 on SIZE", attempt{status: 422, body: `{"message":"x","errors":{"SIZE":["x"],"filter":["x"]}}`}, filtered, true},
		{"422 on filter", attempt{status: 422, body: `{"message":"page size","errors":{"filter":["page size"]}}`}, filtered, false},
		{"422 on filter, of everything", attempt{status: 422, body: `{"message":"x","errors":{"filter":["x"]}}`}, none, false},
		{"400 that says page and size", attempt{status: 400, body: `{"message":"The Page Size is bad."}`}, filtered, true},
		{"400 that says page", attempt{status: 400, body: `{"message":"The page is bad."}`}, filtered, false},
		{"400 that says size", attempt{status: 400, body: `{"message":"The size is bad."}`}, filtered, false},
		{"400 that says nothing, of everything", attempt{status: 400, body: `{"message":""}`}, none, true},
		{"422 that says nothing, of everything", attempt{status: 422, body: `{"message":""}`}, none, true},
		{"400 that says nothing, of a filter", attempt{status: 400, body: `{"message":""}`}, filtered, false},
		{"400 that says nothing, of a sort", attempt{status: 400, body: `{"message":""}`}, ListOptions{Sort: []string{"url"}}, false},
		{"400 that says nothing, of a later page", attempt{status: 400, body: `{"message":""}`}, ListOptions{Cursor: "c"}, false},
		{"401 on page.size", attempt{status: 401, body: `{"message":"x","errors":{"page.size":["x"]}}`}, none, false},
		{"404 on page.size", attempt{status: 404, body: `{"message":"page size"}`}, none, false},
		{"409 on page.size", attempt{status: 409, body: `{"message":"page size"}`}, none, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{method: http.MethodGet, faulty: 1, fault: test.answer}
			c, err := New(WithToken(NewSecret("a-token")), WithTransport(s))
			if err != nil {
				t.Fatal(err)
			}
			_, err = checkLeaks(t, WithoutWhoami(c)).ListPage(t.Context(), test.opts)
			want := "G"
			if test.refused {
				want = "GG"
			}
			if got := s.short(); got != want || (err == nil) != test.refused {
				t.Errorf("sent %s, want %s, and got %v", got, want, err)
			}
			// It is remembered for sizes as large, and for no smaller one.
			for size, sent := range map[int]bool{0: !test.refused, 99: true, 100: !test.refused, 101: !test.refused} {
				opts := test.opts
				opts.PageSize = size
				if got := c.pageSize(opts) > 0; got != sent {
					t.Errorf("page[size] %d is sent: %t, want %t", size, got, sent)
				}
			}
		})
	}
}

// TestSizesOfPages has what is sent as page[size], and nothing else beside it.
func TestSizesOfPages(t *testing.T) {
	for asked, sent := range map[int]string{-1: "100", 0: "100", 1: "1", 2: "2", 99: "99", 100: "100", 101: "101", 100_000: "100000"} {
		c, transport := answering(t, reply{status: 200, body: `{"data":[],"meta":{"next_cursor":null}}`})
		if _, err := c.ListPage(t.Context(), ListOptions{PageSize: asked}); err != nil {
			t.Fatal(err)
		}
		want := url.Values{"sort": {"url"}, "page[size]": {sent}}
		if got := transport.requests[0].URL.Query(); !reflect.DeepEqual(got, want) {
			t.Errorf("%d is asked for with %v, want %v", asked, got, want)
		}
	}
}

// TestRefusedSizes keeps the smallest, in whatever order they are refused.
func TestRefusedSizes(t *testing.T) {
	var c Client
	for _, test := range []struct{ refused, smallest int64 }{{100, 100}, {200, 100}, {50, 50}, {50, 50}, {70, 50}, {1, 1}} {
		c.refusePageSize(test.refused)
		if got := c.refusedPageSize.Load(); got != test.smallest {
			t.Errorf("after %d it is %d, want %d", test.refused, got, test.smallest)
		}
	}
	// Not even one webhook may be asked for.
	if got := c.pageSize(ListOptions{PageSize: 1}); got != 0 {
		t.Errorf("page[size] is %d", got)
	}
}

// TestASizeThatIsRefusedTwice expects a list that is refused without a size as well
// to fail, and the size to be asked for the next time.
func TestASizeThatIsRefusedTwice(t *testing.T) {
	s := &script{method: http.MethodGet, faulty: 2, fault: attempt{status: 400, body: `{"message":"x"}`}}
	c, err := New(WithToken(NewSecret("a-token")), WithTransport(s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WithoutWhoami(c).ListPage(t.Context(), ListOptions{}); !errors.Is(err, ErrBadRequest) {
		t.Errorf("got %v", err)
	}
	if got := s.short(); got != "GG" || c.pageSize(ListOptions{}) != 100 {
		t.Errorf("sent %s, and page[size] is %d", got, c.pageSize(ListOptions{}))
	}
}

// TestJitter draws until it has seen the least and the most that jitter adds: up to
// a quarter, and at most the limit.
func TestJitter(t *testing.T) {
	for _, test := range []struct{ limit, most time.Duration }{{1000, 125}, {10, 110}} {
		seen := map[time.Duration]bool{}
		for range 10_000 {
			seen[Backoff{}.jitter(100, test.limit)] = true
		}
		if slices.Max(slices.Collect(maps.Keys(seen))) != test.most || slices.Min(slices.Collect(maps.Keys(seen))) != 100 {
			t.Errorf("with the limit %d: %v", test.limit, seen)
		}
	}
}
