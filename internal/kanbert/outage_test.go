// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// inLanes runs do n times, ten at a time and in order of arrival, as Terraform
// does.
func inLanes(n int, do func(i int)) {
	todo := make(chan int)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for i := range todo {
				do(i)
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	group.Wait()
}

func numbered(i int) NewWebhook {
	return NewWebhook{URL: fmt.Sprintf("https://receiver.example/%d", i), Event: ContactCreate}
}

// outageFaults are servers that are down, each in its way.
var outageFaults = []kanberttest.Fault{
	kanberttest.Refused(),
	kanberttest.Timeout(),
	kanberttest.Reset(),
	kanberttest.Status(500),
	kanberttest.HTML(502),
	kanberttest.HTML(503),
	kanberttest.RateLimited(kanberttest.Unsaid, 0),
	kanberttest.RateLimited(kanberttest.InSeconds, time.Hour),
}

// slowly is a transport whose answers take d.
func slowly(d time.Duration, base http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if err := sleep(r.Context(), d); err != nil {
			return nil, err
		}
		return base.RoundTrip(r)
	})
}

// TestOutageEndsAllAtOnce expects a server that is down to end any number of
// calls in the time of one.
func TestOutageEndsAllAtOnce(t *testing.T) {
	for _, fault := range outageFaults {
		for _, latency := range []time.Duration{0, 300 * time.Millisecond, 10 * time.Second} {
			took := map[int]time.Duration{}
			many := 500
			if testing.Short() {
				many = 50
			}
			for _, n := range []int{1, 10, many} {
				synctest.Test(t, func(t *testing.T) {
					s := kanberttest.New()
					s.FailEvery(kanberttest.Match{}, fault)
					c := newTestClient(t, s, WithTransport(slowly(latency, s.Transport())))
					begin := time.Now()
					inLanes(n, func(int) {
						if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil {
							t.Errorf("%s: no error", fault)
						}
					})
					took[n] = time.Since(begin)
				})
			}
			if limit := took[1]*3/2 + 30*time.Second; took[10] > limit || took[many] > limit {
				t.Errorf("%s, latency %s: it took %v", fault, latency, took)
			}
		}
	}
}

// TestOutageHasOneIncident expects all errors of an outage to share an incident,
// and a success to end it.
func TestOutageHasOneIncident(t *testing.T) {
	faults := append(slices.Clone(outageFaults), kanberttest.Status(401), kanberttest.Status(403), kanberttest.HTML(302), kanberttest.HTML(200))
	for _, fault := range faults {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			c := newTestClient(t, s)
			for _, want := range []int{1, 0} {
				if told := firsts(t, c, fault); told != want {
					t.Errorf("%s: %d errors are the first, want %d", fault, told, want)
				}
			}
			s.ClearFaults()
			time.Sleep(time.Hour)
			all(t, c, ListOptions{})
			s.FailEvery(kanberttest.Match{}, fault)
			if told := firsts(t, c, fault); told != 1 {
				t.Errorf("%s: %d errors are the first after a success, want 1", fault, told)
			}
		})
	}
}

// firsts makes 30 calls that fail, and counts how many errors are the first of
// their incident.
func firsts(t *testing.T, c *Client, fault kanberttest.Fault) (told int) {
	t.Helper()
	var mu sync.Mutex
	inLanes(30, func(int) {
		_, err := c.ListPage(t.Context(), ListOptions{})
		incident := IncidentOf(err)
		if incident == nil {
			t.Errorf("%s: no incident in %v", fault, err)
		}
		if incident.First("error") {
			expectTried(t, fault, err)
			mu.Lock()
			told++
			mu.Unlock()
		}
	})
	return told
}

