// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// These tests give a create a second actor, or a server that is not current, not
// honest about time, or not English.

// heldBefore is the evidence of a caller that has seen a holder, or has not looked.
func heldBefore() bool { return false }

// sameHook is a webhook that is just what askedHook asks for.
func sameHook() kanberttest.Webhook {
	return kanberttest.Webhook{URL: askedHook.URL, Event: string(askedHook.Event), ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID}
}

// wantNoDelete checks that none was sent, and that the webhooks still exist.
func wantNoDelete(t *testing.T, s *kanberttest.Sandbox, ids ...string) {
	t.Helper()
	if n := s.Count(http.MethodDelete); n != 0 {
		t.Errorf("%d DELETEs were sent", n)
	}
	held := map[string]bool{}
	for _, w := range s.Webhooks() {
		held[w.ID] = true
	}
	for _, id := range ids {
		if !held[id] {
			t.Errorf("webhook %s is gone", id)
		}
	}
}

// TestSiblingIsNotDeleted runs two creates of one URL at a time. Whatever becomes
// of the second's answer, the first's webhook stays.
func TestSiblingIsNotDeleted(t *testing.T) {
	for name, fault := range map[string]kanberttest.Fault{
		"its refusal arrives":              {},
		"its refusal is lost":              kanberttest.Reset().AfterWork(),
		"its refusal is a proxy's 504":     kanberttest.HTML(504).AfterWork(),
		"the API answers with its own 500": kanberttest.Status(500),
	} {
		for _, sibling := range []NewWebhook{askedHook, {URL: strings.Replace(askedHook.URL, "receiver", "RECEIVER", 1), Event: askedHook.Event, ProjectID: askedHook.ProjectID, ClientID: askedHook.ClientID}} {
			t.Run(name+" at "+sibling.URL, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := kanberttest.New(kanberttest.WithInsertDelay(100*time.Millisecond), kanberttest.WithCaseInsensitiveCollation())
					if fault != (kanberttest.Fault{}) {
						s.FailNth(2, posts, fault)
					}
					c := newTestClient(t, s)
					results, errs := make([]*CreatedWebhook, 2), make([]error, 2)
					var group sync.WaitGroup
					for i, w := range []NewWebhook{askedHook, sibling} {
						group.Go(func() { results[i], errs[i] = c.CreateWebhook(t.Context(), w, seenFree) })
						synctest.Wait() // The first waits for its answer.
					}
					group.Wait()
					if errs[0] != nil || errs[1] == nil || results[1] != nil {
						t.Fatalf("got %v and %v", errs[0], errs[1])
					}
					var taken *URLTakenError
					if errors.As(errs[1], &taken) && (taken.Holder == nil || taken.Holder.ID != results[0].ID || !taken.MadeHere) {
						t.Errorf("the error names %+v", taken.Holder)
					}
					wantNoDelete(t, s, results[0].ID)
					if n := len(s.Webhooks()); n != 1 {
						t.Errorf("%d webhooks exist, want 1", n)
					}
				})
			})
		}
	}
}

// TestCreatesOfOneURLAreSerial expects the second of two creates to send nothing
// until the first has ended, and those of other URLs not to wait.
func TestCreatesOfOneURLAreSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithLatency(time.Second))
		c := newTestClient(t, s)
		var group sync.WaitGroup
		for _, url := range []string{"https://receiver.example/a", "https://receiver.example:443/A", "https://receiver.example/b"} {
			group.Go(func() {
				_, _ = c.CreateWebhook(t.Context(), NewWebhook{URL: url, Event: ContactCreate}, heldBefore)
			})
			synctest.Wait()
		}
		if n := s.Count(http.MethodPost); n != 2 {
			t.Errorf("%d POSTs are under way, want 2", n)
		}
		group.Wait()
		if n := s.Count(http.MethodPost); n != 3 {
			t.Errorf("%d POSTs were sent, want 3", n)
		}
	})
}

