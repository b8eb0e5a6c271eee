// SPDX-License-Identifier: MPL-2.0

package kanbert_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// mixed returns the faults of a random mix. What ends a call for good (401, a
// redirect, a missing secret) is left out: it would hide what is looked for.
func mixed() []kanberttest.Fault {
	var faults []kanberttest.Fault
	for _, k := range kinds() {
		if !k.final {
			faults = append(faults, k.fault)
		}
	}
	return faults
}

// TestRandomMixes runs long seeded mixes: many resources live through creates,
// replacements and deletes side by side, under a share of faults and a rate
// limit, while another program creates and deletes at the same workspace and now
// and then takes one of the URLs for a while.
func TestRandomMixes(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMix(t, seed)
				m.run(20, 6)
				m.check()
				t.Logf("%d requests, %d faults, %d POSTs, %d given up", m.server.Count(""), m.faults(), m.server.Count(http.MethodPost), m.givenUp)
			})
		})
	}
}

// mix is one workspace with its resources and its strangers.
type mix struct {
	t      *testing.T
	seed   uint64
	server *kanberttest.Sandbox
	client *kanbert.Client

	mu sync.Mutex
	// state is what Terraform would know of each resource.
	state map[int]kanbert.CreatedWebhook
	// named are the URLs and ids at which errors said that something may stand.
	named   map[string]bool
	givenUp int
	strange map[string]kanberttest.Webhook
}

func newMix(t *testing.T, seed uint64) *mix {
	s := kanberttest.New(
		kanberttest.WithSeed(seed+1),
		kanberttest.WithLatency(30*time.Millisecond),
		kanberttest.WithClockSkew(time.Duration(int(seed)-6)*time.Hour),
		kanberttest.WithRateLimit(100, time.Minute),
	)
	s.FailShare(0.25, seed, kanberttest.Match{}, mixed()...)
	c, err := kanbert.New(kanbert.WithToken(kanbert.NewSecret(s.Token())), kanbert.WithBaseURL(s.BaseURL()), kanbert.WithTransport(s.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	return &mix{
		t: t, seed: seed, server: s, client: c,
		state: map[int]kanbert.CreatedWebhook{}, named: map[string]bool{}, strange: map[string]kanberttest.Webhook{},
	}
}

// run lets every resource live for a number of lives.
func (m *mix) run(resources, lives int) {
	done := make(chan struct{})
	var strangers, group sync.WaitGroup
	strangers.Go(func() { m.disturb(resources, done) })
	for i := range resources {
		group.Go(func() {
			random := rand.New(rand.NewPCG(m.seed, uint64(i)))
			for range lives {
				m.live(i, random)
			}
		})
	}
	group.Wait()
	close(done)
	strangers.Wait()
}

func (m *mix) url(i int) string { return fmt.Sprintf("https://receiver.example/%d", i) }

// live creates a resource or, if it is there, deletes it; a replacement does
// both.
func (m *mix) live(i int, random *rand.Rand) {
	ctx := m.t.Context()
	m.mu.Lock()
	known, exists := m.state[i]
	m.mu.Unlock()
	if exists {
		err := m.client.DeleteWebhook(ctx, known.ID)
		if err != nil && !kanbert.IsNotFound(err) {
			m.count()
			return
		}
		m.mu.Lock()
		delete(m.state, i)
		m.mu.Unlock()
	}
	if exists && random.IntN(3) == 0 {
		return
	}
	created, err := m.client.CreateWebhook(ctx, kanbert.NewWebhook{URL: m.url(i), Event: kanbert.ContactCreate, ClientID: "ours"}, m.look(m.url(i)))
	m.mu.Lock()
	defer m.mu.Unlock()
	if created != nil {
		m.state[i] = *created
	}
	if err == nil {
		return
	}
	m.givenUp++
	var taken *kanbert.URLTakenError
	var unproven *kanbert.UnprovenError
	var uncertain *kanbert.UncertainError
	var secretLost *kanbert.SecretLostError
	switch {
	case errors.As(err, &taken), errors.As(err, &secretLost):
	case errors.As(err, &unproven):
		// A request that is still open may be done once the holder has gone.
		m.named[unproven.Holder.ID], m.named[m.url(i)] = true, true
	case errors.As(err, &uncertain):
		m.named[uncertain.URL] = true
	default:
		m.t.Errorf("resource %d: %v", i, err)
	}
}

// look returns the evidence that Terraform's plan gathers before a create.
func (m *mix) look(url string) func() bool {
	free := true
	for _, err := range m.client.ListWebhooks(m.t.Context(), kanbert.ListOptions{Filter: kanbert.FilterByURL(url)}) {
		if err != nil {
			return func() bool { return false } // There was no answer.
		}
		free = false
	}
	return func() bool { return free }
}

func (m *mix) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.givenUp++
}

// disturb is the stranger. It never makes what a resource asks for, so that
// nothing of its own can be taken for ours.
func (m *mix) disturb(resources int, done <-chan struct{}) {
	random := rand.New(rand.NewPCG(m.seed, 1<<32))
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(random.IntN(2000)) * time.Millisecond):
		}
		switch random.IntN(3) {
		case 0:
			m.add(kanberttest.Webhook{URL: fmt.Sprintf("https://stranger.example/%d", n)})
		case 1:
			m.removeOne(random)
		case 2:
			m.takeOver(m.url(random.IntN(resources)))
		}
	}
}