// expectTried expects an error to say how often and how long was tried.
func expectTried(t *testing.T, fault kanberttest.Fault, err error) {
	t.Helper()
	var answer *APIError
	var transport *TransportError
	attempts, elapsed := 0, time.Duration(0)
	switch {
	case errors.As(err, &transport):
		attempts, elapsed = transport.Attempts, transport.Elapsed
	case errors.As(err, &answer):
		attempts, elapsed = answer.Attempts, answer.Elapsed
	}
	if attempts == 0 || attempts > 1 && elapsed == 0 {
		t.Errorf("%s: tried %d times in %s", fault, attempts, elapsed)
	}
}

// TestOutageIsOverWithASuccess expects a server that is back to be noticed by the
// next call, and each call to have its whole budget from then on.
func TestOutageIsOverWithASuccess(t *testing.T) {
	for _, fault := range []kanberttest.Fault{kanberttest.Refused(), kanberttest.Status(500), kanberttest.HTML(503)} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			c := newTestClient(t, s)
			if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil {
				t.Fatalf("%s: no error", fault)
			}
			before := s.Count("")
			if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil || s.Count("") != before+1 {
				t.Errorf("%s: %d further requests and %v", fault, s.Count("")-before, err)
			}
			s.ClearFaults()
			all(t, c, ListOptions{})
			s.FailNth(s.Count("")+1, kanberttest.Match{}, fault)
			s.FailNth(s.Count("")+2, kanberttest.Match{}, fault)
			all(t, c, ListOptions{})
		})
	}
}

// TestOutageIsForgotten expects a call to have its whole budget a minute after
// the last failure.
func TestOutageIsForgotten(t *testing.T) {
	for _, fault := range []kanberttest.Fault{kanberttest.Timeout(), kanberttest.Refused(), kanberttest.HTML(503)} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			c := newTestClient(t, s)
			for range 3 {
				before := s.Count("")
				if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil || s.Count("") < before+5 {
					t.Errorf("%s: %d requests and %v", fault, s.Count("")-before, err)
				}
				time.Sleep(outageMemory + time.Second)
			}
		})
	}
}

// TestFlakyServerIsNoOutage expects calls against a server that loses a quarter
// of all requests to have their own budget each.
func TestFlakyServerIsNoOutage(t *testing.T) {
	for _, retries := range []int{0, 1, 2, 8} {
		for _, lanes := range []int{1, 10} {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				random := rand.New(rand.NewPCG(1, 2))
				var mu sync.Mutex
				requests, lost := 0, 0
				c := newTestClient(t, s, WithMaxRetries(retries), WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					requests++
					lose := random.IntN(4) == 0
					mu.Unlock()
					if lose {
						return nil, io.ErrUnexpectedEOF
					}
					return s.Transport().RoundTrip(r)
				})))
				run := func(int) {
					if _, err := c.ListPage(t.Context(), ListOptions{}); err != nil {
						mu.Lock()
						lost++
						mu.Unlock()
						if IncidentOf(err) != nil {
							t.Errorf("%d retries: an incident", retries)
						}
					}
				}
				const calls = 400
				if lanes == 1 {
					for i := range calls {
						run(i)
					}
				} else {
					inLanes(calls, run)
				}
				want := float64(calls)
				for range retries + 1 {
					want /= 4
				}
				if float64(lost) > 1.5*want+2 || float64(lost) < want/2-2 {
					t.Errorf("%d retries: %d calls of %d are lost, want %.0f", retries, lost, calls, want)
				}
				if retries == 0 && requests != calls {
					t.Errorf("%d requests were sent, want one for each call", requests)
				}
			})
		}
	}
}

