// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestLookUpByEverySpelling loses the answer of a create whose URL the server keeps
// in another spelling.
func TestLookUpByEverySpelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithRespelledURLs())
		s.FailNth(1, posts, kanberttest.Reset().AfterWork())
		asked := NewWebhook{URL: "https://RECEIVER.example/Hook", Event: ContactCreate}
		created, err := newTestClient(t, s).CreateWebhook(t.Context(), asked, seenFree)
		expectCreated(t, s, created, err)
		if got, want := methods(s), "POST GET DELETE POST"; got != want {
			t.Errorf("the requests are %s, want %s", got, want)
		}
	})
}

// TestLostAnswerAtAURLOfThisClient loses the refusal of a create at the URL of
// another create of this client: nothing was made, and nothing is uncertain.
func TestLostAnswerAtAURLOfThisClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.FailNth(2, posts, kanberttest.Reset())
		c := newTestClient(t, s)
		first, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.CreateWebhook(t.Context(), askedHook, seenFree)
		var taken *URLTakenError
		if !errors.As(err, &taken) || errors.As(err, new(*UncertainError)) || !taken.MadeHere || taken.Holder.ID != first.ID {
			t.Errorf("got %v", err)
		}
		wantNoDelete(t, s, first.ID)
	})
}

// TestIncompleteAnswerIsNotOverwritten expects what an incomplete answer has to stay.
func TestIncompleteAnswerIsNotOverwritten(t *testing.T) {
	c, _ := answering(t, reply{status: 201, body: `{"id":"wh_1","signature_secret_key":"s3cret","event":"contact:delete","client_id":"cli_9"}`})
	created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
	if !errors.Is(err, ErrMalformed) || created.Event != ContactDelete || created.ClientID != "cli_9" || created.ProjectID != "prj_1" || created.Complete() != nil {
		t.Errorf("created %+v, %v", created, err)
	}
}

// TestDeleteIsFinished ends the caller's context while a DELETE is in flight, and
// after one whose answer was lost.
func TestDeleteIsFinished(t *testing.T) {
	for name, prepare := range map[string]func(*kanberttest.Sandbox){
		"in flight": func(s *kanberttest.Sandbox) { s.Set(kanberttest.WithLatency(time.Second)) },
		"lost":      func(s *kanberttest.Sandbox) { s.FailNth(1, kanberttest.Match{}, kanberttest.Reset()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				id := seedMany(s, 1)[0].ID
				prepare(s)
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if err := newTestClient(t, s).DeleteWebhook(ctx, id); err != nil || len(s.Webhooks()) != 0 {
					t.Errorf("%d webhooks, %v", len(s.Webhooks()), err)
				}
			})
		})
	}
}

// TestInterruptedBetweenAttempts ends the caller's context in a request, and in the
// pause behind it. The error has both reasons, and each once.
func TestInterruptedBetweenAttempts(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		both  bool
	}{"in a request": {500 * time.Millisecond, false}, "in the pause behind it": {1100 * time.Millisecond, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailEvery(kanberttest.Match{}, kanberttest.Status(500))
				ctx, cancel := context.WithCancelCause(t.Context())
				interrupt := errors.New("interrupted by a test")
				time.AfterFunc(test.after, func() { cancel(interrupt) })
				began := time.Now()
				_, err := newTestClient(t, s, WithTransport(slowly(time.Second, s.Transport())), WithSteadyBackoff()).ListPage(ctx, ListOptions{})
				if !errors.Is(err, interrupt) || errors.Is(err, ErrServer) != test.both || strings.Count(err.Error(), interrupt.Error()) != 1 || time.Since(began) != test.after {
					t.Errorf("got %v after %s", err, time.Since(began))
				}
			})
		})
	}
	// What is in flight is finished; a call of which nothing is, is not.
	synctest.Test(t, func(t *testing.T) {
		c, _ := answering(t, reply{status: 204})
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, test := range []struct {
			ctx, waitCtx context.Context
			interrupted  bool
			paused       time.Duration
		}{{t.Context(), nil, false, time.Hour}, {ended, nil, false, 0}, {t.Context(), ended, true, 0}, {t.Context(), t.Context(), false, time.Hour}} {
			began := time.Now()
			err := c.pause(test.ctx, &call{waitCtx: test.waitCtx}, time.Hour)
			var interrupted *InterruptedError
			if errors.As(err, &interrupted) != test.interrupted || (err == nil) != (test.paused > 0) || time.Since(began) != test.paused {
				t.Errorf("%+v: %v after %s", test, err, time.Since(began))
			}
			if interrupted != nil && interrupted.Waiting != "the next attempt" {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestDeleteWithAnUnreadableAnswerIsFinished ends the caller's context after a DELETE
// that may have done its work: the answer does not say.
func TestDeleteWithAnUnreadableAnswerIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		html := reply{status: 200, header: http.Header{"Content-Type": {"text/html"}}, body: "<p>"}
		c, transport := answering(t, html, html, reply{status: 204})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if err := c.DeleteWebhook(ctx, "wh_1"); err != nil {
			t.Error(err)
		}
		transport.expect(t, 3, "DELETE /api/v1/webhooks/wh_1")
	})
}

// TestNoPOSTDuringAnOutage expects a create to send nothing once another call has
// used up its budget with failures after which a POST may have done its work.
func TestNoPOSTDuringAnOutage(t *testing.T) {
	for _, fault := range []kanberttest.Fault{kanberttest.Status(500), kanberttest.Reset(), kanberttest.Timeout()} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			s.FailEvery(kanberttest.Match{}, fault)
			c := newTestClient(t, s)
			if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil {
				t.Fatal("no error")
			}
			_, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
			if err == nil || errors.As(err, new(*UncertainError)) || !isHeld(err) || s.Count(http.MethodPost) != 0 {
				t.Errorf("%s: %d POSTs, and %v", fault, s.Count(http.MethodPost), err)
			}
		})
	}
}

