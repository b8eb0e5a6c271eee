// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bufio"
	"context"
	"crypto/tls"
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

// TestOneLimitHoldsEveryone expects a 429 and a 503 to stop the requests of all
// until the time they name, and to let them go one after the other.
func TestOneLimitHoldsEveryone(t *testing.T) {
	for _, refusal := range []kanberttest.Fault{
		kanberttest.RateLimited(kanberttest.InSeconds, time.Minute),
		kanberttest.Status(503).RetryAfter(kanberttest.InSeconds, time.Minute),
		kanberttest.HTML(503).RetryAfter(kanberttest.AsDate, time.Minute),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailNth(1, kanberttest.Match{}, refusal)
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
				t.Errorf("%s: %d requests were sent, want 11", refusal, n)
			}
			last := time.Minute - 1
			for _, r := range s.Requests()[1:] {
				after := r.Time.Sub(begin)
				if after <= last || after > time.Minute+5*time.Second {
					t.Errorf("%s: a request was sent after %s", refusal, after)
				}
				last = after
			}
		})
	}
}

// TestLimitOfTwentyInThreeSeconds creates 60 webhooks through 10 lanes, as
// Terraform does, against a limit under which a client without a rate limiter fails.
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

// TestLimitBeyondMaxWait expects the error to say when to come back, at once, and
// to say it to all without asking again.
func TestLimitBeyondMaxWait(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailNth(1, kanberttest.Match{}, kanberttest.Status(status).RetryAfter(kanberttest.InSeconds, time.Hour))
			c := newTestClient(t, s)
			begin := time.Now()
			_, listErr := c.ListPage(t.Context(), ListOptions{})
			_, createErr := c.CreateWebhook(t.Context(), askedHook, nil)
			for _, err := range []error{listErr, createErr} {
				var api *APIError
				if !errors.As(err, &api) || api.StatusCode != status || !api.RetryAt.Equal(begin.Add(time.Hour)) {
					t.Errorf("got %v", err)
				}
			}
			if !strings.Contains(createErr.Error(), "POST /webhooks") || errors.As(createErr, new(*UncertainError)) {
				t.Errorf("the create fails with %v", createErr)
			}
			if s.Count("") != 1 || time.Since(begin) != 0 {
				t.Errorf("%d requests in %s", s.Count(""), time.Since(begin))
			}
			time.Sleep(time.Hour - DefaultMaxWait)
			if all(t, c, ListOptions{}); s.Count("") != 2 {
				t.Errorf("%d requests were sent, want 2", s.Count(""))
			}
		})
	}
}

// TestLimitWithoutEnd expects max_wait to end a call.
func TestLimitWithoutEnd(t *testing.T) {
	for _, refusal := range []kanberttest.Fault{
		kanberttest.RateLimited(kanberttest.InSeconds, 0),
		kanberttest.RateLimited(kanberttest.InSeconds, time.Minute),
		kanberttest.HTML(503),
		kanberttest.Refused(),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, refusal)
			begin := time.Now()
			_, err := newTestClient(t, s).ListPage(t.Context(), ListOptions{})
			if err == nil {
				t.Errorf("%s: no error", refusal)
			}
			if took := time.Since(begin); took > DefaultMaxWait+time.Second || took < DefaultMaxWait*3/4 {
				t.Errorf("%s: it took %s", refusal, took)
			}
			if n := s.Count(""); n > 60 {
				t.Errorf("%s: %d requests were sent", refusal, n)
			}
		})
	}
}

// TestLimitBetweenFailures expects the time to wait to go on over other failures,
// and to begin anew with a success.
func TestLimitBetweenFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		for n := 1; n < 40; n += 2 {
			s.FailNth(n, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, 2*time.Minute))
			s.FailNth(n+1, kanberttest.Match{}, kanberttest.Reset())
		}
		begin := time.Now()
		_, err := newTestClient(t, s, WithSteadyBackoff()).ListPage(t.Context(), ListOptions{})
		if !errors.Is(err, ErrRateLimited) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took > DefaultMaxWait || took < DefaultMaxWait/2 {
			t.Errorf("it took %s", took)
		}
		// Two limits are waited for, and the third is too much.
		if n := s.Count(""); n != 5 {
			t.Errorf("%d requests were sent, want 5", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		for n := 1; n < 20; n += 2 {
			s.FailNth(n, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, 4*time.Minute))
		}
		c := newTestClient(t, s)
		for range 10 {
			all(t, c, ListOptions{})
		}
	})
}