// TestOtherRunsWebhookIsNotDeleted lets two clients create the same URLs at the
// same time, on a server that looks first and inserts later.
func TestOtherRunsWebhookIsNotDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const urls = 30
		s := kanberttest.New(kanberttest.WithInsertDelay(50 * time.Millisecond))
		var mu sync.Mutex
		known := map[string]bool{}
		var group sync.WaitGroup
		for range 2 {
			c := newTestClient(t, s)
			for i := range urls {
				group.Go(func() {
					created, err := c.CreateWebhook(t.Context(), NewWebhook{URL: fmt.Sprintf("https://receiver.example/%d", i), Event: ContactCreate}, seenFree)
					mu.Lock()
					defer mu.Unlock()
					var unproven *UnprovenError
					switch {
					case err == nil:
						known[created.ID] = true
					case errors.As(err, &unproven), errors.As(err, new(*URLTakenError)):
					default:
						t.Errorf("got %v", err)
					}
				})
			}
		}
		group.Wait()
		wantNoDelete(t, s)
		for _, w := range s.Webhooks() {
			if !known[w.ID] {
				t.Errorf("webhook %s is no run's", w.ID)
			}
		}
		if n := len(s.Webhooks()); n != urls {
			t.Errorf("%d webhooks exist, want %d", n, urls)
		}
	})
}

// TestOldStrangerIsNotDeleted gives the holder of a URL, which is just what is
// asked for, times that make it look new.
func TestOldStrangerIsNotDeleted(t *testing.T) {
	absurd := func(year int) kanberttest.Option {
		return kanberttest.WithFixedDate(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	for name, options := range map[string][]kanberttest.Option{
		"created_at an hour ahead":   {kanberttest.WithCreatedAtSkew(time.Hour)},
		"a Date an hour slow":        {kanberttest.WithDateSkew(-time.Hour)},
		"a Date of 1970":             {absurd(1970)},
		"a Date of the year 1":       {absurd(1)},
		"a Date of 9999":             {absurd(9999)},
		"no Date":                    {kanberttest.WithoutDate()},
		"clocks that agree":          {},
		"created_at of 9999":         {kanberttest.WithCreatedAt(func(time.Time) time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) })},
		"lists that lag by a minute": {kanberttest.WithReplicaLag(time.Minute, time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(options...)
				stranger, ok := s.CreateAs(s.Token(), sameHook())
				if !ok {
					t.Fatal("the stranger found the URL taken")
				}
				time.Sleep(time.Hour)
				s.FailNth(1, posts, kanberttest.Reset().AfterWork()) // A lost 422.
				c := newTestClient(t, s)
				created, err := c.CreateWebhook(t.Context(), askedHook, heldBefore)
				if err == nil || created != nil {
					t.Errorf("created %+v", created)
				}
				wantNoDelete(t, s, stranger.ID)
			})
		})
	}
}

// TestStrangerAfterALostCreate lets another program take the URL some time after
// a create was lost.
func TestStrangerAfterALostCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, posts, kanberttest.Reset())
		// The look-ups are slow, so that the stranger comes between.
		s.FailEvery(kanberttest.Match{Method: http.MethodGet}, kanberttest.Delay(20*time.Second))
		made := make(chan kanberttest.Webhook, 1)
		time.AfterFunc(20*time.Second, func() {
			w, _ := s.CreateAs(s.Token(), sameHook())
			made <- w
		})
		_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
		stranger := <-made
		var unproven *UnprovenError
		if !errors.As(err, &unproven) || unproven.Holder.ID != stranger.ID {
			t.Errorf("got %v, want one that names %s", err, stranger.ID)
		}
		wantNoDelete(t, s, stranger.ID)
	})
}

