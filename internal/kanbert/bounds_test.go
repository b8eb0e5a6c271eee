// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestNumbers holds the numbers that the documentation names to what it says. They
// are written out: a constant compared with itself cannot be wrong.
func TestNumbers(t *testing.T) {
	for name, pair := range map[string][2]any{
		"the longest URL":                 {MaxURLLength, 180},
		"retries":                         {DefaultMaxRetries, 8},
		"the time of one attempt":         {DefaultRequestTimeout, 30 * time.Second},
		"the time of waits":               {DefaultMaxWait, 300 * time.Second},
		"webhooks in a page":              {DefaultPageSize, 100},
		"pages of a list":                 {MaxPages, 10_000},
		"webhooks of a list":              {MaxListed, 300_000},
		"bytes of a list":                 {MaxListBytes, 134_217_728},
		"the time of a list":              {MaxListTime, 1800 * time.Second},
		"bytes of an answer":              {maxBody, 8_388_608},
		"bytes of a header":               {maxHeader, 1_048_576},
		"bytes of a buffer that is kept":  {maxRecycled, 524_288},
		"webhooks that are kept room for": {maxScratch, 1000},
		"look-ups after a lost create":    {lookUps, 3},
		"the tolerance of clocks":         {clockTolerance, 3 * time.Second},
		"the same, once seen free":        {seenFreeTolerance, time.Second},
		"the furthest Date":               {maxClockDifference, 86_400 * time.Second},
		"retries of what cannot be read":  {maxUnreadable, 3},
		"the time of whoami":              {whoamiTimeout, 5 * time.Second},
		"requests to whoami":              {WorkspaceAttempts, 3},
		"the memory of an outage":         {outageMemory, 60 * time.Second},
		"failures that are an outage":     {outageFailures, 9},
		"a wait that is logged at INFO":   {longWait, 5 * time.Second},
		"characters of a message":         {maxMessage, 300},
		"characters of a field's text":    {maxFieldText, 200},
		"fields of a refusal":             {maxFields, 10},
		"texts of a field":                {maxFieldTexts, 5},
		"characters of a request's id":    {maxRequestID, 100},
		"characters that are taken out":   {minScrubbed, 4},
		"where the API is":                {DefaultBaseURL, "https://api.kanbert.com/api/v1"},
		"the pauses": {defaultBackoff, Backoff{
			First: 250 * time.Millisecond, Max: 10 * time.Second, Lookup: 500 * time.Millisecond,
			Limited: time.Second, URLConflict: 10 * time.Second, Lag: 20 * time.Second,
		}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
}

// TestPausesAreKept expects what is set to be used, and what is not to have its
// default.
func TestPausesAreKept(t *testing.T) {
	for field := range reflect.TypeFor[Backoff]().Fields() {
		if !field.IsExported() {
			continue
		}
		var set Backoff
		reflect.ValueOf(&set).Elem().FieldByIndex(field.Index).SetInt(int64(7 * time.Hour))
		c, err := New(WithToken(NewSecret("a-token")), WithBackoff(set))
		if err != nil {
			t.Fatal(err)
		}
		want := defaultBackoff
		reflect.ValueOf(&want).Elem().FieldByIndex(field.Index).SetInt(int64(7 * time.Hour))
		if c.backoff != want || c.limiter.backoff != want || c.ListLag() != want.Lag {
			t.Errorf("%s: the pauses are %+v, want %+v", field.Name, c.backoff, want)
		}
		reflect.ValueOf(&set).Elem().FieldByIndex(field.Index).SetInt(-1)
		if _, err := New(WithToken(NewSecret("a-token")), WithBackoff(set)); err == nil {
			t.Errorf("%s may be negative", field.Name)
		}
	}
}

// TestPausesGrow expects them to double up to their bound, and to differ by a part.
func TestPausesGrow(t *testing.T) {
	steady := defaultBackoff
	steady.steady = true
	pauses, want := steady.growing(250*time.Millisecond), 250*time.Millisecond
	for range 10 {
		if got := pauses.NextBackOff(); got != min(want, 10*time.Second) {
			t.Errorf("got %s, want %s", got, want)
		}
		want *= 2
	}
	different := map[time.Duration]bool{}
	for range 100 {
		got := defaultBackoff.growing(time.Second).NextBackOff()
		if got < 700*time.Millisecond || got > 1300*time.Millisecond {
			t.Errorf("a pause of one second is %s", got)
		}
		jittered := defaultBackoff.jitter(time.Minute, time.Second)
		if jittered < time.Minute || jittered > time.Minute+time.Second {
			t.Errorf("a minute is %s", jittered)
		}
		if jittered = defaultBackoff.jitter(time.Second, time.Minute); jittered < time.Second || jittered > 1250*time.Millisecond {
			t.Errorf("a second is %s", jittered)
		}
		different[got], different[jittered] = true, true
	}
	if len(different) < 100 {
		t.Errorf("200 pauses have %d values", len(different))
	}
	if got := steady.jitter(time.Minute, time.Second); got != time.Minute {
		t.Errorf("a steady minute is %s", got)
	}
}

// TestBodyAtItsBound reads an answer of just 8 MiB, and none that has a byte more.
func TestBodyAtItsBound(t *testing.T) {
	const bound = 8_388_608
	list := listOf("2026-01-02T03:04:05Z")
	for size, whole := range map[int]bool{bound: true, bound + 1: false} {
		c, _ := answering(t, reply{status: 200, body: list + strings.Repeat(" ", size-len(list))})
		page, err := c.ListPage(t.Context(), ListOptions{Once: true})
		if (err == nil) != whole || whole && page.Bytes != bound {
			t.Errorf("%d bytes give %v", size, err)
		}
	}
}

// TestRequestIDs has those that are believed.
func TestRequestIDs(t *testing.T) {
	for id, want := range map[string]string{
		"req-1": "req-1", strings.Repeat("x", 100): strings.Repeat("x", 100), strings.Repeat("x", 101): "",
		"a b": "", "a\tb": "", "é": "", "a\x7f": "", "": "", "with-a-token-in-it": "", "~!": "~!",
	} {
		c, _ := answering(t, reply{status: 401, header: http.Header{"X-Request-Id": {id}}, body: `{"message":"x"}`})
		_, err := c.ListPage(t.Context(), ListOptions{})
		var answer *APIError
		if !errors.As(err, &answer) || answer.RequestID != want {
			t.Errorf("%q is %q", id, answer.RequestID)
		}
	}
}

// TestTextsAtTheirBounds tries messages, fields and texts at their bound and beside
// it, in characters and not in bytes.
func TestTextsAtTheirBounds(t *testing.T) {
	for n, want := range map[int]int{299: 299, 300: 300, 301: 301, 1000: 301} {
		c, _ := answering(t, reply{status: 401, body: `{"message":"` + strings.Repeat("ü", n) + `","errors":{"x":"` + strings.Repeat("ü", n) + `"}}`})
		_, err := c.ListPage(t.Context(), ListOptions{})
		var answer *APIError
		if !errors.As(err, &answer) {
			t.Fatal(err)
		}
		runes := []rune(answer.Message)
		if len(runes) != want || (runes[len(runes)-1] == '…') != (n > 300) {
			t.Errorf("%d characters become %d", n, len(runes))
		}
		if text := []rune(answer.Fields["x"][0]); len(text) != 201 {
			t.Errorf("%d characters about a field become %d", n, len(text))
		}
	}
	for n, want := range map[int]int{9: 9, 10: 10, 11: 10} {
		var fields []string
		for i := range n - 1 {
			fields = append(fields, fmt.Sprintf(`"a%02d":["x"]`, i))
		}
		// It is the last by name, and goes before all that the API does not have.
		fields = append(fields, `"url":["1","2","3","4","5","6"]`)
		c, _ := answering(t, reply{status: 422, body: `{"message":"x","errors":{` + strings.Join(fields, ",") + `}}`})
		_, err := c.ListPage(t.Context(), ListOptions{})
		var answer *APIError
		if !errors.As(err, &answer) || len(answer.Fields) != want || len(answer.Fields["url"]) != 5 {
			t.Errorf("%d fields become %d: %q", n, len(answer.Fields), answer.Fields)
		}
	}
}

// TestTimeOfOneAttempt tries answers just within and just beyond it.
func TestTimeOfOneAttempt(t *testing.T) {
	for took, whole := range map[time.Duration]bool{30*time.Second - 1: true, 30*time.Second + 1: false} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			c := newTestClient(t, s, WithTransport(slowly(took, s.Transport())), WithMaxRetries(0))
			_, err := c.ListPage(t.Context(), ListOptions{})
			var failed *TransportError
			if (err == nil) != whole || err != nil && (!errors.As(err, &failed) || failed.Timeout != 30*time.Second) {
				t.Errorf("after %s: %v", took, err)
			}
		})
	}
}

