// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// answers is a transport that gives prepared answers one after another, the last
// one for ever, and keeps the requests.
type answers struct {
	prepared []reply
	requests []*http.Request
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	prepared := a.prepared[min(len(a.requests), len(a.prepared)-1)]
	a.requests = append(a.requests, r)
	header := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	for name, values := range prepared.header {
		header[name] = values
	}
	return &http.Response{StatusCode: prepared.status, Header: header, Body: io.NopCloser(strings.NewReader(prepared.body)), Request: r}, nil
}

func answering(t testing.TB, prepared ...reply) (*Client, *answers) {
	t.Helper()
	transport := &answers{prepared: prepared}
	c, err := New(WithToken(NewSecret("a-token")), WithBaseURL("http://localhost/api/v1"), WithTransport(transport))
	if err != nil {
		t.Fatal(err)
	}
	return checkLeaks(t, WithoutWhoami(c)), transport
}

// wireWebhook is one element of a list, with %s for its created_at.
const wireWebhook = `{"id":"wh_1","url":"https://receiver.example/","client_id":null,"project_id":null,"event":"contact:create","created_at":%q}`

func listOf(createdAt string) string {
	return fmt.Sprintf(`{"data":[`+wireWebhook+`],"links":[],"meta":{"path":null,"per_page":30,"next_cursor":null,"next_cursor_url":null,"prev_cursor":null,"prev_cursor_url":null}}`, createdAt)
}

