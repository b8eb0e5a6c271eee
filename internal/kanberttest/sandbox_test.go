// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestSeeds checks that two sandboxes with one seed generate equal ids and secrets,
// and those with two seeds do not.
func TestSeeds(t *testing.T) {
	fill := func(seed uint64) (string, []kanberttest.Webhook) {
		s := kanberttest.New(kanberttest.WithSeed(seed))
		call := overMemory(t, s)
		call.create("https://r.example/created")
		s.Seed(kanberttest.Webhook{URL: "https://r.example/seeded"})
		all := s.Webhooks()
		for i := range all {
			all[i].CreatedAt = time.Time{}
		}
		return s.Token(), all
	}
	token, first := fill(7)
	sameToken, same := fill(7)
	otherToken, other := fill(8)
	if token != sameToken || !reflect.DeepEqual(first, same) {
		t.Errorf("one seed gives %v and %v", first, same)
	}
	if token == otherToken || first[0].ID == other[0].ID || first[0].Secret == other[0].Secret {
		t.Errorf("two seeds give %v and %v", first, other)
	}
}

func TestSeedRefusesWhatIsTaken(t *testing.T) {
	s := kanberttest.New(kanberttest.WithToken("typed"))
	if s.Token() != "typed" {
		t.Errorf("token %q", s.Token())
	}
	s.Seed(kanberttest.Webhook{ID: "1", URL: "https://r.example/1"})
	for _, w := range []kanberttest.Webhook{{ID: "1", URL: "https://r.example/2"}, {URL: "https://r.example/1"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v was taken in", w)
				}
			}()
			s.Seed(w)
		}()
	}
}

// TestRecords checks the records of requests.
func TestRecords(t *testing.T) {
	var told []kanberttest.Request
	s := kanberttest.Start(t, kanberttest.WithOnRequest(func(r kanberttest.Request) { told = append(told, r) }))
	call := overHTTP(t, s)
	call.must(http.MethodGet, "/webhooks?sort=url&page[size]=5", "")
	call.create("https://r.example")
	call.must(http.MethodDelete, "/webhooks/a%2Fb", "")

	all := s.Requests()
	if len(all) != 3 || !reflect.DeepEqual(all, told) {
		t.Fatalf("records %+v\ntold    %+v", all, told)
	}
	if r := all[0]; r.Method != http.MethodGet || r.Path != "/api/v1/webhooks" || r.Query.Get("page[size]") != "5" || r.Status != 200 {
		t.Errorf("%+v", r)
	}
	if r := all[1]; !strings.Contains(string(r.Body), "r.example") || r.Status != 201 || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", r)
	}
	if r := all[2]; r.Path != "/api/v1/webhooks/a%2Fb" || r.Status != 404 || r.Time.Before(all[1].Time) {
		t.Errorf("%+v", r)
	}
	if s.Count("") != 3 || s.Count("POST") != 1 || s.Count("PATCH") != 0 {
		t.Error("the counts are wrong")
	}
	s.ResetRequests()
	if s.Count("") != 0 || len(s.Requests()) != 0 {
		t.Error("records were kept")
	}
}

// TestOnRequestMayUseTheSandbox uses the sandbox during a request.
func TestOnRequestMayUseTheSandbox(t *testing.T) {
	var s *kanberttest.Sandbox
	s = kanberttest.New(kanberttest.WithOnRequest(func(r kanberttest.Request) {
		s.Seed(kanberttest.Webhook{URL: "https://r.example/" + r.ID})
	}))
	call := overMemory(t, s)
	for want := range 3 {
		if n := len(call.page(nil).Data); n != want {
			t.Errorf("%d webhooks, want %d", n, want)
		}
	}
}

