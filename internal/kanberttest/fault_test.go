// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// oneURL is the URL that the tests of faults create.
const oneURL = "https://receiver.example/one"

// outcome is what a client sees of a faulty create.
type outcome func(t *testing.T, a answer, err error)

func fails(is func(error) bool) outcome {
	return func(t *testing.T, a answer, err error) {
		t.Helper()
		if err == nil || !is(err) {
			t.Errorf("got %d %q, error %v (%T)", a.status, a.body, err, err)
		}
	}
}

func breaksOff(t *testing.T, a answer, err error) {
	t.Helper()
	if err != nil || !errors.Is(a.readErr, io.ErrUnexpectedEOF) {
		t.Errorf("got %d, error %v, then reading: %v", a.status, err, a.readErr)
	}
	if a.status != http.StatusCreated || !strings.HasPrefix(a.body, "{") || strings.HasSuffix(a.body, "}") {
		t.Errorf("got %d %q, want half of a created webhook", a.status, a.body)
	}
}

func answers(status int, contentType string, more func(t *testing.T, a answer)) outcome {
	return func(t *testing.T, a answer, err error) {
		t.Helper()
		if err != nil || a.readErr != nil {
			t.Fatal(err, a.readErr)
		}
		if a.status != status || a.header.Get("Content-Type") != contentType {
			t.Errorf("got %d %s %q", a.status, a.header.Get("Content-Type"), a.body)
		}
		if more != nil {
			more(t, a)
		}
	}
}

func says(message string) func(*testing.T, answer) {
	return func(t *testing.T, a answer) {
		t.Helper()
		if got := a.object(t)["message"]; got != message {
			t.Errorf("message %q, want %q", got, message)
		}
	}
}

func lacks(field string) func(*testing.T, answer) {
	return func(t *testing.T, a answer) {
		t.Helper()
		object := a.object(t)
		if _, has := object[field]; has || object["url"] != oneURL {
			t.Errorf("got %v, want all but %s", object, field)
		}
	}
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" && errors.Is(err, syscall.ECONNREFUSED)
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
func isEOF(err error) bool   { return errors.Is(err, io.EOF) }
func isGivenUp(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

const (
	htmlType = "text/html; charset=UTF-8"
	jsonType = "application/json"
)

// TestFaultsOnCreate applies every fault to a create, over both transports, and
// compares the client's view with the work.
func TestFaultsOnCreate(t *testing.T) {
	for _, c := range []struct {
		fault   kanberttest.Fault
		name    string
		done    bool
		outcome outcome
	}{
		{kanberttest.Closed(), "connection closed", false, fails(isEOF)},
		{kanberttest.Closed().AfterWork(), "connection closed after the work", true, fails(isEOF)},
		{kanberttest.Reset(), "reset", false, fails(isReset)},
		{kanberttest.Reset().AfterWork(), "reset after the work", true, fails(isReset)},
		{kanberttest.Timeout(), "time-out", false, fails(isGivenUp)},
		{kanberttest.Timeout().AfterWork(), "time-out after the work", true, fails(isGivenUp)},
		{kanberttest.Status(500), "500", false, answers(500, jsonType, says("Server Error"))},
		{kanberttest.Status(500).AfterWork(), "500 after the work", true, answers(500, jsonType, says("Server Error"))},
		{kanberttest.Status(503), "503", false, answers(503, jsonType, says("Service Unavailable"))},
		{kanberttest.Status(401), "401", false, answers(401, jsonType, says("Unauthenticated."))},
		{kanberttest.HTML(502), "502 with HTML", false, answers(502, htmlType, nil)},
		{kanberttest.HTML(502).AfterWork(), "502 with HTML after the work", true, answers(502, htmlType, nil)},
		{kanberttest.HTML(200), "200 with HTML", false, answers(200, htmlType, nil)},
		{kanberttest.HTML(200).AfterWork(), "200 with HTML after the work", true, answers(200, htmlType, nil)},
		{kanberttest.HTML(302), "302 with HTML", false, answers(302, htmlType, func(t *testing.T, a answer) {
			t.Helper()
			if a.header.Get("Location") == "" {
				t.Error("no Location")
			}
		})},
		{kanberttest.CutBody(), "cut body", true, breaksOff},
		{kanberttest.StalledBody(), "stalled body", true, func(t *testing.T, a answer, err error) {
			t.Helper()
			if err != nil || a.status != 201 || a.body == "" || !isGivenUp(a.readErr) {
				t.Errorf("got %d %q, error %v, then reading: %v", a.status, a.body, err, a.readErr)
			}
		}},
		{kanberttest.EmptyBody(), "empty body", true, answers(201, jsonType, func(t *testing.T, a answer) {
			t.Helper()
			if a.body != "" {
				t.Errorf("body %q", a.body)
			}
		})},
		{kanberttest.WrongContentType(), "wrong content type", true, answers(201, "text/plain; charset=UTF-8", func(t *testing.T, a answer) {
			t.Helper()
			if a.object(t)["signature_secret_key"] == "" {
				t.Error("the body is not the right one")
			}
		})},
		{kanberttest.MissingID(), "missing id", true, answers(201, jsonType, lacks("id"))},
		{kanberttest.MissingSecret(), "missing secret", true, answers(201, jsonType, lacks("signature_secret_key"))},
		{
			kanberttest.RateLimited(kanberttest.InSeconds, 3*time.Second), "429 with Retry-After in seconds (3s)", false,
			answers(429, jsonType, says("Too Many Attempts.")),
		},
		{kanberttest.Delay(time.Millisecond), "delay of 1ms", true, answers(201, jsonType, nil)},
		{kanberttest.Delay(time.Millisecond).AfterWork(), "delay of 1ms after the work", true, answers(201, jsonType, nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			applyFault := func(ctx context.Context, t *testing.T, s *kanberttest.Sandbox, call *caller) {
				t.Helper()
				s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, c.fault)
				r := call.request(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create"}`)
				a, err := call.try(r.WithContext(ctx))
				c.outcome(t, a, err)
				if done := len(s.Webhooks()) == 1; done != c.done {
					t.Errorf("work done: %v", done)
				}
				records := s.Requests()
				if len(records) != 1 || records[0].Fault != c.name || records[0].Status != a.status {
					t.Errorf("records %+v, want one with fault %q and status %d", records, c.name, a.status)
				}
			}
			t.Run("memory", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					s := kanberttest.New()
					applyFault(ctx, t, s, overMemory(t, s))
				})
			})
			t.Run("http", func(t *testing.T) {
				// The client gives up when waiting can no longer help.
				ctx, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				s := kanberttest.Start(t, kanberttest.WithOnRequest(func(r kanberttest.Request) {
					if strings.HasPrefix(r.Fault, "time-out") {
						giveUp()
					}
				}))
				call := overHTTP(t, s)
				if c.fault == kanberttest.StalledBody() {
					call.onBody = giveUp
				}
				applyFault(ctx, t, s, call)
			})
		})
	}
}

