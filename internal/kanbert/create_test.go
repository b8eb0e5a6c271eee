// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

var posts = kanberttest.Match{Method: http.MethodPost}

// methods returns the methods of all requests, in order.
func methods(s *kanberttest.Sandbox) string {
	var names []string
	for _, r := range s.Requests() {
		names = append(names, r.Method)
	}
	return strings.Join(names, " ")
}

func TestCreateUnderFaults(t *testing.T) {
	old := kanberttest.Webhook{
		ID: "old", URL: askedHook.URL, Event: string(askedHook.Event), ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID,
		CreatedAt: time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	for _, test := range []struct {
		name   string
		server []kanberttest.Option
		seed   []kanberttest.Webhook
		fail   func(s *kanberttest.Sandbox)
		opts   []Option
		// want is an error's kind or type, or nil for success.
		want     any
		requests string
		// check sees the outcome.
		check func(t *testing.T, s *kanberttest.Sandbox, created *CreatedWebhook, err error)
	}{
		{
			name:     "a connection that was never made is tried again",
			fail:     func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Refused()) },
			requests: "POST POST",
		},
		{
			name: "a rate limit is waited for",
			fail: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.RateLimited(kanberttest.InSeconds, time.Minute))
			},
			opts:     []Option{WithMaxRetries(0)},
			requests: "POST POST",
		},
		{
			name:     "what did nothing is sent again after looking",
			fail:     func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset()) },
			requests: "POST GET GET GET POST",
		},
		{
			name:     "what was done is undone and done again",
			fail:     func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Timeout().AfterWork()) },
			requests: "POST GET DELETE POST",
		},
		{
			name: "an answer without an id is an answer, and proves nothing",
			fail: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.MissingID()) },
			want: new(UnprovenError), requests: "POST GET GET GET GET GET GET",
		},
		{
			name: "after a failure of the API itself nothing is deleted",
			fail: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Status(500).AfterWork()) },
			want: new(UnprovenError), requests: "POST GET GET GET GET GET GET",
		},
		{
			name:     "a failure of the API that did nothing is tried again after looking",
			fail:     func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Status(500)) },
			requests: "POST GET GET GET POST",
		},
		{
			name: "a failure of the API forbids deletions for the whole create",
			fail: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Status(500))
				s.FailNth(2, posts, kanberttest.Reset().AfterWork())
			},
			want: new(UnprovenError), requests: "POST GET GET GET POST GET GET GET GET GET GET",
		},
		{
			name: "what is done long after its request is named, and left alone",
			fail: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset().LateUntilNextPOST()) },
			want: new(UnprovenError), requests: "POST GET GET GET POST GET GET GET GET GET GET",
		},
		{
			name:     "the server's clock decides, not ours",
			server:   []kanberttest.Option{kanberttest.WithClockSkew(-9 * time.Hour)},
			fail:     func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset().AfterWork()) },
			requests: "POST GET DELETE POST",
		},
		{
			name: "retries end, and the error says what may come",
			fail: func(s *kanberttest.Sandbox) { s.FailEvery(posts, kanberttest.Reset()) },
			opts: []Option{WithMaxRetries(1)},
			want: new(UncertainError), requests: "POST GET GET GET POST GET GET GET",
			check: func(t *testing.T, _ *kanberttest.Sandbox, _ *CreatedWebhook, err error) {
				var uncertain *UncertainError
				if errors.As(err, &uncertain) && (uncertain.URL != askedHook.URL || uncertain.Lost == nil || uncertain.Err == nil) {
					t.Errorf("got %+v", uncertain)
				}
			},
		},
		{
			name: "retries end after an undone create, and which request made it is not known",
			fail: func(s *kanberttest.Sandbox) { s.FailEvery(posts, kanberttest.Reset().AfterWork()) },
			opts: []Option{WithMaxRetries(1)},
			want: new(UncertainError), requests: "POST GET DELETE POST GET DELETE",
			check: func(t *testing.T, s *kanberttest.Sandbox, _ *CreatedWebhook, err error) {
				if len(s.Webhooks()) != 0 {
					t.Errorf("%d webhooks, and %v", len(s.Webhooks()), err)
				}
			},
		},
		{
			name: "a look-up that fails leaves it open",
			fail: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(kanberttest.Match{Method: http.MethodGet}, kanberttest.Status(401))
			},
			want: new(UncertainError), requests: "POST GET",
		},
		{
			name: "ours that cannot be deleted is kept by its id",
			fail: func(s *kanberttest.Sandbox) {
				s.FailNth(1, posts, kanberttest.Reset().AfterWork())
				s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(403))
			},
			want: new(SecretLostError), requests: "POST GET DELETE",
			check: expectSecretLost,
		},
		{
			name: "an id without a secret is kept",
			fail: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.MissingSecret()) },
			want: new(SecretLostError), requests: "POST",
			check: expectSecretLost,
		},
		{
			name: "a holder that was there before is not ours, even if nothing was answered",
			seed: []kanberttest.Webhook{old},
			fail: func(s *kanberttest.Sandbox) { s.FailNth(1, posts, kanberttest.Reset()) },
			want: new(UnprovenError), requests: "POST GET GET GET GET GET GET",
			check: expectUntouched(old),
		},
		{
			name: "a first refusal never makes the holder ours",
			seed: []kanberttest.Webhook{{
				ID: "just now", URL: askedHook.URL, Event: string(askedHook.Event), ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID,
			}},
			want: new(URLTakenError), requests: "POST GET",
			check: func(t *testing.T, s *kanberttest.Sandbox, _ *CreatedWebhook, err error) {
				var taken *URLTakenError
				if errors.As(err, &taken) && (taken.Holder == nil || taken.Holder.ID != "just now") || len(s.Webhooks()) != 1 {
					t.Errorf("got %v with %d webhooks", err, len(s.Webhooks()))
				}
			},
		},
		{
			name:   "a holder of another case is the holder",
			seed:   []kanberttest.Webhook{{ID: "shouting", URL: "https://RECEIVER.example/HOOK?key=hunter2"}},
			server: []kanberttest.Option{kanberttest.WithCaseInsensitiveCollation()},
			want:   new(URLTakenError), requests: "POST GET",
			check: func(t *testing.T, _ *kanberttest.Sandbox, _ *CreatedWebhook, err error) {
				var taken *URLTakenError
				if errors.As(err, &taken) && (taken.Holder == nil || taken.Holder.ID != "shouting") {
					t.Errorf("the holder is %+v", taken.Holder)
				}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(test.server...)
				s.Seed(test.seed...)
				if test.fail != nil {
					test.fail(s)
				}
				created, err := newTestClient(t, s, append(test.opts, WithSteadyBackoff())...).CreateWebhook(t.Context(), askedHook, seenFree)
				if test.want == nil {
					expectCreated(t, s, created, err)
				} else if !isA(err, test.want) {
					t.Errorf("got %v, want a %T", err, test.want)
				}
				if got := methods(s); got != test.requests {
					t.Errorf("the requests are %s, want %s", got, test.requests)
				}
				if test.check != nil {
					test.check(t, s, created, err)
				}
			})
		})
	}
}