// TestPlacement counts the requests that faults are applied to.
func TestPlacement(t *testing.T) {
	s := kanberttest.New()
	call := overMemory(t, s)
	statuses := func(n int, method, path string) string {
		var all []string
		for range n {
			all = append(all, fmt.Sprint(call.must(method, path, "").status))
		}
		return strings.Join(all, " ")
	}

	call.must("GET", "/webhooks", "")
	s.FailNth(2, kanberttest.Match{Method: "GET"}, kanberttest.Status(500))
	s.FailNth(3, kanberttest.Match{PathPrefix: "/api/v1/webhooks"}, kanberttest.Status(503))
	s.ResetRequests()
	if got := statuses(1, "DELETE", "/webhooks/x") + " " + statuses(4, "GET", "/webhooks"); got != "404 200 500 200 200" {
		// The third of all is the second GET: the fault that was assigned first is
		// applied.
		t.Errorf("n-th requests: %s", got)
	}

	s.FailEvery(kanberttest.Match{PathPrefix: "/api/v1/webhooks/"}, kanberttest.HTML(502))
	if got := statuses(2, "DELETE", "/webhooks/x") + " " + statuses(1, "GET", "/webhooks"); got != "502 502 200" {
		t.Errorf("every request: %s", got)
	}
	s.ClearFaults()
	if got := statuses(1, "DELETE", "/webhooks/x"); got != "404" {
		t.Errorf("after clearing: %s", got)
	}

	// A missing secret is not a fault of a list, and does not count lists.
	s.FailNth(1, kanberttest.Match{}, kanberttest.MissingSecret())
	call.must("GET", "/webhooks", "")
	if _, has := call.create("https://r.example").object(t)["signature_secret_key"]; has {
		t.Error("the create was not the first request that the fault can be applied to")
	}
	// On an error response it is applied and changes nothing, and the record says
	// so.
	s.FailNth(1, kanberttest.Match{}, kanberttest.MissingSecret())
	call.create("https://r.example")
	s.FailNth(1, kanberttest.Match{}, kanberttest.CutBody())
	call.must("DELETE", "/webhooks/"+s.Webhooks()[0].ID, "")
	for _, r := range s.Requests()[len(s.Requests())-2:] {
		if r.Fault != "" {
			t.Errorf("%s %s: fault %q", r.Method, r.Path, r.Fault)
		}
	}
}

// TestShares checks that a share is approximately right, the same for the same
// seed, different for another, and distributed over all faults.
func TestShares(t *testing.T) {
	run := func(seed uint64) []string {
		s := kanberttest.New()
		call := overMemory(t, s)
		s.FailShare(0.25, seed, kanberttest.Match{}, kanberttest.Status(500), kanberttest.HTML(502), kanberttest.MissingID())
		for range 400 {
			call.must("GET", "/webhooks", "")
		}
		var faults []string
		for _, r := range s.Requests() {
			faults = append(faults, r.Fault)
		}
		return faults
	}
	count := func(all []string, what string) (n int) {
		for _, f := range all {
			if f == what {
				n++
			}
		}
		return n
	}
	first := run(1)
	if n := 400 - count(first, ""); n < 70 || n > 130 {
		t.Errorf("%d of 400 requests had a fault", n)
	}
	for _, name := range []string{"500", "502 with HTML"} {
		if n := count(first, name); n < 25 {
			t.Errorf("%q was applied %d times", name, n)
		}
	}
	if !slices.Equal(first, run(1)) {
		t.Error("one seed gives two sequences")
	}
	if slices.Equal(first, run(2)) {
		t.Error("two seeds give one sequence")
	}
}

// TestMisplacedFaults checks that invalid faults panic at once.
func TestMisplacedFaults(t *testing.T) {
	for name, build := range map[string]func() kanberttest.Fault{
		"refused after":      func() kanberttest.Fault { return kanberttest.Refused().AfterWork() },
		"rate limited after": func() kanberttest.Fault { return kanberttest.RateLimited(kanberttest.Unsaid, 0).AfterWork() },
		"refused late":       func() kanberttest.Fault { return kanberttest.Refused().LateBy(1) },
		"rate limited late":  func() kanberttest.Fault { return kanberttest.RateLimited(kanberttest.Unsaid, 0).LateUntilNextPOST() },
		"cut late":           func() kanberttest.Fault { return kanberttest.CutBody().LateBy(1) },
		"delay late":         func() kanberttest.Fault { return kanberttest.Delay(1).LateUntilNextPOST() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build()
		}()
	}
}

// TestWaits measures latency and delays in a bubble's time.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithLatency(100 * time.Millisecond))
		call := overMemory(t, s)
		took := func() time.Duration {
			begin := time.Now()
			call.must("GET", "/webhooks", "")
			return time.Since(begin)
		}
		if d := took(); d != 100*time.Millisecond {
			t.Errorf("a request takes %s", d)
		}
		s.FailNth(1, kanberttest.Match{}, kanberttest.Delay(time.Minute))
		s.FailNth(2, kanberttest.Match{}, kanberttest.Delay(time.Hour).AfterWork())
		if d := took(); d != time.Minute+100*time.Millisecond {
			t.Errorf("with a delay it takes %s", d)
		}
		if d := took(); d != time.Hour+100*time.Millisecond {
			t.Errorf("with a delay after the work it takes %s", d)
		}
		if d := s.Requests()[2].Duration; d != time.Hour+100*time.Millisecond {
			t.Errorf("recorded %s", d)
		}
	})
}