// TestCreateHasTimeForLimits creates a webhook under limits that take
// longer than max_wait in all, on the request, on the look-up and on the delete.
func TestCreateHasTimeForLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		limit := kanberttest.RateLimited(kanberttest.InSeconds, 120*time.Second)
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			s.FailNth(1, kanberttest.Match{Method: method}, limit)
		}
		s.FailNth(2, posts, kanberttest.Timeout().AfterWork())
		c := newTestClient(t, s, WithMaxRetries(1))
		created, err := c.CreateWebhook(t.Context(), askedHook, func() bool { return true })
		expectCreated(t, s, created, err)
		if got, want := methods(s), "POST POST GET GET DELETE DELETE POST"; got != want {
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

// TestRetryAt has every form in which an answer says when to come back, and texts
// that are none of them.
func TestRetryAt(t *testing.T) {
	if maxRetryAfter != 315360000*time.Second {
		t.Errorf("waits of more than %s are cut", maxRetryAfter)
	}
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
		"decimals":                      {map[string]string{"Retry-After": "1.5"}, 1500 * time.Millisecond},
		"a date with an offset":         {map[string]string{"Retry-After": "Fri, 02 Jan 2026 05:05:05 +0200"}, time.Minute},
		"a date in a zone with a name":  {map[string]string{"Retry-After": "Thu, 01 Jan 2026 22:05:05 EST"}, time.Minute},
		"a date in summer time":         {map[string]string{"Retry-After": "Fri, 02 Jan 2026 05:05:05 CEST"}, time.Minute},
		"a date in UTC":                 {map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:05:05 UTC"}, time.Minute},
		"a date in an unknown zone":     {map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:05:05 XYZT"}, -1},
		"a date of RFC 850":             {map[string]string{"Retry-After": "Friday, 02-Jan-26 03:05:05 GMT"}, time.Minute},
		"a date of asctime":             {map[string]string{"Retry-After": "Fri Jan  2 03:05:05 2026"}, time.Minute},
		"a date of RFC 3339":            {map[string]string{"Retry-After": "2026-01-02T04:05:05+01:00"}, time.Minute},
		"a Unix time in milliseconds":   {map[string]string{"X-RateLimit-Reset": "1767323105000", "Date": httpNow}, time.Minute},
		"a Unix time with a fraction":   {map[string]string{"X-RateLimit-Reset": "1767323105.5", "Date": httpNow}, time.Minute + time.Second/2},
		"a Unix time that has passed":   {map[string]string{"X-RateLimit-Reset": "1767323000", "Date": httpNow}, 0},
		"a decimal reset":               {map[string]string{"X-RateLimit-Reset": "0.5"}, time.Second / 2},
		"hexadecimal":                   {map[string]string{"Retry-After": "0x10"}, -1},
		"infinite":                      {map[string]string{"Retry-After": "Inf"}, -1},
		"negative":                      {map[string]string{"Retry-After": "-5"}, -1},
		"more than a number can hold":   {map[string]string{"Retry-After": strings.Repeat("9", 40)}, maxRetryAfter},
		"more than a duration holds":    {map[string]string{"Retry-After": "9223372036854775807"}, maxRetryAfter},
		"a reset beyond all numbers":    {map[string]string{"X-RateLimit-Reset": strings.Repeat("9", 40)}, maxRetryAfter},
		"a negative date":               {map[string]string{"Retry-After": "Fri, 02 Jan -026 03:05:05 GMT"}, -1},
		"a number with a sign":          {map[string]string{"Retry-After": "+5"}, -1},
		"a number with an exponent":     {map[string]string{"Retry-After": "1e3"}, -1},
		"two numbers":                   {map[string]string{"Retry-After": "5 5"}, -1},
		"a number that ends in a dot":   {map[string]string{"Retry-After": "5."}, -1},
		"a number with a unit":          {map[string]string{"Retry-After": "5s"}, -1},
		"nothing but a space":           {map[string]string{"Retry-After": " "}, -1},
		"a negative reset":              {map[string]string{"X-RateLimit-Reset": "-60"}, -1},
		"a reset that is a date":        {map[string]string{"X-RateLimit-Reset": httpNow}, -1},
		"a day":                         {map[string]string{"Retry-After": "86400"}, 24 * time.Hour},
		"ten years":                     {map[string]string{"Retry-After": "315360000"}, maxRetryAfter},
		"more than ten years":           {map[string]string{"Retry-After": "315360001"}, maxRetryAfter},
		"a date in many years":          {map[string]string{"Retry-After": "Fri, 01 Jan 2100 03:05:05 GMT"}, maxRetryAfter},
		"a reset of almost ten years":   {map[string]string{"X-RateLimit-Reset": "315359999"}, 315359999 * time.Second},
		"a reset of 1979":               {map[string]string{"X-RateLimit-Reset": "315360000"}, 0},
		"the last reset in seconds":     {map[string]string{"X-RateLimit-Reset": "99999999999"}, maxRetryAfter},
		"the first in milliseconds":     {map[string]string{"X-RateLimit-Reset": "100000000000"}, 0},
		"a Unix time by a local clock":  {map[string]string{"X-RateLimit-Reset": "1767323105"}, time.Minute},
		"a Unix time by another clock":  {map[string]string{"X-RateLimit-Reset": "1767323105", "Date": "Fri, 02 Jan 2026 03:04:35 GMT"}, 30 * time.Second},
		"a Date that cannot be read":    {map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:05:05 GMT", "Date": "today"}, time.Minute},
		"a date without a weekday":      {map[string]string{"Retry-After": "2 Jan 2026 03:05:05 GMT"}, time.Minute},
		"a date with one digit":         {map[string]string{"Retry-After": "Fri, 2 Jan 2026 03:05:05 GMT"}, time.Minute},
		"an offset without a weekday":   {map[string]string{"Retry-After": "2 Jan 2026 05:05:05 +0200"}, time.Minute},
		"a zone in lower case":          {map[string]string{"Retry-After": "Thu, 01 Jan 2026 19:05:05 pst"}, -1},
		"a date in Z":                   {map[string]string{"Retry-After": "2026-01-02T03:05:05Z"}, time.Minute},
		"a date in MSK":                 {map[string]string{"Retry-After": "Fri, 02 Jan 2026 06:05:05 MSK"}, time.Minute},
		"a date in PST":                 {map[string]string{"Retry-After": "Thu, 01 Jan 2026 19:05:05 PST"}, time.Minute},
		"a date in PDT":                 {map[string]string{"Retry-After": "Thu, 01 Jan 2026 20:05:05 PDT"}, time.Minute},
		"a date in CST":                 {map[string]string{"Retry-After": "Thu, 01 Jan 2026 21:05:05 CST"}, time.Minute},
		"a date in EDT":                 {map[string]string{"Retry-After": "Thu, 01 Jan 2026 23:05:05 EDT"}, time.Minute},
		"a date in EEST":                {map[string]string{"Retry-After": "Fri, 02 Jan 2026 06:05:05 EEST"}, time.Minute},
		"a date in BST":                 {map[string]string{"Retry-After": "Fri, 02 Jan 2026 04:05:05 BST"}, time.Minute},
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

// TestQuotesInErrors expects what an error quotes to be taken out of its text, unless
// it is about a certificate. What it wraps stays.
func TestQuotesInErrors(t *testing.T) {
	c, err := New(WithToken(NewSecret("a-token")))
	if err != nil {
		t.Fatal(err)
	}
	quoting := errors.New(`bad "hunter2 \" hunter2" and ""`)
	certificate := &tls.CertificateVerificationError{Err: errors.New(`"CN=api.example" is not trusted`)}
	for _, test := range []struct {
		err  error
		want string
	}{
		{quoting, `bad "…" and "…"`},
		{errors.New("no quotes"), "no quotes"},
		{errors.New("at https://me:hunter2@api.example/x with\na-token"), "at https://…@api.example/… with [redacted]"},
		{certificate, certificate.Error()},
		{&net.OpError{Op: "remote error", Err: certificate}, "remote error: " + certificate.Error()},
	} {
		if got := c.unquoted(test.err); got.Error() != test.want || !errors.Is(got, test.err) {
			t.Errorf("%v becomes %v, want %s", test.err, got, test.want)
		}
	}
	if same := errors.New("no quotes"); c.unquoted(same) != same {
		t.Error("an error without quotes is wrapped")
	}
}

// TestZones has every zone that is read, by the hours that it is east of Greenwich.
func TestZones(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, hours := range map[string]int{
		"GMT": 0, "UTC": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
		"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	} {
		for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 ", "Mon, 2 Jan 2006 15:04:05 ", "Monday, 02-Jan-06 15:04:05 ", "2 Jan 2006 15:04:05 "} {
			text := now.Add(time.Minute+time.Duration(hours)*time.Hour).Format(layout) + name
			if got := retryAt(http.Header{"Retry-After": {text}}, now); !got.Equal(now.Add(time.Minute)) {
				t.Errorf("%s is read as %s", text, got)
			}
		}
	}
	for _, name := range []string{"Z", "UT", "IST", "AEST", "gmt", "X"} {
		if got := retryAt(http.Header{"Retry-After": {"Fri, 02 Jan 2026 03:05:05 " + name}}, now); !got.IsZero() {
			t.Errorf("%s is read as %s", name, got)
		}
	}
}

// TestARefusalShortensNoOther lets two requests be refused that were under way
// together. The later of the times that they name counts, and the rate is halved once.
func TestARefusalShortensNoOther(t *testing.T) {
	for _, seconds := range [][2]string{{"60", "10"}, {"10", "60"}} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var sent []time.Duration
			begin := time.Now()
			c, err := New(WithToken(NewSecret("a-token")), WithSteadyBackoff(), WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				n := len(sent)
				sent = append(sent, time.Since(begin))
				mu.Unlock()
				if n >= 2 {
					time.Sleep(time.Millisecond)
					return (&answers{prepared: []reply{pageWithoutCursor}}).RoundTrip(r)
				}
				time.Sleep(time.Duration(n+1) * time.Second)
				return (&answers{prepared: []reply{{status: 429, header: http.Header{"Retry-After": {seconds[n]}}}}}).RoundTrip(r)
			})))
			if err != nil {
				t.Fatal(err)
			}
			checkLeaks(t, WithoutWhoami(c))
			c.limiter.rate = 4
			var group sync.WaitGroup
			for range 2 {
				group.Go(func() { all(t, c, ListOptions{}) })
				synctest.Wait()
			}
			group.Wait()
			want := 61 * time.Second
			if seconds[1] == "60" {
				want = 62 * time.Second
			}
			if len(sent) != 4 || sent[2] != want || sent[3] != want+time.Second/2 {
				t.Errorf("requests were sent after %s, want the third after %s", sent, want)
			}
		})
	}
}