// TestTimeOfWhoami tries an answer just within and just beyond it.
func TestTimeOfWhoami(t *testing.T) {
	for took, known := range map[time.Duration]bool{5*time.Second - 1: true, 5*time.Second + 1: false} {
		synctest.Test(t, func(t *testing.T) {
			s := kanberttest.New()
			c := newTestClient(t, s, WithTransport(slowly(took, s.Transport())))
			c.workspace.settled, c.workspace.attempts = false, 0
			if got := c.WorkspaceID(t.Context()); (got == s.Workspace().ID) != known || !known && got != "" {
				t.Errorf("after %s it is %q", took, got)
			}
		})
	}
}

// TestWaitOfACallerForWhoami expects the end of the caller's context to end its wait
// and not the request, which others wait for.
func TestWaitOfACallerForWhoami(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithLatency(2 * time.Second))
		c := newTestClient(t, s)
		c.workspace.settled, c.workspace.attempts = false, 0
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if got := c.WorkspaceID(short); got != "" || time.Since(began) != time.Second {
			t.Errorf("it is %q after %s", got, time.Since(began))
		}
		if got := c.WorkspaceID(t.Context()); got != s.Workspace().ID || s.Count("") != 1 {
			t.Errorf("it is %q after %d requests", got, s.Count(""))
		}
	})
}

