// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// TestOverlappingCreates checks that both pass the check, and that the second
// insert gets the API's own 500.
func TestOverlappingCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithInsertDelay(time.Second))
		call := overMemory(t, s)
		begin, answers := time.Now(), make([]answer, 3)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = call.create(oneURL) })
		}
		all.Wait()
		var statuses []int
		for _, a := range answers {
			statuses = append(statuses, a.status)
			if a.status == 500 && a.body != `{"message":"Server Error"}` {
				t.Errorf("the loser gets %s", a.body)
			}
		}
		slices.Sort(statuses)
		if !slices.Equal(statuses, []int{201, 500, 500}) {
			t.Errorf("statuses %v", statuses)
		}
		if a := call.create(oneURL); a.status != 422 {
			t.Errorf("one that does not overlap: %d", a.status)
		}
		if w := s.Webhooks(); len(w) != 1 || !w[0].CreatedAt.Equal(begin.Add(time.Second)) {
			t.Errorf("webhooks %v", w)
		}
	})
}

// TestOnInsert creates the URL by another program between check and insert.
func TestOnInsert(t *testing.T) {
	s := kanberttest.New()
	call := overMemory(t, s)
	var theirs kanberttest.Webhook
	s.OnInsert(func(s *kanberttest.Sandbox, w kanberttest.Webhook) {
		theirs, _ = s.CreateAs(s.Token(), kanberttest.Webhook{URL: w.URL})
	})
	if a := call.create(oneURL); a.status != 500 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if all := s.Webhooks(); len(all) != 1 || all[0] != theirs {
		t.Errorf("webhooks %v, theirs is %v", all, theirs)
	}
	s.ClearHooks()
	if a := call.create(oneURL + "/2"); a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if s.Count("") != 2 {
		t.Errorf("%d requests, and the stranger makes none", s.Count(""))
	}
}

// TestStranger creates, deletes and recreates webhooks by another program around
// requests, including requests with a fault.
func TestStranger(t *testing.T) {
	s := kanberttest.New()
	call := overMemory(t, s)
	var log []string
	note := func(what string) func(*kanberttest.Sandbox) {
		return func(s *kanberttest.Sandbox) {
			w, held := s.HolderAs(s.Token(), oneURL)
			log = append(log, fmt.Sprint(what, " ", held))
			switch what {
			case "before":
				s.CreateAs(s.Token(), kanberttest.Webhook{URL: oneURL})
			case "recreate":
				s.DeleteAs(s.Token(), w.ID)
				s.CreateAs(s.Token(), kanberttest.Webhook{URL: oneURL})
			case "delete":
				s.DeleteAs(s.Token(), w.ID)
			}
		}
	}
	post := kanberttest.Match{Method: http.MethodPost}
	s.Before(1, post, note("before"))
	s.After(1, post, note("recreate"))
	s.After(2, post, note("delete"))
	s.Before(3, kanberttest.Match{}, note("look"))
	s.FailNth(2, post, kanberttest.Reset().AfterWork())

	if a := call.create(oneURL); a.status != 422 {
		t.Errorf("where the stranger was first: %d", a.status)
	}
	first, _ := s.HolderAs(s.Token(), oneURL)
	if _, err := call.try(call.request(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create"}`)); !isReset(err) {
		t.Errorf("error %v", err)
	}
	if n := len(call.page(nil).Data); n != 0 {
		t.Errorf("%d webhooks", n)
	}
	if s.DeleteAs(s.Token(), first.ID) {
		t.Error("what was deleted was deleted again")
	}
	if want := []string{"before false", "recreate true", "delete true", "look false"}; !slices.Equal(log, want) {
		t.Errorf("hooks %v, want %v", log, want)
	}
	if s.Count("") != 3 {
		t.Errorf("%d requests were recorded", s.Count(""))
	}
	each := 0
	s.Before(0, kanberttest.Match{Method: http.MethodGet}, func(*kanberttest.Sandbox) { each++ })
	call.page(nil)
	call.page(nil)
	call.create(oneURL)
	if each != 2 {
		t.Errorf("a hook on each GET was called %d times", each)
	}
}

// TestReplicas checks that lists lag behind creates and deletes, each by its own
// time, and everything else is current.
func TestReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithReplicaLag(5*time.Second, 10*time.Second))
		s.Seed(kanberttest.Webhook{URL: "https://old.example"})
		call := overMemory(t, s)
		byURL := func() int {
			return len(call.page(url.Values{"filter": {`url eq "` + oneURL + `"`}}).Data)
		}
		shown := func() bool {
			all, one := len(call.page(nil).Data)-1, byURL()
			if all != one {
				t.Errorf("the list shows %d, the filtered one %d", all, one)
			}
			return one == 1
		}
		id := call.create(oneURL).object(t)["id"].(string)
		if shown() {
			t.Error("it shows at once")
		}
		if a := call.create(oneURL); a.status != 422 {
			t.Errorf("the check for uniqueness lags: %d", a.status)
		}
		<-time.After(5*time.Second - 1)
		if shown() {
			t.Error("it shows too early")
		}
		<-time.After(1)
		if !shown() {
			t.Error("it does not show")
		}
		for _, want := range []int{204, 404} {
			if a := call.must(http.MethodDelete, "/webhooks/"+id, ""); a.status != want {
				t.Errorf("delete: %d, want %d", a.status, want)
			}
		}
		if !shown() || len(s.Webhooks()) != 1 {
			t.Error("it is gone at once, or not gone at all")
		}
		if a := call.create(oneURL); a.status != 201 {
			t.Errorf("the URL is not free: %d", a.status)
		}
		<-time.After(5 * time.Second)
		// The deleted one and its replacement.
		if n := byURL(); n != 2 {
			t.Errorf("%d at the URL", n)
		}
		<-time.After(5 * time.Second)
		if !shown() {
			t.Error("the deleted one still shows")
		}
		// From now on without a lag.
		s.Set(kanberttest.WithReplicaLag(0, 0))
		holder, _ := s.HolderAs(s.Token(), oneURL)
		s.DeleteAs(s.Token(), holder.ID)
		if shown() {
			t.Error("it still lags")
		}
	})
}