var pageWithoutCursor = reply{status: 200, body: `{"data":[],"meta":{"next_cursor":null}}`}

// TestTotals expects the time in which several calls waited to count once, before and
// after its end, and each of them to be logged once.
func TestTotals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		refused := reply{status: 429, header: http.Header{"Retry-After": {"60"}}}
		transport := &answers{prepared: []reply{refused, pageWithoutCursor}}
		c, err := New(WithToken(NewSecret("a-token")), WithSteadyBackoff(), WithTransport(slowly(time.Millisecond, transport)), WithLogger(log.log))
		if err != nil {
			t.Fatal(err)
		}
		checkLeaks(t, WithoutWhoami(c))
		expect := func(want time.Duration, what string) {
			t.Helper()
			if got, reason := c.Waited(); got != want || reason != what {
				t.Errorf("waited %s for %q, want %s for %q", got, reason, want, what)
			}
		}
		expect(0, "")
		begin := time.Now()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { all(t, c, ListOptions{}) })
			time.Sleep(10 * time.Second)
		}
		expect(time.Since(begin)-time.Millisecond, "the rate limit")
		group.Wait()
		// The second is sent one second after the first, and the third half a second later.
		expect(61500*time.Millisecond, "the rate limit")
		time.Sleep(time.Hour)
		expect(61500*time.Millisecond, "the rate limit")
		text := strings.Join(log.kept, "\n")
		if n := strings.Count(text, "Waiting for the rate limit"); n != 3 {
			t.Errorf("%d waits were logged, want 3", n)
		}
		if want := "INFO Sending requests again after the rate limit status=429 waited=1m0s held_calls=3 total_waited=1m0s"; strings.Count(text, "Sending requests again") != 1 || !strings.Contains(text, want) {
			t.Errorf("the log lacks %q", want)
		}
		if t.Failed() {
			t.Log(text)
		}
	})
}

