// SPDX-License-Identifier: MPL-2.0

package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	path   = "/kanbert/new-contacts"
	secret = "a secret of 32 characters or more"
	body   = `{"event":"contact:create","data":{"id":"contact-1"}}`
)

func newReceiver(t *testing.T) *Receiver {
	t.Helper()
	receiver, err := New(map[string]string{path: secret, "/kanbert/tasks": "another secret"})
	if err != nil {
		t.Fatal(err)
	}
	receiver.Log = slog.New(slog.DiscardHandler)
	return receiver
}

func request(body, signature string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set(DefaultHeader, signature)
	return req
}

func deliver(receiver *Receiver, req *http.Request) int {
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, req)
	return answer.Code
}

// queued takes what the receiver accepted, without waiting for more.
func queued(receiver *Receiver) []Delivery {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	var all []Delivery
	receiver.Run(ended, func(d Delivery) { all = append(all, d) })
	return all
}

// The value comes from printf %s "$body" | openssl dgst -sha256 -hmac "$secret".
func TestSignatureIsTheOneOthersCompute(t *testing.T) {
	const want = "5ff31013872e464521dbb2edab64f8c68338f1a2ef8d378415705a2467a71a8a"
	if got := Sign([]byte(body), secret); got != want {
		t.Errorf("Sign gave %s, want %s", got, want)
	}
	if !Verify([]byte(body), want, secret) {
		t.Error("Verify refused the right signature")
	}
}