// isA reports whether err is of the type of target. One that only wraps such an
// error does not count: the type is what a caller acts on.
func isA(err, target any) bool { return reflect.TypeOf(err) == reflect.TypeOf(target) }

func expectCreated(t *testing.T, s *kanberttest.Sandbox, created *CreatedWebhook, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	held := s.Webhooks()
	if len(held) != 1 || held[0].ID != created.ID || held[0].Secret != created.SignatureSecretKey.Reveal() {
		t.Errorf("created %+v, and the server holds %+v", created, held)
	}
}

func expectSecretLost(t *testing.T, s *kanberttest.Sandbox, created *CreatedWebhook, _ error) {
	held := s.Webhooks()
	if created == nil || len(held) != 1 || created.ID != held[0].ID || !created.SignatureSecretKey.IsZero() || created.CreatedAt != held[0].CreatedAt {
		t.Errorf("created %+v, and the server holds %+v", created, held)
	}
}

func expectUntouched(w kanberttest.Webhook) func(*testing.T, *kanberttest.Sandbox, *CreatedWebhook, error) {
	return func(t *testing.T, s *kanberttest.Sandbox, _ *CreatedWebhook, _ error) {
		if held := s.Webhooks(); len(held) != 1 || held[0].ID != w.ID {
			t.Errorf("the server holds %+v", held)
		}
	}
}