// TestVariantsOfTheAPI holds the client to whatever the API may do where its
// reference is silent.
func TestVariantsOfTheAPI(t *testing.T) {
	t.Run("errors are JSON with a message", func(t *testing.T) {
		for status, test := range map[int]struct {
			body string
			want error
		}{
			400: {`{"message":"Unknown field."}`, ErrBadRequest},
			401: {`{"message":"Unauthenticated."}`, ErrUnauthorized},
			403: {`{"message":"Invalid scope(s) provided."}`, ErrForbidden},
			404: {`{"message":"No query results."}`, ErrNotFound},
			422: {`{"message":"The event is invalid.","errors":{"event":["The selected event is invalid."]}}`, ErrInvalid},
			500: {`{"message":"Server Error"}`, ErrServer},
		} {
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(t, reply{status: status, body: test.body, header: http.Header{"X-Request-Id": {"req-1"}}})
				_, err := c.ListPage(t.Context(), ListOptions{Filter: "url isnull"})
				var api *APIError
				if !errors.Is(err, test.want) || !errors.As(err, &api) {
					t.Fatalf("%d gives %v, want %v", status, err, test.want)
				}
				// The words of a server that fails are kept out of every text.
				if (api.Message == "") != (status >= 500) || !strings.Contains(test.body, api.Message) || api.RequestID != "req-1" || api.Method != "GET" || api.Path != "/webhooks" {
					t.Errorf("%d gives %+v", status, api)
				}
			})
		}
	})
	t.Run("a proxy in front answers HTML", func(t *testing.T) {
		for status, want := range map[int]error{200: ErrNotJSON, 403: ErrNotJSON, 404: ErrNotJSON, 429: ErrRateLimited, 502: ErrServer} {
			synctest.Test(t, func(t *testing.T) {
				header := http.Header{"Content-Type": {"text/html"}, "Retry-After": {"86400"}}
				c, _ := answering(t, reply{status: status, header: header, body: "<!DOCTYPE html><h1>hunter2</h1>"})
				err := c.DeleteWebhook(t.Context(), "wh_1")
				if !errors.Is(err, want) || errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%d gives %v, want %v", status, err, want)
				}
			})
		}
	})
	t.Run("a duplicate URL is 422 or 409", func(t *testing.T) {
		for status, want := range map[int]error{422: ErrInvalid, 409: ErrConflict} {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(kanberttest.WithConflictStatus(status))
				holder := s.Seed(kanberttest.Webhook{URL: askedHook.URL, CreatedAt: time.Now().Add(-time.Hour)})[0]
				_, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree)
				var taken *URLTakenError
				if !errors.As(err, &taken) || taken.Holder == nil || taken.Holder.ID != holder.ID || !errors.Is(err, want) {
					t.Errorf("%d gives %v", status, err)
				}
			})
		}
	})
	t.Run("429 says when to come back in seconds, as a date, by X-RateLimit-Reset, or not", func(t *testing.T) {
		for _, form := range []kanberttest.RetryAfterForm{kanberttest.InSeconds, kanberttest.AsDate, kanberttest.AsReset, kanberttest.Unsaid} {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New(kanberttest.WithClockSkew(-5 * time.Hour))
				s.FailNth(1, kanberttest.Match{}, kanberttest.RateLimited(form, 40*time.Second))
				begin := time.Now()
				all(t, newTestClient(t, s), ListOptions{})
				waited := time.Since(begin)
				if said := form != kanberttest.Unsaid; said != (waited >= 40*time.Second) || waited > 45*time.Second {
					t.Errorf("%s: waited %s", form, waited)
				}
				if n := s.Count(""); n != 2 {
					t.Errorf("%s: %d requests were sent, want 2", form, n)
				}
			})
		}
	})
	t.Run("without Accept a refused field is a redirect to a page", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			_, err := newTestClient(t, s).CreateWebhook(t.Context(), NewWebhook{URL: "nonsense", Event: ContactCreate}, seenFree)
			var api *APIError
			if !errors.As(err, &api) || api.Fields["url"] == nil || !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v", err)
			}
			if got := s.Requests()[0].Header.Get("Accept"); got != "application/json" || s.Count(http.MethodPost) != 2 {
				t.Errorf("Accept is %q in %d POSTs", got, s.Count(http.MethodPost))
			}
		})
	})
	t.Run("a redirect is never followed", func(t *testing.T) {
		for _, status := range []int{301, 302, 303, 307, 308} {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailEvery(kanberttest.Match{}, kanberttest.HTML(status))
				c := newTestClient(t, s)
				_, listErr := c.ListPage(t.Context(), ListOptions{})
				_, createErr := c.CreateWebhook(t.Context(), askedHook, seenFree)
				deleteErr := c.DeleteWebhook(t.Context(), "wh_1")
				for _, err := range []error{listErr, createErr, deleteErr} {
					if !errors.Is(err, ErrRedirect) {
						t.Errorf("%d gives %v", status, err)
					}
				}
				// The create looks once whether its webhook was made.
				if got, want := methods(s), "GET POST GET DELETE"; got != want {
					t.Errorf("the requests are %s, want %s", got, want)
				}
			})
		}
	})
	t.Run("a large page is clamped silently", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithMaxPageSize(7))
		held := seedMany(s, 20)
		expectAll(t, newTestClient(t, s), held)
		if n := s.Count(""); n != 3 {
			t.Errorf("%d requests were sent, want 3", n)
		}
	})
	t.Run("a large page is refused", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithMaxPageSize(30), kanberttest.WithRefuseLargePages())
		held := seedMany(s, 70)
		c := newTestClient(t, s)
		expectAll(t, c, held)
		expectAll(t, c, held)
		if n := s.Count(""); n != 1+3+3 {
			t.Errorf("%d requests were sent, want one refusal and two lists of three pages", n)
		}
	})
	t.Run("a page is short, and not the last", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithShortPages())
		expectAll(t, newTestClient(t, s), seedMany(s, 40))
	})
	t.Run("an empty page has a next cursor", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithMaxPageSize(9), kanberttest.WithEmptyPages())
		expectAll(t, newTestClient(t, s), seedMany(s, 20))
	})
	t.Run("a page repeats webhooks of the page before", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithMaxPageSize(9), kanberttest.WithOverlappingPages(3))
		expectAll(t, newTestClient(t, s), seedMany(s, 40))
	})
	t.Run("a cursor that cannot be read gives page one again", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithMaxPageSize(9))
		seedMany(s, 40)
		s.FailEvery(kanberttest.Match{}, kanberttest.ForgottenCursor())
		expectEndless(t, newTestClient(t, s), s)
	})
	t.Run("a cursor is repeated", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithMaxPageSize(9))
		seedMany(s, 40)
		s.FailEvery(kanberttest.Match{}, kanberttest.RepeatedCursor())
		synctest.Test(t, func(t *testing.T) { expectEndless(t, newTestClient(t, s), s) })
	})
	t.Run("cursors go round", func(t *testing.T) {
		c, transport := answering(t, pageWithCursor("a"), pageWithCursor("b"), pageWithCursor("a"))
		var errs []error
		for _, err := range c.ListWebhooks(t.Context(), ListOptions{}) {
			errs = append(errs, err)
		}
		if len(errs) != 1 || !errors.Is(errs[0], ErrMalformed) || len(transport.requests) != 3 {
			t.Errorf("%d requests give %v", len(transport.requests), errs)
		}
	})
	t.Run("every page has a fresh cursor", func(t *testing.T) {
		if testing.Short() {
			t.Skip("ten thousand pages; TestListIsBounded counts them without requests")
		}
		requests := 0
		c, err := New(WithToken(NewSecret("a-token")), WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
			requests++
			if requests > MaxPages {
				return nil, errors.New("no more pages are to be asked for")
			}
			body := io.NopCloser(strings.NewReader(pageWithCursor(strconv.Itoa(requests)).body))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Request: r}, nil
		})), WithMaxRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		var errs []error
		for _, err := range c.ListWebhooks(t.Context(), ListOptions{}) {
			errs = append(errs, err)
		}
		if len(errs) != 1 || !errors.Is(errs[0], ErrMalformed) || !strings.Contains(errs[0].Error(), "not ended") || requests != MaxPages {
			t.Errorf("%d requests give %v", requests, errs)
		}
	})
	t.Run("the unique sort is the default", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithTiesLost(), kanberttest.WithMaxPageSize(9))
		expectAll(t, newTestClient(t, s), seedMany(s, 40))
		if got := s.Requests()[0].Query; got.Get("sort") != "url" || got.Get("page[size]") != "100" {
			t.Errorf("the list is asked for with %v", got)
		}
	})
	t.Run("next_cursor_url is spelled next_page_url", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithNextPageURLSpelling())
		expectAll(t, newTestClient(t, s), seedMany(s, 70))
	})
	t.Run("links is empty, absent, a list or an object", func(t *testing.T) {
		for _, form := range []kanberttest.Links{kanberttest.EmptyLinks, kanberttest.NoLinks, kanberttest.StringLinks, kanberttest.ObjectLinks} {
			s := kanberttest.New(kanberttest.WithLinks(form))
			expectAll(t, newTestClient(t, s), seedMany(s, 40))
		}
	})
	t.Run("a create is answered with 201 or 200", func(t *testing.T) {
		for _, status := range []int{201, 200} {
			s := kanberttest.New(kanberttest.WithCreateStatus(status))
			if _, err := newTestClient(t, s).CreateWebhook(t.Context(), askedHook, seenFree); err != nil {
				t.Errorf("%d gives %v", status, err)
			}
		}
	})
	t.Run("a delete is answered with 204 or an empty 200", func(t *testing.T) {
		for _, status := range []int{204, 200} {
			s := kanberttest.New(kanberttest.WithDeleteStatus(status))
			if err := newTestClient(t, s).DeleteWebhook(t.Context(), seedMany(s, 1)[0].ID); err != nil {
				t.Errorf("%d gives %v", status, err)
			}
		}
	})
	t.Run("a second delete is 404", func(t *testing.T) {
		s := kanberttest.New()
		c, id := newTestClient(t, s), seedMany(s, 1)[0].ID
		if err := c.DeleteWebhook(t.Context(), id); err != nil {
			t.Error(err)
		}
		if err := c.DeleteWebhook(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want %v", err, ErrNotFound)
		}
		if n := s.Count(http.MethodDelete); n != 2 {
			t.Errorf("%d DELETEs were sent, want 2", n)
		}
	})
	t.Run("a 404 or 410 to a delete is no success, from any server", func(t *testing.T) {
		for _, fault := range []kanberttest.Fault{
			kanberttest.Reset().AfterWork(), // The second attempt is answered 404.
			kanberttest.Status(404), kanberttest.Status(410), kanberttest.HTML(404),
		} {
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				s.FailNth(1, kanberttest.Match{}, fault)
				err := newTestClient(t, s).DeleteWebhook(t.Context(), seedMany(s, 1)[0].ID)
				if !IsNotFound(err) {
					t.Errorf("%s gives %v", fault, err)
				}
				if n := s.Count(""); n > 2 {
					t.Errorf("%s: %d requests were sent", fault, n)
				}
			})
		}
	})
	t.Run("a date has any form of RFC 3339", func(t *testing.T) {
		for text, want := range map[string]string{
			"2026-01-02T03:04:05Z":             "2026-01-02T03:04:05Z",
			"2026-01-02T03:04:05+00:00":        "2026-01-02T03:04:05Z",
			"2026-01-02T05:34:05+02:30":        "2026-01-02T03:04:05Z",
			"2026-01-02T03:04:05.123456Z":      "2026-01-02T03:04:05.123456Z",
			"2026-01-02T03:04:05.000000+00:00": "2026-01-02T03:04:05Z",
			"2026-01-02t03:04:05z":             "2026-01-02T03:04:05Z",
			"2026-01-02 03:04:05Z":             "2026-01-02T03:04:05Z",
			"2016-12-31T23:59:60Z":             "2017-01-01T00:00:00Z",
		} {
			c, _ := answering(t, reply{status: 200, body: listOf(text)})
			if got := all(t, c, ListOptions{})[0].CreatedAt.Format(time.RFC3339Nano); got != want {
				t.Errorf("%s is read as %s", text, got)
			}
		}
	})
	t.Run("ids are opaque and escaped in paths", func(t *testing.T) {
		s := kanberttest.New()
		c := newTestClient(t, s)
		for _, id := range []string{"a/b", "a%2Fb", "é ?#+&;=", "..", ".", "a/../b"} {
			s.Seed(kanberttest.Webhook{ID: id, URL: "https://receiver.example/?" + id})
			if err := c.DeleteWebhook(t.Context(), id); err != nil {
				t.Errorf("%q: %v", id, err)
			}
		}
		if n := len(s.Webhooks()); n != 0 {
			t.Errorf("%d webhooks are left", n)
		}
		if err := c.DeleteWebhook(t.Context(), ""); err == nil || s.Count("") != 6 {
			t.Errorf("an empty id gives %v after %d requests", err, s.Count(""))
		}
	})
	t.Run("fields are unknown", func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithExtraFields())
		expectAll(t, newTestClient(t, s), seedMany(s, 3))
	})
}