// TestListsThatLagBehindDeletes loses two answers in a row on a server whose lists
// go on showing what was deleted.
func TestListsThatLagBehindDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithReplicaLag(0, 10*time.Second))
		s.FailNth(1, posts, kanberttest.Reset().AfterWork())
		s.FailNth(2, posts, kanberttest.Reset().AfterWork())
		created, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
		expectCreated(t, s, created, err)
		deleted := map[string]int{}
		for _, r := range s.Requests() {
			if r.Method == http.MethodDelete {
				deleted[r.Path]++
			}
		}
		for path, n := range deleted {
			if n > 1 {
				t.Errorf("%d DELETEs of %s were sent", n, path)
			}
		}
		if len(deleted) != 2 {
			t.Errorf("deleted %v, want two webhooks", deleted)
		}
	})
}

// TestListsThatLagBehindCreates loses an answer on a server whose lists show a
// webhook only later.
func TestListsThatLagBehindCreates(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, 19 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithReplicaLag(lag, 0))
			s.FailNth(1, posts, kanberttest.Reset().AfterWork())
			created, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
			expectCreated(t, s, created, err)
		})
	}
}

// TestTakenInOtherWords refuses a taken URL in other languages. Its holder is
// waited for all the same.
func TestTakenInOtherWords(t *testing.T) {
	for name, locale := range map[string]kanberttest.Locale{
		"German": kanberttest.German, "Slovak": kanberttest.Slovak, "bare keys": kanberttest.BareKeys,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(kanberttest.WithLocale(locale))
				holder := s.Seed(sameHook())[0]
				time.AfterFunc(2*time.Second, func() { s.Remove(holder.ID) })
				created, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, heldBefore)
				expectCreated(t, s, created, err)
				if n := s.Count(http.MethodPost); n != 2 {
					t.Errorf("%d POSTs were sent, want 2", n)
				}
			})
		})
	}
}

// TestHiddenHolder refuses a URL that no list shows: one look-up, one more POST,
// and the server's own words.
func TestHiddenHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithLocale(kanberttest.German))
		s.HoldURLs(askedHook.URL)
		_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
		var taken *URLTakenError
		var answer *APIError
		if !errors.As(err, &taken) || taken.Holder != nil || !errors.As(err, &answer) || len(answer.Fields["url"]) == 0 {
			t.Errorf("got %v", err)
		}
		if got, want := methods(s), "POST GET POST GET"; got != want {
			t.Errorf("the requests are %s, want %s", got, want)
		}
	})
}

// TestHolderThatCameLater refuses a URL that was seen free: its holder is another
// resource's, or another run's, and is not waited for.
func TestHolderThatCameLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		holder := s.Seed(sameHook())[0]
		began := time.Now()
		_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
		var taken *URLTakenError
		if !errors.As(err, &taken) || taken.Holder == nil || taken.Holder.ID != holder.ID {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		if got, want := methods(s), "POST GET"; got != want {
			t.Errorf("the requests are %s, want %s", got, want)
		}
	})
}

// TestRefusedFiltersDoNotHideALostCreate lets the server refuse every filter: the
// create's own look-up falls back to the listing.
func TestRefusedFiltersDoNotHideALostCreate(t *testing.T) {
	for _, fault := range []kanberttest.Fault{kanberttest.Reset().AfterWork(), kanberttest.Status(500).AfterWork()} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithMaxPageSize(2))
			seedMany(s, 5)
			s.FailNth(1, posts, fault)
			refuse := roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if r.URL.Query().Get("filter") != "" {
					return &http.Response{
						StatusCode: http.StatusBadRequest, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
						Body: io.NopCloser(strings.NewReader(`{"message":"Invalid filter."}`)),
					}, nil
				}
				return s.Transport().RoundTrip(r)
			})
			created, err := newTestClient(t, s, WithTransport(refuse)).CreateWebhook(t.Context(), askedHook, seenFree)
			var unproven *UnprovenError
			if errors.As(err, &unproven) {
				if w := s.Webhooks(); unproven.Holder.ID != w[len(w)-1].ID && unproven.Holder.URL != askedHook.URL {
					t.Errorf("the error names %+v", unproven.Holder)
				}
			} else if err != nil || created == nil {
				t.Errorf("%s: created %+v with %v", fault, created, err)
			}
		})
	}
}

