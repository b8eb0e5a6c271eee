// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestOneLimitHoldsEveryone expects a 429 to stop the requests of all, until the
// time it names.
func TestOneLimitHoldsEveryone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Minute))
		c := newTestClient(t, s)
		begin := time.Now()
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				// The first request has been refused before the others begin.
				time.Sleep(time.Duration(i) * time.Second)
				all(t, c, ListOptions{})
			})
		}
		group.Wait()
		if n := s.Count(""); n != 11 {
			t.Errorf("%d requests were sent, want 11", n)
		}
		moments := map[time.Duration]bool{}
		for _, r := range s.Requests()[1:] {
			after := r.Time.Sub(begin)
			moments[after] = true
			if after < time.Minute || after > time.Minute+maxRateLimitJitter {
				t.Errorf("a request was sent after %s", after)
			}
		}
		if len(moments) < 5 {
			t.Errorf("10 requests were sent at %d moments", len(moments))
		}
	})
}

// TestLimitOfTwentyInThreeSeconds creates 60 webhooks through 10 lanes, as
// Terraform does, against a limit under which a client without a gate fails.
func TestLimitOfTwentyInThreeSeconds(t *testing.T) {
	for _, form := range []kanberttest.RetryAfterForm{kanberttest.InSeconds, kanberttest.AsDate, kanberttest.AsReset, kanberttest.Unsaid} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithRateLimit(20, 3*time.Second), kanberttest.WithRetryAfterForm(form))
			c := newTestClient(t, s)
			lanes := make(chan struct{}, 10)
			var group sync.WaitGroup
			for i := range 60 {
				group.Go(func() {
					lanes <- struct{}{}
					defer func() { <-lanes }()
					if _, err := c.CreateWebhook(t.Context(), NewWebhook{URL: fmt.Sprintf("https://receiver.example/%d", i), Event: ContactCreate}, seenFree); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if n := len(s.Webhooks()); n != 60 {
				t.Errorf("%s: %d webhooks stand, want 60", form, n)
			}
			if n := s.Count(http.MethodGet); n != 0 {
				t.Errorf("%s: %d look-ups were needed", form, n)
			}
		})
	}
}

// TestLimitBeyondTheCap expects the error to say when to come back, at once, and
// to say it to all without asking again.
func TestLimitBeyondTheCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Hour))
		c := newTestClient(t, s)
		begin := time.Now()
		_, listErr := c.ListPage(t.Context(), ListOptions{})
		_, createErr := c.CreateWebhook(t.Context(), askedHook, seenFree)
		for _, err := range []error{listErr, createErr} {
			var api *APIError
			if !errors.Is(err, ErrRateLimited) || !errors.As(err, &api) || !api.RetryAt.Equal(begin.Add(time.Hour)) {
				t.Errorf("got %v", err)
			}
		}
		if !strings.Contains(createErr.Error(), "POST /webhooks") {
			t.Errorf("the create fails with %v", createErr)
		}
		if s.Count("") != 1 || time.Since(begin) != 0 {
			t.Errorf("%d requests in %s", s.Count(""), time.Since(begin))
		}
		time.Sleep(time.Hour - maxRateLimitPause)
		if all(t, c, ListOptions{}); s.Count("") != 2 {
			t.Errorf("%d requests were sent, want 2", s.Count(""))
		}
	})
}

// TestLimitWithoutEnd expects the budget of waits to end a call.
func TestLimitWithoutEnd(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, wait))
			begin := time.Now()
			_, err := newTestClient(t, s).ListPage(t.Context(), ListOptions{})
			if !errors.Is(err, ErrRateLimited) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(begin); took > maxRateLimitWait || took < maxRateLimitWait/2 {
				t.Errorf("it took %s", took)
			}
			if n := s.Count(""); n > 100 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// TestLimitBetweenFailures expects the budget of waits to hold for a call as a