// TestAnswersThatRefuseACreate expects one request where the API itself refuses,
// and a look where another server may have answered after the work was done.
func TestAnswersThatRefuseACreate(t *testing.T) {
	// The last begins 20 s after the answer. Pauses are random, so that one look more
	// may come before it.
	const looks = "( GET){6,7}"
	for _, test := range []struct {
		fault    kanberttest.Fault
		requests string
	}{
		{kanberttest.Status(400), "POST"},
		{kanberttest.Status(401), "POST"},
		{kanberttest.Status(403), "POST"},
		{kanberttest.Status(404), "POST"},
		{kanberttest.Status(405), "POST"},
		{kanberttest.Status(410), "POST"},
		{kanberttest.Status(413), "POST"},
		{kanberttest.Status(422), "POST GET"},
		{kanberttest.HTML(301), "POST" + looks},
		{kanberttest.HTML(303), "POST" + looks},
		{kanberttest.HTML(307), "POST" + looks},
		{kanberttest.HTML(403), "POST" + looks},
		{kanberttest.HTML(404), "POST" + looks},
		{kanberttest.HTML(413), "POST" + looks},
		{kanberttest.HTML(422), "POST" + looks + " POST" + looks},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailEvery(posts, test.fault)
				_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
				if !errors.As(err, new(*APIError)) || errors.As(err, new(*UncertainError)) {
					t.Errorf("got %v", err)
				}
				if got := methods(s); !regexp.MustCompile("^" + test.requests + "$").MatchString(got) {
					t.Errorf("the requests are %s, want %s", got, test.requests)
				}
			})
		})
	}
}

// TestAnswersAfterTheWork expects the webhook that a proxy's refusal hides to be
// named and left alone.
func TestAnswersAfterTheWork(t *testing.T) {
	for _, fault := range []kanberttest.Fault{
		kanberttest.HTML(303), kanberttest.HTML(307), kanberttest.HTML(403), kanberttest.HTML(404), kanberttest.HTML(413),
		kanberttest.Status(425), kanberttest.HTML(500), kanberttest.Status(502),
	} {
		t.Run(fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailNth(1, posts, fault.AfterWork())
				_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
				var unproven *UnprovenError
				if held := s.Webhooks(); !errors.As(err, &unproven) || len(held) != 1 || unproven.Holder.ID != held[0].ID {
					t.Errorf("got %v, and the server holds %+v", err, held)
				}
				if n := s.Count(http.MethodPost); n != 1 {
					t.Errorf("%d POSTs were sent, want 1", n)
				}
			})
		})
	}
}