// TestChecksOnReplica makes creates and deletes read the replica too.
func TestChecksOnReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithReplicaLag(time.Second, time.Second), kanberttest.WithChecksOnReplica())
		call := overMemory(t, s)
		path := "/webhooks/" + call.create(oneURL).object(t)["id"].(string)
		if a := call.create(oneURL); a.status != 500 {
			t.Errorf("a second create of a young URL: %d", a.status)
		}
		if a := call.must(http.MethodDelete, path, ""); a.status != 404 || len(s.Webhooks()) != 1 {
			t.Errorf("a delete of a young webhook: %d", a.status)
		}
		<-time.After(time.Second)
		for range 2 {
			if a := call.must(http.MethodDelete, path, ""); a.status != 204 || len(s.Webhooks()) != 0 {
				t.Errorf("a delete: %d", a.status)
			}
		}
		if a := call.create(oneURL); a.status != 422 {
			t.Errorf("a create of a URL that was just freed: %d", a.status)
		}
		<-time.After(time.Second)
		if a := call.must(http.MethodDelete, path, ""); a.status != 404 {
			t.Errorf("a late second delete: %d", a.status)
		}
		if a := call.create(oneURL); a.status != 201 {
			t.Errorf("a late create: %d", a.status)
		}
	})
}

// TestHeldURLs checks URLs that are taken although no list contains them.
func TestHeldURLs(t *testing.T) {
	s := kanberttest.New(kanberttest.WithSoftDeletes())
	call := overMemory(t, s)
	s.HoldURLs(oneURL)
	if a := call.create(oneURL); a.status != 422 || len(call.page(nil).Data) != 0 {
		t.Errorf("held: %d", a.status)
	}
	s.ReleaseURLs(oneURL)
	created := call.create(oneURL)
	if created.status != 201 {
		t.Fatalf("released: %d", created.status)
	}
	call.must(http.MethodDelete, "/webhooks/"+created.object(t)["id"].(string), "")
	if a := call.create(oneURL); a.status != 422 || len(call.page(nil).Data) != 0 {
		t.Errorf("soft-deleted: %d", a.status)
	}
}