// whole: a failure between two limits does not renew it.
func TestLimitBetweenFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		for n := 1; n < 40; n += 2 {
			s.FailNth(n, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, 4*time.Minute))
			s.FailNth(n+1, kanberttest.Match{}, kanberttest.Reset())
		}
		begin := time.Now()
		_, err := newTestClient(t, s, WithSteadyPauses()).ListPage(t.Context(), ListOptions{})
		if !errors.Is(err, ErrRateLimited) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took > maxRateLimitWait || took < maxRateLimitWait/2 {
			t.Errorf("it took %s", took)
		}
		// Three limits are waited for, and the fourth is too much.
		if n := s.Count(""); n != 7 {
			t.Errorf("%d requests were sent, want 7", n)
		}
	})
}

// TestOperationTimeoutHasTimeForLimits creates a webhook under limits that are
// as long as a call waits, on the request, on the look-up and on the delete.
func TestOperationTimeoutHasTimeForLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		limit := kanberttest.RateLimited(kanberttest.InSeconds, 290*time.Second)
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			for n := 1; n <= 3; n++ {
				s.FailNth(n, kanberttest.Match{Method: method}, limit)
			}
		}
		s.FailNth(4, posts, kanberttest.Timeout().AfterWork())
		c := newTestClient(t, s, WithMaxRetries(1))
		ctx, cancel := c.DetachedContext(t.Context())
		defer cancel()
		created, err := c.CreateWebhook(ctx, askedHook, seenFree)
		expectCreated(t, s, created, err)
		if got, want := methods(s), "POST POST POST POST GET GET GET GET DELETE DELETE DELETE DELETE POST"; got != want {
			t.Errorf("the requests are %s, want %s", got, want)
		}
	})
}

// TestLimitIsCutByTheContext expects a wait to end with its context.
func TestLimitIsCutByTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailEvery(kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := newTestClient(t, s).ListPage(ctx, ListOptions{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(begin))
		}
	})
}

func TestRetryAt(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const httpNow = "Fri, 02 Jan 2026 03:04:05 GMT"
	for name, test := range map[string]struct {
		header map[string]string
		want   time.Duration // negative for unsaid
	}{
		"nothing":                       {nil, -1},
		"seconds":                       {map[string]string{"Retry-After": "30"}, 30 * time.Second},
		"seconds with spaces":           {map[string]string{"Retry-After": " 30 "}, 30 * time.Second},
		"now":                           {map[string]string{"Retry-After": "0"}, 0},
		"a date":                        {map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:05:05 GMT"}, time.Minute},
		"a date by a server's clock":    {map[string]string{"Retry-After": "Fri, 02 Jan 2026 09:05:05 GMT", "Date": "Fri, 02 Jan 2026 09:04:05 GMT"}, time.Minute},
		"a date that has passed":        {map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:00:05 GMT"}, 0},
		"a Unix time":                   {map[string]string{"X-RateLimit-Reset": "1767323105", "Date": httpNow}, time.Minute},
		"seconds till the reset":        {map[string]string{"X-RateLimit-Reset": "60"}, time.Minute},
		"both":                          {map[string]string{"Retry-After": "10", "X-RateLimit-Reset": "60"}, 10 * time.Second},
		"nonsense and a reset":          {map[string]string{"Retry-After": "soon", "X-RateLimit-Reset": "60"}, time.Minute},
		"negative":                      {map[string]string{"Retry-After": "-5"}, -1},
		"more than a number can hold":   {map[string]string{"Retry-After": strings.Repeat("9", 40)}, maxRetryAfter},
		"more than a duration holds":    {map[string]string{"Retry-After": "9223372036854775807"}, maxRetryAfter},
		"a reset beyond all numbers":    {map[string]string{"X-RateLimit-Reset": strings.Repeat("9", 40)}, maxRetryAfter},
		"a reset at the end of numbers": {map[string]string{"X-RateLimit-Reset": "9223372036854775807"}, maxRetryAfter},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			for key, value := range test.header {
				header.Set(key, value)
			}
			got := retryAt(header, now)
			if test.want < 0 {
				if !got.IsZero() {
					t.Errorf("got %s", got)
				}
				return
			}
			if want := now.Add(test.want); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// lines keeps log lines as text.
type lines struct {
	mu   sync.Mutex
	kept []string
}

func (l *lines) log(_ context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := level.String() + " " + msg
	for _, a := range attrs {
		text += " " + a.String()
	}
	l.kept = append(l.kept, text)
}

// TestLogs expects a line for each attempt and each wait, and no secret in any.
func TestLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, kanberttest.Match{}, kanberttest.Reset().AfterWork())
		s.FailNth(2, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Minute))
		s.FailNth(4, kanberttest.Match{}, kanberttest.HTML(502))
		var log lines
		c := newTestClient(t, s, WithLogger(log.log), WithSteadyPauses())
		created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
		if err != nil {
			t.Fatal(err)
		}
		s.Seed(kanberttest.Webhook{URL: "https://receiver.example/taken"})
		_, conflict := c.CreateWebhook(t.Context(), NewWebhook{URL: "https://receiver.example/taken", Event: ContactCreate}, heldBefore)
		if !errors.As(conflict, new(*URLTakenError)) {
			t.Error(conflict)
		}
		text := strings.Join(log.kept, "\n")
		for _, want := range []string{
			"DEBUG Called the API method=POST path=/webhooks attempt=1 duration_ms=0 error=POST /webhooks: 127.0.0.1:1: read tcp: read: connection reset by peer",
			"INFO Waiting for the rate limit of the API method=GET path=/webhooks wait=1m0s",
			"DEBUG Called the API method=GET path=/webhooks attempt=1 duration_ms=0 status=429 request_id=req-000002 error=too many requests",
			"DEBUG Called the API method=GET path=/webhooks attempt=2 duration_ms=0 status=200 request_id=req-000003",
			"INFO Deleting a webhook that this create made and whose secret was lost",
			"DEBUG Called the API method=DELETE path=/webhooks/{id} attempt=1 duration_ms=0 status=502 request_id=req-000004 error=the server failed",
			"DEBUG Waiting before the next attempt wait=250ms",
			"DEBUG Called the API method=DELETE path=/webhooks/{id} attempt=2 duration_ms=0 status=204 request_id=req-000005",
			"DEBUG Called the API method=POST path=/webhooks attempt=2 duration_ms=0 status=201 request_id=req-000006",
			"INFO The URL is taken: waiting for its holder to be deleted wait=10s",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the log lacks %q", want)
			}
		}
		for _, secret := range []string{s.Token(), created.SignatureSecretKey.Reveal(), "hunter2", "receiver.example", "prj_1"} {
			if strings.Contains(text, secret) {
				t.Errorf("the log shows %q", secret)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
	})
}

