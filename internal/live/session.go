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

// cleanupTimeout bounds the deletes at the end of a run.
const cleanupTimeout = 5 * time.Minute

// ErrRefused is in the errors of requests that a session does not permit.
var ErrRefused = errors.New("this run may not send that")

// ErrInvalidDomain says that the API does not take URLs of the domain .invalid.
// The run ends: there is no other domain that certainly belongs to no one.
var ErrInvalidDomain = errors.New("the API refuses a URL of the domain .invalid (422 on url): nothing was created, and this run stops")

// Session is one run that may write. It is an [http.RoundTripper] that lets
// nothing through but reads, creates under the prefix of the run, and deletes of
// what the run made.
type Session struct {
	*api

	ledger *ledger
	next   http.RoundTripper
	out    io.Writer
	// creates counts the POSTs that made, or may have made, a webhook.
	creates atomic.Int32
	// number is that of the last URL.
	number atomic.Int32
}

// Settings say where a session writes.
type Settings struct {
	// Workspace is the id of the workspace, as the person gave it.
	Workspace string
	// Ledgers is the folder of the ledgers.
	Ledgers string
	// Out gets the name of the workspace and the ids of what is made.
	Out io.Writer
}

// OpenSession begins a run. The error is a [*WorkspaceError] if the person did
// not name the workspace of the token.
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

// lockedWriter is a writer for the requests that the provider sends side by side.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(text)
}

// NewURL returns a URL of the run that was not given before.
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
		// Where there is no id to be read, a list will show it.
		made := answer{body: body}.created()
		if made.ID == "" || resp.StatusCode > 299 {
			return nil
		}
		return s.recordMade(made.ID)
	})
}

// isOurs reports whether a URL is of this run. White space around it is what the
// API trims.
func (s *Session) isOurs(address string) bool {
	return strings.HasPrefix(strings.TrimSpace(address), s.ledger.prefix())
}

func (s *Session) delete(req *http.Request, path string) (*http.Response, error) {
	escaped, below := strings.CutPrefix(path, webhooksPath+"/")
	id, err := url.PathUnescape(escaped)
	if !below || err != nil || !s.ledger.has(id) {
		return refuse(req, "the webhook is not known to be of this run")
	}
	resp, err := s.next.RoundTrip(req)
	if err == nil && resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		err = s.ledger.recordDeleted(id)
	}
	return resp, err
}

// learn reads the whole body, shows it to read, and puts it back.
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

// recordListed notes what a list shows under the prefix of the run: a webhook
// whose create was not answered has nothing but that to be known by. The prefix
// is random, so that what stands under it is of this run.
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

// tryDomain creates one webhook and deletes it, so that a run ends before its
// first step where the API does not take the domain.
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

// quietEvent is one of the events that a workspace has least of.
const quietEvent = "company:delete"

func (s *Session) create1(ctx context.Context, address string) (answer, error) {
	return s.do(ctx, request{method: http.MethodPost, path: webhooksPath, body: map[string]any{"url": address, "event": quietEvent}})
}

func (s *Session) delete1(ctx context.Context, id string) (answer, error) {
	return s.do(ctx, request{method: http.MethodDelete, path: webhooksPath + "/" + url.PathEscape(id)})
}

// Close deletes what the run has made and not deleted, also after ctx is done,
// and looks whether anything of the run is left. The ledger stays if so.
func (s *Session) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	records, err := s.all(ctx) // Notes what is under the prefix.
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
		return fmt.Errorf("something of the run may be left; `make sweep` removes it: %w", err)
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

// expectNothing lists until nothing of the run is shown. A list may lag.
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

// lagPauses are the waits between looks at a list that may lag; more than twenty
// seconds in all.
var lagPauses = []time.Duration{
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second,
}

// errorFields are the fields that a refusal names.
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

// created is the webhook in the answer to a create.
func (a answer) created() record {
	var r record
	_ = json.Unmarshal(a.body, &r)
	return r
}