func seedMany(s *kanberttest.Sandbox, n int) []kanberttest.Webhook {
	var many []kanberttest.Webhook
	for i := range n {
		many = append(many, kanberttest.Webhook{URL: fmt.Sprintf("https://receiver.example/%03d", i)})
	}
	return s.Seed(many...)
}

// expectAll expects a list of everything, each webhook once, in order.
func expectAll(t testing.TB, c *Client, held []kanberttest.Webhook) {
	t.Helper()
	var listed, want []string
	for _, w := range all(t, c, ListOptions{}) {
		listed = append(listed, w.ID)
	}
	for _, w := range held {
		want = append(want, w.ID)
	}
	if !slices.Equal(listed, want) {
		t.Errorf("listed %v, want %v", listed, want)
	}
}

// expectEndless expects a list to end in an error instead of going on for ever.
func expectEndless(t testing.TB, c *Client, s *kanberttest.Sandbox) {
	t.Helper()
	var errs []error
	for _, err := range c.ListWebhooks(t.Context(), ListOptions{}) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) != 1 || !errors.Is(errs[0], ErrMalformed) || !strings.Contains(errs[0].Error(), "same cursor") {
		t.Errorf("got %v", errs)
	}
	if n := s.Count(""); n > 2+maxUnreadable {
		t.Errorf("%d requests were sent", n)
	}
}