// TestLimitAsLongAsMaxWait expects a limit to be waited for that ends with the time to
// wait, and none that ends a second later.
func TestLimitAsLongAsMaxWait(t *testing.T) {
	for limit, waited := range map[time.Duration]bool{time.Minute: true, time.Minute + time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, limit))
			began := time.Now()
			_, err := newTestClient(t, s, WithMaxWait(time.Minute), WithSteadyBackoff()).ListPage(t.Context(), ListOptions{})
			if took := time.Since(began); (err == nil) != waited || waited != (took == limit) || !waited && took != 0 {
				t.Errorf("a limit of %s: %v after %s", limit, err, took)
			}
		})
	}
}

// TestBoundsOfWaiting tries a call at the end of the time to wait, and a moment before.
func TestBoundsOfWaiting(t *testing.T) {
	for left, over := range map[time.Duration]bool{time.Nanosecond: false, 0: true, -time.Nanosecond: true} {
		synctest.Test(t, func(t *testing.T) {
			prepare := func() *rateLimiter {
				c, err := New(WithToken(NewSecret("a-token")), WithMaxWait(time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				c.limiter.outage.since = time.Now().Add(left - time.Minute)
				return c.limiter
			}
			failed := &call{failed: io.EOF}
			if l := prepare(); l.isTimeUp(failed) != over || l.outage.over != over {
				t.Errorf("%s before the end the time is up: %t", left, l.outage.over)
			}
			began := time.Now()
			if err := prepare().awaitConnection(t.Context(), failed, time.Hour); (err == io.EOF) != over || time.Since(began) != max(0, left) {
				t.Errorf("%s before the end a connection is waited for %s: %v", left, time.Since(began), err)
			}
			l := prepare()
			l.outage.waitsFor(io.EOF, time.Now())
			l.until, l.refusal = time.Now().Add(time.Hour), &APIError{StatusCode: 429}
			began = time.Now()
			if err := l.wait(t.Context(), failed); err != io.EOF || time.Since(began) != max(0, left) {
				t.Errorf("%s before the end a turn is waited for %s: %v", left, time.Since(began), err)
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
		c := newTestClient(t, s, WithLogger(log.log), WithSteadyBackoff())
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
			"INFO Waiting for the rate limit method=GET path=/webhooks wait=1m0s",
			"INFO Sending requests again after the rate limit status=429 waited=1m0s held_calls=1 total_waited=1m0s",
			"DEBUG Called the API method=GET path=/webhooks attempt=1 duration_ms=0 status=429 request_id=req-000002 error=too many requests",
			"DEBUG Called the API method=GET path=/webhooks attempt=2 duration_ms=0 status=200 request_id=req-000003",
			"INFO Deleting a webhook that this create made and whose secret was lost",
			"DEBUG Called the API method=DELETE path=/webhooks/{id} attempt=1 duration_ms=0 status=502 request_id=req-000004 error=the server failed",
			"DEBUG Waiting before the next attempt wait=250ms",
			"DEBUG Called the API method=DELETE path=/webhooks/{id} attempt=2 duration_ms=0 status=204 request_id=req-000005",
			"DEBUG Called the API method=POST path=/webhooks attempt=2 duration_ms=0 status=201 request_id=req-000006",
			"INFO The URL is taken: waiting until the webhook that has it is deleted wait=10s",
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