// TestMaxWaitBeginsWithWhatItBounds expects failures that only retries bound to take
// nothing from the time to wait for a limit.
func TestMaxWaitBeginsWithWhatItBounds(t *testing.T) {
	for _, waited := range []kanberttest.Fault{
		kanberttest.RateLimited(kanberttest.InSeconds, 2*time.Second), kanberttest.Status(503).RetryAfter(kanberttest.InSeconds, 2*time.Second), kanberttest.Refused(),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			for n := range 4 {
				s.FailNth(n+1, kanberttest.Match{}, kanberttest.Reset())
			}
			s.FailNth(5, kanberttest.Match{}, waited)
			c := newTestClient(t, s, WithMaxWait(3*time.Second), WithSteadyBackoff())
			began := time.Now()
			// The pauses between the attempts take 3.75 seconds.
			if all(t, c, ListOptions{}); time.Since(began) <= 3750*time.Millisecond || s.Count("") != 6 {
				t.Errorf("%s: %d requests in %s", waited, s.Count(""), time.Since(began))
			}
		})
	}
}

// TestMemoryOfAnOutage tries failures at the end of the time for which those before
// them count, and a moment later: a minute, and the 30 seconds of an attempt, after the
// last or after the time until which requests were blocked.
func TestMemoryOfAnOutage(t *testing.T) {
	const attempt, memory = 30 * time.Second, 60 * time.Second
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, blocked := range []time.Duration{-time.Hour, 0, time.Hour} {
		for after, counts := range map[time.Duration]bool{0: true, memory + attempt: true, memory + attempt + 1: false} {
			o := outage{requestTimeout: attempt}
			until := begin.Add(blocked)
			o.failed(begin, until, 1)
			o.waitsFor(io.EOF, begin)
			o.over, o.err = true, io.EOF
			now := begin.Add(max(0, blocked) + after)
			o.failed(now, until, 7)
			want := outage{requestTimeout: attempt, failures: 1, last: now, took: 7, cause: io.EOF}
			if counts {
				want.failures, want.over, want.err, want.since = 2, true, io.EOF, begin
			}
			if got, want := fmt.Sprintf("%+v", o), fmt.Sprintf("%+v", want); got != want {
				t.Errorf("%s after the first it is %s, want %s", now.Sub(begin), got, want)
			}
		}
	}
	for after, over := range map[time.Duration]bool{0: true, memory: true, memory + 1: false} {
		o := outage{failures: 3, last: begin, over: true, err: io.EOF, since: begin}
		if got := o.exhausted(begin.Add(after)); got != over || o.over != over || (o.err == nil) == over || (o.failures == 0) == over || o.since.IsZero() == over {
			t.Errorf("%s after the last failure it is %+v", after, o)
		}
	}
	// An answer ends it, and only a success its incidents.
	for _, blocked := range []bool{false, true} {
		for _, succeeded := range []bool{false, true} {
			o := outage{answered: 4, failures: 3, last: begin, over: true, err: io.EOF, since: begin, incidents: map[string]*Incident{"x": {}}}
			now := begin.Add(time.Hour)
			if succeeded {
				o.succeeded(now, blocked)
			} else {
				o.answers(now, blocked)
			}
			if o.answered != 5 || o.failures != 0 || o.over || o.err != nil || (o.incidents == nil) != succeeded || blocked != o.since.Equal(now) || blocked == o.since.IsZero() {
				t.Errorf("after an answer it is %+v", o)
			}
		}
	}
	o := outage{maxWait: time.Minute}
	if got := o.left(begin); got != maxRetryAfter {
		t.Errorf("without a failure %s are left", got)
	}
	o.waitsFor(io.EOF, begin)
	o.waitsFor(io.ErrUnexpectedEOF, begin.Add(time.Second))
	if got := o.left(begin.Add(20 * time.Second)); got != 40*time.Second || o.cause != io.ErrUnexpectedEOF {
		t.Errorf("%s are left, for %v", got, o.cause)
	}
}