// TestWhoseWebhookItIs changes one thing at a time about the webhook that is
// found after a create whose answer was lost, and about what is known of it.
func TestWhoseWebhookItIs(t *testing.T) {
	const serverAhead = 42 * time.Minute
	type evidence struct {
		w       Webhook
		op      *createOp
		request *ambiguousRequest
	}
	for name, test := range map[string]struct {
		change func(e *evidence)
		ours   bool
	}{
		"created as we asked":           {func(*evidence) {}, true},
		"another spelling of the URL":   {func(e *evidence) { e.w.URL = strings.Replace(e.w.URL, "receiver", "RECEIVER", 1) }, true},
		"a fraction before, as rounded": {func(e *evidence) { e.w.CreatedAt = e.w.CreatedAt.Add(-time.Second) }, true},
		"3 s before the request":        {func(e *evidence) { e.w.CreatedAt = e.w.CreatedAt.Add(-3 * time.Second) }, true},
		"more than 3 s before":          {func(e *evidence) { e.w.CreatedAt = e.w.CreatedAt.Add(-3*time.Second - 1) }, false},
		"3 s after its end":             {func(e *evidence) { e.w.CreatedAt = e.w.CreatedAt.Add(13 * time.Second) }, true},
		"more than 3 s after its end":   {func(e *evidence) { e.w.CreatedAt = e.w.CreatedAt.Add(13*time.Second + 1) }, false},
		"1 s after it, then seen free":  {func(e *evidence) { e.request.seenFree = true; e.w.CreatedAt = e.w.CreatedAt.Add(11 * time.Second) }, true},
		"more after it, then seen free": {func(e *evidence) { e.request.seenFree = true; e.w.CreatedAt = e.w.CreatedAt.Add(11*time.Second + 1) }, false},
		"an hour after":                 {func(e *evidence) { e.w.CreatedAt = e.w.CreatedAt.Add(time.Hour) }, false},
		"in the year 9999":              {func(e *evidence) { e.w.CreatedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, false},
		"without a time":                {func(e *evidence) { e.w.CreatedAt = time.Time{} }, false},
		"another path":                  {func(e *evidence) { e.w.URL += "x" }, false},
		"another event":                 {func(e *evidence) { e.w.Event = TaskUpdate }, false},
		"another project":               {func(e *evidence) { e.w.ProjectID = "prj_2" }, false},
		"no project":                    {func(e *evidence) { e.w.ProjectID = "" }, false},
		"project and client swapped":    {func(e *evidence) { e.w.ProjectID, e.w.ClientID = e.w.ClientID, e.w.ProjectID }, false},
		"another client":                {func(e *evidence) { e.w.ClientID = "cli_2" }, false},
		"a field is missing":            {func(e *evidence) { e.w.missing = 1 << 3 }, false},
		"a request was answered then": {func(e *evidence) {
			e.op.unresolved = append(e.op.unresolved, ambiguousRequest{sent: e.request.sent, ended: e.request.ended})
			e.request = &e.op.unresolved[0]
		}, false},
		"a request was answered later": {func(e *evidence) {
			later := e.request.ended.Add(time.Hour)
			e.op.unresolved = append(e.op.unresolved, ambiguousRequest{sent: later, ended: later})
			e.request = &e.op.unresolved[0]
		}, true},
		"the URL was not seen free": {func(e *evidence) { e.op.freeBefore = false }, false},
		"its id is claimed":         {func(e *evidence) { e.op.client.Claim(e.w.ID) }, false},
		"another create made it":    {func(e *evidence) { e.op.client.claims.made(e.w.ID) }, false},
		"it was deleted":            {func(e *evidence) { e.op.client.claims.delete(e.w.ID) }, false},
		"the API failed itself":     {func(e *evidence) { e.op.apiFailed = true }, false},
		"the request was answered":  {func(e *evidence) { e.request.unanswered = false }, false},
		"no request is unresolved":  {func(e *evidence) { e.op.unresolved = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &Client{}
				c.clock.started = time.Now()
				time.Sleep(time.Hour)
				sent := time.Now()
				op := &createOp{client: c, asked: askedHook, freeBefore: true, unresolved: []ambiguousRequest{
					{sent: sent, ended: sent.Add(10 * time.Second), unanswered: true},
				}}
				e := &evidence{op: op, request: &op.unresolved[0], w: Webhook{
					ID: "x", URL: askedHook.URL, Event: askedHook.Event, ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID,
					CreatedAt: sent.Add(serverAhead),
				}}
				test.change(e)
				if op.isOurs(&e.w) {
					t.Error("it is taken for ours before the server's clock is known")
				}
				unknown := e.w
				unknown.CreatedAt, _ = c.clock.at(sent)
				if op.isOurs(&unknown) {
					t.Error("it is taken for ours by a clock that is not known")
				}
				c.clock.observe(dateHeader(time.Now().Add(serverAhead)), time.Now())
				// A Date that arrived late says less, and takes nothing back; one
				// that is absurd says nothing.
				c.clock.observe(dateHeader(time.Now().Add(serverAhead-time.Minute)), time.Now())
				for _, year := range []int{1, 1970, 2200, 9999} {
					c.clock.observe(dateHeader(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)), time.Now())
				}
				if got := op.isOurs(&e.w); got != test.ours {
					t.Errorf("ours is %t, want %t", got, test.ours)
				}
			})
		})
	}
}

