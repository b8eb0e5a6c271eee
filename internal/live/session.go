// SPDX-License-Identifier: MPL-2.0

package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// MaxWebhooks is how many webhooks one run may create.
const MaxWebhooks = 20

// cleanupTimeout limits the deletes at the end of a run.
const cleanupTimeout = 5 * time.Minute

// ErrRefused is the error of requests that a session does not permit.
var ErrRefused = errors.New("this run does not permit the request")

// ErrInvalidDomain says that the API does not accept URLs of the domain .invalid.
// The run ends, because no other domain is certainly unused.
var ErrInvalidDomain = errors.New("the API refuses a URL of the domain .invalid (422 on url): nothing was created, and this run stops")

// Session is one run that may write. It is an [http.RoundTripper] that permits only
// reads, creates under the prefix of the run, and deletes of webhooks that the run
// created.
type Session struct {
	*api

	ledger *ledger
	next   http.RoundTripper
	out    io.Writer
	// creates counts the POSTs that created, or may have created, a webhook.
	creates atomic.Int32
	// number is the number of the last URL.
	number atomic.Int32
}

// Settings say where a session writes.
type Settings struct {
	// Workspace is the id of the workspace that the user named.
	Workspace string
	// Ledgers is the folder of the ledgers.
	Ledgers string
	// Out gets the name of the workspace and the ids of the webhooks.
	Out io.Writer
}

// OpenSession begins a run. The error is a [*WorkspaceError] if the user did not
// name the workspace of the token.
func OpenSession(ctx context.Context, target Target, settings Settings) (*Session, error) {
	s := &Session{next: newTransport(), out: &lockedWriter{to: settings.Out}}
	var err error
	if s.api, err = newAPI(target, s); err != nil {
		return nil, err
	}
	workspace, err := s.confirmWorkspace(ctx, settings.Workspace, s.out)
	if err != nil {
		return nil, err
	}
	if s.ledger, err = createLedger(settings.Ledgers, s.base.Host, workspace); err != nil {
		return nil, err
	}
	fmt.Fprintf(s.out, "Run: %s\n", s.ledger.run)
	return s, nil
}

// lockedWriter is a writer for parallel requests of the provider.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(text)
}

// NewURL returns an unused URL of the run.
func (s *Session) NewURL() string {
	return fmt.Sprintf("%s%02d", s.ledger.prefix(), s.number.Add(1))
}

// RoundTrip implements [http.RoundTripper].
func (s *Session) RoundTrip(req *http.Request) (*http.Response, error) {
	switch path := strings.TrimPrefix(req.URL.EscapedPath(), s.base.EscapedPath()); {
	case req.Method == http.MethodGet || req.Method == http.MethodHead:
		resp, err := s.next.RoundTrip(req)
		if err != nil || path != webhooksPath {
			return resp, err
		}
		return s.learn(resp, s.recordListed)
	case s.ledger == nil:
		return refuse(req, "the workspace is not confirmed")
	case req.Method == http.MethodPost && path == webhooksPath:
		return s.create(req)
	case req.Method == http.MethodDelete:
		return s.delete(req, path)
	}
	return refuse(req, "neither a create nor a delete of a webhook")
}

func refuse(req *http.Request, why string) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, fmt.Errorf("%w: %s", ErrRefused, why)
}

func (s *Session) create(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	var asked record
	if json.Unmarshal(body, &asked) != nil || !s.isOurs(asked.URL) {
		return refuse(req, "the URL is not under the prefix of the run")
	}
	if s.creates.Add(1) > MaxWebhooks {
		return refuse(req, fmt.Sprintf("it would be more than %d webhooks", MaxWebhooks))
	}
	again := req.Clone(req.Context())
	again.Body, again.ContentLength, again.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	resp, err := s.next.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 && resp.StatusCode < 500 {
		s.creates.Add(-1)
	}
	return s.learn(resp, func(body []byte) error {
		// Without a readable id, a list finds the webhook.
		made := answer{body: body}.created()
		if made.ID == "" || resp.StatusCode > 299 {
			return nil
		}
		return s.recordMade(made.ID)
	})
}

// isOurs reports whether a URL belongs to this run. The API trims white space
// around it.
func (s *Session) isOurs(address string) bool {
	return strings.HasPrefix(strings.TrimSpace(address), s.ledger.prefix())
}

func (s *Session) delete(req *http.Request, path string) (*http.Response, error) {
	escaped, below := strings.CutPrefix(path, webhooksPath+"/")
	id, err := url.PathUnescape(escaped)
	if !below || err != nil || !s.ledger.has(id) {
		return refuse(req, "the webhook is not known to belong to this run")
	}
	resp, err := s.next.RoundTrip(req)
	if err == nil && resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		err = s.ledger.recordDeleted(id)
	}
	return resp, err
}

