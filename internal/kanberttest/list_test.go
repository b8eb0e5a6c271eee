// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// wednesday is the time of the tests on filters: a day on which weeks, months and
// days begin and end at different times.
var wednesday = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)

// calendar is a workspace whose URLs contain the time of creation.
var calendar = []kanberttest.Webhook{
	{URL: "https://a.example/April", CreatedAt: time.Date(2026, 4, 30, 23, 59, 59, 0, time.UTC)},
	{URL: "https://a.example/may", CreatedAt: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)},
	{URL: "https://a.example/monday", CreatedAt: time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)},
	{URL: "https://b.example/morning", CreatedAt: time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)},
	{URL: "https://b.example/now", CreatedAt: wednesday},
	{URL: "https://b.example/tomorrow", CreatedAt: time.Date(2026, 5, 7, 0, 0, 0, 0, time.UTC)},
	{URL: "https://b.example/June", CreatedAt: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
}

// filters contains every operator, in every spelling, and every special value, in
// both forms, with the last path segments of the webhooks in calendar that it
// selects.
var filters = []struct{ text, json, selects string }{
	{`url in ["https://a.example/may", 'https://b.example/now']`, `[{"field":"url","op":"in","value":["https://a.example/may","https://b.example/now"]}]`, "may now"},
	{`url nin ["https://a.example/may"]`, `[{"field":"url","op":"nin","value":["https://a.example/may"]}]`, "April monday morning now tomorrow June"},
	{`url notin ["https://a.example/may"]`, `[{"field":"url","op":"notin","value":["https://a.example/may"]}]`, "April monday morning now tomorrow June"},
	{`url eq "https://a.example/may"`, `[{"field":"url","op":"eq","value":"https://a.example/may"}]`, "may"},
	{`url = "https://a.example/May"`, `[{"field":"url","op":"eq","value":"https://a.example/May"}]`, ""},
	{`url ne "https://a.example/may"`, `[{"field":"url","op":"ne","value":"https://a.example/may"}]`, "April monday morning now tomorrow June"},
	{`url != "https://a.example/may"`, `[{"field":"url","op":"neq","value":"https://a.example/may"}]`, "April monday morning now tomorrow June"},
	{`url contains "mo"`, `[{"field":"url","op":"contains","value":"mo"}]`, "monday morning tomorrow"},
	{`url like "%a.example/m%"`, `[{"field":"url","op":"like","value":"%a.example/m%"}]`, "may monday"},
	{`url startsWith 'https://a'`, `[{"field":"url","op":"startswith","value":"https://a"}]`, "April may monday"},
	{`url ENDSWITH 'now'`, `[{"field":"url","op":"endswith","value":"now"}]`, "now"},
	{`url isnull`, `[{"field":"url","op":"isnull"}]`, ""},
	{`url is null`, `{"field":"url","op":"isnull"}`, ""},
	{`url isnotnull`, `[{"field":"url","op":"isnotnull"}]`, "April may monday morning now tomorrow June"},
	{`url notnull`, `[{"field":"url","op":"notnull"}]`, "April may monday morning now tomorrow June"},

	{`created_at eq "2026-05-04T00:00:00Z"`, `[{"field":"created_at","op":"eq","value":"2026-05-04T00:00:00Z"}]`, "monday"},
	{`created_at ne "2026-05-04T00:00:00Z"`, `[{"field":"created_at","op":"neq","value":"2026-05-04T00:00:00Z"}]`, "April may morning now tomorrow June"},
	{`created_at < "2026-05-04"`, `[{"field":"created_at","op":"lt","value":"2026-05-04"}]`, "April may"},
	{`created_at <= "2026-05-04"`, `[{"field":"created_at","op":"lte","value":"2026-05-04"}]`, "April may monday"},
	{`created_at le "2026-05-04"`, `[{"field":"created_at","op":"le","value":"2026-05-04"}]`, "April may monday"},
	{`created_at > "2026-05-06T12:00:00Z"`, `[{"field":"created_at","op":"gt","value":"2026-05-06T12:00:00Z"}]`, "tomorrow June"},
	{`created_at >= "2026-05-06T12:00:00Z"`, `[{"field":"created_at","op":"gte","value":"2026-05-06T12:00:00Z"}]`, "now tomorrow June"},
	{`created_at ge "2026-05-06T12:00:00Z"`, `[{"field":"created_at","op":"ge","value":"2026-05-06T12:00:00Z"}]`, "now tomorrow June"},
	{`created_at in ["2026-05-01T00:00:00Z", "2026-05-07T00:00:00Z"]`, `[{"field":"created_at","op":"in","value":["2026-05-01T00:00:00Z","2026-05-07T00:00:00Z"]}]`, "may tomorrow"},
	{`created_at nin ["2026-05-01T00:00:00Z", "2026-05-07T00:00:00Z"]`, `[{"field":"created_at","op":"notin","value":["2026-05-01T00:00:00Z","2026-05-07T00:00:00Z"]}]`, "April monday morning now June"},
	{`created_at isnull`, `[{"field":"created_at","op":"isnull"}]`, ""},
	{`created_at isnotnull`, `[{"field":"created_at","op":"notnull"}]`, "April may monday morning now tomorrow June"},

	{`created_at lt now`, `[{"field":"created_at","op":"lt","value":"now"}]`, "April may monday morning"},
	{`created_at eq today`, `[{"field":"created_at","op":"eq","value":"today"}]`, "morning now"},
	{`created_at eq today+1d`, `[{"field":"created_at","op":"eq","value":"today+1d"}]`, "tomorrow"},
	{`created_at lt today-2d`, `[{"field":"created_at","op":"lt","value":"today-2d"}]`, "April may"},
	{`created_at lt sow`, `[{"field":"created_at","op":"lt","value":"sow"}]`, "April may"},
	{`created_at gt eow`, `[{"field":"created_at","op":"gt","value":"eow"}]`, "June"},
	{`created_at lt som`, `[{"field":"created_at","op":"lt","value":"som"}]`, "April"},
	{`created_at gt eom`, `[{"field":"created_at","op":"gt","value":"eom"}]`, "June"},

	{
		`url contains "a.example" and (created_at < som or created_at >= sow)`,
		`{"and":[{"field":"url","op":"contains","value":"a.example"},{"or":[{"field":"created_at","op":"lt","value":"som"},{"field":"created_at","op":"gte","value":"sow"}]}]}`, "April monday",
	},
}