// TestClocks checks every wrong form of the header Date and of created_at.
func TestClocks(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	year9999 := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		name          string
		opt           kanberttest.Option
		date, created string
	}{
		{"right", kanberttest.WithDateSkew(0), "Wed, 06 May 2026 07:08:09 GMT", "2026-05-06T07:08:09Z"},
		{"Date an hour slow", kanberttest.WithDateSkew(-time.Hour), "Wed, 06 May 2026 06:08:09 GMT", "2026-05-06T07:08:09Z"},
		{"Date of 1970", kanberttest.WithFixedDate(time.Unix(0, 0)), "Thu, 01 Jan 1970 00:00:00 GMT", "2026-05-06T07:08:09Z"},
		{"Date of the year 1", kanberttest.WithFixedDate(time.Time{}), "Mon, 01 Jan 0001 00:00:00 GMT", "2026-05-06T07:08:09Z"},
		{"Date of 9999", kanberttest.WithFixedDate(year9999), "Fri, 31 Dec 9999 23:59:59 GMT", "2026-05-06T07:08:09Z"},
		{"no Date", kanberttest.WithoutDate(), "", "2026-05-06T07:08:09Z"},
		{"no sense", kanberttest.WithDate(func(time.Time) string { return "soon" }), "soon", "2026-05-06T07:08:09Z"},
		{"local time", kanberttest.WithCreatedAtSkew(2 * time.Hour), "Wed, 06 May 2026 07:08:09 GMT", "2026-05-06T09:08:09Z"},
		{
			"created_at of 9999", kanberttest.WithCreatedAt(func(time.Time) time.Time { return year9999 }),
			"Wed, 06 May 2026 07:08:09 GMT", "9999-12-31T23:59:59Z",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kanberttest.Start(t, kanberttest.WithClock(func() time.Time { return now }), c.opt)
			for i, call := range []*caller{overMemory(t, s), overHTTP(t, s)} {
				a := call.create(fmt.Sprint(oneURL, i))
				if got := a.header.Get("Date"); got != c.date {
					t.Errorf("Date %q, want %q", got, c.date)
				}
				if got := a.object(t)["created_at"]; got != c.created {
					t.Errorf("created_at %v, want %s", got, c.created)
				}
			}
		})
	}
}

// TestLocales checks that only the texts of a 422 are translated.
func TestLocales(t *testing.T) {
	for locale, want := range map[kanberttest.Locale]string{
		kanberttest.English:  "The url has already been taken.",
		kanberttest.German:   "Der Wert von url ist bereits vergeben.",
		kanberttest.Slovak:   "url už existuje.",
		kanberttest.BareKeys: "validation.unique",
	} {
		s := kanberttest.New(kanberttest.WithLocale(locale))
		s.HoldURLs(oneURL)
		call := overMemory(t, s)
		if a := call.create(oneURL); a.status != 422 || a.body != `{"message":"`+want+`","errors":{"url":["`+want+`"]}}` {
			t.Errorf("%d: %d %s, want %q", locale, a.status, a.body, want)
		}
		// The names of the fields do not depend on the language.
		a := call.must(http.MethodPost, "/webhooks", `{"url":"x","event":"task:create"}`)
		for _, field := range []string{`"url":["`, `"project_id":["`} {
			if a.status != 422 || !strings.Contains(a.body, field) {
				t.Errorf("%d: %d %s", locale, a.status, a.body)
			}
		}
	}
}

// TestTrimming checks that texts are trimmed, and an empty one is null.
func TestTrimming(t *testing.T) {
	for _, c := range []struct {
		opts      []kanberttest.Option
		sent, got string
	}{
		{nil, `p 1\n`, "p 1"},
		{nil, `\u0000\tp\u000b`, "p"},
		{nil, `\u00a0p\u200b`, "\u00a0p\u200b"},
		{[]kanberttest.Option{kanberttest.WithInvisibleTrimmed()}, `\u00a0\u00adp\u200b\ufeff \n`, "p"},
		{nil, ` \r\n`, ""},
	} {
		s := kanberttest.New(c.opts...)
		a := overMemory(t, s).must(http.MethodPost, "/webhooks", `{"url":"`+oneURL+`","event":"contact:create","client_id":"`+c.sent+`"}`)
		if got := s.Webhooks()[0].ClientID; got != c.got {
			t.Errorf("%s is %q, want %q: %s", c.sent, got, c.got, a.body)
		}
	}
}