// TestEndOfRetries has when a call that has used up its retries makes an outage.
func TestEndOfRetries(t *testing.T) {
	for _, test := range []struct {
		failures         int
		answered, before uint64
		retries          int
		outage           bool
	}{
		{failures: 8, retries: 8}, {failures: 9, retries: 8, outage: true}, {failures: 10, retries: 1, outage: true},
		{failures: 9, retries: 0}, {failures: 9, retries: 8, answered: 1}, {failures: 9, retries: 8, answered: 7, before: 7, outage: true},
	} {
		c, err := New(WithToken(NewSecret("a-token")))
		if err != nil {
			t.Fatal(err)
		}
		c.limiter.outage.failures, c.limiter.outage.answered = test.failures, test.answered
		used := &call{answeredBefore: test.before, attempts: 9, began: time.Now()}
		c.limiter.usedUp(used, &APIError{StatusCode: 500}, test.retries)
		if got := c.limiter.isExhausted(); got != test.outage {
			t.Errorf("%+v: an outage is %t", test, got)
		}
	}
}

// TestIncidentsOfErrors has what each kind of error has in common with others: the
// same as another with that name, and whether it has so without an outage.
func TestIncidentsOfErrors(t *testing.T) {
	answer := func(status int, kind error) error { return &APIError{StatusCode: status, Kind: kind} }
	for _, test := range []struct {
		err    error
		class  string
		always bool
	}{
		{nil, "", false}, {io.EOF, "", false},
		{&TransportError{Err: io.EOF}, "unreachable", false},
		{&TransportError{Err: x509.UnknownAuthorityError{}}, "unreachable", true},
		{answer(503, ErrServer), "unavailable", false}, {answer(500, ErrServer), "server", false}, {answer(502, ErrServer), "server", false},
		{answer(429, ErrRateLimited), "limit", false},
		{answer(401, ErrUnauthorized), ErrUnauthorized.Error(), true}, {answer(403, ErrForbidden), ErrForbidden.Error(), true},
		{answer(302, ErrRedirect), ErrRedirect.Error(), true}, {answer(200, ErrNotJSON), ErrNotJSON.Error(), true},
		{answer(200, ErrMalformed), "", false}, {answer(400, ErrBadRequest), "", false}, {answer(404, ErrNotFound), "", false}, {answer(409, ErrConflict), "", false}, {answer(422, ErrInvalid), "", false},
	} {
		if class, always := incidentClass(test.err); class != test.class || always != test.always {
			t.Errorf("%v: %q, always is %t", test.err, class, always)
		}
		for _, over := range []bool{false, true} {
			c, err := New(WithToken(NewSecret("a-token")))
			if err != nil {
				t.Fatal(err)
			}
			if over {
				c.limiter.giveUp(&call{}, io.EOF)
			}
			want := test.class != "" && (test.always || over)
			c.limiter.conclude(&call{}, test.err)
			if first := IncidentOf(test.err); (first != nil) != want {
				t.Errorf("%v: in an outage %t, it has an incident: %t", test.err, over, first != nil)
			}
			// The next of its kind has the same.
			before := IncidentOf(test.err)
			if c.limiter.conclude(&call{}, test.err); IncidentOf(test.err) != before {
				t.Errorf("%v: its incident is another the second time", test.err)
			}
			var failed *TransportError
			var refused *APIError
			if errors.As(test.err, &failed) {
				failed.Incident = nil
			} else if errors.As(test.err, &refused) {
				refused.Incident = nil
			}
		}
	}
}

// TestPauseDuringAnOutage expects a call during an outage to have its one attempt
// although requests are blocked, if the server has named no time.
func TestPauseDuringAnOutage(t *testing.T) {
	for name, test := range map[string]struct {
		refusal kanberttest.Fault
		sent    int
	}{"no time": {kanberttest.HTML(503), 1}, "a time": {kanberttest.HTML(503).RetryAfter(kanberttest.InSeconds, time.Minute), 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailEvery(kanberttest.Match{}, kanberttest.Status(500))
				c := newTestClient(t, s)
				for n := range 3 {
					before := s.Count("")
					if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil {
						t.Fatal("no error")
					}
					if got := s.Count("") - before; n == 1 && got != 1 || n == 2 && got != test.sent {
						t.Errorf("call %d sent %d requests", n, got)
					}
					s.ClearFaults()
					s.FailEvery(kanberttest.Match{}, test.refusal)
				}
			})
		})
	}
}