// TestBodiesThatBreak breaks the body of an answer before its first byte, and behind
// its last. In neither case did the answer arrive: least of all is a webhook deleted,
// although the answer to a delete has no body.
func TestBodiesThatBreak(t *testing.T) {
	whole := map[string]string{
		http.MethodGet:    listOf("2026-01-02T03:04:05Z"),
		http.MethodPost:   `{"id":"wh_1","url":"https://receiver.example/","event":"task:create","project_id":null,"client_id":null,"created_at":"2026-01-02T03:04:05Z","signature_secret_key":"s3cret"}`,
		http.MethodDelete: `{}`,
	}
	for method, body := range whole {
		for _, arrived := range []string{"", body} {
			c, err := New(WithToken(NewSecret("a-token")), WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
				broken := io.MultiReader(strings.NewReader(arrived), iotest.ErrReader(io.ErrUnexpectedEOF))
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(broken), Request: r}, nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			read := map[string]func(*response) (any, error){
				http.MethodGet:    func(a *response) (any, error) { return readPage(a, "") },
				http.MethodPost:   func(a *response) (any, error) { return (&createOp{client: c}).read(a) },
				http.MethodDelete: func(a *response) (any, error) { return readDeleted(a) },
			}[method]
			_, err = doOnce(t.Context(), checkLeaks(t, c), c.inPlaceOf(method), read)
			var failed *TransportError
			if !errors.As(err, &failed) || failed.Unsent || !errors.Is(err, io.ErrUnexpectedEOF) || outcomeOf(err) != ambiguous {
				t.Errorf("%s of which %q arrived gives %v", method, arrived, err)
			}
		}
	}
}