// TestRefusalsOfAFilter has a row for each refusal of a create's look-up: whether all
// webhooks are listed instead.
func TestRefusalsOfAFilter(t *testing.T) {
	for status, listed := range map[int]bool{400: true, 422: true, 401: false, 403: false, 404: false, 409: false, 410: false} {
		synctest.Test(t, func(t *testing.T) {
			var filters []string
			s := kanberttest.New(kanberttest.WithMaxPageSize(2))
			seedMany(s, 5)
			s.FailNth(1, posts, kanberttest.Reset().AfterWork())
			refuse := roundTripFunc(func(r *http.Request) (*http.Response, error) {
				filter := r.URL.Query().Get("filter")
				if r.Method == http.MethodGet {
					filters = append(filters, filter)
				}
				if filter == "" {
					return s.Transport().RoundTrip(r)
				}
				return (&answers{prepared: []reply{{status: status, body: `{"message":"Invalid filter."}`}}}).RoundTrip(r)
			})
			created, err := newTestClient(t, s, WithTransport(refuse)).CreateWebhook(t.Context(), askedHook, seenFree)
			want := []string{FilterByURL(askedHook.URL)}
			if listed {
				want = append(want, "", "", "") // Three pages.
			}
			if !slices.Equal(filters, want) {
				t.Errorf("%d: listed with the filters %q, want %q", status, filters, want)
			}
			if (err == nil) != listed || (created != nil) != listed || !listed && !isA(err, new(UncertainError)) {
				t.Errorf("%d: created %+v with %v", status, created, err)
			}
		})
	}
}

// TestNothingBelowTheClientResendsAPOST speaks real HTTP/2 with a server that
// resets streams and goes away.
func TestNothingBelowTheClientResendsAPOST(t *testing.T) {
	for _, fault := range []kanberttest.Fault{
		kanberttest.ResetStream(kanberttest.ProtocolError), kanberttest.ResetStream(kanberttest.ProtocolError).AfterWork(),
		kanberttest.ResetStream(kanberttest.RefusedStream), kanberttest.ResetStream(kanberttest.RefusedStream).AfterWork(),
		kanberttest.GoAway(), kanberttest.GoAway().AfterWork(),
	} {
		t.Run(fault.String(), func(t *testing.T) {
			s := kanberttest.StartHTTP2(t)
			s.FailNth(1, posts, fault)
			transport := &http.Transport{TLSClientConfig: s.TLSConfig(), ForceAttemptHTTP2: true}
			defer transport.CloseIdleConnections()
			c := newTestClient(t, s, WithTransport(transport), WithBackoff(Backoff{First: time.Millisecond, Lookup: time.Millisecond, Max: time.Millisecond}))
			created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
			expectCreated(t, s, created, err)
			// Between two POSTs the client has looked.
			if got := methods(s); strings.Contains(got, "POST POST") {
				t.Errorf("the requests are %s", got)
			}
		})
	}
}

// TestWorkspaceIsAskedOnce expects one request before the first POST of a client,
// and none after its answer.
func TestWorkspaceIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithLatency(time.Second))
		c, err := New(WithToken(NewSecret(s.Token())), WithBaseURL(s.BaseURL()), WithTransport(s.Transport()))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.KnownWorkspaceID(); got != "" || s.Count("") != 0 {
			t.Errorf("the workspace is %q after %d requests", got, s.Count(""))
		}
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				if _, err := c.CreateWebhook(t.Context(), NewWebhook{URL: fmt.Sprintf("https://receiver.example/%d", i), Event: ContactCreate}, seenFree); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got, want := methods(s), "GET POST POST POST"; got != want || s.CountOf(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}) != 1 {
			t.Errorf("the requests are %s, want %s", got, want)
		}
		if got, want := c.KnownWorkspaceID(), s.Workspace().ID; got != want || c.WorkspaceID(t.Context()) != want {
			t.Errorf("the workspace is %q, want %q", got, want)
		}
	})
}

