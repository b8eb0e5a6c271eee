// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/examples"
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
	t                 *testing.T
	base, token, host string
	envFile           string
	log               *output
	transport         *http.Transport
	end               func()
}

// serve runs the command until the test ends, and reads the file that it writes.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	s := &served{t: t, log: &output{}, transport: &http.Transport{DisableKeepAlives: true}}
	file := filepath.Join(t.TempDir(), "it's here.env")
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0", "-env", file}, args...), writer, s.log)
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	s.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(s.end)
	lines := bufio.NewScanner(reader)
	if !lines.Scan() {
		t.Fatalf("the output ends early; the log: %s", s.log)
	}
	if want := "source '" + strings.ReplaceAll(file, "'", `'\''`) + "'"; lines.Text() != want {
		t.Fatalf("printed %s, want %s", lines.Text(), want)
	}
	s.envFile = file
	s.readEnvironment()
	return s
}

func (s *served) readEnvironment() {
	s.t.Helper()
	text, err := os.ReadFile(s.envFile)
	if err != nil {
		s.t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		values[name] = value
	}
	s.base, s.token, s.host = values["KANBERT_BASE_URL"], values["KANBERT_TOKEN"], values["SANDBOX_URL"]
	if len(values) != 3 || s.token == "" || s.base != s.host+kanberttest.BasePath {
		s.t.Fatalf("the file holds %s", text)
	}
}

// answer is what the tests read of an answer.
type answer struct {
	Data []struct{ ID, URL string }
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
		{"-addr", "127.0.0.1:0", "-env", filepath.Join(t.TempDir(), "none", "sandbox.env")},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	var help output
	if err := run(t.Context(), []string{"-h"}, io.Discard, &help); err != nil || !strings.Contains(help.String(), "-latency") ||
		!strings.Contains(help.String(), "SANDBOXFLAGS=") {
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

// TestEnvironment finds the file readable by its owner alone, in place of an old
// one, and gone at the end.
func TestEnvironment(t *testing.T) {
	s := serve(t)
	info, err := os.Stat(s.envFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if status, _ := s.send("GET", "/webhooks", ""); status != http.StatusOK {
		t.Errorf("with the token of the file: %d", status)
	}
	if strings.Contains(s.log.String(), s.token) {
		t.Errorf("the log holds the token:\n%s", s.log)
	}
	for _, want := range []string{`SANDBOXFLAGS="`, "/deliver?event=contact:create"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log does not show %s:\n%s", want, s.log)
		}
	}
	s.end()
	if _, err := os.Stat(s.envFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("afterwards: %v", err)
	}

	file := filepath.Join(t.TempDir(), "sandbox.env")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := writeEnvironment(file, "new"); err != nil {
		t.Fatal(err)
	}
	removeEnvironment(file, "old") // not ours
	info, err = os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// TestWithoutFile prints the environment instead.
func TestWithoutFile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out output
	if err := run(ctx, []string{"-addr", "127.0.0.1:0", "-env", ""}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "export ") != 3 {
		t.Errorf("printed %s", &out)
	}
}

// TestFreshAtEachStart finds that a state of an earlier sandbox finds nothing in
// a later one, and that a seed repeats one.
func TestFreshAtEachStart(t *testing.T) {
	id := func(args ...string) (string, string) {
		s := serve(t, append(args, "-webhooks", "1")...)
		_, list := s.send("GET", "/webhooks", "")
		return s.token, list.Data[0].ID
	}
	token, first := id()
	otherToken, second := id()
	if token == otherToken || first == second {
		t.Errorf("two starts give the id %s", first)
	}
	token, first = id("-seed", "7")
	otherToken, second = id("-seed", "7")
	if token != otherToken || first != second {
		t.Error("one seed gives two sandboxes")
	}
}

// TestNextFreePort finds the default port taken.
func TestNextFreePort(t *testing.T) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", defaultPort))
	if err == nil { // If not, the port is taken already.
		defer func() { _ = listener.Close() }()
	}
	s := kanberttest.New()
	if err := listen(s, ""); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	base, err := url.Parse(s.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	if port, err := strconv.Atoi(base.Port()); err != nil || port <= defaultPort || port >= defaultPort+portsTried {
		t.Errorf("listens at %s", s.BaseURL())
	}
	if err := listen(kanberttest.New(), base.Host); err == nil || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("an address of one's own that is taken: %v", err)
	}
}

// TestDeliveries asks for a delivery and reads of it in the log.
func TestDeliveries(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Signature") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer receiver.Close()
	s := serve(t)
	for _, address := range []string{receiver.URL + "/x?key=opensesame", "https://hooks.example.com/"} {
		if status, _ := s.send("POST", "/webhooks", `{"url":"`+address+`","event":"contact:create"}`); status != http.StatusCreated {
			t.Fatalf("create: %d", status)
		}
	}
	s.base = s.host
	if status, _ := s.send("POST", "/deliver?event=contact:create", ""); status != http.StatusOK {
		t.Errorf("deliver: %d", status)
	}
	log := s.log.String()
	for _, want := range []string{
		"deliver contact:create to " + receiver.URL + "/x?… → 200\n",
		"deliver contact:create to https://hooks.example.com/ → not delivered: hooks.example.com is not a loopback address",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no line %q in the log:\n%s", want, log)
		}
	}
	if strings.Contains(log, "opensesame") {
		t.Errorf("the log holds a query:\n%s", log)
	}
}

// TestDocumented finds with -docs what configurations of the documentation expect
// to exist.
func TestDocumented(t *testing.T) {
	ids, urls := map[string]bool{}, map[string]bool{}
	for _, w := range documented(time.Now()) {
		ids[w.ID], urls[w.URL] = true, true
	}
	expected := regexp.MustCompile(`(?m)^\s*(?:id|url)\s*=\s*"([^"]+)"|^terraform import \S+ (\S+)$`)
	count := 0
	for _, folder := range []string{"data-sources/kanbert_webhook", "resources/kanbert_webhook", "guides/adopting-existing-webhooks"} {
		err := fs.WalkDir(examples.Files, folder, func(file string, entry fs.DirEntry, err error) error {
			adopts := strings.HasPrefix(path.Base(file), "import") || strings.Contains(file, "data-sources/") || strings.Contains(file, "/by-")
			if err != nil || entry.IsDir() || !adopts {
				return err
			}
			text, err := fs.ReadFile(examples.Files, file)
			for _, match := range expected.FindAllStringSubmatch(string(text), -1) {
				count++
				if value := match[1] + match[2]; !ids[value] && !urls[value] {
					t.Errorf("%s expects %s", file, value)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if count < 8 {
		t.Errorf("only %d places were found", count)
	}
	s := serve(t, "-docs")
	if _, list := s.send("GET", "/webhooks", ""); len(list.Data) != len(ids) {
		t.Errorf("the sandbox holds %v", list.Data)
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
