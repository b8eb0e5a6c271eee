// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// life is what the model knows of one webhook: when it came to the server and
// left it, and when the directory was told so (never, if others did it).
type life struct {
	webhook          kanbert.Webhook
	born, died       time.Time
	toldBorn, toldOf time.Time
}

// stoodWithin reports whether it was at the server at any time from since to until.
func (l *life) stoodWithin(since, until time.Time) bool {
	return !l.born.After(until) && (l.died.IsZero() || !l.died.Before(since))
}

// stoodThroughout reports whether it was at the server all the time.
func (l *life) stoodThroughout(since, until time.Time) bool {
	return !l.born.After(since) && (l.died.IsZero() || l.died.After(until))
}

// model is the truth, and a judge of answers.
type model struct {
	t      *testing.T
	source *api
	d      *directory.Directory
	random *rand.Rand

	mu     sync.Mutex
	lives  []*life
	atURL  map[string]*life // who holds it now
	faults []time.Time
	next   int

	reads, gone, failed, called int
}

// TestAgainstModel lets many read, create and delete at once, through this
// directory and behind its back, while requests fail and take their time.
func TestAgainstModel(t *testing.T) {
	reads, gone, failed, called := 0, 0, 0, 0
	seeds := 30
	if testing.Short() {
		seeds = 8
	}
	for seed := range uint64(seeds) {
		bubble(t, func(t *testing.T) {
			m := newModel(t, seed)
			m.run()
			reads, gone, failed, called = reads+m.reads, gone+m.gone, failed+m.failed, called+m.called
		})
	}
	t.Logf("%d answers, of them %d gone, %d errors, %d called off", reads, gone, failed, called)
	if least := 3 * seeds; gone < least || failed < least || called < least || reads < 5*gone {
		t.Error("the mix has lost its spice")
	}
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, random: rand.New(rand.NewPCG(seed, 42)), atURL: make(map[string]*life)}
	begun := time.Now()
	var webhooks []kanbert.Webhook
	for range m.random.IntN(120) {
		l := &life{webhook: m.newWebhook(), born: begun}
		m.lives = append(m.lives, l)
		m.atURL[l.webhook.URL] = l
		webhooks = append(webhooks, l.webhook)
	}
	m.source = newAPI(2+m.random.IntN(20), webhooks...)
	m.source.sameWay = m.random.IntN(5) == 0
	m.source.latency = func(request) time.Duration {
		m.mu.Lock()
		defer m.mu.Unlock()
		return time.Duration(m.random.ExpFloat64() * float64(300*time.Millisecond))
	}
	share := []int{0, 20, 200}[m.random.IntN(3)]
	m.source.fault = func(int, request) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.random.IntN(1000) >= share {
			return nil
		}
		return refusal(http.StatusInternalServerError, kanbert.ErrServer)
	}
	m.source.failed = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.faults = append(m.faults, time.Now())
	}
	m.d = directory.New(m.source)
	return m
}

// newWebhook has an id of its own, and a URL that others may have had.
func (m *model) newWebhook() kanbert.Webhook {
	for {
		w := hook("model", m.random.IntN(300))
		if m.atURL[w.URL] == nil {
			m.next++
			w.ID = fmt.Sprintf("id-%d", m.next)
			return w
		}
	}
}

func (m *model) run() {
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() { m.act(60) })
	}
	all.Wait()
}

func (m *model) act(times int) {
	for range times {
		m.mu.Lock()
		what, rest := m.random.IntN(20), m.pause()
		m.mu.Unlock()
		switch {
		case what < 2:
			m.create(what == 0)
		case what < 4:
			m.delete(what == 2)
		case what < 6:
			m.byURL(what == 4)
		case what < 7:
			m.byID()
		case what < 8:
			m.list()
		case what < 9:
			m.known()
		default:
			m.read()
		}
		after(rest)
	}
}

// pause is mostly short, and sometimes longer than anything is fresh.
func (m *model) pause() time.Duration {
	switch m.random.IntN(40) {
	case 0:
		return time.Duration(m.random.IntN(200)) * time.Second
	case 1, 2, 3:
		return time.Duration(m.random.IntN(5000)) * time.Millisecond
	default:
		return time.Duration(m.random.IntN(30)) * time.Millisecond
	}
}

func (m *model) create(own bool) {
	m.mu.Lock()
	l := &life{webhook: m.newWebhook(), born: time.Now()}
	m.lives = append(m.lives, l)
	m.atURL[l.webhook.URL] = l
	m.source.add(l.webhook)
	m.mu.Unlock()
	after(20 * time.Millisecond) // The answer is on its way.
	if own {
		m.d.Created(l.webhook)
		m.mu.Lock()
		l.toldBorn = time.Now()
		m.mu.Unlock()
	}
}

func (m *model) delete(own bool) {
	m.mu.Lock()
	l := m.pick()
	if l == nil || !l.died.IsZero() {
		m.mu.Unlock()
		return
	}
	l.died = time.Now()
	delete(m.atURL, l.webhook.URL)
	m.source.remove(l.webhook.ID)
	m.mu.Unlock()
	after(20 * time.Millisecond)
	if own {
		m.d.Deleted(l.webhook.ID)
		m.mu.Lock()
		l.toldOf = time.Now()
		m.mu.Unlock()
	}
}

func (m *model) pick() *life {
	if len(m.lives) == 0 {
		return nil
	}
	return m.lives[m.random.IntN(len(m.lives))]
}