func dateHeader(t time.Time) http.Header {
	return http.Header{"Date": {t.UTC().Format(http.TimeFormat)}}
}

// TestClockIsBelievedWithinADay tries the bound and what is beside it.
func TestClockIsBelievedWithinADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for difference, believed := range map[time.Duration]bool{
			0: true, 24 * time.Hour: true, -24 * time.Hour: true,
			24*time.Hour + time.Second: false, -24*time.Hour - time.Second: false,
		} {
			c := &Client{}
			c.clock.started = time.Now()
			c.clock.observe(dateHeader(time.Now().Add(difference)), time.Now())
			if _, known := c.clock.at(time.Now()); known != believed {
				t.Errorf("a Date %s away: known is %t, want %t", difference, known, believed)
			}
		}
	})
}

// TestTwinOfALostCreate lets a stranger's webhook stand at another spelling of the
// URL, as a server does that compares texts. It is not taken for the one that the
// lost create has made, although the list shows it first.
func TestTwinOfALostCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		twin := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/x", Event: string(ContactDelete)})[0]
		s.FailNth(1, posts, kanberttest.Reset().AfterWork())
		asked := NewWebhook{URL: "https://receiver.example:443/x", Event: ContactCreate}
		created, err := newTestClient(t, s).CreateWebhook(t.Context(), asked, seenFree)
		if err != nil {
			t.Fatal(err)
		}
		held := s.Webhooks()
		if len(held) != 2 || created.ID == twin.ID || created.URL != asked.URL {
			t.Errorf("created %+v beside %s, and the server holds %+v", created, twin.ID, held)
		}
		if got, want := methods(s), "POST GET DELETE POST"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	})
}

// TestStrangerDuringARateLimit expects a webhook that another program made while
// the create waited for a rate limit, the same in everything, to be left alone.
func TestStrangerDuringARateLimit(t *testing.T) {
	for name, test := range map[string]struct {
		second kanberttest.Fault
		want   any
	}{
		"the request after the wait is lost":    {kanberttest.Reset(), new(UnprovenError)},
		"the request after the wait is refused": {kanberttest.Fault{}, new(URLTakenError)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailNth(1, posts, kanberttest.RateLimited(kanberttest.InSeconds, time.Minute))
				if test.second != (kanberttest.Fault{}) {
					s.FailNth(2, posts, test.second)
				}
				stranger := kanberttest.Webhook{
					ID: "stranger", URL: askedHook.URL, Event: string(askedHook.Event), ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID,
				}
				time.AfterFunc(30*time.Second, func() { s.Seed(stranger) })
				_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
				if !isA(err, test.want) {
					t.Errorf("got %v, want a %T", err, test.want)
				}
				if n := s.Count(http.MethodPost); n != 2 {
					t.Errorf("%d POSTs were sent, want 2", n)
				}
				if n := s.Count(http.MethodDelete); n != 0 {
					t.Errorf("%d DELETEs were sent", n)
				}
				expectUntouched(stranger)(t, s, nil, err)
			})
		})
	}
}

// TestHolderThatGoes expects a create to wait for a webhook that is deleted
// beside it, as when a resource was renamed.
func TestHolderThatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		holder := s.Seed(kanberttest.Webhook{URL: askedHook.URL})[0]
		time.AfterFunc(2*time.Second, func() { s.Remove(holder.ID) })
		created, err := newTestClient(t, s, WithMaxRetries(0)).CreateWebhook(t.Context(), askedHook, heldBefore)
		expectCreated(t, s, created, err)
		if n := s.Count(http.MethodPost); n != 2 {
			t.Errorf("%d POSTs were sent, want 2", n)
		}
		if n := s.Count(http.MethodDelete); n != 0 {
			t.Errorf("%d DELETEs were sent", n)
		}
	})
}

