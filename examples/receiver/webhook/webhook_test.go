// SPDX-License-Identifier: MPL-2.0

package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
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
			answer := httptest.NewRecorder()
			receiver.ServeHTTP(answer, req)
			if answer.Code != test.want {
				t.Errorf("answered %d, want %d", answer.Code, test.want)
			}
			if got := answer.Header().Get("Allow"); (got == "POST") != (test.want == http.StatusMethodNotAllowed) {
				t.Errorf("it allows %q", got)
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

func key(n int) [sha256.Size]byte { return sha256.Sum256(fmt.Append(nil, n)) }

// remembers compares what is remembered, from the oldest on.
func (m *memory) remembers(t *testing.T, want ...int) {
	t.Helper()
	if len(m.order) != len(want) || len(m.keys) != len(want) {
		t.Fatalf("remembers %d and %d, want %v", len(m.order), len(m.keys), want)
	}
	for i, n := range want {
		if _, known := m.keys[key(n)]; !known || m.order[i].key != key(n) {
			t.Errorf("%d is not number %d", n, i)
		}
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := newMemory(time.Hour, 3)
	for n := range 3 {
		if !m.add(key(n)) {
			t.Errorf("%d is not new", n)
		}
	}
	m.remembers(t, 0, 1, 2)
	// A repetition takes no place, not even of the one that it repeats.
	if m.add(key(0)) {
		t.Error("the oldest is forgotten by its repetition")
	}
	m.remembers(t, 0, 1, 2)
	if !m.add(key(3)) {
		t.Error("3 is not new")
	}
	m.remembers(t, 1, 2, 3)
	m.remove(key(2))
	m.remove(key(7))
	m.remembers(t, 1, 3)
	if !m.add(key(2)) {
		t.Error("what was removed is not new")
	}
	m.remembers(t, 1, 3, 2)
}

func TestMemoryForgetsWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(time.Hour, 3)
		m.add(key(0))
		time.Sleep(time.Minute) // virtual
		m.add(key(1))
		time.Sleep(59*time.Minute - 1)
		if m.add(key(0)) {
			t.Error("forgotten before an hour")
		}
		time.Sleep(time.Nanosecond)
		if !m.add(key(0)) {
			t.Error("remembered for longer than an hour")
		}
		m.remembers(t, 1, 0)
	})
}

// Requests come at the same time: none changes the memory while another does.
func TestMemoryIsLocked(t *testing.T) {
	for name, change := range map[string]func(*memory){
		"add":    func(m *memory) { m.add(key(1)) },
		"remove": func(m *memory) { m.remove(key(0)) },
	} {
		m := newMemory(time.Minute, 3)
		m.add(key(0))
		m.mu.Lock()
		changed := make(chan struct{})
		go func() {
			change(m)
			close(changed)
		}()
		for range 1000 {
			runtime.Gosched() // It has every opportunity.
		}
		select {
		case <-changed:
			t.Errorf("%s does not wait for another", name)
		default:
		}
		m.mu.Unlock()
		<-changed
	}
}

// signed are deliveries that differ.
func signed(n int) *http.Request {
	text := fmt.Sprintf(`{"event":"contact:create","data":{"id":%d}}`, n)
	return request(text, Sign([]byte(text), secret))
}

// A receiver queues 100 deliveries, and remembers 10,000 of them for an hour.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := newReceiver(t)
		want := func(n, status, queue int) {
			t.Helper()
			if got := deliver(receiver, signed(n)); got != status || len(receiver.queue) != queue {
				t.Fatalf("%d was answered %d, and %d are queued; want %d and %d", n, got, len(receiver.queue), status, queue)
			}
		}
		for n := range 100 {
			want(n, http.StatusNoContent, n+1)
		}
		want(100, http.StatusServiceUnavailable, 100)
		// A repetition is known, whatever is in the queue.
		want(0, http.StatusNoContent, 100)
		if got := queued(receiver); len(got) != 100 || string(got[99].Data) != `{"id":99}` {
			t.Fatalf("handled %d", len(got))
		}
		for n := 100; n < 10_000; n++ {
			deliver(receiver, signed(n))
			<-receiver.queue
		}
		want(0, http.StatusNoContent, 0)
		want(10_000, http.StatusNoContent, 1)
		want(1, http.StatusNoContent, 1)
		want(0, http.StatusNoContent, 2)
		time.Sleep(time.Hour - 1) // virtual
		want(0, http.StatusNoContent, 2)
		time.Sleep(time.Nanosecond)
		want(0, http.StatusNoContent, 3)
	})
}