// TestAttemptsOfAnOutageCount expects the one attempt of a call during an outage to
// count when it is refused, as any other does.
func TestAttemptsOfAnOutageCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailEvery(kanberttest.Match{}, kanberttest.HTML(503))
		c := newTestClient(t, s, WithMaxWait(time.Second))
		for n := range 4 {
			before, epoch, sent := s.Count(""), c.limiter.epoch, c.limiter.lastSent
			if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil {
				t.Fatal("no error")
			}
			if n > 0 && (s.Count("") != before+1 || c.limiter.epoch != epoch+1 || !c.limiter.lastSent.After(sent)) {
				t.Errorf("call %d sent %d requests, and counts %d times", n, s.Count("")-before, c.limiter.epoch-epoch)
			}
			time.Sleep(time.Second)
		}
	})
}

// TestSlowFailures tries attempts that took just as long as they may during an
// outage, and a moment longer: half a second, of the 30 that one may take.
func TestSlowFailures(t *testing.T) {
	for took, sent := range map[time.Duration]int{500 * time.Millisecond: 1, 500*time.Millisecond + 1: 0} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, kanberttest.Reset())
			c := newTestClient(t, s, WithTransport(slowly(took, s.Transport())))
			for n := range 3 {
				before := s.Count("")
				_, err := c.ListPage(t.Context(), ListOptions{})
				if got := s.Count("") - before; n > 0 && got != sent || n == 0 && got != 9 || isHeld(err) != (n > 0 && sent == 0) {
					t.Errorf("%s: call %d sent %d requests: %v", took, n, got, err)
				}
				var failed *TransportError
				if !errors.As(err, &failed) || failed.Attempts != 9 {
					t.Errorf("%s: call %d says that it was tried %d times", took, n, failed.Attempts)
				}
			}
		})
	}
}

// TestEffort has whose attempts an error tells of: those of its call, or those of the
// call that has used up its budget, if they are more.
func TestEffort(t *testing.T) {
	for _, test := range []struct {
		own, first, want int
	}{{1, 9, 9}, {9, 9, 9}, {9, 1, 9}, {2, 3, 3}} {
		err := &APIError{Attempts: test.own, Elapsed: time.Duration(test.own) * time.Second}
		takeOver(err, &TransportError{Err: io.EOF, Attempts: test.first, Elapsed: time.Duration(test.first)*time.Second + 1})
		want := time.Duration(test.want) * time.Second
		if test.own < test.first {
			want++
		}
		if err.Attempts != test.want || err.Elapsed != want {
			t.Errorf("%+v: %d attempts in %s", test, err.Attempts, err.Elapsed)
		}
	}
	other := &APIError{Attempts: 1}
	takeOver(other, errors.New("x"))
	takeOver(errors.New("x"), other)
	if other.Attempts != 1 {
		t.Errorf("%d attempts", other.Attempts)
	}
	if err := (&call{}).held(io.EOF); err != io.EOF {
		t.Errorf("got %v", err)
	}
	// A call that was never sent has the error of one that is still being tried.
	c, err := New(WithToken(NewSecret("a-token")))
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[int]int{0: 1, 3: 3} {
		refusal := &APIError{StatusCode: 429, Attempts: given}
		c.limiter.giveUp(&call{}, refusal)
		if refusal.Attempts != want {
			t.Errorf("%d attempts become %d", given, refusal.Attempts)
		}
	}
}

// TestNoRetriesNoOutage expects that, without retries, each call stands for
// itself.
func TestNoRetriesNoOutage(t *testing.T) {
	for _, fault := range []kanberttest.Fault{kanberttest.Timeout(), kanberttest.Status(500)} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			c := newTestClient(t, s, WithMaxRetries(0))
			inLanes(50, func(int) {
				if _, err := c.ListPage(t.Context(), ListOptions{}); IncidentOf(err) != nil {
					t.Error("an incident")
				}
			})
			if n := s.Count(""); n != 50 {
				t.Errorf("%s: %d requests were sent, want 50", fault, n)
			}
		})
	}
}