// TestStatusesOfAnswers expects every 2xx to be read, and no other.
func TestStatusesOfAnswers(t *testing.T) {
	for status, read := range map[int]bool{199: false, 200: true, 201: true, 204: true, 206: true, 299: true, 300: false, 304: false} {
		c, _ := answering(t, reply{status: status, body: listOf("2026-01-02T03:04:05Z")})
		if page, err := c.ListPage(t.Context(), ListOptions{Once: true}); (err == nil) != read || read && len(page.Webhooks) != 1 {
			t.Errorf("%d: got %+v, %v", status, page, err)
		}
	}
}

// TestMissingFields expects an answer that lacks a required field to be refused
// with the field's name.
func TestMissingFields(t *testing.T) {
	whole := listOf("2026-01-02T03:04:05Z")
	for _, test := range []struct{ cut, name string }{
		{`"id":"wh_1",`, `"data[0].id"`},
		{`"next_cursor":null,`, `"meta.next_cursor"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := strings.Replace(whole, test.cut, "", 1)
				if body == whole {
					t.Fatal("nothing was cut")
				}
				c, transport := answering(t, reply{status: 200, body: body})
				_, err := c.ListPage(t.Context(), ListOptions{})
				if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), test.name) {
					t.Errorf("got %v", err)
				}
				if n := len(transport.requests); n != 1+maxUnreadable {
					t.Errorf("%d requests were sent, want %d", n, 1+maxUnreadable)
				}
			})
		})
	}
	for body, name := range map[string]string{
		`{"meta":{"next_cursor":null}}`:                   `"data"`,
		`{"data":[]}`:                                     `"meta"`,
		`{"data":[{"id":7}],"meta":{"next_cursor":null}}`: `"data[0].id"`,
		`{"data":[7],"meta":{"next_cursor":null}}`:        "wrong type",
		`[]`:         "not a JSON object",
		`{"data":[]`: "incomplete",
		``:           "empty",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(t, reply{status: 200, body: body})
				_, err := c.ListPage(t.Context(), ListOptions{})
				if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), name) {
					t.Errorf("%s gives %v", body, err)
				}
			})
		})
	}
}

// TestBounds expects answers of any size to be read to a bound and no further.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := answering(t, reply{status: 200, body: strings.Repeat(" ", maxBody) + listOf("2026-01-02T03:04:05Z")})
		if _, err := c.ListPage(t.Context(), ListOptions{}); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "8 MiB") {
			t.Errorf("got %v", err)
		}
		c, _ = answering(t, reply{status: 401, body: `{"message":"` + strings.Repeat("x", 3*maxMessage) + `"}`})
		_, err := c.ListPage(t.Context(), ListOptions{})
		if len(err.Error()) > 2*maxMessage {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	})
}

// TestMessagesOfTheServer expects what the server says to be fit for a terminal.
func TestMessagesOfTheServer(t *testing.T) {
	c, _ := answering(t, reply{status: 401, body: `{"message":"No\n\u001b[31m a-token","errors":{"url":"one","event":["two\u0007"],"x":7,"a-token\n\u001b[31m\u009b1m":"three","u\u0000":"four","u\u0007":"five","` + strings.Repeat("n", 2*maxMessage) + `":"six"}}`})
	_, err := c.ListPage(t.Context(), ListOptions{})
	var api *APIError
	if !errors.As(err, &api) {
		t.Fatal(err)
	}
	if api.Message != "No [31m [redacted]" {
		t.Errorf("the message is %q", api.Message)
	}
	if !slices.Equal(api.Fields["url"], []string{"one"}) || !slices.Equal(api.Fields["event"], []string{"two"}) || !slices.Equal(api.Fields["u"], []string{"four", "five"}) ||
		!slices.Equal(api.Fields["[redacted] [31m 1m"], []string{"three"}) || len(api.Fields) != 6 {
		t.Errorf("the fields are %q", api.Fields)
	}
	for name := range api.Fields {
		if len([]rune(name)) > maxMessage+1 {
			t.Errorf("a field has a name of %d bytes", len(name))
		}
	}
}

func TestFilterByURL(t *testing.T) {
	for want, urls := range map[string][]string{
		`[{"field":"url","op":"eq","value":"https://x/?a=1&b=\"2\""}]`:    {`https://x/?a=1&b="2"`},
		`[{"field":"url","op":"in","value":["https://x/","https://y/"]}]`: {"https://x/", "https://y/"},
	} {
		if got := FilterByURL(urls...); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A list can be gone through twice, and begins at its beginning both times.
func TestListTwice(t *testing.T) {
	s := kanberttest.New()
	for i := range 45 {
		s.Seed(kanberttest.Webhook{URL: fmt.Sprintf("https://receiver.example/%d", i)})
	}
	list := newTestClient(t, s).ListWebhooks(t.Context(), ListOptions{PageSize: 30})
	for range 2 {
		n := 0
		for _, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 45 {
			t.Errorf("%d webhooks were listed, want 45", n)
		}
	}
}

// expect checks the number of requests, and that each has one of the forms.
func (a *answers) expect(t testing.TB, n int, forms ...string) {
	t.Helper()
	if len(a.requests) != n {
		t.Errorf("%d requests were sent, want %d", len(a.requests), n)
	}
	for _, r := range a.requests {
		if got := r.Method + " " + r.URL.EscapedPath(); !slices.Contains(forms, got) {
			t.Errorf("%s was sent, want %q", got, forms)
		}
	}
}