// A body is read up to 1 MiB, whether its length is known before or not.
func TestBodyBound(t *testing.T) {
	const most = 1_048_576
	frame := `{"event":"contact:create","data":""}`
	for size, want := range map[int]int{most: http.StatusNoContent, most + 1: http.StatusRequestEntityTooLarge} {
		text := strings.Replace(frame, `""`, `"`+strings.Repeat("x", size-len(frame))+`"`, 1)
		for _, known := range []bool{true, false} {
			req := request(text, Sign([]byte(text), secret))
			if !known {
				req.ContentLength = -1
			}
			if got := deliver(newReceiver(t), req); got != want {
				t.Errorf("%d bytes are answered %d, want %d", size, got, want)
			}
		}
	}
}

// broken is a body that ends before its end.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestCutBodyIsRefused(t *testing.T) {
	receiver := newReceiver(t)
	req := request("", Sign(nil, secret))
	req.Body = io.NopCloser(broken{})
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, req)
	if answer.Code != http.StatusBadRequest || answer.Body.String() != "the body could not be read whole\n" {
		t.Errorf("answered %d %s", answer.Code, answer.Body)
	}
}

// Of several signatures the first one counts: a second one cannot help.
func TestSignatureHeaders(t *testing.T) {
	right := Sign([]byte(body), secret)
	for name, test := range map[string]struct {
		values []string
		want   int
	}{
		"right":               {[]string{right}, http.StatusNoContent},
		"right, in capitals":  {[]string{strings.ToUpper(right)}, http.StatusNoContent},
		"right, then wrong":   {[]string{right, "00"}, http.StatusNoContent},
		"wrong, then right":   {[]string{"00", right}, http.StatusUnauthorized},
		"two in one":          {[]string{right + "," + right}, http.StatusUnauthorized},
		"with an algorithm":   {[]string{"sha256=" + right}, http.StatusUnauthorized},
		"one letter other":    {[]string{right[:63] + string("0123456789abcdef0"[strings.IndexByte("0123456789abcdef", right[63])+1])}, http.StatusUnauthorized},
		"empty":               {[]string{""}, http.StatusUnauthorized},
		"empty, then right":   {[]string{"", right}, http.StatusUnauthorized},
		"missing":             {nil, http.StatusUnauthorized},
		"empty secret's":      {[]string{Sign([]byte(body), "")}, http.StatusUnauthorized},
		"of an empty body":    {[]string{Sign(nil, secret)}, http.StatusUnauthorized},
		"of the other's path": {[]string{Sign([]byte(body), "another secret")}, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := newReceiver(t)
			req := request(body, "")
			req.Header[DefaultHeader] = test.values
			if got := deliver(receiver, req); got != test.want {
				t.Errorf("answered %d, want %d", got, test.want)
			}
			if got := len(queued(receiver)); (got == 1) != (test.want == http.StatusNoContent) {
				t.Errorf("handled %d", got)
			}
		})
	}
}

// No test can measure how long a comparison takes. The source shows that it is the
// one that takes the same time wherever the first difference is.
func TestSignaturesAreComparedInConstantTime(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "webhook.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Name.Name == "Verify"
	})
	verify := file.Decls[i].(*ast.FuncDecl).Body.List
	returned := verify[len(verify)-1].(*ast.ReturnStmt).Results
	if text := types.ExprString(returned[0]); text != "hmac.Equal(got, mac.Sum(nil))" {
		t.Errorf("Verify returns %s", text)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if text := types.ExprString(call.Fun); strings.HasSuffix(text, "Equal") && text != "hmac.Equal" || strings.HasSuffix(text, "Compare") {
				t.Errorf("%s is called", text)
			}
		}
		return true
	})
}

// What is queued when the context ends is handled all the same.
func TestRunEmptiesTheQueue(t *testing.T) {
	receiver := newReceiver(t)
	for n := range 100 {
		deliver(receiver, signed(n))
	}
	if got := queued(receiver); len(got) != 100 {
		t.Errorf("handled %d", len(got))
	}
}

func TestRunHandlesUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := newReceiver(t)
		ctx, cancel := context.WithCancel(t.Context())
		var handled int
		go receiver.Run(ctx, func(Delivery) { handled++ })
		for n := range 3 {
			deliver(receiver, signed(n))
			synctest.Wait()
			if handled != n+1 {
				t.Errorf("handled %d, want %d", handled, n+1)
			}
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
			for _, text := range []string{"5ff31013", "contact-1", secret, "X-54"} {
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

// A receiver that got no log of its own writes to the program's.
func TestLogIsTheProgramsOwn(t *testing.T) {
	receiver, err := New(map[string]string{path: secret})
	if err != nil || receiver.Log != slog.Default() {
		t.Errorf("got %v, %v", receiver, err)
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