// learn reads the whole body, passes it to read, and restores it.
func (s *Session) learn(resp *http.Response, read func(body []byte) error) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if err := read(body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// recordListed records the webhooks that a list contains under the prefix of the
// run: a webhook without a response to its create can only be found there. The
// prefix is random, so all webhooks under it belong to this run.
func (s *Session) recordListed(body []byte) error {
	if s.ledger == nil {
		return nil
	}
	p, _ := answer{status: http.StatusOK, body: body}.page()
	for _, r := range p.Records {
		if r.ID == "" || !s.isOurs(r.URL) {
			continue
		}
		if err := s.recordMade(r.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) recordMade(id string) error {
	isNew, err := s.ledger.recordMade(id)
	if isNew {
		fmt.Fprintf(s.out, "made %q\n", id)
	}
	return err
}

// tryDomain creates one webhook and deletes it. If the API does not accept the
// domain, the run ends before its first step.
func (s *Session) tryDomain(ctx context.Context) error {
	got, err := s.create1(ctx, s.NewURL())
	if err != nil {
		return err
	}
	if got.status == http.StatusUnprocessableEntity && got.errorFields()["url"] {
		return ErrInvalidDomain
	}
	if !got.ok() {
		return fmt.Errorf("POST %s: status %d: this run stops", webhooksPath, got.status)
	}
	deleted, err := s.delete1(ctx, got.created().ID)
	if err != nil {
		return err
	}
	if !deleted.ok() {
		return fmt.Errorf("DELETE %s/{id}: status %d: this run stops", webhooksPath, deleted.status)
	}
	return nil
}

// quietEvent is an event that rarely happens in a workspace.
const quietEvent = "company:delete"

func (s *Session) create1(ctx context.Context, address string) (answer, error) {
	return s.do(ctx, request{method: http.MethodPost, path: webhooksPath, body: map[string]any{"url": address, "event": quietEvent}})
}

func (s *Session) delete1(ctx context.Context, id string) (answer, error) {
	return s.do(ctx, request{method: http.MethodDelete, path: webhooksPath + "/" + url.PathEscape(id)})
}

// Close deletes the webhooks that the run created and did not delete, even after
// ctx is done. Then it checks whether any webhook of the run is left. In that case
// the ledger stays.
func (s *Session) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	records, err := s.all(ctx) // Records the webhooks under the prefix.
	errs := []error{err}
	for _, id := range s.ledger.left() {
		if err := s.remove(ctx, id); err != nil {
			errs = append(errs, err)
		}
	}
	if records != nil || err == nil {
		errs = append(errs, s.expectNothing(ctx))
	}
	err = errors.Join(errs...)
	err = errors.Join(err, s.ledger.close(err == nil))
	if err != nil {
		return fmt.Errorf("webhooks of the run may be left, and `make sweep` deletes them: %w", err)
	}
	return nil
}

func (s *Session) remove(ctx context.Context, id string) error {
	got, err := s.delete1(ctx, id)
	switch {
	case err != nil:
		return err
	case got.ok():
		return nil
	case got.status == http.StatusNotFound:
		return s.ledger.recordDeleted(id)
	}
	return fmt.Errorf("webhook %q could not be deleted: status %d", id, got.status)
}

// expectNothing lists until no webhook of the run appears. A list may lag.
func (s *Session) expectNothing(ctx context.Context) error {
	var ids []string
	for _, pause := range lagPauses {
		records, err := s.all(ctx)
		if err != nil {
			return err
		}
		ids = nil
		for _, r := range records {
			if s.isOurs(r.URL) {
				ids = append(ids, r.ID)
			}
		}
		if len(ids) == 0 {
			return nil
		}
		if err := s.wait(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("the list still shows %q", ids)
}

// lagPauses are the waits between lists that may lag; more than twenty seconds in
// total.
var lagPauses = []time.Duration{
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second,
}

// errorFields are the fields in an error response.
func (a answer) errorFields() map[string]bool {
	var body struct {
		Errors map[string]json.RawMessage `json:"errors"`
	}
	fields := map[string]bool{}
	if json.Unmarshal(a.body, &body) != nil {
		return fields
	}
	for name := range body.Errors {
		fields[name] = true
	}
	return fields
}

// created is the webhook in the response to a create.
func (a answer) created() record {
	var r record
	_ = json.Unmarshal(a.body, &r)
	return r
}