// TestLogsShowNothingOfAnAnswer expects an answer that net/http cannot read, and
// quotes in its error, to reach neither the log nor the error of the client.
func TestLogsShowNothingOfAnAnswer(t *testing.T) {
	for name, test := range map[string]struct{ answer, want string }{
		"no HTTP":                  {`{"signature_secret_key":"s3cret\"s3cret"}` + "\r\n\r\n", "malformed HTTP response"},
		"an odd status":            {"HTTP/1.1 s3cret\r\n\r\n", "malformed HTTP status code"},
		"an odd version":           {"HTTP/s3cret 200 OK\r\n\r\n", "malformed HTTP version"},
		"an odd header":            {"HTTP/1.1 200 OK\r\ns3cret\r\n\r\n", "malformed MIME header"},
		"an odd length":            {"HTTP/1.1 200 OK\r\nContent-Length: s3cret\r\n\r\n", "bad Content-Length"},
		"an odd transfer encoding": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: s3cret\r\n\r\n", "unsupported transfer encoding"},
		"an odd location":          {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://s3cret:s3cret/%zz\r\n\r\n", "failed to parse Location"},
	} {
		t.Run(name, func(t *testing.T) {
			var log lines
			c, err := New(WithToken(NewSecret("a-token")), WithBaseURL("http://localhost"), WithMaxRetries(0), WithLogger(log.log),
				WithTransport(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer func() { _ = theirs.Close() }()
						if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
							_, _ = io.WriteString(theirs, test.answer)
						}
					}()
					return ours, nil
				}}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.ListPage(t.Context(), ListOptions{})
			var failed *TransportError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			for _, text := range []string{err.Error(), failed.Err.Error(), strings.Join(log.kept, "\n")} {
				if strings.Contains(text, "s3cret") || !strings.Contains(text, test.want) {
					t.Errorf("%s, want %q and nothing of the answer", text, test.want)
				}
			}
		})
	}
}