func TestVerify(t *testing.T) {
	right := Sign([]byte(body), secret)
	for name, test := range map[string]struct {
		body, signature, secret string
		want                    bool
	}{
		"right":                 {body, right, secret, true},
		"right, in capitals":    {body, strings.ToUpper(right), secret, true},
		"none":                  {body, "", secret, false},
		"no hexadecimal":        {body, "signature", secret, false},
		"first half":            {body, right[:32], secret, false},
		"right and more":        {body, right + "00", secret, false},
		"another body's":        {body + " ", right, secret, false},
		"another secret's":      {body, Sign([]byte(body), "x"), secret, false},
		"the same, spaced anew": {`{"event": "contact:create", "data": {"id": "contact-1"}}`, right, secret, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Verify([]byte(test.body), test.signature, test.secret); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

func TestSecretsAreNeeded(t *testing.T) {
	for name, secrets := range map[string]map[string]string{
		"none":      nil,
		"empty one": {path: secret, "/kanbert/imported": ""},
	} {
		if _, err := New(secrets); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestVerifiedDeliveryIsHandled(t *testing.T) {
	receiver := newReceiver(t)
	if got := deliver(receiver, request(body, Sign([]byte(body), secret))); got != http.StatusNoContent {
		t.Fatalf("answered %d", got)
	}
	got := queued(receiver)
	if len(got) != 1 || got[0].Path != path || got[0].Event != "contact:create" || string(got[0].Data) != `{"id":"contact-1"}` {
		t.Errorf("handled %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	large := strings.Repeat("x", MaxBody+1)
	for name, test := range map[string]struct {
		change func(*http.Request)
		body   string
		want   int
	}{
		"wrong signature":      {func(r *http.Request) { r.Header.Set(DefaultHeader, strings.Repeat("00", 32)) }, body, http.StatusUnauthorized},
		"no signature":         {func(r *http.Request) { r.Header.Del(DefaultHeader) }, body, http.StatusUnauthorized},
		"secret of other path": {func(r *http.Request) { r.URL.Path = "/kanbert/tasks" }, body, http.StatusUnauthorized},
		"unknown path":         {func(r *http.Request) { r.URL.Path = "/kanbert" }, body, http.StatusNotFound},
		"GET":                  {func(r *http.Request) { r.Method = http.MethodGet }, body, http.StatusMethodNotAllowed},
		"too large":            {func(*http.Request) {}, large, http.StatusRequestEntityTooLarge},
		"no JSON":              {func(*http.Request) {}, "event=contact", http.StatusBadRequest},
		"no event":             {func(*http.Request) {}, `{"data":{}}`, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := newReceiver(t)
			req := request(test.body, Sign([]byte(test.body), secret))
			test.change(req)
			if got := deliver(receiver, req); got != test.want {
				t.Errorf("answered %d, want %d", got, test.want)
			}
			if got := queued(receiver); got != nil {
				t.Errorf("handled %+v", got)
			}
		})
	}
}

func TestHeaderCanBeNamed(t *testing.T) {
	receiver := newReceiver(t)
	receiver.Header = "X-Other"
	req := request(body, "")
	req.Header.Set("x-other", Sign([]byte(body), secret))
	if got := deliver(receiver, req); got != http.StatusNoContent {
		t.Errorf("answered %d", got)
	}
}

func TestRepeatedDeliveryIsHandledOnce(t *testing.T) {
	receiver := newReceiver(t)
	for range 3 {
		if got := deliver(receiver, request(body, Sign([]byte(body), secret))); got != http.StatusNoContent {
			t.Fatalf("answered %d", got)
		}
	}
	if got := queued(receiver); len(got) != 1 {
		t.Errorf("handled %d times", len(got))
	}
}

// While a secret is rotated, two webhooks report each event: with two secrets,
// at two paths.
func TestOneEventFromTwoWebhooksIsHandledOnce(t *testing.T) {
	receiver := newReceiver(t)
	second := request(body, Sign([]byte(body), "another secret"))
	second.URL.Path = "/kanbert/tasks"
	for _, req := range []*http.Request{request(body, Sign([]byte(body), secret)), second} {
		if got := deliver(receiver, req); got != http.StatusNoContent {
			t.Fatalf("answered %d", got)
		}
	}
	if got := queued(receiver); len(got) != 1 {
		t.Errorf("handled %d times", len(got))
	}
}

func TestRepetitionsAtOneTimeAreHandledOnce(t *testing.T) {
	receiver := newReceiver(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { deliver(receiver, request(body, Sign([]byte(body), secret))) })
	}
	all.Wait()
	if got := queued(receiver); len(got) != 1 {
		t.Errorf("handled %d times", len(got))
	}
}

// A delivery that finds the queue full is not lost: it is refused, so that
// Kanbert sends it again, and then it is no repetition.
func TestFullQueueRefusesAndTakesTheNextTry(t *testing.T) {
	receiver := newReceiver(t)
	receiver.queue = make(chan Delivery, 1)
	other := `{"event":"contact:update","data":{}}`
	want := func(status int, body string) {
		t.Helper()
		if got := deliver(receiver, request(body, Sign([]byte(body), secret))); got != status {
			t.Fatalf("answered %d, want %d", got, status)
		}
	}
	want(http.StatusNoContent, body)
	want(http.StatusServiceUnavailable, other)
	if got := queued(receiver); len(got) != 1 {
		t.Fatalf("handled %d times", len(got))
	}
	want(http.StatusNoContent, other)
	if got := queued(receiver); len(got) != 1 || got[0].Event != "contact:update" {
		t.Errorf("handled %+v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(time.Hour, 3)
		key := func(n int) [sha256.Size]byte { return sha256.Sum256(fmt.Append(nil, n)) }
		for n := range 4 {
			if !m.add(key(n)) {
				t.Errorf("%d is not new", n)
			}
		}
		if len(m.order) != 3 || len(m.keys) != 3 {
			t.Errorf("remembers %d and %d, want 3", len(m.order), len(m.keys))
		}
		if m.add(key(3)) {
			t.Error("the last one is forgotten")
		}
		time.Sleep(time.Hour) // virtual
		if !m.add(key(3)) {
			t.Error("remembered for longer than an hour")
		}
		if len(m.order) != 1 || len(m.keys) != 1 {
			t.Errorf("remembers %d and %d, want 1", len(m.order), len(m.keys))
		}
	})
}

func TestRunHandlesUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := newReceiver(t)
		ctx, cancel := context.WithCancel(t.Context())
		var handled int
		go receiver.Run(ctx, func(Delivery) { handled++ })
		deliver(receiver, request(body, Sign([]byte(body), secret)))
		synctest.Wait()
		if handled != 1 {
			t.Errorf("handled %d, want 1", handled)
		}
		cancel()
		synctest.Wait()
	})
}

// The person who sets a receiver up has to find out what the header is called, and why
// nothing comes of a delivery.
func TestLogSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*http.Request)
		want   []string
	}{
		"another header": {
			func(r *http.Request) {
				r.Header.Del(DefaultHeader)
				r.Header.Set("X-Kanbert-Signature", "5ff31013")
				r.Header.Set("Content-Type", "application/json")
			},
			[]string{"status=401", `why="there is no header Signature"`, `headers="Content-Type, X-Kanbert-Signature"`},
		},
		"many headers":    {func(r *http.Request) { manyHeaders(r) }, []string{"X-10", "X-53"}},
		"wrong signature": {func(r *http.Request) { r.Header.Set(DefaultHeader, "00") }, []string{`why="the signature does not match"`}},
		"unknown path":    {func(r *http.Request) { r.URL.Path = "/other" }, []string{"path=/other", "status=404", `why="there is no secret for the path"`}},
		"GET":             {func(r *http.Request) { r.Method = http.MethodGet }, []string{"method=GET", "status=405"}},
		"repetition":      {nil, []string{"delivery ignored", `why="the same body came before"`}},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := newReceiver(t)
			var log bytes.Buffer
			deliver(receiver, request(body, Sign([]byte(body), secret)))
			receiver.Log = slog.New(slog.NewTextHandler(&log, nil))
			req := request(body, Sign([]byte(body), secret))
			if test.change != nil {
				test.change(req)
			}
			deliver(receiver, req)
			for _, want := range test.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("no %q in the log: %s", want, &log)
				}
			}
			for _, text := range []string{"5ff31013", "contact-1", secret, "X-60"} {
				if strings.Contains(log.String(), text) {
					t.Errorf("the log holds %q", text)
				}
			}
		})
	}
}

func manyHeaders(r *http.Request) {
	r.Header.Del(DefaultHeader)
	for i := range 100 {
		r.Header.Set(fmt.Sprintf("X-%d", i), "value")
	}
}

func TestLogHoldsNeitherBodyNorSignature(t *testing.T) {
	receiver := newReceiver(t)
	var log bytes.Buffer
	receiver.Log = slog.New(slog.NewTextHandler(&log, nil))
	signature := Sign([]byte(body), "wrong")
	deliver(receiver, request(body, signature))
	if log.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for _, text := range []string{signature, "contact-1", secret} {
		if strings.Contains(log.String(), text) {
			t.Errorf("the log holds %q", text)
		}
	}
}
