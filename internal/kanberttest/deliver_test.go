// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// received is a delivery at a receiver.
type received struct {
	path, signature, contentType, body string
}

// startReceiver returns a receiver's address, and its deliveries.
func startReceiver(t *testing.T, status int) (string, func() []received) {
	t.Helper()
	var mu sync.Mutex
	var all []received
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, received{r.URL.Path, r.Header.Get(kanberttest.SignatureHeader), r.Header.Get("Content-Type"), string(body)})
		mu.Unlock()
		if status/100 == 3 {
			w.Header().Set("Location", "http://example.com/")
		}
		http.Error(w, "what the receiver says", status)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []received {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// TestDeliver requests deliveries over HTTP, and checks their signatures.
func TestDeliver(t *testing.T) {
	address, got := startReceiver(t, http.StatusOK)
	var told []kanberttest.Delivery
	s := kanberttest.Start(t, kanberttest.WithOnDelivery(func(d kanberttest.Delivery) { told = append(told, d) }))
	ours := s.Seed(
		kanberttest.Webhook{URL: address + "/1"},
		kanberttest.Webhook{URL: address + "/2", Event: "contact:delete"},
		kanberttest.Webhook{URL: address + "/3", ProjectID: "p1"},
		kanberttest.Webhook{URL: address + "/4", ProjectID: "p2"},
		kanberttest.Webhook{URL: "https://hooks.example.com/"},
		kanberttest.Webhook{URL: "https://192.0.2.1/"},
	)
	call := overHTTP(t, s)
	call.baseURL = strings.TrimSuffix(s.BaseURL(), kanberttest.BasePath)
	a := call.must(http.MethodPost, "/deliver?event=contact:create&project_id=p1", "")
	var answered struct{ Deliveries []kanberttest.Delivery }
	if err := json.Unmarshal([]byte(a.body), &answered); err != nil || a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if len(answered.Deliveries) != 4 || len(told) != 4 {
		t.Errorf("answered %s\ntold %v", a.body, told)
	}
	for _, d := range answered.Deliveries {
		local := strings.HasPrefix(d.URL, address)
		if d.Delivered != local || local && d.Status != 200 || !local && !strings.Contains(d.Reason, "is not a loopback address") {
			t.Errorf("%+v", d)
		}
	}
	if len(got()) != 2 {
		t.Fatalf("received %v", got())
	}
	for i, webhook := range []kanberttest.Webhook{ours[0], ours[2]} {
		r := got()[i]
		mac := hmac.New(sha256.New, []byte(webhook.Secret))
		mac.Write([]byte(r.body))
		if r.signature != hex.EncodeToString(mac.Sum(nil)) || r.contentType != jsonType || address+r.path != webhook.URL {
			t.Errorf("received %+v", r)
		}
		if !strings.HasPrefix(r.body, `{"event":"contact:create","data":{"id":"contact-`) {
			t.Errorf("body %s", r.body)
		}
	}
	// Each event has its own id. Data of the request is passed on.
	call.must(http.MethodPost, "/deliver?event=contact:create&project_id=p1", "")
	call.must(http.MethodPost, "/deliver?event=contact:delete", `{"id":"mine"}`)
	if all := got(); len(all) != 5 || all[2].body == all[0].body || all[4].body != `{"event":"contact:delete","data":{"id":"mine"}}` {
		t.Errorf("received %v", got())
	}
	if s.Count("") != 0 {
		t.Error("a delivery was recorded as a request of the API")
	}
}

// TestDeliverRefusals requests deliveries that are impossible.
func TestDeliverRefusals(t *testing.T) {
	s := kanberttest.Start(t)
	s.Seed(kanberttest.Webhook{URL: "https://hooks.example.com/"})
	call := overHTTP(t, s)
	call.baseURL = strings.TrimSuffix(s.BaseURL(), kanberttest.BasePath)
	for _, c := range []struct {
		method, query, body string
		status              int
		says                string
	}{
		{"GET", "?event=contact:create", "", 405, "curl -X POST"},
		{"POST", "", "", 400, "contact:create, contact:update"},
		{"POST", "?event=contact:created", "", 400, `\"contact:created\"`},
		{"POST", "?event=contact:create", "{", 400, "The body is not JSON"},
		{"POST", "?event=task:create", "", 404, "No webhook subscribes to task:create."},
		{"POST", "?event=contact:create", "", 502, "hooks.example.com is not a loopback address"},
	} {
		a := call.must(c.method, kanberttest.DeliverPath+c.query, c.body)
		if a.status != c.status || !strings.Contains(a.body, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.query, a.status, a.body)
		}
	}
}

// TestDeliverReasons checks the reason of a failed delivery, which must not contain
// the secret parts of a URL.
func TestDeliverReasons(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	refusing, _ := startReceiver(t, http.StatusUnauthorized)
	redirecting, _ := startReceiver(t, http.StatusFound)
	for url, want := range map[string]string{
		gone.URL + "/?password=opensesame": "nothing listens at " + strings.TrimPrefix(gone.URL, "http://"),
		refusing:                           "the receiver answered 401: what the receiver says",
		redirecting:                        "the receiver answered 302: what the receiver says",
		"https://localhost.example.com/":   "localhost.example.com is not a loopback address, and the sandbox delivers to no other",
		"http://[2001:db8::1]/":            "2001:db8::1 is not a loopback address, and the sandbox delivers to no other",
		"http://0.0.0.0:1/":                "0.0.0.0 is not a loopback address, and the sandbox delivers to no other",
	} {
		s := kanberttest.New()
		s.Seed(kanberttest.Webhook{URL: url})
		all := s.Deliver(t.Context(), kanberttest.Event{Name: "contact:create"})
		if len(all) != 1 || all[0].Delivered || all[0].Reason != want {
			t.Errorf("%s: %+v", url, all)
		}
	}
}
