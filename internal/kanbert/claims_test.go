// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestClaims has what may happen to an id, and what is known of it then.
func TestClaims(t *testing.T) {
	for name, test := range map[string]struct {
		steps                      string // c for claimed, m for made, d for deleted
		claimed, madeHere, deleted bool
	}{
		"nothing":                              {"", false, false, false},
		"claimed":                              {"c", true, false, false},
		"made":                                 {"m", true, true, false},
		"made, and claimed":                    {"mc", true, true, false},
		"claimed, and made":                    {"cm", true, true, false},
		"deleted":                              {"d", true, false, true},
		"made, and deleted":                    {"md", true, false, true},
		"made, deleted, and claimed":           {"mdc", true, false, true},
		"made, deleted, and its id made again": {"mdm", true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			var c Client
			for _, step := range test.steps {
				for _, id := range []string{"x", ""} {
					switch step {
					case 'c':
						c.Claim(id)
					case 'm':
						c.claims.made(id)
					case 'd':
						c.claims.delete(id)
					}
				}
			}
			if got := c.claims.isClaimed("x"); got != test.claimed {
				t.Errorf("claimed is %t", got)
			}
			if got := c.claims.isMadeHere("x"); got != test.madeHere {
				t.Errorf("made here is %t", got)
			}
			if got := c.claims.isDeleted("x"); got != test.deleted {
				t.Errorf("deleted is %t", got)
			}
			for _, id := range []string{"", "y"} {
				if c.claims.isClaimed(id) || c.claims.isMadeHere(id) || c.claims.isDeleted(id) {
					t.Errorf("%q is known", id)
				}
			}
		})
	}
}

// TestIDOfADeletedRow expects an answer with the id of a webhook that this client
// has deleted to count: some databases use ids again.
func TestIDOfADeletedRow(t *testing.T) {
	c, transport := answering(t, reply{status: 204}, reply{status: 201, body: `{"id":"wh_1","url":"https://receiver.example/","event":"task:create","project_id":null,"client_id":null,"created_at":"2026-01-02T03:04:05Z","signature_secret_key":"s3cret"}`})
	if err := c.DeleteWebhook(t.Context(), "wh_1"); err != nil {
		t.Fatal(err)
	}
	created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
	if err != nil || created.ID != "wh_1" || len(transport.requests) != 2 {
		t.Errorf("created %+v, %v", created, err)
	}
}

// TestCreateThatIsInterrupted ends the caller's context before a create has sent
// anything, at each place where it may wait. Nothing is sent afterwards.
func TestCreateThatIsInterrupted(t *testing.T) {
	t.Run("before it began", func(t *testing.T) {
		s := kanberttest.New()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newTestClient(t, s).CreateWebhook(ctx, askedHook, seenFree)
		expectInterrupted(t, s, err, "", 0)
	})
	t.Run("behind another create of the URL", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithLatency(time.Minute))
			c := newTestClient(t, s, WithRequestTimeout(time.Hour))
			var group sync.WaitGroup
			group.Go(func() {
				if _, err := c.CreateWebhook(t.Context(), askedHook, seenFree); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			_, err := c.CreateWebhook(ctx, askedHook, seenFree)
			expectInterrupted(t, s, err, "another create of the same URL", 1)
			if took := time.Since(began); took != time.Second {
				t.Errorf("it took %s", took)
			}
			group.Wait()
		})
	})
	t.Run("while it asks for the workspace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithLatency(2 * time.Second))
			c := newTestClient(t, s)
			c.workspace.settled, c.workspace.attempts = false, 0
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.CreateWebhook(ctx, askedHook, seenFree)
			time.Sleep(time.Minute)
			expectInterrupted(t, s, err, "", 0)
		})
	})
	t.Run("a delete", func(t *testing.T) {
		s := kanberttest.New()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		expectInterrupted(t, s, newTestClient(t, s).DeleteWebhook(ctx, "wh_1"), "", 0)
	})
}

// expectInterrupted expects an error that says so, and a number of writes.
func expectInterrupted(t *testing.T, s *kanberttest.Sandbox, err error, waiting string, writes int) {
	t.Helper()
	var interrupted *InterruptedError
	if !errors.As(err, &interrupted) || interrupted.Waiting != waiting || interrupted.Err == nil {
		t.Errorf("got %v", err)
	}
	if n := s.Count(http.MethodPost) + s.Count(http.MethodDelete); n != writes {
		t.Errorf("%d writes were sent, want %d", n, writes)
	}
}

// TestClockLearns gives a clock Dates of several answers. Each is too small by what
// its answer took, so that the largest is the best.
func TestClockLearns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{}
		c.clock.started = time.Now()
		for _, step := range []struct{ late, learned time.Duration }{
			{20 * time.Second, 20 * time.Second}, {30 * time.Second, 20 * time.Second}, {5 * time.Second, 5 * time.Second}, {6 * time.Second, 5 * time.Second},
		} {
			time.Sleep(time.Minute)
			c.clock.observe(dateHeader(time.Now().Add(-step.late)), time.Now())
			if got, known := c.clock.at(time.Now()); !known || !got.Equal(time.Now().Add(-step.learned)) {
				t.Errorf("after a Date that is %s late it is %s late", step.late, time.Since(got))
			}
		}
		for _, odd := range []http.Header{{}, {"Date": {"today"}}, {"Date": {""}}} {
			c.clock.observe(odd, time.Now())
		}
		if got, _ := c.clock.at(time.Now()); !got.Equal(time.Now().Add(-5 * time.Second)) {
			t.Errorf("an odd Date was believed: %s", got)
		}
	})
}
