// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// output collects what is written to it from several goroutines.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// served is a sandbox that the command serves.
type served struct {
	t           *testing.T
	base, token string
	log         *output
	transport   *http.Transport
}

// serve runs the command until the test ends, and reads what it prints.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	s := &served{t: t, log: &output{}, transport: &http.Transport{DisableKeepAlives: true}}
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), writer, s.log)
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	lines := bufio.NewScanner(reader)
	for _, value := range []*string{&s.base, &s.token} {
		if !lines.Scan() {
			t.Fatalf("the output ends early; the log: %s", s.log)
		}
		*value = lines.Text()
	}
	var ok bool
	if s.base, ok = strings.CutPrefix(s.base, "export KANBERT_BASE_URL="); !ok {
		t.Fatalf("first line %q", s.base)
	}
	if s.token, ok = strings.CutPrefix(s.token, "export KANBERT_TOKEN="); !ok {
		t.Fatalf("second line %q", s.token)
	}
	return s
}

// answer is what the tests read of an answer.
type answer struct {
	Data []struct{ URL string }
	Meta struct {
		NextCursor string `json:"next_cursor"`
	}
	Secret string `json:"signature_secret_key"`
}

// send returns the status, or 0 if there was no answer, and what the body holds.
func (s *served) send(method, path, body string) (int, answer) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.transport.RoundTrip(r)
	if err != nil {
		return 0, answer{}
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	if json.NewDecoder(resp.Body).Decode(&a) != nil {
		return resp.StatusCode, answer{}
	}
	return resp.StatusCode, a
}

// TestServe plays with the sandbox and reads the log.
func TestServe(t *testing.T) {
	s := serve(t, "-webhooks", "45", "-max-page", "40", "-latency", "1ms")
	const receiver = "https://user:hunter2@receiver.example/x?key=opensesame"
	status, created := s.send("POST", "/webhooks", `{"url":"`+receiver+`","event":"contact:create"}`)
	if status != http.StatusCreated {
		t.Fatalf("create: %d", status)
	}
	query := url.Values{"sort": {"-url"}, "page[size]": {"100"}, "filter": {`url ne "https://a.example?key=opensesame" and url isnotnull`}}
	_, list := s.send("GET", "/webhooks?"+query.Encode(), "")
	if len(list.Data) != 40 {
		t.Errorf("a page of %d", len(list.Data))
	}
	cursor := list.Meta.NextCursor
	query.Set("page[cursor]", cursor)
	_, list = s.send("GET", "/webhooks?"+query.Encode(), "")
	if len(list.Data) != 6 {
		t.Errorf("a page of %d behind it", len(list.Data))
	}
	s.send("DELETE", "/webhooks/unknown", "")

	log := s.log.String()
	for _, secret := range []string{s.token, created.Secret, "hunter2", "opensesame", cursor} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	for _, want := range []string{
		`POST   /api/v1/webhooks contact:create https://receiver\.example/x\?… → 201 \(\S+, req-000001\)`,
		`GET    /api/v1/webhooks sort=-url page\[size\]=100 filter=url ne "https://a.example\?…" and url isnotnull → 200 \(.*\)`,
		`GET    /api/v1/webhooks sort=-url .* page\[cursor\]=… → 200`,
		`DELETE /api/v1/webhooks/unknown → 404`,
	} {
		if !regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d ` + want).MatchString(log) {
			t.Errorf("no line %s in the log:\n%s", want, log)
		}
	}
}

// TestServeWithFaults finds the rate limit, and faults named in the log.
func TestServeWithFaults(t *testing.T) {
	s := serve(t, "-fault-share", "1", "-seed", "3")
	for range 20 {
		s.send("GET", "/webhooks", "")
	}
	log := s.log.String()
	if n := strings.Count(log, " fault: "); n != 20 {
		t.Errorf("%d of 20 requests met a fault:\n%s", n, log)
	}
	if !strings.Contains(log, "→ no answer") {
		t.Errorf("every request was answered:\n%s", log)
	}

	limited := serve(t, "-rate-limit", "2", "-rate-period", "1h")
	for i, want := range []int{200, 200, 429} {
		if status, _ := limited.send("GET", "/webhooks", ""); status != want {
			t.Errorf("request %d: %d", i, status)
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{
		{"-unknown"},
		{"argument"},
		{"-addr", "0.0.0.0:0"},
		{"-addr", "nowhere"},
		{"-max-page", "0"},
		{"-webhooks", "-1"},
		{"-rate-limit", "-1"},
		{"-rate-period", "0"},
		{"-latency", "-1s"},
		{"-fault-share", "1.1"},
		{"-fault-share", "-0.1"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	var help output
	if err := run(t.Context(), []string{"-h"}, io.Discard, &help); err != nil || !strings.Contains(help.String(), "-latency") {
		t.Errorf("help: %v\n%s", err, &help)
	}
}

// TestSamples finds every event among the webhooks to begin with, and nothing
// that the API would refuse.
func TestSamples(t *testing.T) {
	s := kanberttest.New()
	s.Seed(samples(25, time.Now())...)
	events := map[string]bool{}
	for _, w := range s.Webhooks() {
		events[w.Event] = true
		if w.ProjectID == "" {
			t.Errorf("%v has no project", w)
		}
	}
	if len(events) != len(kanberttest.Events()) {
		t.Errorf("events %v", events)
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"https://r.example/a":                "https://r.example/a",
		"https://u:p@r.example/a?b=c#d":      "https://r.example/a?…",
		"https://r.example#d":                "https://r.example?…",
		`url in ["https://u@r/?k", 'h://x']`: `url in ["https://r/?…", 'h://x']`,
		`["https://r?k","https://s?k"]`:      `["https://r?…","https://s?…"]`,
		"a\x1b[31mb\nc":                      "a·[31mb·c",
	} {
		if got := redact(text); got != want {
			t.Errorf("redact(%q) = %q, want %q", text, got, want)
		}
	}
}