// TestRefused fails the connection: in memory with the error of net/http, over HTTP
// with the nearest that a listener can do.
func TestRefused(t *testing.T) {
	s := kanberttest.Start(t)
	for _, c := range []struct {
		call *caller
		is   func(error) bool
	}{{overMemory(t, s), isDial}, {overHTTP(t, s), isReset}} {
		s.FailNth(1, kanberttest.Match{}, kanberttest.Refused())
		_, err := c.call.try(c.call.request(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create"}`))
		if err == nil || !c.is(err) {
			t.Errorf("error %v", err)
		}
	}
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks were created without a connection", n)
	}
	for _, r := range s.Requests() {
		if r.Fault != "connection refused" || r.Status != 0 {
			t.Errorf("record %+v", r)
		}
	}
}

// TestTrace checks that a client's hooks distinguish a connection that failed from
// one that was never made.
func TestTrace(t *testing.T) {
	for _, c := range []struct {
		fault kanberttest.Fault
		want  string
	}{
		{kanberttest.Fault{}, "asked got"},
		{kanberttest.Reset(), "asked got"},
		{kanberttest.Refused(), "asked"},
	} {
		s := kanberttest.New()
		s.FailNth(1, kanberttest.Match{}, c.fault)
		var calls []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GetConn: func(string) { calls = append(calls, "asked") },
			GotConn: func(httptrace.GotConnInfo) { calls = append(calls, "got") },
		})
		call := overMemory(t, s)
		_, _ = call.try(call.request(http.MethodGet, "/webhooks", "").WithContext(ctx))
		if got := strings.Join(calls, " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.fault, got, c.want)
		}
	}
}