// TestMariaDBCollation treats letters of another case and with a mark as equal.
func TestMariaDBCollation(t *testing.T) {
	s := kanberttest.New(kanberttest.WithMariaDBCollation())
	call := overMemory(t, s)
	call.create("https://r.example/Müller")
	if a := call.create("https://r.example/muller"); a.status != 422 {
		t.Errorf("%d", a.status)
	}
	for filter, want := range map[string]int{
		`url eq "https://r.example/MULLER"`:     1,
		`url in ["https://r.example/muLLér"]`:   1,
		`url eq "https://r.example/mueller"`:    0,
		`url startswith "https://r.example/mü"`: 1,
	} {
		if got := len(call.page(url.Values{"filter": {filter}}).Data); got != want {
			t.Errorf("%s: %d", filter, got)
		}
	}
}

// TestOddRecords checks invalid records of other webhooks in the list, and that
// everything else is unchanged.
func TestOddRecords(t *testing.T) {
	s := kanberttest.New()
	s.SeedOdd(kanberttest.Webhook{ID: "odd", URL: "https://r.example/1"}, map[string]any{
		"created_at": nil, "event": kanberttest.Missing, "project_id": 17, "client_id": []any{"x"},
	})
	s.Seed(kanberttest.Webhook{URL: "https://r.example/2"})
	data, _ := overMemory(t, s).must(http.MethodGet, "/webhooks?sort=url", "").object(t)["data"].([]any)
	if len(data) != 2 {
		t.Fatalf("data %v", data)
	}
	odd, _ := data[0].(map[string]any)
	if _, has := odd["event"]; has || odd["id"] != "odd" || odd["created_at"] != nil || odd["project_id"] != 17.0 {
		t.Errorf("odd record %v", odd)
	}
	if right, _ := data[1].(map[string]any); right["event"] != "contact:create" {
		t.Errorf("the other record %v", right)
	}
}

// TestEndlessList follows cursors that never end.
func TestEndlessList(t *testing.T) {
	s := kanberttest.New(kanberttest.WithEndlessList(3, 1000))
	s.Seed(kanberttest.Webhook{URL: oneURL})
	call := overMemory(t, s)
	cursors, ids := map[string]bool{}, map[string]bool{}
	query := url.Values{}
	for range 20 {
		p := call.page(query)
		cursors[*p.Meta.NextCursor] = true
		query.Set("page[cursor]", *p.Meta.NextCursor)
		for _, w := range p.Data {
			ids[w.ID] = true
		}
	}
	if len(cursors) != 20 || len(ids) != 60 {
		t.Errorf("%d cursors and %d webhooks", len(cursors), len(ids))
	}
	if a := call.must(http.MethodGet, "/webhooks", ""); len(a.body) < 3000 {
		t.Errorf("a page of %d bytes", len(a.body))
	}
	if p := call.page(url.Values{"filter": {`url eq "` + oneURL + `"`}}); len(p.Data) != 1 || p.Meta.NextCursor != nil {
		t.Errorf("a filtered list %v", p)
	}
}