// TestLogLevels expects waits of five seconds and more at INFO.
func TestLogLevels(t *testing.T) {
	for wait, want := range map[time.Duration]string{5*time.Second - 1: "DEBUG", 5 * time.Second: "INFO", time.Hour: "INFO", 0: "DEBUG"} {
		var log lines
		LogFunc(log.log).logWait(t.Context(), "x", wait)
		if !strings.HasPrefix(log.kept[0], want+" x wait=") {
			t.Errorf("%s: %s", wait, log.kept[0])
		}
	}
}

// TestTimes has forms that are read, at and beside the bounds of each part.
func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-02T03:04:05Z":           "2026-01-02T03:04:05Z",
		"2026-01-02T03:04:05.1Z":         "2026-01-02T03:04:05.1Z",
		"2026-01-02T03:04:05.123456789Z": "2026-01-02T03:04:05.123456789Z",
		"2026-01-02 03:04:05z":           "2026-01-02T03:04:05Z",
		"2026-01-02t03:04:05+14:00":      "2026-01-01T13:04:05Z",
		"2026-01-02T03:04:05-12:00":      "2026-01-02T15:04:05Z",
		"2026-01-02T23:59:60Z":           "2026-01-03T00:00:00Z",
		"2026-01-02T23:59:60.5Z":         "2026-01-03T00:00:00.5Z",
		"2026-02-28T23:59:59Z":           "2026-02-28T23:59:59Z",
		"2024-02-29T00:00:00Z":           "2024-02-29T00:00:00Z",
		"0000-01-01T00:00:00Z":           "0000-01-01T00:00:00Z",
		"9999-12-31T23:59:59Z":           "9999-12-31T23:59:59Z",
		"2026-02-29T00:00:00Z":           "",
		"2026-13-01T00:00:00Z":           "",
		"2026-01-02T24:00:00Z":           "",
		"2026-01-02T03:60:05Z":           "",
		"2026-01-02T03:04:61Z":           "",
		"2026-01-02T03:04:05":            "",
		"2026-01-02":                     "",
		"2026-01-02T03:04Z":              "",
		"10000-01-02T03:04:05Z":          "",
		"02 Jan 2026 03:04:05 GMT":       "",
		"1767323045":                     "",
		"":                               "",
	} {
		got, err := parseTime(text)
		if (err != nil) != (want == "") || want != "" && (got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC) {
			t.Errorf("%q is read as %s, %v, want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
}

// TestAnswersThatDiffer creates webhooks for which the server answers with something
// else than was asked for. What the server says is returned, since it is what exists.
func TestAnswersThatDiffer(t *testing.T) {
	want := Webhook{
		ID: "wh_9", URL: "https://RECEIVER.example/Hook", Event: ContactDelete, ProjectID: "prj_9", ClientID: "cli_9",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	date := time.Date(2000, 1, 1, 0, 0, 7, 0, time.UTC)
	synctest.Test(t, func(t *testing.T) {
		c, transport := answering(t, reply{
			status: 201, header: dateHeader(date),
			body: `{"id":"wh_9","url":"https://RECEIVER.example/Hook","event":"contact:delete","project_id":"prj_9","client_id":"cli_9","created_at":"2026-01-02T03:04:05Z","signature_secret_key":"s3cret"}`,
		})
		created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
		if err != nil || created.Webhook != want || created.SignatureSecretKey.Reveal() != "s3cret" || !created.AnsweredAt.Equal(date) {
			t.Errorf("created %+v, %v", created, err)
		}
		if !c.claims.isMadeHere("wh_9") || len(transport.requests) != 1 {
			t.Errorf("%d requests were sent", len(transport.requests))
		}
	})
	// The same without project and client, which were asked for.
	synctest.Test(t, func(t *testing.T) {
		c, _ := answering(t, reply{
			status: 201, header: http.Header{"Date": nil},
			body: `{"id":"wh_9","url":"https://receiver.example/","event":"task:create","project_id":null,"client_id":null,"created_at":"2026-01-02T03:04:05Z","signature_secret_key":"s3cret"}`,
		})
		created, err := c.CreateWebhook(t.Context(), askedHook, seenFree)
		if err != nil || created.ProjectID != "" || created.ClientID != "" || !created.AnsweredAt.IsZero() {
			t.Errorf("created %+v, %v", created, err)
		}
	})
}

// TestPages has pages that are empty, null or odd, and where a list ends.
func TestPages(t *testing.T) {
	const one = `{"data":[{"id":"a"}],"meta":{"next_cursor":%s}}`
	const none = `{"data":[],"meta":{"next_cursor":%s}}`
	for name, test := range map[string]struct {
		pages []string
		ids   string
		ends  bool
	}{
		"one":                           {[]string{fmt.Sprintf(one, "null")}, "a", true},
		"an empty cursor":               {[]string{fmt.Sprintf(one, `""`)}, "a", true},
		"an empty page with a cursor":   {[]string{fmt.Sprintf(none, `"c"`), fmt.Sprintf(one, "null")}, "a", true},
		"an empty page at the end":      {[]string{fmt.Sprintf(one, `"c"`), fmt.Sprintf(none, "null")}, "a", true},
		"a cursor of another type":      {[]string{fmt.Sprintf(one, "7")}, "", false},
		"no data at the end":            {[]string{fmt.Sprintf(one, `"c"`), `{"data":null,"meta":{"next_cursor":null}}`}, "a", false},
		"no cursor at the end":          {[]string{fmt.Sprintf(one, `"c"`), `{"data":[],"meta":{}}`}, "a", false},
		"no meta at the end":            {[]string{fmt.Sprintf(one, `"c"`), `{"data":[],"meta":null}`}, "a", false},
		"nothing at the end":            {[]string{fmt.Sprintf(one, `"c"`), `{}`}, "a", false},
		"a record with an empty id":     {[]string{`{"data":[{"id":""}],"meta":{"next_cursor":null}}`}, "", false},
		"a record with the id null":     {[]string{`{"data":[{"id":null}],"meta":{"next_cursor":null}}`}, "", false},
		"null for a record":             {[]string{`{"data":[null],"meta":{"next_cursor":null}}`}, "", false},
		"an id twice":                   {[]string{`{"data":[{"id":"a"},{"id":"b"},{"id":"a"}],"meta":{"next_cursor":"c"}}`, fmt.Sprintf(one, "null")}, "ab", true},
		"a page size that is no number": {[]string{`{"data":[{"id":"a"}],"meta":{"next_cursor":null,"per_page":"many"}}`}, "a", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var prepared []reply
				for _, body := range test.pages {
					prepared = append(prepared, reply{status: 200, body: body})
				}
				c, transport := answering(t, prepared...)
				c.maxRetries = 0
				ids, errs := "", 0
				for w, err := range c.ListWebhooks(t.Context(), ListOptions{}) {
					if err != nil {
						errs++
						if !errors.Is(err, ErrMalformed) {
							t.Errorf("got %v", err)
						}
						continue
					}
					ids += w.ID
				}
				if ids != test.ids || errs > 1 || (errs == 0) != test.ends || len(transport.requests) != len(test.pages) {
					t.Errorf("listed %q with %d errors in %d requests", ids, errs, len(transport.requests))
				}
			})
		})
	}
	c, _ := answering(t, reply{status: 200, body: `{"data":[],"meta":{"next_cursor":"c","per_page":7}}`})
	if page, err := c.ListPage(t.Context(), ListOptions{}); err != nil || page.PerPage != 7 || page.NextCursor != "c" || page.Webhooks == nil {
		t.Errorf("got %+v, %v", page, err)
	}
}