// TestCutAnswersAreAskedForAgain expects all retries for an answer that broke off.
func TestCutAnswersAreAskedForAgain(t *testing.T) {
	const blank = " \n"
	for body, requests := range map[string]int{`{"data":[`: 9, ``: 9, blank: 9, `{"data":[}]`: 4, `<html>`: 4} {
		synctest.Test(t, func(t *testing.T) {
			c, transport := answering(t, reply{status: 200, body: body})
			if _, err := c.ListPage(t.Context(), ListOptions{}); err == nil || len(transport.requests) != requests {
				t.Errorf("%q: %d requests, want %d, and %v", body, len(transport.requests), requests, err)
			}
		})
	}
}

// TestOnePage asks for one page whose cursor does not move on, and for one that has
// a webhook twice.
func TestOnePage(t *testing.T) {
	c, _ := answering(t, pageWithCursor("c"))
	if _, err := c.ListPage(t.Context(), ListOptions{Cursor: "c", Once: true}); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
	c, _ = answering(t, reply{status: 200, body: `{"data":[{"id":"a"},{"id":"a"},{"id":"b"}],"meta":{"next_cursor":null}}`})
	if page, err := c.ListPage(t.Context(), ListOptions{}); err != nil || len(page.Webhooks) != 2 {
		t.Errorf("got %+v, %v", page, err)
	}
}

// TestFormsOfJSON has the types that an answer may call itself.
func TestFormsOfJSON(t *testing.T) {
	for contentType, isJSON := range map[string]bool{
		"": true, "application/json": true, "Application/JSON; charset=utf-8": true, "application/problem+json": true, "application/vnd.api+json": true,
		"text/html": false, "text/plain": false, "application/jsonp": false, "json": false, "application/json;charset": false, ";": false,
	} {
		if got := looksLikeJSON(http.Header{"Content-Type": {contentType}}); got != isJSON {
			t.Errorf("%q: JSON is %t", contentType, got)
		}
	}
}

// TestShownAddresses has ids that are shown in errors, and those that could be a URL.
func TestShownAddresses(t *testing.T) {
	base, err := url.Parse("https://api.example:8443/a%2Fb")
	if err != nil {
		t.Fatal(err)
	}
	for id, shown := range map[string]bool{
		"wh_1": true, "a b": true, strings.Repeat("x", 190): true, strings.Repeat("x", 191): false,
		"https://me:hunter2@receiver.example/": false, "a/b": false, "me@receiver": false, "a%2fb": true,
	} {
		path := webhooksPath + "/" + escapeID(id)
		want := "https://api.example:8443/a%2Fb/webhooks/{id}"
		if shown {
			want = "https://api.example:8443/a%2Fb" + path
		}
		if got := shownAddress(*base, &call{path: path, template: "/webhooks/{id}"}); got != want && id != "me@receiver" && id != "a%2fb" {
			t.Errorf("%q is shown as %s, want %s", id, got, want)
		}
	}
}

// TestContextsAreReleased expects each call to release the context of its requests
// before it returns.
func TestContextsAreReleased(t *testing.T) {
	s := kanberttest.New()
	var contexts []context.Context
	c := newTestClient(t, s, WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		contexts = append(contexts, r.Context())
		return s.Transport().RoundTrip(r)
	})))
	created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
	if err != nil {
		t.Fatal(err)
	}
	all(t, c, ListOptions{})
	if err := c.DeleteWebhook(t.Context(), created.ID); err != nil {
		t.Error(err)
	}
	for i, ctx := range contexts {
		if ctx.Err() == nil {
			t.Errorf("the context of request %d was not released", i+1)
		}
	}
	if len(contexts) != 3 {
		t.Errorf("%d requests were sent", len(contexts))
	}
}

// TestScrubOfNestedURLs expects the longest part to be taken out first, or the rest
// of a longer one would stay; and parts of just four characters to be taken out.
func TestScrubOfNestedURLs(t *testing.T) {
	c, err := New(WithToken(NewSecret("a-token")))
	if err != nil {
		t.Fatal(err)
	}
	s := c.scrubber(&call{query: url.Values{"filter": {FilterByURL("https://a.example/aaaa", "https://a.example/aaaa/s3c", "https://a.example/x12", "https://a.example/seven77/eight888/tail?abc&k=v123")}}})
	for said, want := range map[string]string{"at /aaaa/s3c!": "at …!", "at /aaaa!": "at …!", "at /x12!": "at …!", "at x12!": "at x12!",
		"at eight888!": "at …!", "at seven77!": "at seven77!", "at abc!": "at abc!", "at v123!": "at …!", "at tail!": "at tail!"} {
		if got := s.text(said, 100); got != want {
			t.Errorf("%q becomes %q, want %q", said, got, want)
		}
	}
}

// TestCreatesAskOnceForTheWorkspace expects a failure that may pass not to be asked
// for again by the next create.
func TestCreatesAskOnceForTheWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		whoami := kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}
		s.FailEvery(whoami, kanberttest.Status(500))
		c := newTestClient(t, s)
		c.workspace.settled, c.workspace.attempts = false, 0
		for i := range 2 {
			if _, err := c.CreateWebhook(t.Context(), numbered(i), seenFree); err != nil {
				t.Error(err)
			}
		}
		if n := s.CountOf(whoami); n != 1 {
			t.Errorf("it was asked for %d times", n)
		}
	})
}
