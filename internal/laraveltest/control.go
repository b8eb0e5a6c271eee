// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"
)

const terminate = syscall.SIGTERM

// BaseURL returns the base URL of the API.
func (l *Laravel) BaseURL() string { return "http://" + l.address + basePath }

// Token returns a token of [Workspace] with the scope integration.
func (l *Laravel) Token() string { return l.token }

// UnscopedToken returns a valid token of [Workspace] without that scope.
func (l *Laravel) UnscopedToken() string { return l.unscopedToken }

// OtherToken returns a token of [OtherWorkspace] with the scope.
func (l *Laravel) OtherToken() string { return l.otherToken }

// Webhook is a row of the table.
type Webhook struct {
	ID        string `json:"id"`
	Workspace string `json:"workspace_id"`
	URL       string `json:"url"`
	Event     string `json:"event"`
	// ProjectID and ClientID are empty for null.
	ProjectID string `json:"project_id"`
	ClientID  string `json:"client_id"`
	Secret    string `json:"signature_secret_key"`
	// CreatedAt is in UTC, in the database's format: 2006-01-02 15:04:05.
	CreatedAt string `json:"created_at"`
}

// Webhooks returns the webhooks of both workspaces, in the order of their URLs.
func (l *Laravel) Webhooks(tb testing.TB) []Webhook {
	tb.Helper()
	all, err := l.webhooks(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func (l *Laravel) webhooks(ctx context.Context) ([]Webhook, error) {
	var all []Webhook
	text, err := l.control(ctx, http.MethodGet, nil)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// Seed inserts webhooks into the table without the API, and returns them. It fills
// in the empty fields except ProjectID and ClientID.
func (l *Laravel) Seed(tb testing.TB, webhooks ...Webhook) []Webhook {
	tb.Helper()
	rows := make([]map[string]any, len(webhooks))
	l.mu.Lock()
	for i := range webhooks {
		l.sequence++
		webhooks[i] = webhooks[i].complete(l.sequence)
		rows[i] = webhooks[i].row()
	}
	l.mu.Unlock()
	if _, err := l.control(tb.Context(), http.MethodPost, rows); err != nil {
		tb.Fatal(err)
	}
	return webhooks
}

func (w Webhook) complete(number int) Webhook {
	fill := func(field *string, text string) {
		if *field == "" {
			*field = text
		}
	}
	fill(&w.ID, fmt.Sprintf("seed-%06d", number))
	fill(&w.Workspace, Workspace)
	fill(&w.Event, "contact:create")
	fill(&w.Secret, fmt.Sprintf("secret-%06d", number))
	fill(&w.CreatedAt, time.Now().UTC().Format(time.DateTime))
	return w
}

func (w Webhook) row() map[string]any {
	orNull := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	return map[string]any{
		"id": w.ID, "workspace_id": w.Workspace, "url": w.URL, "event": w.Event,
		"project_id": orNull(w.ProjectID), "client_id": orNull(w.ClientID),
		"signature_secret_key": w.Secret, "is_active": true,
		"created_at": w.CreatedAt, "updated_at": w.CreatedAt,
	}
}

// Remove deletes rows without the API.
func (l *Laravel) Remove(tb testing.TB, ids ...string) {
	tb.Helper()
	if _, err := l.control(tb.Context(), http.MethodDelete, ids); err != nil {
		tb.Fatal(err)
	}
}

// control sends requests to the application's routes for tests, which ignore
// maintenance and limits.
func (l *Laravel) control(ctx context.Context, method string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+l.address+"/control/webhooks", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Control-Secret", l.secret)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s /control/webhooks: %s: %s", method, response.Status, answer)
	}
	return answer, err
}

// client keeps no connection, so a finished test leaves none.
var client = &http.Client{
	Timeout:       time.Minute,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// SetThrottle makes Laravel's throttle refuse more than n requests of one user in a
// window. 0 removes the limit.
func (l *Laravel) SetThrottle(tb testing.TB, n int, window time.Duration) {
	tb.Helper()
	l.set(tb, "throttle", []any{n, window.Seconds()})
}

// SetLocale sets the language of the application's texts for every request: "en",
// "de", or one without any texts, which shows the bare keys. With an empty locale,
// the request decides.
func (l *Laravel) SetLocale(tb testing.TB, locale string) {
	tb.Helper()
	l.set(tb, "locale", locale)
}

func (l *Laravel) set(tb testing.TB, name string, value any) {
	tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settings[name] = value
	if err := l.writeSettings(); err != nil {
		tb.Fatal(err)
	}
}

// Down is `artisan down` with these options, such as --retry=1 or
// --render=errors::503.
func (l *Laravel) Down(tb testing.TB, options ...string) {
	tb.Helper()
	if err := l.artisan(tb.Context(), append([]string{"down"}, options...)...); err != nil {
		tb.Fatal(err)
	}
}

// Up ends [Laravel.Down].
func (l *Laravel) Up(tb testing.TB) {
	tb.Helper()
	if err := l.artisan(tb.Context(), "up"); err != nil {
		tb.Fatal(err)
	}
}

// Fault is a fault of a request.
type Fault string

// The faults.
const (
	// Kill ends the worker by SIGKILL, as the kernel does when memory is short.
	Kill Fault = "kill"
	// Throw raises an exception: 500 in the API's own JSON.
	Throw Fault = "throw"
	// Meet makes requests wait until all that the fault applies to have arrived.
	Meet Fault = "meet"
	// Hold makes the request wait until [Laravel.Release].
	Hold Fault = "hold"
)

// Phase is the phase in which a fault applies to a valid request.
type Phase string

// The phases. A list has only the first.
const (
	Before Phase = "before" // before the database is changed
	After  Phase = "after"  // after that, before the answer
)

// FailNext applies the fault to the next n valid requests of the method.
func (l *Laravel) FailNext(tb testing.TB, n int, fault Fault, phase Phase, method string) {
	tb.Helper()
	for range n {
		l.mu.Lock()
		l.sequence++
		name := fmt.Sprintf("%s.%s.%s.%d", fault, phase, method, l.sequence)
		l.mu.Unlock()
		if err := os.WriteFile(l.path("faults", name), nil, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// PendingFaults returns the number of faults that were not applied yet.
func (l *Laravel) PendingFaults(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir(l.path("faults"))
	if err != nil {
		tb.Fatal(err)
	}
	n := 0
	for _, entry := range entries {
		if entry.Name() != released {
			n++
		}
	}
	return n
}

const released = "release"

// Release ends every [Hold], now and later.
func (l *Laravel) Release(tb testing.TB) {
	tb.Helper()
	if err := os.WriteFile(l.path("faults", released), nil, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Request is the record of a request to the API.
type Request struct {
	// Time is the end of the response, in seconds since 1970.
	Time   float64 `json:"time"`
	Method string  `json:"method"`
	URI    string  `json:"uri"`
	Status int     `json:"status"`
}

// Query returns the parameters of the request.
func (r Request) Query() url.Values {
	u, err := url.ParseRequestURI(r.URI)
	if err != nil {
		return nil
	}
	return u.Query()
}

// Requests returns nginx's log: every request with a response, in the order of the
// responses.
func (l *Laravel) Requests(tb testing.TB) []Request {
	tb.Helper()
	text, err := os.ReadFile(l.path("requests.log"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []Request
	for line := range bytes.Lines(text) {
		var r Request
		if err := json.Unmarshal(line, &r); err != nil {
			tb.Fatalf("nginx logged %q: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}