// TestLocalTime has times of the server, before and after its clock is known.
func TestLocalTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ahead := range []time.Duration{0, 5 * time.Hour, -5 * time.Hour} {
			s := kanberttest.New(kanberttest.WithClockSkew(ahead))
			c := newTestClient(t, s)
			began := time.Now()
			if _, known := c.LocalTime(began); known {
				t.Error("the clock is known before any answer")
			}
			all(t, c, ListOptions{})
			for _, after := range []time.Duration{0, time.Hour, -time.Hour} {
				got, known := c.LocalTime(began.Add(ahead + after))
				if !known || got.Sub(began.Add(after)).Abs() > time.Second {
					t.Errorf("%s ahead: %s, %t, want %s", ahead, got, known, began.Add(after))
				}
			}
			if _, known := c.LocalTime(time.Time{}); known {
				t.Error("no time is known")
			}
		}
	})
}

// TestParallelUse makes all calls at a time. It is the race detector that fails.
func TestParallelUse(t *testing.T) {
	s := kanberttest.New(kanberttest.WithMaxPageSize(3), kanberttest.WithRefuseLargePages())
	s.FailShare(0.2, 1, kanberttest.Match{}, kanberttest.Reset(), kanberttest.Status(500), kanberttest.RateLimited(kanberttest.InSeconds, 0), kanberttest.HTML(503), kanberttest.Refused())
	var log lines
	c := newTestClient(t, s, WithLogger(log.log), WithBackoff(Backoff{
		First: time.Microsecond, Max: time.Microsecond, Lookup: time.Microsecond, Limited: time.Microsecond, URLConflict: time.Microsecond, Lag: time.Microsecond,
	}))
	c.workspace.settled, c.workspace.attempts = false, 0
	var incident Incident
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 5 {
				// Some URLs are the same.
				created, err := c.CreateWebhook(t.Context(), NewWebhook{URL: fmt.Sprintf("https://receiver.example/%d", (i+n)%4), Event: ContactCreate}, seenFree)
				_ = IncidentOf(err).First("x")
				for _, err := range c.ListWebhooks(t.Context(), ListOptions{}) {
					if err != nil {
						break
					}
				}
				if created != nil {
					_ = c.DeleteWebhook(t.Context(), created.ID)
				}
				c.WorkspaceID(t.Context())
				c.KnownWorkspaceID()
				c.LocalTime(time.Now())
				c.Waited()
				c.Claim(fmt.Sprint(i))
				c.claims.isMadeHere(fmt.Sprint(n))
				incident.First(fmt.Sprint(n))
			}
		})
	}
	group.Wait()
}

// TestIncidents has each purpose once, for each incident.
func TestIncidents(t *testing.T) {
	var none *Incident
	var one, other Incident
	for _, test := range []struct {
		incident *Incident
		purpose  string
		first    bool
	}{
		{&one, "a", true}, {&one, "a", false}, {&one, "b", true}, {&other, "a", true}, {&one, "b", false}, {none, "a", true}, {none, "a", true},
	} {
		if got := test.incident.First(test.purpose); got != test.first {
			t.Errorf("%+v: first is %t", test, got)
		}
	}
}
