// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BasePath is the path of the API on the sandbox's host, as on the real one (API
// reference, server https://api.kanbert.com/api/v1).
const BasePath = "/api/v1"

// unboundBaseURL is the base URL of a sandbox without a listener. No server listens
// on port 1, so a client without the sandbox's transport fails.
const unboundBaseURL = "http://127.0.0.1:1" + BasePath

// Sandbox is the data of one workspace, or of several ([Sandbox.AddWorkspace]), and
// the [http.Handler] for it. It is safe for concurrent use.
type Sandbox struct {
	settings atomic.Pointer[config]

	server  *http.Server
	hangUp  context.CancelFunc // ends the waiting requests over HTTP
	baseURL string
	// certificate belongs to a sandbox of StartHTTP2.
	certificate *x509.Certificate

	home          Workspace
	unscopedToken string

	mu        sync.Mutex
	random    *rand.Rand
	principal *rand.Rand // generates further workspaces and tokens
	tokens    map[string]principal
	store     *store
	requests  []*Request
	rules     []*rule
	hooks     []*hook
	onInsert  func(*Sandbox, Webhook)
	late      []delayedWork
	received  int                 // counts requests, for their ids
	limiters  map[string]*limiter // by user
}

// New returns a sandbox without a listener, for [Sandbox.Transport] or as an
// [http.Handler].
func New(opts ...Option) *Sandbox {
	s := &Sandbox{baseURL: unboundBaseURL, tokens: map[string]principal{}}
	c := defaults()
	for _, opt := range opts {
		opt(&c)
	}
	s.settings.Store(&c)
	s.random = rand.New(rand.NewPCG(c.seed, 0))
	s.principal = rand.New(rand.NewPCG(c.seed, 2))
	s.unscopedToken = s.text(40)
	s.home = Workspace{ID: "space-" + letters(s.principal, 12), Name: "Sandbox", Token: c.token}
	if s.home.Token == "" {
		s.home.Token = s.text(40)
	}
	s.tokens[s.home.Token] = newPrincipal(s.home, "", true)
	s.tokens[s.unscopedToken] = newPrincipal(s.home, "", false)
	s.store = newStore(&c)
	return s
}

// config returns the current properties.
func (s *Sandbox) config() *config { return s.settings.Load() }

// Set changes properties from now on. Only [New] reads [WithToken], [WithSeed], the
// collation and where URLs must be unique.
func (s *Sandbox) Set(opts ...Option) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *s.config()
	c.withoutOperators, c.extraEvents = slices.Clone(c.withoutOperators), slices.Clone(c.extraEvents)
	for _, opt := range opts {
		opt(&c)
	}
	s.settings.Store(&c)
}

// Start returns a sandbox that listens on a free loopback port until the test
// ends.
func Start(tb testing.TB, opts ...Option) *Sandbox {
	tb.Helper()
	s := New(opts...)
	if err := s.Listen("127.0.0.1:0"); err != nil {
		tb.Fatalf("starting the sandbox: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Listen serves the sandbox on addr, which must be a loopback address, until
// [Sandbox.Close]. It is called at most once, before the first request.
func (s *Sandbox) Listen(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is no loopback address, and the sandbox's token is no protection", host)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return err
	}
	s.baseURL = "http://" + listener.Addr().String() + BasePath
	ctx, cancel := context.WithCancel(context.Background())
	s.hangUp = cancel
	s.server = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("kanberttest: serving %s: %v", addr, err))
		}
	}()
	return nil
}

// Close ends the listener and the hanging requests. The data of the sandbox can
// still be read.
func (s *Sandbox) Close() {
	if s.server == nil {
		return
	}
	s.hangUp()
	// A connection that never sent a request counts as busy for seconds, and
	// clients keep such connections. Therefore the wait for busy ones is short.
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
}

// BaseURL returns the base URL of the API, http://127.0.0.1:PORT/api/v1. Without a
// listener, no server listens on the port: then use the URL with
// [Sandbox.Transport], which ignores the host.
func (s *Sandbox) BaseURL() string { return s.baseURL }