// TestMaxWaitOfNothing expects no wait, and each call to be tried.
func TestMaxWaitOfNothing(t *testing.T) {
	for _, fault := range []kanberttest.Fault{
		kanberttest.Refused(),
		kanberttest.HTML(503),
		kanberttest.RateLimited(kanberttest.Unsaid, 0),
		kanberttest.RateLimited(kanberttest.InSeconds, time.Second),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailNth(1, kanberttest.Match{}, fault)
			c := newTestClient(t, s, WithMaxWait(0))
			begin := time.Now()
			if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil {
				t.Errorf("%s: no error", fault)
			}
			if s.Count("") != 1 || time.Since(begin) != 0 {
				t.Errorf("%s: %d requests in %s", fault, s.Count(""), time.Since(begin))
			}
			time.Sleep(2 * time.Second)
			all(t, c, ListOptions{})
		})
	}
}

// limitReq refuses what nginx would with limit_req, a burst and nodelay.
type limitReq struct {
	base   http.RoundTripper
	rate   float64 // in a second
	burst  float64
	status int

	mu       sync.Mutex
	excess   float64
	last     time.Time
	requests int
}

func (l *limitReq) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	now := time.Now()
	excess := max(0, l.excess-l.rate*now.Sub(l.last).Seconds()+1)
	if l.last.IsZero() {
		excess = 0
	}
	l.requests++
	refused := excess > l.burst
	if !refused {
		l.excess, l.last = excess, now
	}
	l.mu.Unlock()
	if !refused {
		return l.base.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: l.status, Request: r, Header: http.Header{"Content-Type": {"text/html"}},
		Body: io.NopCloser(strings.NewReader("<html><center><h1>503 Service Temporarily Unavailable</h1></center></html>")),
	}, nil
}

// TestLimitReq creates 200 webhooks behind nginx's limit_req of 5 a second, which
// takes 40 seconds at least.
func TestLimitReq(t *testing.T) {
	for _, status := range []int{503, 429} {
		for _, latency := range []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond} {
			for _, burst := range []float64{5, 0} {
				synctest.Test(t, func(t *testing.T) {
					s := kanberttest.New()
					nginx := &limitReq{base: slowly(latency, s.Transport()), rate: 5, burst: burst, status: status}
					c := newTestClient(t, s, WithTransport(nginx))
					begin := time.Now()
					inLanes(200, func(i int) {
						if _, err := c.CreateWebhook(t.Context(), numbered(i), nil); err != nil {
							t.Error(err)
						}
					})
					took := time.Since(begin)
					limit := 100 * time.Second
					if burst == 0 {
						limit = 3 * time.Minute // Two requests too close to each other are one too many.
					}
					t.Logf("%d, latency %s, burst %v: %d requests in %s", status, latency, burst, nginx.requests, took)
					if len(s.Webhooks()) != 200 || took > limit || burst > 0 && nginx.requests > 300 {
						t.Errorf("%d webhooks, %d requests in %s", len(s.Webhooks()), nginx.requests, took)
					}
				})
			}
		}
	}
}

// TestMaintenance expects a maintenance of 80 seconds to be waited for.
func TestMaintenance(t *testing.T) {
	for _, fault := range []kanberttest.Fault{
		kanberttest.Status(503).RetryAfter(kanberttest.InSeconds, time.Minute),
		kanberttest.HTML(503),
		kanberttest.Refused(),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			time.AfterFunc(80*time.Second, s.ClearFaults)
			c := newTestClient(t, s)
			begin := time.Now()
			inLanes(50, func(i int) {
				if _, err := c.CreateWebhook(t.Context(), numbered(i), nil); err != nil {
					t.Error(err)
				}
			})
			if took := time.Since(begin); took > 150*time.Second || s.Count("") > 200 {
				t.Errorf("%s: %d requests in %s", fault, s.Count(""), took)
			}
		})
	}
}