func (m *mix) add(w kanberttest.Webhook) {
	w = m.server.Seed(w)[0]
	m.strange[w.ID] = w
}

func (m *mix) removeOne(random *rand.Rand) {
	ids := make([]string, 0, len(m.strange))
	for id := range m.strange {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	id := ids[random.IntN(len(ids))]
	m.server.Remove(id)
	delete(m.strange, id)
}

// takeOver holds the URL of a resource, if no webhook does.
func (m *mix) takeOver(url string) {
	for _, w := range m.server.Webhooks() {
		if w.URL == url {
			return
		}
	}
	m.add(kanberttest.Webhook{URL: url, ClientID: "theirs"})
}

func (m *mix) faults() int {
	n := 0
	for _, r := range m.server.Requests() {
		if r.Fault != "" {
			n++
		}
	}
	return n
}

// check compares the server with what is known.
func (m *mix) check() {
	m.server.ClearFaults()
	time.Sleep(time.Hour)
	// Lets the server do what waits for a POST.
	if _, err := m.client.CreateWebhook(m.t.Context(), kanbert.NewWebhook{URL: flushURL, Event: kanbert.ContactCreate}, seenFree); err != nil {
		m.t.Error(err)
	}
	byID := map[string]kanberttest.Webhook{}
	for _, w := range m.server.Webhooks() {
		byID[w.ID] = w
	}
	known := map[string]bool{}
	for i, created := range m.state {
		known[created.ID] = true
		held, stands := byID[created.ID]
		switch {
		case !stands && created.SignatureSecretKey.IsZero():
			// Tainted: it was deleted, and the proof of that did not arrive.
		case !stands:
			m.t.Errorf("resource %d is %s, which the server does not hold", i, created.ID)
		case held.Secret != created.SignatureSecretKey.Reveal():
			m.t.Errorf("resource %d has another secret than the server", i)
		}
	}
	for id, w := range m.strange {
		if byID[id] != w {
			m.t.Errorf("the stranger %s at %s was touched", id, w.URL)
		}
	}
	for id, w := range byID {
		_, strange := m.strange[id]
		if !strange && !known[id] && w.URL != flushURL && !m.named[id] && !m.named[w.URL] {
			m.t.Errorf("%s at %s is absent's", id, w.URL)
		}
	}
}

// TestAnswersLostAfterTheWork is the measure by which generic providers lose
// webhooks: sixty creates, a quarter of whose answers is lost after the server
// has done the work.
func TestAnswersLostAfterTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailShare(0.25, 1, kanberttest.Match{Method: http.MethodPost}, kanberttest.Reset().AfterWork(), kanberttest.Timeout().AfterWork(), kanberttest.HTML(http.StatusBadGateway).AfterWork())
		c, err := kanbert.New(kanbert.WithToken(kanbert.NewSecret(s.Token())), kanbert.WithBaseURL(s.BaseURL()), kanbert.WithTransport(s.Transport()))
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[string]string{}
		for i := range 60 {
			created, err := c.CreateWebhook(t.Context(), kanbert.NewWebhook{URL: fmt.Sprintf("https://receiver.example/%d", i), Event: kanbert.ContactCreate}, seenFree)
			if err != nil {
				t.Fatal(err)
			}
			secrets[created.ID] = created.SignatureSecretKey.Reveal()
		}
		lost, orphans := 0, 0
		for _, w := range s.Webhooks() {
			secret, known := secrets[w.ID]
			if !known {
				orphans++
			} else if secret != w.Secret {
				lost++
			}
		}
		if n := len(s.Webhooks()); n != 60 || orphans > 0 || lost > 0 {
			t.Errorf("%d webhooks, %d orphans, %d lost secrets", n, orphans, lost)
		}
		if posts := s.Count(http.MethodPost); posts <= 60 {
			t.Errorf("%d POSTs: no answer was lost", posts)
		}
	})
}