// Token returns a token with the scope integration.
func (s *Sandbox) Token() string { return s.home.Token }

// UnscopedToken returns a valid token without the scope integration.
func (s *Sandbox) UnscopedToken() string { return s.unscopedToken }

// Webhook is one webhook in the sandbox.
type Webhook struct {
	ID    string
	URL   string
	Event string
	// ProjectID and ClientID are empty for null.
	ProjectID, ClientID string
	// Secret signs the deliveries. Only the response to the create contains it.
	Secret string
	// CreatedAt is the sandbox's time, in UTC, with the precision of its responses.
	CreatedAt time.Time
	// Inactive is only visible in sort=is_active.
	Inactive bool
	// SpaceID is its workspace, or empty for the first one.
	SpaceID string
}

// Webhooks returns the webhooks of the first workspace, sorted by URL: the current
// ones, even if the lists of the API differ.
func (s *Sandbox) Webhooks() []Webhook { return s.WebhooksOf(s.home.ID) }

// WebhooksOf returns the current webhooks of a workspace, sorted by URL.
func (s *Sandbox) WebhooksOf(spaceID string) []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doDueWork(s.now())
	all := []Webhook{}
	for _, r := range s.store.sorted(order{{column: "url"}}).rows {
		if !r.deleted && r.SpaceID == s.spaceKey(spaceID) {
			all = append(all, r.Webhook)
		}
	}
	return all
}

// Seed adds webhooks to the workspace without a request, a validation or a record.
// It returns them with the empty ID, Event, Secret and CreatedAt filled in. It
// panics if an id or a URL is taken, because the server could not contain both.
func (s *Sandbox) Seed(webhooks ...Webhook) []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.doDueWork(now)
	seeded := make([]Webhook, len(webhooks))
	for i, w := range webhooks {
		if w.Event == "" {
			w.Event = "contact:create"
		}
		if w.CreatedAt.IsZero() {
			w.CreatedAt = now
		}
		w = s.complete(w)
		if s.store.byID[w.ID] != nil || s.store.taken(w.SpaceID, w.URL) {
			panic(fmt.Sprintf("kanberttest: seeding a webhook whose id %q or URL %q is taken", w.ID, w.URL))
		}
		s.store.insert(w, time.Time{})
		seeded[i] = w
	}
	return seeded
}

// Remove deletes webhooks without a request, from the lists as well. It ignores
// unknown ids.
func (s *Sandbox) Remove(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doDueWork(s.now())
	for _, id := range ids {
		s.store.remove(id, time.Time{})
	}
}

// now is the server's time.
func (s *Sandbox) now() time.Time {
	c := s.config()
	return c.clock().Add(c.skew)
}

// complete generates the id and the secret of w if they are empty, and truncates
// its time to the precision of the responses, like a database column.
func (s *Sandbox) complete(w Webhook) Webhook {
	w.SpaceID = s.spaceKey(w.SpaceID)
	if w.ID == "" {
		w.ID = s.newID()
	}
	if w.Secret == "" {
		w.Secret = s.text(40)
	}
	cut, err := time.Parse(s.config().timeFormat, w.CreatedAt.UTC().Format(s.config().timeFormat))
	if err != nil {
		panic(fmt.Sprintf("kanberttest: the time format %q cannot be read back: %v", s.config().timeFormat, err))
	}
	w.CreatedAt = cut.UTC()
	return w
}

// newID returns an id whose order is independent of the order of creation.
func (s *Sandbox) newID() string {
	if s.config().oddIDs {
		return s.text(8) + "/é ?#%2F+&;=" + s.text(8)
	}
	return s.text(26)
}

// text returns n pseudorandom letters and digits, which follow from the seed.
func (s *Sandbox) text(n int) string { return letters(s.random, n) }

func letters(random *rand.Rand, n int) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(b)
}