// TestFilters sends every filter in both forms over HTTP.
func TestFilters(t *testing.T) {
	s := kanberttest.Start(t, kanberttest.WithClock(func() time.Time { return wednesday }))
	s.Seed(calendar...)
	call := newCaller(t, s, &http.Transport{})
	for _, c := range filters {
		for _, text := range []string{c.text, c.json} {
			var got []string
			for _, w := range call.page(url.Values{"filter": {text}, "sort": {"created_at"}}).Data {
				got = append(got, w.URL[strings.LastIndexByte(w.URL, '/')+1:])
			}
			if strings.Join(got, " ") != c.selects {
				t.Errorf("%s selects %v, want %s", text, got, c.selects)
			}
		}
	}
}

// TestFiltersHaveEveryOperator checks that the table above is complete.
func TestFiltersHaveEveryOperator(t *testing.T) {
	for _, field := range filter.Fields() {
		for _, op := range field.Operators {
			name := fmt.Sprintf(`"field":%q,"op":%q`, field.Name, op)
			words := field.Name + " " + op
			if !slices.ContainsFunc(filters, func(c struct{ text, json, selects string }) bool {
				return strings.Contains(c.json, name) || strings.HasPrefix(strings.ToLower(c.text), words)
			}) {
				t.Errorf("no filter tests %s", words)
			}
		}
	}
}

// TestRefusedLists sends requests for which GET /webhooks returns 400, and
// parameters that it ignores.
func TestRefusedLists(t *testing.T) {
	s := kanberttest.New(kanberttest.WithoutOperator("nin"))
	s.Seed(calendar...)
	call := overMemory(t, s)
	for name, values := range map[string][]string{
		"filter": {
			`event eq "contact:create"`, `id eq me.id`, `url matches "x"`, `url lt "x"`, `created_at contains "x"`,
			`url eq`, `created_at eq "acme"`, `url in []`, `[{"field":"url","op":"eq"`, `url notin ["x"]`,
			`[{"field":"url","op":"nin","value":["x"]}]`, `created_at lt "last monday"`,
		},
		"sort": {"title", "sort=-created_at", "url,", "-", "id", "+url"},
	} {
		for _, value := range values {
			a := call.must(http.MethodGet, "/webhooks?"+url.Values{name: {value}}.Encode(), "")
			if a.status != http.StatusBadRequest || a.object(t)["message"] == "" {
				t.Errorf("%s=%s: %d %s", name, value, a.status, a.body)
			}
		}
	}
	for _, query := range []url.Values{
		{"filter": {""}}, {"sort": {""}}, {"page[size]": {"x"}}, {"page[size]": {"0"}}, {"page[size]": {"-3"}}, {"unknown": {"1"}},
	} {
		if n := len(call.page(query).Data); n != len(calendar) {
			t.Errorf("%v gives %d webhooks", query, n)
		}
	}
}