// TestGateways compares the responses of servers in front of the API, before and
// after the work.
func TestGateways(t *testing.T) {
	for _, c := range []struct {
		fault       kanberttest.Fault
		status      int
		contentType string
		body        string
		header      string
		value       string
	}{
		{kanberttest.Answer(404, jsonType, kanberttest.NotFoundElsewhere), 404, jsonType, `{"error":"not found"}`, "", ""},
		{kanberttest.Answer(404, jsonType, kanberttest.NoRoute), 404, jsonType, "", "", ""},
		{kanberttest.Answer(404, jsonType, "{}"), 404, jsonType, "{}", "", ""},
		{kanberttest.Answer(404, jsonType, "null"), 404, jsonType, "null", "", ""},
		{kanberttest.Answer(404, "", ""), 404, "", "", "", ""},
		{kanberttest.Answer(404, jsonType, ""), 404, jsonType, "", "", ""},
		{kanberttest.Status(410), 410, jsonType, `{"message":"Gone"}`, "", ""},
		{kanberttest.HTML(403), 403, htmlType, "", "", ""},
		{kanberttest.HTML(404), 404, htmlType, "", "", ""},
		{kanberttest.HTML(413), 413, htmlType, "", "", ""},
		{kanberttest.HTML(303), 303, htmlType, "", "Location", "/login"},
		{kanberttest.HTML(307).WithHeader("Location", "https://elsewhere.example/"), 307, htmlType, "", "Location", "https://elsewhere.example/"},
		{kanberttest.Status(425), 425, jsonType, `{"message":"Too Early"}`, "", ""},
		{kanberttest.HTML(503), 503, htmlType, "", "Retry-After", ""},
		{kanberttest.HTML(503).RetryAfter(kanberttest.InSeconds, time.Minute), 503, htmlType, "", "Retry-After", "60"},
		{kanberttest.Status(503).RetryAfter(kanberttest.InSeconds, time.Minute), 503, jsonType, "", "Retry-After", "60"},
		{kanberttest.Status(503).RetryAfter(kanberttest.AsResetIn, time.Minute), 503, jsonType, "", "X-RateLimit-Reset", "60"},
		{kanberttest.Status(503).RetryAfter(kanberttest.AsResetMillis, time.Minute), 503, jsonType, "", "X-RateLimit-Reset", "1778051349000"},
		{kanberttest.HTML(502), 502, htmlType, "", "", ""},
		{kanberttest.HTML(504), 504, htmlType, "", "", ""},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
			s := kanberttest.Start(t, kanberttest.WithClock(func() time.Time { return now }))
			for i, f := range []kanberttest.Fault{c.fault, c.fault.AfterWork()} {
				for _, call := range []*caller{overMemory(t, s), overHTTP(t, s)} {
					s.Remove(idsOf(s.Webhooks())...)
					s.FailNth(1, kanberttest.Match{}, f)
					a := call.create(oneURL)
					if a.status != c.status || a.header.Get("Content-Type") != c.contentType || a.header.Get(c.header) != c.value {
						t.Errorf("%q: %d %v", f, a.status, a.header)
					}
					if c.body != "" && a.body != c.body || c.body == "" && c.contentType == "" && a.body != "" {
						t.Errorf("%q: body %q", f, a.body)
					}
					if done := len(s.Webhooks()); done != i {
						t.Errorf("%q: %d webhooks", f, done)
					}
				}
			}
		})
	}
	defer func() {
		if recover() == nil {
			t.Error("a reset has a Retry-After")
		}
	}()
	kanberttest.Reset().RetryAfter(kanberttest.InSeconds, 1)
}

func idsOf(webhooks []kanberttest.Webhook) []string {
	var ids []string
	for _, w := range webhooks {
		ids = append(ids, w.ID)
	}
	return ids
}

// TestFaultNames checks that a name describes the fault.
func TestFaultNames(t *testing.T) {
	for want, f := range map[string]kanberttest.Fault{
		`404 with "{}" (application/json) after the work`: kanberttest.Answer(404, jsonType, "{}").AfterWork(),
		`404 with "" (no content type)`:                   kanberttest.Answer(404, "", ""),
		"503 with Retry-After in seconds (1m0s)":          kanberttest.Status(503).RetryAfter(kanberttest.InSeconds, time.Minute),
		"RST_STREAM REFUSED_STREAM after the work":        kanberttest.ResetStream(kanberttest.RefusedStream).AfterWork(),
		"GOAWAY":                  kanberttest.GoAway(),
		"GOAWAY after the answer": kanberttest.GoAwayAfterAnswer(),
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if long := kanberttest.Answer(200, "", strings.Repeat("x", 100)).String(); len(long) > 80 {
		t.Errorf("%q is long", long)
	}
}
