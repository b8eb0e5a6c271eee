// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// overHTTP2 returns a caller that uses HTTP/2.
func overHTTP2(t *testing.T, s *kanberttest.Sandbox) *caller {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.TLSConfig(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return newCaller(t, s, transport)
}

// TestHTTP2 checks that the responses are the same as over HTTP/1.
func TestHTTP2(t *testing.T) {
	s := kanberttest.StartHTTP2(t)
	if !strings.HasPrefix(s.BaseURL(), "https://127.0.0.1:") {
		t.Errorf("base URL %s", s.BaseURL())
	}
	if block, _ := pem.Decode(s.CertificatePEM()); block == nil {
		t.Error("there is no certificate")
	}
	call := overHTTP2(t, s)
	resp, err := call.client.Do(call.request(http.MethodGet, "/whoami", ""))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.ProtoMajor != 2 {
		t.Errorf("protocol %s", resp.Proto)
	}
	created := call.create(oneURL)
	if created.status != 201 || created.header.Get("Content-Type") != jsonType || created.header.Get("Date") == "" {
		t.Errorf("%d %v", created.status, created.header)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if a := call.create(fmt.Sprintf("%s/%s%d", oneURL, strings.Repeat("x", 140), i)); a.status != 201 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if list := call.page(nil); len(list.Data) != 21 {
		t.Errorf("%d webhooks", len(list.Data))
	}
	if a := call.must(http.MethodDelete, "/webhooks/"+created.object(t)["id"].(string), ""); a.status != 204 || a.body != "" {
		t.Errorf("%d %q", a.status, a.body)
	}
	s.Set(kanberttest.WithEndlessList(100, 10000))
	if a := call.must(http.MethodGet, "/webhooks", ""); len(a.body) < 1000000 {
		t.Errorf("a page of %d bytes", len(a.body))
	}
}

// TestHTTP2ResendsBelowTheClient checks the purpose of the listener: net/http sends
// a POST again if it can read the body a second time, and the second one finds the
// first one's work.
func TestHTTP2ResendsBelowTheClient(t *testing.T) {
	for _, f := range []kanberttest.Fault{
		kanberttest.ResetStream(kanberttest.ProtocolError),
		kanberttest.ResetStream(kanberttest.RefusedStream),
		kanberttest.GoAway(),
	} {
		for _, resend := range []bool{true, false} {
			for done, fault := range []kanberttest.Fault{f, f.AfterWork()} {
				t.Run(fmt.Sprintf("%s, resend %v", fault, resend), func(t *testing.T) {
					s := kanberttest.StartHTTP2(t)
					call := overHTTP2(t, s)
					call.must(http.MethodGet, "/whoami", "") // so that a connection exists
					s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, fault)
					r := call.request(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create"}`)
					if !resend {
						r.GetBody = nil
					}
					a, err := call.try(r)
					switch {
					case !resend && err == nil:
						t.Errorf("answered %d", a.status)
					case resend && (err != nil || a.status != []int{201, 422}[done]):
						t.Errorf("got %d, error %v", a.status, err)
					}
					if want := map[bool]int{true: 2, false: 1}[resend]; s.Count(http.MethodPost) != want {
						t.Errorf("%d POSTs, want %d", s.Count(http.MethodPost), want)
					}
					if got := s.Requests()[1].Fault; got != fault.String() {
						t.Errorf("fault %q", got)
					}
					// The connection, or its successor, still works.
					if a := call.must(http.MethodGet, "/webhooks", ""); a.status != 200 {
						t.Errorf("afterwards %d", a.status)
					}
				})
			}
		}
	}
}

// TestGracefulGoAway ends each connection after a response, and loses no response.
func TestGracefulGoAway(t *testing.T) {
	s := kanberttest.StartHTTP2(t)
	call := overHTTP2(t, s)
	s.FailEvery(kanberttest.Match{}, kanberttest.GoAwayAfterAnswer())
	for i := range 20 {
		if a := call.create(fmt.Sprint(oneURL, i)); a.status != 201 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if s.Count("") != 20 || len(s.Webhooks()) != 20 {
		t.Errorf("%d requests", s.Count(""))
	}
}

// TestHTTP2Faults applies, over HTTP/2, the faults that are not about streams.
func TestHTTP2Faults(t *testing.T) {
	for _, c := range []struct {
		fault  kanberttest.Fault
		done   bool
		failed bool
	}{
		{kanberttest.Closed().AfterWork(), true, true},
		{kanberttest.Reset(), false, true},
		{kanberttest.Refused(), false, true},
		{kanberttest.Timeout().AfterWork(), true, true},
		{kanberttest.CutBody(), true, true},
		{kanberttest.StalledBody(), true, true},
		{kanberttest.EmptyBody(), true, false},
		{kanberttest.HTML(502), false, false},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			s := kanberttest.StartHTTP2(t, kanberttest.WithOnRequest(func(r kanberttest.Request) {
				if strings.HasPrefix(r.Fault, "time-out") {
					giveUp()
				}
			}))
			call := overHTTP2(t, s)
			if c.fault == kanberttest.StalledBody() {
				call.onBody = giveUp
			}
			s.FailNth(1, kanberttest.Match{}, c.fault)
			r := call.request(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create"}`)
			r.GetBody = nil
			a, err := call.try(r.WithContext(ctx))
			if failed := err != nil || a.readErr != nil; failed != c.failed {
				t.Errorf("%d, error %v, then reading %v", a.status, err, a.readErr)
			}
			if errors.Is(a.readErr, io.EOF) {
				t.Error("half of an answer passes for a whole one")
			}
			if done := len(s.Webhooks()) == 1; done != c.done {
				t.Errorf("done: %v", done)
			}
		})
	}
}