// TestEndOfContext expects a create whose context ends while its request is in
// flight to find out what became of it, and to say so.
func TestEndOfContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailEvery(kanberttest.Match{}, kanberttest.Timeout().AfterWork())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := newTestClient(t, s).CreateWebhook(ctx, askedHook, seenFree)
		var uncertain *UncertainError
		if !errors.As(err, &uncertain) || uncertain.URL != askedHook.URL || uncertain.Event != askedHook.Event {
			t.Errorf("got %v", err)
		}
		if n := s.Count(http.MethodGet); n == 0 {
			t.Error("the end of the context kept the create from looking what it made")
		}
	})
}

// TestIncompleteAnswerToACreate expects id and secret to be kept, whatever else
// is missing.
func TestIncompleteAnswerToACreate(t *testing.T) {
	c, transport := answering(t, reply{status: 201, body: `{"id":"wh_1","signature_secret_key":"s3cret","url":"https://receiver.example/hook?key=hunter2"}`})
	created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), `"created_at"`) {
		t.Errorf("got %v", err)
	}
	if created == nil || created.ID != "wh_1" || created.SignatureSecretKey.Reveal() != "s3cret" || created.Event != askedHook.Event || created.ProjectID != askedHook.ProjectID {
		t.Errorf("created %+v", created)
	}
	if len(transport.requests) != 1 {
		t.Errorf("%d requests were sent", len(transport.requests))
	}
}