// TestLateWork delays the effect of a lost create.
func TestLateWork(t *testing.T) {
	lose := func(t *testing.T, s *kanberttest.Sandbox, call *caller, f kanberttest.Fault) {
		t.Helper()
		s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, f)
		_, err := call.try(call.request(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create"}`))
		if !isReset(err) {
			t.Fatal(err)
		}
	}
	t.Run("by a time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			call := overMemory(t, s)
			lose(t, s, call, kanberttest.Reset().LateBy(time.Minute))
			due := time.Now().Add(time.Minute)
			<-time.After(time.Minute - 1)
			if n := len(call.page(nil).Data); n != 0 {
				t.Fatalf("%d webhooks before the time", n)
			}
			<-time.After(time.Hour)
			if n := len(call.page(nil).Data); n != 1 {
				t.Fatalf("%d webhooks after the time", n)
			}
			if at := s.Webhooks()[0].CreatedAt; !at.Equal(due.Truncate(time.Second)) {
				t.Errorf("created at %s, want %s", at, due)
			}
			if got, want := s.Requests()[0].Fault, "reset, work done 1m0s late"; got != want {
				t.Errorf("fault %q", got)
			}
		})
	})
	t.Run("until the next POST", func(t *testing.T) {
		s := kanberttest.New()
		call := overMemory(t, s)
		lose(t, s, call, kanberttest.Reset().LateUntilNextPOST())
		if n := len(call.page(nil).Data); n != 0 {
			t.Fatalf("%d webhooks before the next POST", n)
		}
		if a := call.create(oneURL); a.status != http.StatusUnprocessableEntity {
			t.Errorf("the second create: %d %s, want that the first is found to have the URL", a.status, a.body)
		}
		if n := len(s.Webhooks()); n != 1 {
			t.Errorf("%d webhooks", n)
		}
	})
	t.Run("never, if refused", func(t *testing.T) {
		s := kanberttest.New()
		call := overMemory(t, s)
		call.token = "wrong"
		lose(t, s, call, kanberttest.Reset().LateUntilNextPOST())
		call.token = s.Token()
		if a := call.create(oneURL); a.status != http.StatusCreated {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("onto a URL that was taken in between", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			call := overMemory(t, s)
			lose(t, s, call, kanberttest.Reset().LateBy(time.Minute))
			created := call.create(oneURL).object(t)
			<-time.After(time.Hour)
			if all := s.Webhooks(); len(all) != 1 || all[0].ID != created["id"] {
				t.Errorf("webhooks %v", all)
			}
		})
	})
}

// TestRetryAfterForms compares the headers of a 429 with their meaning, by the
// server's clock.
func TestRetryAfterForms(t *testing.T) {
	for form, check := range map[kanberttest.RetryAfterForm]func(h http.Header, until time.Time) bool{
		kanberttest.InSeconds: func(h http.Header, _ time.Time) bool {
			return h.Get("Retry-After") == "90" && h.Get("X-RateLimit-Reset") == ""
		},
		kanberttest.AsDate: func(h http.Header, until time.Time) bool {
			return h.Get("Retry-After") == until.Format(http.TimeFormat) && h.Get("X-RateLimit-Reset") == ""
		},
		kanberttest.AsReset: func(h http.Header, until time.Time) bool {
			return h.Get("Retry-After") == "" && h.Get("X-RateLimit-Reset") == strconv.FormatInt(until.Unix(), 10)
		},
		kanberttest.AsLaravel: func(h http.Header, until time.Time) bool {
			return h.Get("Retry-After") == "90" && h.Get("X-RateLimit-Reset") == strconv.FormatInt(until.Unix(), 10)
		},
		kanberttest.Unsaid: func(h http.Header, _ time.Time) bool {
			return h.Get("Retry-After") == "" && h.Get("X-RateLimit-Reset") == ""
		},
	} {
		t.Run(form.String(), func(t *testing.T) {
			now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
			s := kanberttest.New(kanberttest.WithClock(func() time.Time { return now }), kanberttest.WithClockSkew(time.Hour),
				kanberttest.WithRateLimit(1, 90*time.Second), kanberttest.WithRetryAfterForm(form))
			call := overMemory(t, s)
			until := now.Add(time.Hour + 90*time.Second)
			s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(form, 90*time.Second))
			// The first is the fault, the second is accepted, the third exceeds the
			// limit.
			for i, want := range []int{429, 200, 429} {
				a := call.must(http.MethodGet, "/webhooks", "")
				if a.status != want || (want == 429 && !check(a.header, until)) {
					t.Errorf("answer %d: %d %v", i, a.status, a.header)
				}
				if a.header.Get("X-RateLimit-Limit") != "1" || a.header.Get("X-RateLimit-Remaining") != "0" {
					t.Errorf("answer %d: %v", i, a.header)
				}
			}
			now = now.Add(90 * time.Second)
			if a := call.must(http.MethodGet, "/webhooks", ""); a.status != http.StatusOK {
				t.Errorf("after the window: %d", a.status)
			}
		})
	}
}