func TestCaseInsensitiveCollation(t *testing.T) {
	s := kanberttest.New(kanberttest.WithCaseInsensitiveCollation())
	s.Seed(calendar...)
	call := overMemory(t, s)
	for _, text := range []string{
		`url eq "HTTPS://a.example/MAY" and created_at isnotnull`,
		`{"and":[{"field":"url","op":"in","value":["https://A.example/MaY"]},{"field":"created_at","op":"gt","value":"2026-01-01T00:00:00Z"}]}`,
		`url endswith "A.EXAMPLE/MAY"`,
	} {
		if got := call.page(url.Values{"filter": {text}}).urls(); !slices.Equal(got, []string{"https://a.example/may"}) {
			t.Errorf("%s selects %v", text, got)
		}
	}
	// "A" comes before "m" in either collation, "J" before "m" only in this one.
	got := call.page(url.Values{"sort": {"url"}, "filter": {`url startswith "https://b"`}}).urls()
	want := []string{"https://b.example/June", "https://b.example/morning", "https://b.example/now", "https://b.example/tomorrow"}
	if !slices.Equal(got, want) {
		t.Errorf("sorted %v", got)
	}
}

// TestSorts lists with every sort, in one page and in many.
func TestSorts(t *testing.T) {
	s := kanberttest.New()
	at := func(minute int) time.Time { return wednesday.Add(time.Duration(minute) * time.Minute) }
	s.Seed(
		kanberttest.Webhook{URL: "https://r.example/a", CreatedAt: at(3), Inactive: true},
		kanberttest.Webhook{URL: "https://r.example/B", CreatedAt: at(1)},
		kanberttest.Webhook{URL: "https://r.example/c", CreatedAt: at(2)},
		kanberttest.Webhook{URL: "https://r.example/d", CreatedAt: at(1), Inactive: true},
	)
	call := overMemory(t, s)
	for sort, want := range map[string]string{
		"url":                "Bacd",
		"-url":               "dcaB",
		"created_at,url":     "Bdca",
		"-created_at,url":    "acBd",
		"-created_at,-url":   "acdB",
		"is_active,url":      "adBc",
		"-is_active,-url":    "cBda",
		"is_active,-url,url": "dacB",
	} {
		for _, size := range []string{"30", "1", "3"} {
			var got strings.Builder
			for _, l := range call.pages(url.Values{"sort": {sort}, "page[size]": {size}}) {
				for _, w := range l.Data {
					got.WriteString(w.URL[len(w.URL)-1:])
				}
			}
			if got.String() != want {
				t.Errorf("sort=%s in pages of %s: %s, want %s", sort, size, &got, want)
			}
		}
	}
}

// numbered returns n webhooks whose URLs have the order of their numbers, all
// created in one second.
func numbered(n int) []kanberttest.Webhook {
	all := make([]kanberttest.Webhook, n)
	for i := range all {
		all[i] = kanberttest.Webhook{URL: fmt.Sprintf("https://r.example/%04d", i), CreatedAt: wednesday}
	}
	return all
}

// TestPages reads a list of 95 with each option about pages, and counts the
// webhooks of each page.
func TestPages(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  []kanberttest.Option
		query string
		want  string
	}{
		{"default", nil, "sort=url", "30 30 30 5"},
		{"default size", []kanberttest.Option{kanberttest.WithDefaultPageSize(40), kanberttest.WithMaxPageSize(100)}, "sort=url", "40 40 15"},
		{"smaller", nil, "sort=url&page[size]=20", "20 20 20 20 15"},
		{"clamped", nil, "sort=url&page[size]=100", "30 30 30 5"},
		{"large", []kanberttest.Option{kanberttest.WithMaxPageSize(100)}, "sort=url&page[size]=100", "95"},
		{"as PHP reads numbers", nil, "sort=url&page[size]=" + url.QueryEscape(" 1.9e1x"), "19 19 19 19 19"},
		{"exact", nil, "sort=url&page[size]=19", "19 19 19 19 19"},
		{"filtered", nil, "sort=url&page[size]=3&filter=" + url.QueryEscape(`url contains "5"`), "3 3 3 3 3 3"},
		{"empty pages", []kanberttest.Option{kanberttest.WithEmptyPages()}, "sort=url", "30 0 30 0 30 0 5"},
		{"short pages", []kanberttest.Option{kanberttest.WithShortPages()}, "sort=url", "15 15 15 15 15 15 5"},
		{"overlapping pages", []kanberttest.Option{kanberttest.WithOverlappingPages(10)}, "sort=url", "30 30 30 30 15"},
		{"pages of one overlap in nothing", []kanberttest.Option{kanberttest.WithOverlappingPages(10)}, "sort=url&page[size]=1&filter=" + url.QueryEscape(`url endswith "5"`), "1 1 1 1 1 1 1 1 1"},
		{"ties in order", nil, "sort=created_at", "30 30 30 5"},
		{"ties lost", []kanberttest.Option{kanberttest.WithTiesLost()}, "sort=created_at", "30 0"},
		{"no ties", []kanberttest.Option{kanberttest.WithTiesLost()}, "sort=created_at,url", "30 30 30 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kanberttest.New(c.opts...)
			seeded := numbered(95)
			s.Seed(seeded...)
			call := overMemory(t, s)
			query, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			var sizes []string
			for _, l := range call.pages(query) {
				sizes = append(sizes, fmt.Sprint(len(l.Data)))
				for _, w := range l.Data {
					seen[w.ID] = true
				}
			}
			if got := strings.Join(sizes, " "); got != c.want {
				t.Errorf("pages of %s, want %s", got, c.want)
			}
			lost := query.Has("filter") || c.name == "ties lost"
			if complete := len(seen) == len(seeded); complete == lost {
				t.Errorf("%d different webhooks", len(seen))
			}
		})
	}
}