// TestUnreadableFieldOfACreate expects id and secret to be kept when another
// field has a form that no reference promises, wherever it stands in the text.
func TestUnreadableFieldOfACreate(t *testing.T) {
	const good = `"id":"wh_1","signature_secret_key":"s3cret"`
	for odd, names := range map[string]string{
		`"created_at":"yesterday"`: `"created_at"`,
		`"created_at":1767323045`:  `"created_at"`,
		`"project_id":7`:           `"project_id"`,
		`"client_id":7`:            `"client_id"`,
		`"url":["https://a"]`:      `"url"`,
		`"event":{}`:               `"event"`,
	} {
		for _, body := range []string{"{" + odd + "," + good + "}", "{" + good + "," + odd + "}"} {
			synctest.Test(t, func(t *testing.T) {
				c, transport := answering(t, reply{status: 201, body: body})
				created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
				if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), names) || errors.As(err, new(*UncertainError)) || errors.As(err, new(*SecretLostError)) {
					t.Errorf("%s gives %v", body, err)
				}
				want := Webhook{ID: "wh_1", URL: askedHook.URL, Event: askedHook.Event, ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID}
				if created == nil || created.Webhook != want || created.SignatureSecretKey.Reveal() != "s3cret" {
					t.Errorf("%s is read as %+v", body, created)
				}
				if n := len(transport.requests); n != 1 || transport.requests[0].Method != http.MethodPost {
					t.Errorf("%s: %d requests were sent", body, n)
				}
			})
		}
	}
	for _, body := range []string{
		`{"id":"wh_1","signature_secret_key":7}`,
		`{"created_at":"yesterday","id":"wh_1"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, transport := answering(t, reply{status: 201, body: body})
			created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
			if !errors.As(err, new(*SecretLostError)) || created == nil || created.ID != "wh_1" || len(transport.requests) != 1 {
				t.Errorf("%s is read as %+v with %v after %d requests", body, created, err, len(transport.requests))
			}
		})
	}
}

// TestHeaders expects every request to have what the API needs, and a POST to
// have nothing that would let net/http send it again by itself.
func TestHeaders(t *testing.T) {
	s := kanberttest.New()
	c := newTestClient(t, s, WithUserAgent("tests/1"))
	created, err := c.CreateWebhook(t.Context(), NewWebhook{URL: "https://receiver.example/", Event: ContactCreate}, seenFree)
	if err != nil {
		t.Fatal(err)
	}
	all(t, c, ListOptions{})
	if err := c.DeleteWebhook(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Requests() {
		want := map[string]string{"Accept": "application/json", "Accept-Language": "en", "Authorization": "Bearer " + s.Token(), "User-Agent": "tests/1"}
		if r.Method == http.MethodPost {
			want["Content-Type"] = "application/json"
			if got, want := string(r.Body), `{"url":"https://receiver.example/","event":"contact:create"}`; got != want {
				t.Errorf("the body is %s, want %s", got, want)
			}
		}
		for name, value := range want {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", r.Method, name, got, value)
			}
		}
		if len(r.Header) != len(want) {
			t.Errorf("%s has the headers %v", r.Method, r.Header)
		}
	}
}

// TestUnreachable expects failures of the network to be told apart, and to show
// no URL.
func TestUnreachable(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		posts  int
		gets   int
		unsent bool
	}{
		"refused":      {&net.OpError{Op: "dial", Err: errors.New("refused")}, 1, 0, true},
		"unknown host": {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "api.example", IsNotFound: true}}, 1, 0, true},
		"reset":        {&net.OpError{Op: "read", Err: errors.New("reset")}, 1, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				counts := map[string]int{}
				c, err := New(WithToken(NewSecret("a-token")), WithMaxRetries(2), WithMaxWait(0), WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
					counts[r.Method]++
					return nil, test.err
				})))
				if err != nil {
					t.Fatal(err)
				}
				WithoutWhoami(c)
				_, err = c.CreateWebhook(t.Context(), askedHook, seenFree)
				var transport *TransportError
				if !errors.As(err, &transport) || transport.Unsent != test.unsent || transport.Host != "api.kanbert.com" {
					t.Errorf("got %v", err)
				}
				if strings.Contains(err.Error(), "://") || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%q shows a URL", err)
				}
				if counts["POST"] != test.posts || counts["GET"] != test.gets {
					t.Errorf("%v were sent", counts)
				}
			})
		})
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestConnectionWatch expects the client to know, of a real transport, that no
// connection was made, even when its time ran out first.
func TestConnectionWatch(t *testing.T) {
	dialed := make(chan struct{})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(dialed)
		select {
		case <-ctx.Done():
		case <-t.Context().Done(): // A dial may outlive its request.
		}
		return nil, context.Canceled
	}}
	c, err := New(WithToken(NewSecret("a-token")), WithBaseURL("http://127.0.0.1:1"), WithTransport(transport), WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-dialed
		cancel()
	}()
	_, err = c.ListPage(ctx, ListOptions{})
	var failed *TransportError
	if !errors.As(err, &failed) || !failed.Unsent {
		t.Errorf("got %v", err)
	}
	s := kanberttest.Start(t)
	s.FailEvery(kanberttest.Match{}, kanberttest.Reset())
	c, err = New(WithToken(NewSecret(s.Token())), WithBaseURL(s.BaseURL()), WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ListPage(t.Context(), ListOptions{}); !errors.As(err, &failed) || failed.Unsent {
		t.Errorf("a connection that was reset: %v", err)
	}
}

func TestOpenListBreaks(t *testing.T) {
	s := kanberttest.New(kanberttest.WithMaxPageSize(2))
	seedMany(s, 6)
	var urls []string
	for w, err := range newTestClient(t, s).ListWebhooks(t.Context(), ListOptions{Sort: []string{"-created_at", "url"}}) {
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, w.URL)
		if len(urls) == 3 {
			break
		}
	}
	if n := s.Count(""); n != 2 || len(urls) != 3 || !slices.IsSorted(urls) {
		t.Errorf("%d requests gave %v", n, urls)
	}
	if got := s.Requests()[0].Query.Get("sort"); got != "-created_at,url" {
		t.Errorf("sorted by %q", got)
	}
}