// TestFirstComeFirstServed creates 60 webhooks under a limit of 20 a minute.
func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithRateLimit(20, time.Minute))
		c := newTestClient(t, s, WithTransport(slowly(20*time.Millisecond, s.Transport())))
		var mu sync.Mutex
		var done []int
		begin := time.Now()
		inLanes(60, func(i int) {
			if _, err := c.CreateWebhook(t.Context(), numbered(i), nil); err != nil {
				t.Error(err)
			}
			mu.Lock()
			done = append(done, i)
			mu.Unlock()
		})
		for at, i := range done {
			// What is under way together may change places.
			if i > at+10 || i < at-10 {
				t.Errorf("the create %d ended as number %d", i, at)
			}
		}
		if took := time.Since(begin); took > 4*time.Minute || s.Count("") > 90 {
			t.Errorf("%d requests in %s", s.Count(""), took)
		}
	})
}

// TestInterruptedAtTheGate expects Ctrl-C to end a create that has nothing in
// flight at once, without a further POST.
func TestInterruptedAtTheGate(t *testing.T) {
	for _, fault := range []kanberttest.Fault{
		kanberttest.RateLimited(kanberttest.InSeconds, time.Minute),
		kanberttest.RateLimited(kanberttest.Unsaid, time.Minute),
		kanberttest.Refused(),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			c := newTestClient(t, s)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20500*time.Millisecond, cancel)
			time.AfterFunc(20500*time.Millisecond, s.ClearFaults)
			begin := time.Now()
			inLanes(10, func(i int) {
				_, err := c.CreateWebhook(ctx, numbered(i), nil)
				var interrupted *InterruptedError
				if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || interrupted.Waiting == "" {
					t.Errorf("%s: got %v", fault, err)
				}
			})
			if took := time.Since(begin); took > 21*time.Second || len(s.Webhooks()) != 0 {
				t.Errorf("%s: %d webhooks after %s", fault, len(s.Webhooks()), took)
			}
		})
	}
}

// TestUrgentCallsGoFirst expects a look-up that settles a create to be sent
// before what waits longer.
func TestUrgentCallsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Minute))
		c := newTestClient(t, s)
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				all(t, c, ListOptions{Filter: "url isnotnull", urgent: i == 9})
				if i == 9 && s.Count("") != 2 {
					t.Errorf("%d requests were sent before", s.Count("")-2)
				}
			})
		}
		group.Wait()
	})
}

// TestRefusedPOSTIsUnaccounted expects a POST that was answered 503 to be sent
// again without a look-up, although the 503 may come after the work.
func TestRefusedPOSTIsUnaccounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, posts, kanberttest.HTML(503))
		if _, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, nil); err != nil {
			t.Error(err)
		}
		if got := methods(s); got != "POST POST" {
			t.Errorf("the requests are %s", got)
		}
	})
}

// TestOutageAfterALimit expects calls that wait for their turn behind a limit that
// is over to end with an outage that comes after it.
func TestOutageAfterALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(kanberttest.InSeconds, time.Second))
		c := newTestClient(t, s)
		all(t, c, ListOptions{})
		s.FailEvery(kanberttest.Match{}, kanberttest.Refused())
		begin := time.Now()
		var group sync.WaitGroup
		for i := range 1000 {
			group.Go(func() {
				// Some come when the time to wait is nearly used up.
				time.Sleep(time.Duration(i) * DefaultMaxWait / 990)
				_, err := c.ListPage(t.Context(), ListOptions{})
				var failed *TransportError
				if !errors.As(err, &failed) || !failed.Unsent {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
		if took := time.Since(begin); took > DefaultMaxWait+10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