// TestClientThatGivesUp checks which work is done for a request whose client does
// not wait for the response.
func TestClientThatGivesUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		latency time.Duration
		fault   kanberttest.Fault
		done    bool
	}{
		{"latency", time.Minute, kanberttest.Fault{}, false},
		{"delay before", 0, kanberttest.Delay(time.Minute), false},
		{"delay after", 0, kanberttest.Delay(time.Minute).AfterWork(), true},
		{"time-out", 0, kanberttest.Timeout(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(kanberttest.WithLatency(c.latency))
				call := overMemory(t, s)
				call.client.Timeout = 30 * time.Second
				s.FailNth(1, kanberttest.Match{}, c.fault)
				begin := time.Now()
				_, err := call.try(call.request("POST", "/webhooks", `{"url":"https://r.example","event":"contact:create"}`))
				if err == nil || !isGivenUp(err) || time.Since(begin) != 30*time.Second {
					t.Errorf("error %v after %s", err, time.Since(begin))
				}
				if done := len(s.Webhooks()) == 1; done != c.done {
					t.Errorf("done: %v", done)
				}
				if r := s.Requests()[0]; r.Status != 0 {
					t.Errorf("record %+v", r)
				}
			})
		})
	}
}

// TestCancelledRequest checks that a request that was cancelled before is not sent,
// and that one may be cancelled while its response is read.
func TestCancelledRequest(t *testing.T) {
	s := kanberttest.New()
	ctx, cancel := context.WithCancelCause(t.Context())
	call := overMemory(t, s)
	resp, err := call.client.Do(call.request("GET", "/webhooks", "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	cause := fmt.Errorf("no longer wanted")
	cancel(cause)
	if n, err := resp.Body.Read(make([]byte, 10)); n != 0 || !errors.Is(err, cause) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	_ = resp.Body.Close()
	if _, err := call.try(call.request("GET", "/webhooks", "").WithContext(ctx)); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	if s.Count("") != 1 {
		t.Errorf("%d requests", s.Count(""))
	}
}

// TestManyAtOnce creates, lists and deletes from many goroutines.
func TestManyAtOnce(t *testing.T) {
	s := kanberttest.Start(t)
	call := newCaller(t, s, &http.Transport{MaxIdleConnsPerHost: 10})
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			for j := range 10 {
				created := call.create(fmt.Sprintf("https://r.example/%d/%d", i, j)).object(t)
				call.must("GET", "/webhooks?sort=-url", "")
				if j%2 == 0 {
					call.must("DELETE", fmt.Sprintf("/webhooks/%s", created["id"]), "")
				}
			}
		})
	}
	all.Wait()
	if n := len(s.Webhooks()); n != 50 {
		t.Errorf("%d webhooks are left", n)
	}
	if s.Count("POST") != 100 || s.Count("DELETE") != 50 {
		t.Errorf("%d creates and %d deletes", s.Count("POST"), s.Count("DELETE"))
	}
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "localhost:0", "127.0.0.1"} {
		s := kanberttest.New()
		if err := s.Listen(addr); err == nil {
			t.Errorf("%s was listened on", addr)
			s.Close()
		}
	}
}

// TestUnboundBaseURL checks that a client without the transport cannot connect.
func TestUnboundBaseURL(t *testing.T) {
	s := kanberttest.New()
	defer s.Close()
	call := newCaller(t, s, &http.Transport{})
	if _, err := call.try(call.request("GET", "/webhooks", "")); err == nil {
		t.Error("something answered")
	}
}

// TestCloseEndsWhatHangs checks that a test with a hanging request still ends.
func TestCloseEndsWhatHangs(t *testing.T) {
	received := make(chan struct{})
	s := kanberttest.New(kanberttest.WithOnRequest(func(kanberttest.Request) { close(received) }))
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.FailNth(1, kanberttest.Match{}, kanberttest.Timeout())
	call := overHTTP(t, s)
	ended := make(chan error)
	go func() {
		_, err := call.try(call.request("GET", "/webhooks", ""))
		ended <- err
	}()
	<-received
	s.Close()
	if err := <-ended; err == nil {
		t.Error("the request was answered")
	}
}