func TestRefuseLargePages(t *testing.T) {
	call := overMemory(t, kanberttest.New(kanberttest.WithRefuseLargePages()))
	if n := call.page(url.Values{"page[size]": {"30"}}).Meta.PerPage; n != 30 {
		t.Errorf("per_page %d", n)
	}
	a := call.must(http.MethodGet, "/webhooks?page[size]=31", "")
	if _, has := field(a.object(t), "errors")["page.size"]; a.status != 422 || !has {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestPrevCursor reads to the end and back.
func TestPrevCursor(t *testing.T) {
	s := kanberttest.New()
	s.Seed(numbered(95)...)
	call := overMemory(t, s)
	query := url.Values{"sort": {"-url"}, "page[size]": {"20"}}
	forth := call.pages(query)
	if forth[0].Meta.PrevCursor != nil {
		t.Error("the first page has a previous one")
	}
	last := forth[len(forth)-1]
	for i := len(forth) - 2; i >= 0; i-- {
		if last.Meta.PrevCursor == nil {
			t.Fatalf("page %d has no previous one", i+1)
		}
		query.Set("page[cursor]", *last.Meta.PrevCursor)
		last = call.page(query)
		if !slices.Equal(last.urls(), forth[i].urls()) || last.Meta.NextCursor == nil {
			t.Errorf("back on page %d: %v", i, last.urls())
		}
	}
	if last.Meta.PrevCursor != nil {
		t.Error("the first page, come back to, has a previous one")
	}
}

// TestListThatChanges inserts and deletes between two pages, and checks that every
// other webhook appears once.
func TestListThatChanges(t *testing.T) {
	s := kanberttest.New()
	seeded := s.Seed(numbered(50)...)
	call := overMemory(t, s)
	query := url.Values{"sort": {"url"}, "page[size]": {"20"}}
	first := call.page(query)
	s.Remove(seeded[19].ID, seeded[3].ID, "unknown")
	s.Seed(kanberttest.Webhook{URL: "https://r.example/0000-new"}, kanberttest.Webhook{URL: "https://r.example/0030-new"})
	query.Set("page[cursor]", *first.Meta.NextCursor)
	var rest []string
	for _, l := range call.pages(query) {
		rest = append(rest, l.urls()...)
	}
	var want []string
	for _, w := range seeded[20:] {
		want = append(want, w.URL)
		if strings.HasSuffix(w.URL, "0030") {
			want = append(want, w.URL+"-new")
		}
	}
	if !slices.Equal(rest, want) {
		t.Errorf("the rest is %v", rest)
	}
}

// TestCursorsThatAreNone checks that the list begins again, without an error.
func TestCursorsThatAreNone(t *testing.T) {
	s := kanberttest.New()
	s.Seed(numbered(50)...)
	call := overMemory(t, s)
	for _, text := range []string{"x", "%%%"} {
		l := call.page(url.Values{"sort": {"-url"}, "page[cursor]": {text}})
		if l.Data[0].URL != "https://r.example/0049" {
			t.Errorf("cursor %q leads to %v", text, l.Data[0])
		}
	}
}

// TestCursorsOfAnotherSort checks that the columns of a cursor determine its
// position, in either direction, and that a cursor without a column of the sort is
// a failure of the server, as with Laravel.
func TestCursorsOfAnotherSort(t *testing.T) {
	s := kanberttest.New()
	s.Seed(numbered(50)...)
	call := overMemory(t, s)
	ofURL := *call.page(url.Values{"sort": {"url"}}).Meta.NextCursor
	l := call.page(url.Values{"sort": {"-url"}, "page[cursor]": {ofURL}})
	if l.Data[0].URL != "https://r.example/0028" {
		t.Errorf("before the place is %v", l.Data[0])
	}

	nowhere := base64.RawURLEncoding.EncodeToString([]byte(`{}`))
	for _, query := range []url.Values{
		{"sort": {"created_at"}, "page[cursor]": {ofURL}},
		{"sort": {"url,created_at"}, "page[cursor]": {ofURL}},
		{"page[cursor]": {ofURL}},
		{"sort": {"url"}, "page[cursor]": {nowhere}},
	} {
		if a := call.must(http.MethodGet, "/webhooks?"+query.Encode(), ""); a.status != http.StatusInternalServerError {
			t.Errorf("%v is answered %d %s", query, a.status, a.body)
		}
	}
}

// TestCursorFaults makes the server forget a cursor, and repeat one.
func TestCursorFaults(t *testing.T) {
	s := kanberttest.New()
	s.Seed(numbered(95)...)
	call := overMemory(t, s)
	query := url.Values{"sort": {"url"}}
	s.FailNth(2, kanberttest.Match{}, kanberttest.ForgottenCursor())
	first := call.page(query)
	query.Set("page[cursor]", *first.Meta.NextCursor)
	second := call.page(query)
	if got := call.page(query); !slices.Equal(got.urls(), first.urls()) || *got.Meta.NextCursor != *first.Meta.NextCursor {
		t.Errorf("a forgotten cursor leads to %v", got.urls())
	}
	s.FailNth(1, kanberttest.Match{}, kanberttest.RepeatedCursor())
	if got := call.page(query); !slices.Equal(got.urls(), second.urls()) || *got.Meta.NextCursor != *first.Meta.NextCursor {
		t.Errorf("a repeated cursor gives %v and leads to %v", got.urls(), *got.Meta.NextCursor)
	}
	var faults []string
	for _, r := range s.Requests() {
		faults = append(faults, r.Fault)
	}
	if want := []string{"", "", "forgotten cursor", "repeated cursor"}; !slices.Equal(faults, want) {
		t.Errorf("faults %q", faults)
	}
}

// field returns the object in a field of object, or nil.
func field(object map[string]any, name string) map[string]any {
	inner, _ := object[name].(map[string]any)
	return inner
}

// TestForms compares the parts of a list that the options change.
func TestForms(t *testing.T) {
	list := func(opts ...kanberttest.Option) map[string]any {
		s := kanberttest.New(opts...)
		s.Seed(numbered(31)...)
		return overMemory(t, s).must(http.MethodGet, "/webhooks?sort=url", "").object(t)
	}
	isEmptyList := func(v any) bool { l, ok := v.([]any); return ok && len(l) == 0 }

	plain := list()
	if !isEmptyList(plain["links"]) {
		t.Errorf("links %v", plain["links"])
	}
	meta := field(plain, "meta")
	next, ok := meta["next_cursor_url"].(string)
	if u, err := url.Parse(next); !ok || err != nil || u.Query().Get("page[cursor]") != meta["next_cursor"] || u.Query().Get("sort") != "url" {
		t.Errorf("next_cursor_url %q", next)
	}
	if _, has := list(kanberttest.WithLinks(kanberttest.NoLinks))["links"]; has {
		t.Error("there are links")
	}
	if l, ok := list(kanberttest.WithLinks(kanberttest.StringLinks))["links"].([]any); !ok || len(l) != 1 {
		t.Errorf("links %v", l)
	}
	if l, ok := list(kanberttest.WithLinks(kanberttest.ObjectLinks))["links"].(map[string]any); !ok || l["next"] == nil {
		t.Errorf("links %v", l)
	}
	respelled := field(list(kanberttest.WithNextPageURLSpelling()), "meta")
	if _, has := respelled["next_cursor_url"]; has || respelled["next_page_url"] == nil || respelled["next_cursor"] == nil {
		t.Errorf("meta %v", respelled)
	}
	extra := list(kanberttest.WithExtraFields())
	if field(extra, "extra")["nested"] == nil || !strings.Contains(fmt.Sprint(extra["data"]), "is_active:true") {
		t.Errorf("no extra fields in %v", extra)
	}
}