func (m *model) read() {
	m.mu.Lock()
	l := m.pick()
	patience := time.Hour
	if m.random.IntN(8) == 0 {
		patience = time.Duration(m.random.IntN(500)) * time.Millisecond
	}
	m.mu.Unlock()
	if l == nil {
		return
	}
	since := time.Now()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	got, err := m.d.Read(ctx, l.webhook.ID, l.webhook.URL, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	now := time.Now()
	switch {
	case errors.Is(err, directory.ErrGone):
		m.gone++
		if l.died.IsZero() {
			m.t.Errorf("%s is gone, it is said, and it stands", l.webhook.ID)
		}
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		m.called++
	case err != nil:
		m.judgeError(since, now, err)
	default:
		m.judgeFound(l, got, since, now, directory.Freshness)
	}
}

// judgeFound says that an answer is no older than age.
func (m *model) judgeFound(l *life, got kanbert.Webhook, since, now time.Time, age time.Duration) {
	if got != l.webhook {
		m.t.Errorf("%v was read as %v", l.webhook, got)
	}
	if !l.stoodWithin(since.Add(-age), now) {
		m.t.Errorf("%s was read %s after it had gone", got.ID, since.Sub(l.died))
	}
	if !l.toldOf.IsZero() && l.toldOf.Before(since) {
		m.t.Errorf("%s was read although we had deleted it", got.ID)
	}
}

// judgeError says that no call gets an error which no request gave meanwhile.
func (m *model) judgeError(since, now time.Time, err error) {
	m.failed++
	for _, at := range m.faults {
		if !at.Before(since) && !at.After(now) {
			return
		}
	}
	m.t.Errorf("an error came from nowhere: %v", err)
}

func (m *model) byURL(equivalent bool) {
	m.mu.Lock()
	url := hook("model", m.random.IntN(300)).URL
	m.mu.Unlock()
	since := time.Now()
	ask, age := m.d.ByURL, directory.Freshness
	if equivalent {
		ask, age = m.d.ByEquivalentURL, 0
	}
	got, found, err := ask(m.t.Context(), url)
	m.judge(since, got, found, err, age, func(l *life) bool { return l.webhook.URL == url })
}

func (m *model) byID() {
	m.mu.Lock()
	id := fmt.Sprintf("id-%d", 1+m.random.IntN(m.next+5))
	m.mu.Unlock()
	since := time.Now()
	got, found, err := m.d.ByID(m.t.Context(), id)
	m.judge(since, got, found, err, 0, func(l *life) bool { return l.webhook.ID == id })
}

// known asks for what costs no request. It is of any age, but no webhook that was
// never made, or that we have deleted, and no URL is free at which we have made one.
func (m *model) known() {
	m.mu.Lock()
	url := hook("model", m.random.IntN(300)).URL
	m.mu.Unlock()
	since := time.Now()
	for _, w := range m.d.Known() {
		m.judge(since, w, true, nil, 24*time.Hour, func(l *life) bool { return l.webhook.ID == w.ID })
	}
	free := m.d.SeenFree(url)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lives {
		if free && l.webhook.URL == url && !l.toldBorn.IsZero() && l.toldBorn.Before(since) && l.died.IsZero() {
			m.t.Errorf("%s was seen free, and we have made %s there", url, l.webhook.ID)
		}
	}
}

// list lists all, or some of all, and judges each as if it had been asked for.
func (m *model) list() {
	m.mu.Lock()
	limit := []int{0, 0, 1000, 3}[m.random.IntN(4)]
	m.mu.Unlock()
	since := time.Now()
	listed := make(map[string]kanbert.Webhook)
	var failed error
	for w, err := range m.d.List(m.t.Context(), kanbert.ListOptions{}, limit) {
		if err != nil {
			failed = err
			break
		}
		if listed[w.ID] = w; len(listed) == limit {
			break
		}
	}
	m.mu.Lock()
	lives := slices.Clone(m.lives)
	m.mu.Unlock()
	for id, w := range listed {
		if !slices.ContainsFunc(lives, func(l *life) bool { return l.webhook == w && l.webhook.ID == id }) {
			m.t.Errorf("%v was listed, and never made", w)
		}
	}
	if failed != nil {
		m.judge(since, kanbert.Webhook{}, false, failed, 0, nil)
		return
	}
	for _, l := range lives {
		got, found := listed[l.webhook.ID]
		if !found && limit == 3 {
			continue
		}
		m.judge(since, got, found, nil, 0, func(other *life) bool { return l == other })
	}
}

// judge judges an answer about the webhooks for which meant is true: it may be as
// old as age.
func (m *model) judge(since time.Time, got kanbert.Webhook, found bool, err error, age time.Duration, meant func(*life) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	now := time.Now()
	if err != nil {
		m.judgeError(since, now, err)
		return
	}
	if found && !slices.ContainsFunc(m.lives, func(l *life) bool { return meant(l) && l.webhook == got }) {
		m.t.Errorf("%v was found, and not asked for", got)
	}
	for _, l := range m.lives {
		switch {
		case !meant(l):
		case found && got.ID == l.webhook.ID:
			m.judgeFound(l, got, since, now, age)
		case !found && !l.toldBorn.IsZero() && l.toldBorn.Before(since) && l.stoodThroughout(l.born, now):
			m.t.Errorf("%s was not found although we had made it", l.webhook.ID)
		case !found && l.stoodThroughout(since.Add(-age), now):
			m.t.Errorf("%s was not found although it has stood there all the time", l.webhook.ID)
		}
	}
}