// TestWorkspaceIsUnknown expects whatever is no answer to be no error, to be asked
// once, and to end after 5 seconds.
func TestWorkspaceIsUnknown(t *testing.T) {
	json := func(body string) kanberttest.Fault { return kanberttest.Answer(200, "application/json", body) }
	for _, test := range []struct {
		fault   kanberttest.Fault
		want    string
		passing bool
	}{
		{kanberttest.Status(401), "", false}, {kanberttest.Status(403), "", false}, {kanberttest.HTML(404), "", false}, {kanberttest.HTML(302), "", false},
		{kanberttest.Status(500), "", true}, {kanberttest.HTML(502), "", true}, {kanberttest.Timeout(), "", true}, {kanberttest.Reset(), "", true},
		{kanberttest.RateLimited(kanberttest.InSeconds, time.Hour), "", true},
		{json(`{}`), "", false}, {json(`null`), "", false}, {json(`{"space":null}`), "", false}, {json(`{"space":{}}`), "", false},
		{json(`{"space":{"id":null}}`), "", false}, {json(`{"space":{"id":""}}`), "", false}, {json(`{"space":{"id":["x"]}}`), "", false},
		{json(`[]`), "", true}, {json(`{"space":"x"}`), "", true},
		{json(`{"space":{"id":17}}`), "17", false}, {json(`{"space":{"id":"17"}}`), "17", false},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailEvery(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}, test.fault)
				c, err := New(WithToken(NewSecret(s.Token())), WithBaseURL(s.BaseURL()), WithTransport(s.Transport()))
				if err != nil {
					t.Fatal(err)
				}
				for range 5 {
					began := time.Now()
					if got := c.WorkspaceID(t.Context()); got != test.want {
						t.Errorf("the workspace is %q, want %q", got, test.want)
					}
					if took := time.Since(began); took > 5*time.Second {
						t.Errorf("it took %s", took)
					}
				}
				// What may pass is asked for again, twice at most.
				want := 1
				if test.passing {
					want = 3
				}
				if n := s.Count(""); n != want {
					t.Errorf("%d requests were sent, want %d", n, want)
				}
			})
		})
	}
}

// TestSwitchingProtocolsEnds expects a 101, whose body is the connection itself,
// to end within the time of one attempt.
func TestSwitchingProtocolsEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	c, err := New(WithToken(NewSecret("a-token")), WithBaseURL("http://"+listener.Addr().String()), WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	var answer *APIError
	if err := c.DeleteWebhook(t.Context(), "x"); !errors.As(err, &answer) || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %v", err)
	}
}

// TestAnswerWithAKnownID expects an id that is blank, or known from elsewhere, to be no
// answer to a create.
func TestAnswerWithAKnownID(t *testing.T) {
	for _, id := range []string{"known", " ", ""} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := answering(t, reply{status: 201, body: fmt.Sprintf(`{"id":%q,"url":%q,"event":"task:create","project_id":"prj_1","client_id":"cli_1","created_at":"2000-01-01T00:00:00Z","signature_secret_key":"s3cret"}`, id, askedHook.URL)})
			c.Claim("known")
			if created, err := c.CreateWebhook(t.Context(), askedHook, seenFree); err == nil || created != nil {
				t.Errorf("id %q: created %+v with %v", id, created, err)
			}
		})
	}
}

// TestRefusalAfterTheWorkWithLag expects a proxy's refusal after the work to name
// what it hides, although lists show that only later.
func TestRefusalAfterTheWorkWithLag(t *testing.T) {
	for _, fault := range []kanberttest.Fault{kanberttest.HTML(302), kanberttest.HTML(403), kanberttest.HTML(404), kanberttest.HTML(422)} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithReplicaLag(15*time.Second, 0))
			s.FailNth(1, posts, fault.AfterWork())
			_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
			var unproven *UnprovenError
			if !errors.As(err, &unproven) || unproven.Holder.ID != s.Webhooks()[0].ID {
				t.Errorf("%s: got %v", fault, err)
			}
		})
	}
}
