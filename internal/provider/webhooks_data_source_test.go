// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

const webhooksType = "kanbert_webhooks"

func TestWebhooksValidate(t *testing.T) {
	t.Parallel()
	filterPath := tftypes.NewAttributePath().WithAttributeName("filter")
	sortPath := tftypes.NewAttributePath().WithAttributeName("sort")
	eventsPath := tftypes.NewAttributePath().WithAttributeName("events")
	const bad, warn = tfprotov6.DiagnosticSeverityError, tfprotov6.DiagnosticSeverityWarning
	type want struct {
		severity tfprotov6.DiagnosticSeverity
		path     *tftypes.AttributePath
		summary  string
		detail   string // a part of it
	}
	for name, test := range map[string]struct {
		arguments attrs
		want      []want
	}{
		"nothing": {arguments: attrs{}},
		"everything right": {arguments: attrs{
			"filter": `url contains "acme"`, "sort": []string{"-created_at", "url", "is_active"},
			"events": []string{"contact:create", "task:delete"}, "project_id": "p", "client_id": "c",
			"limit": 1,
		}},
		"everything unknown": {arguments: attrs{
			"filter": unknown, "sort": unknown,
			"events":     unknown,
			"project_id": unknown, "client_id": unknown,
			"limit": unknown,
		}},
		"unknown entries": {
			arguments: attrs{
				"sort":   []any{unknown, "titel"},
				"events": []any{unknown, "contact:crate"},
			},
			want: []want{
				{bad, eventsPath.WithElementKeyInt(1), "Unknown event", `Did you mean "contact:create"?`},
				{bad, sortPath.WithElementKeyInt(1), "Unknown sort", "  titel\n  ^^^^^"},
			},
		},
		"filter in the string form": {
			arguments: attrs{"filter": `creatd_at > now and url matches "acme"`},
			want: []want{
				{bad, filterPath, "Unknown filter field", "  creatd_at > now and url matches \"acme\"\n  ^^^^^^^^^\n\nThe API cannot filter by \"creatd_at\". Did you mean created_at?"},
				{bad, filterPath, "Unknown filter operator", "  creatd_at > now and url matches \"acme\"\n                          ^^^^^^^\n\nThere is no operator \"matches\". Did you mean contains or like?"},
			},
		},
		"filter in the JSON form": {
			arguments: attrs{"filter": `[{"field":"event","op":"eq","value":"contact:create"}]`},
			want:      []want{{bad, filterPath, "Unknown filter field", "  [0].field = \"event\"\n\nThe API cannot filter by"}},
		},
		"filter is empty": {
			arguments: attrs{"filter": ""},
			want:      []want{{bad, filterPath, "Empty filter", "leave out the argument"}},
		},
		"filter is not specified": {
			arguments: attrs{"filter": `not url = "a\"b"`},
			want: []want{
				{warn, filterPath, "Negation", "  not url = \"a\\\"b\"\n  ^^^\n"},
				{warn, filterPath, "Escape in a quoted string", "sent as written"},
			},
		},
		"filter is not specified and wrong": {
			arguments: attrs{"filter": `url like "a%" and title = "b"`},
			want: []want{
				{bad, filterPath, "Unknown filter field", "title"},
				{warn, filterPath, "Wildcards of like", "sent as written"},
			},
		},
		"sort": {
			arguments: attrs{"sort": []string{"-created_at", "-creatd_at", "url,is_active", ""}},
			want: []want{
				{bad, sortPath.WithElementKeyInt(1), "Unknown sort", "Did you mean created_at?"},
				{bad, sortPath.WithElementKeyInt(2), "Several sorts in one entry", "an entry of its own"},
				{bad, sortPath.WithElementKeyInt(3), "Empty sort", "url, is_active, created_at"},
			},
		},
		"sort with null": {
			arguments: attrs{"sort": []any{nil}},
			want:      []want{{bad, sortPath.WithElementKeyInt(0), "Empty sort", ""}},
		},
		"sort wrong twice": {
			arguments: attrs{"sort": []string{"titel", "titel"}},
			want:      []want{{bad, sortPath.WithElementKeyInt(0), "Unknown sort", ""}, {bad, sortPath.WithElementKeyInt(1), "Unknown sort", ""}},
		},
		"sort twice": {
			arguments: attrs{"sort": []string{"url", "-url"}},
			want:      []want{{warn, sortPath.WithElementKeyInt(1), "Repeated sort", "by url already"}},
		},
		"events": {
			arguments: attrs{"events": []string{"task:create", "contact:created", "invoice:create", "invoice"}},
			want: []want{
				{bad, eventsPath.WithElementKeyInt(1), "Unknown event", `There is no event "contact:created". Did you mean "contact:create"?`},
				{warn, eventsPath.WithElementKeyInt(2), "Event not known to this version of the provider", `"invoice:create"`},
				{bad, eventsPath.WithElementKeyInt(3), "Unknown event", `There is no event "invoice".`},
			},
		},
		"events with null": {
			arguments: attrs{"events": []any{nil}},
			want:      []want{{bad, eventsPath.WithElementKeyInt(0), "Unknown event", "null"}},
		},
		"events without one": {
			arguments: attrs{"events": []string{}},
			want:      []want{{bad, eventsPath, "Empty list of events", "leave out the argument"}},
		},
		"limit 0": {
			arguments: attrs{"limit": 0},
			want:      []want{{bad, tftypes.NewAttributePath().WithAttributeName("limit"), "Invalid Attribute Value", "at least 1"}},
		},
		"project_id and client_id empty": {
			arguments: attrs{"project_id": "", "client_id": ""},
			want: []want{
				{bad, tftypes.NewAttributePath().WithAttributeName("client_id"), "Empty client", "for webhooks of any client or of none"},
				{bad, tftypes.NewAttributePath().WithAttributeName("project_id"), "Empty project", "for webhooks of any project or of none"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			// Never configured, as terraform validate leaves it: there is no token,
			// and nothing can be sent.
			got := newProtocol(t).validateDataSource(webhooksType, test.arguments)
			slices.SortStableFunc(got, func(a, b *tfprotov6.Diagnostic) int {
				return strings.Compare(a.Attribute.String(), b.Attribute.String())
			})
			for i, d := range got {
				if i >= len(test.want) {
					t.Errorf("unexpected: %s at %s: %s", d.Severity, d.Attribute, d.Summary)
					continue
				}
				w := test.want[i]
				if d.Severity != w.severity || !d.Attribute.Equal(w.path) || d.Summary != w.summary || !strings.Contains(d.Detail, w.detail) {
					t.Errorf("got %s at %s: %s\n%s\nwant %s at %s: %s\n%s", d.Severity, d.Attribute, d.Summary, d.Detail, w.severity, w.path, w.summary, w.detail)
				}
			}
			if len(got) < len(test.want) {
				t.Errorf("%d diagnostics, want %d", len(got), len(test.want))
			}
		})
	}
}

// readWebhooks reads the data source with these arguments out of sandbox, where
// nothing is sent twice.
func readWebhooks(t *testing.T, sandbox *kanberttest.Sandbox, arguments attrs) (attrs, diagnostics) {
	t.Helper()
	p := newProtocolFor(t, sandbox, WithClientOptions(kanbert.WithMaxRetries(0)))
	return p.readDataSource(webhooksType, arguments)
}

// listedURLs reads the webhooks, wants no diagnostic, and gives their URLs.
func listedURLs(t *testing.T, sandbox *kanberttest.Sandbox, arguments attrs) []string {
	t.Helper()
	state, diags := readWebhooks(t, sandbox, arguments)
	wantNone(t, diags)
	if state["webhooks"] == nil {
		t.Fatal("webhooks is null, want a list")
	}
	var urls []string
	webhooks, _ := state["webhooks"].([]attrs)
	for _, w := range webhooks {
		urls = append(urls, w["url"].(string))
	}
	return urls
}

// seedWebhooks puts n webhooks into the sandbox: each event in turn, every third
// in project-1, every fourth of client-1, all of one second in pairs.
func seedWebhooks(sandbox *kanberttest.Sandbox, n int) []kanberttest.Webhook {
	webhooks := make([]kanberttest.Webhook, n)
	begin := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range webhooks {
		w := &webhooks[i]
		w.URL = fmt.Sprintf("https://hooks.example.com/%03d", i)
		w.Event = kanberttest.Events()[i%len(kanberttest.Events())]
		w.CreatedAt = begin.Add(time.Duration(i/2) * time.Hour)
		if i%3 == 0 {
			w.ProjectID = "project-1"
		}
		if i%4 == 0 {
			w.ClientID = "client-1"
		}
	}
	return sandbox.Seed(webhooks...)
}

func urlsOf(webhooks []kanberttest.Webhook, selects func(kanberttest.Webhook) bool) []string {
	var urls []string
	for _, w := range webhooks {
		if selects(w) {
			urls = append(urls, w.URL)
		}
	}
	return urls
}

func everyWebhook(kanberttest.Webhook) bool { return true }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func TestWebhooksReadsEveryPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sandbox := kanberttest.New()
		var want []attrs
		for _, w := range seedWebhooks(sandbox, 75) {
			want = append(want, attrs{
				"id": w.ID, "url": w.URL, "event": w.Event, "created_at": w.CreatedAt.Format(time.RFC3339),
				"project_id": orNull(w.ProjectID), "client_id": orNull(w.ClientID),
			})
		}
		state, diags := readWebhooks(t, sandbox, attrs{})
		wantNone(t, diags)
		if got := state["webhooks"]; !reflect.DeepEqual(got, want) {
			t.Errorf("the webhooks are %v, want %v", got, want)
		}
		for i, r := range sandbox.Requests() {
			if r.Query.Has("filter") || r.Query.Get("sort") != "url" || r.Query.Has("page[cursor]") != (i > 0) {
				t.Errorf("request %d asks for %v", i+1, r.Query)
			}
		}
		if n := sandbox.Count(""); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
	})
}

// TestWebhooksSendsTheFilterAsWritten looks for every byte of it.
func TestWebhooksSendsTheFilterAsWritten(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"string form":      "\n  url   STARTSWITH 'https://hooks.example.com/00'\tand created_at NE \"2024-05-01T00:00:00Z\" \n",
		"JSON form":        ` { "or" : [ {"value":"https:\/\/hooks.example.com\/00","op":"startsWith","field":"url"} ] } `,
		"is null":          "url is null",
		"characters":       `url contains "ż&=+ %/#"`,
		"left open: not":   `not url contains "x"`,
		"left open: quote": `url contains "x\"y"`,
	} {
		bubble(t, name, func(t *testing.T) {
			sandbox := kanberttest.New()
			_, diags := readWebhooks(t, sandbox, attrs{"filter": text})
			if open := strings.HasPrefix(name, "left open"); open != (len(diags) > 0) {
				t.Errorf("the diagnostics are %v", diags)
			}
			requests := sandbox.Requests()
			if len(requests) != 1 || requests[0].Query.Get("filter") != text {
				t.Errorf("the requests are %v, want one with %q", requests, text)
			}
		})
	}
}

func newestFirst(a, b kanberttest.Webhook) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.URL, b.URL))
}

func sentSort(t *testing.T, sandbox *kanberttest.Sandbox, want string) {
	t.Helper()
	for _, r := range sandbox.Requests() {
		if sent := r.Query.Get("sort"); sent != want {
			t.Errorf("sort=%s was sent, want %s", sent, want)
		}
	}
}

func TestWebhooksSorts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sort             []string
		sent, sentForAll string
		order            func(a, b kanberttest.Webhook) int
	}{
		"not unique":     {[]string{"-created_at"}, "-created_at,url", "url", newestFirst},
		"unique":         {[]string{"-url"}, "-url", "url", func(a, b kanberttest.Webhook) int { return cmp.Compare(b.URL, a.URL) }},
		"unique already": {[]string{"-created_at", "url"}, "-created_at,url", "url", newestFirst},
		"all alike":      {[]string{"is_active"}, "is_active,url", "is_active,url", func(a, b kanberttest.Webhook) int { return cmp.Compare(a.URL, b.URL) }},
		"empty":          {nil, "url", "url", func(a, b kanberttest.Webhook) int { return cmp.Compare(a.URL, b.URL) }},
	} {
		bubble(t, name, func(t *testing.T) {
			sandbox := kanberttest.New(kanberttest.WithTiesLost(), kanberttest.WithMaxPageSize(7))
			seeded := seedWebhooks(sandbox, 40)
			slices.SortFunc(seeded, test.order)
			got := listedURLs(t, sandbox, attrs{"sort": test.sort})
			if want := urlsOf(seeded, everyWebhook); !slices.Equal(got, want) {
				t.Errorf("the list is %q, want %q", got, want)
			}
			// A whole list by created_at is sorted here: the API's cursor over ties
			// repeats or skips webhooks.
			sentSort(t, sandbox, test.sentForAll)
			sandbox.ResetRequests()
			got = listedURLs(t, sandbox, attrs{"sort": test.sort, "limit": int64(5)})
			if want := urlsOf(seeded[:5], everyWebhook); !slices.Equal(got, want) {
				t.Errorf("the list of five is %q, want %q", got, want)
			}
			if sentSort(t, sandbox, test.sent); sandbox.Count("") != 1 {
				t.Errorf("%d requests were sent for five webhooks", sandbox.Count(""))
			}
		})
	}
}

func TestWebhooksSelectsAfterTheListing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments attrs
		selects   func(kanberttest.Webhook) bool
	}{
		"events": {
			attrs{"events": []string{"task:create", "comment:create"}},
			func(w kanberttest.Webhook) bool { return w.Event == "task:create" || w.Event == "comment:create" },
		},
		"project": {
			attrs{"project_id": "project-1"},
			func(w kanberttest.Webhook) bool { return w.ProjectID == "project-1" },
		},
		"client": {
			attrs{"client_id": "client-1"},
			func(w kanberttest.Webhook) bool { return w.ClientID == "client-1" },
		},
		"all": {
			attrs{
				"events":     []string{"contact:create", "contact:delete"},
				"project_id": "project-1", "client_id": "client-1",
			},
			func(w kanberttest.Webhook) bool {
				return (w.Event == "contact:create" || w.Event == "contact:delete") && w.ProjectID != "" && w.ClientID != ""
			},
		},
		"none is no error": {
			attrs{"project_id": "project-2"},
			func(kanberttest.Webhook) bool { return false },
		},
	} {
		bubble(t, name, func(t *testing.T) {
			sandbox := kanberttest.New()
			seeded := seedWebhooks(sandbox, 75)
			if got, want := listedURLs(t, sandbox, test.arguments), urlsOf(seeded, test.selects); !slices.Equal(got, want) {
				t.Errorf("selected %q, want %q", got, want)
			}
			if n := sandbox.Count(""); n != 3 {
				t.Errorf("%d requests, want 3", n)
			}
			for _, r := range sandbox.Requests() {
				for name := range r.Query {
					if name != "sort" && name != "page[size]" && name != "page[cursor]" {
						t.Errorf("the API was asked for %s, which it does not know", name)
					}
				}
			}
		})
	}
}

// TestWebhooksLimitStopsPaging counts the requests that were made, and so those
// that were not.
func TestWebhooksLimitStopsPaging(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments            attrs
		webhooks, requests   int
		firstPage, lastOfAll string
	}{
		"one":                        {attrs{"limit": 1}, 1, 1, "1", "https://hooks.example.com/000"},
		"exactly one page":           {attrs{"limit": 30}, 30, 1, "30", "https://hooks.example.com/029"},
		"one more than a page":       {attrs{"limit": 31}, 31, 2, "31", "https://hooks.example.com/030"},
		"exactly all":                {attrs{"limit": 75}, 75, 3, "75", "https://hooks.example.com/074"},
		"more than there are":        {attrs{"limit": 1000}, 75, 3, "100", "https://hooks.example.com/074"},
		"selected on the first page": {attrs{"limit": 3, "events": []string{"contact:create"}}, 3, 1, "100", "https://hooks.example.com/020"},
		"selected on two pages":      {attrs{"limit": 4, "events": []string{"contact:create"}}, 4, 2, "100", "https://hooks.example.com/030"},
		"with a filter": {
			attrs{"limit": 2, "filter": "url endswith '5'", "sort": []string{"-url"}},
			2, 1, "2", "https://hooks.example.com/055",
		},
	} {
		bubble(t, name, func(t *testing.T) {
			sandbox := kanberttest.New()
			seedWebhooks(sandbox, 75)
			urls := listedURLs(t, sandbox, test.arguments)
			if len(urls) != test.webhooks || urls[len(urls)-1] != test.lastOfAll {
				t.Errorf("%q, want %d webhooks, the last of which is %s", urls, test.webhooks, test.lastOfAll)
			}
			if n := sandbox.Count(""); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			if size := sandbox.Requests()[0].Query.Get("page[size]"); size != test.firstPage {
				t.Errorf("a page of %s was asked for, want %s", size, test.firstPage)
			}
		})
	}
}

func TestWebhooksOfAnEmptyWorkspace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if urls := listedURLs(t, kanberttest.New(), attrs{}); len(urls) != 0 {
			t.Errorf("%q, want none", urls)
		}
	})
}

// TestWebhooksReadFails wants one error at its place, and never a short list in
// place of it.
func TestWebhooksReadFails(t *testing.T) {
	t.Parallel()
	secondPage := func(s *kanberttest.Sandbox) { s.FailNth(2, kanberttest.Match{}, kanberttest.Status(500)) }
	for name, test := range map[string]struct {
		options  []kanberttest.Option
		fail     func(*kanberttest.Sandbox)
		filter   string
		atFilter bool
		detail   string
		requests int
	}{
		"on the second page":   {fail: secondPage, requests: 2},
		"same, with a filter":  {fail: secondPage, filter: "url contains 'hooks'", requests: 2},
		"refused filter":       {options: []kanberttest.Option{kanberttest.WithoutOperator("contains")}, filter: "url contains 'hooks'", atFilter: true, detail: "Kanbert refused the request, most likely because of the filter", requests: 1},
		"undocumented filter":  {filter: "not url contains 'hooks'", atFilter: true, detail: "Filters and sorting", requests: 1},
		"filter is too long":   {options: []kanberttest.Option{kanberttest.WithMaxRequestURI(1000)}, filter: "url contains '" + strings.Repeat("a", 1000) + "'", atFilter: true, detail: "Use fewer values", requests: 1},
		"the token is refused": {fail: func(s *kanberttest.Sandbox) { s.FailNth(1, kanberttest.Match{}, kanberttest.Status(401)) }, filter: "url isnotnull", requests: 1},
	} {
		bubble(t, name, func(t *testing.T) {
			sandbox := kanberttest.New(test.options...)
			seedWebhooks(sandbox, 75)
			if test.fail != nil {
				test.fail(sandbox)
			}
			arguments := attrs{}
			if test.filter != "" {
				arguments["filter"] = test.filter
			}
			state, diags := readWebhooks(t, sandbox, arguments)
			if state != nil && state["webhooks"] != nil {
				t.Errorf("there are %v beside an error", state["webhooks"])
			}
			attribute := ""
			if test.atFilter {
				attribute = "filter"
			}
			wantOneError(t, diags, attribute, "Unable to list webhooks", test.detail)
			if n := sandbox.Count(""); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

// TestWebhooksWithAnUnknownToken sends nothing: the environment must not stand in.
func TestWebhooksWithAnUnknownToken(t *testing.T) {
	sandbox := kanberttest.New()
	t.Setenv("KANBERT_TOKEN", sandbox.Token())
	p := newProtocol(t, WithClientOptions(kanbert.WithTransport(sandbox.Transport())))
	wantNone(t, p.configure(attrs{"token": unknown, "base_url": sandbox.BaseURL()}))
	_, diags := p.readDataSource(webhooksType, attrs{})
	wantOneError(t, diags, "", "token")
	if n := sandbox.Count(""); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestWebhooksSchema(t *testing.T) {
	t.Parallel()
	var names []string
	for _, a := range newProtocol(t).schemas.DataSourceSchemas[webhooksType].Block.Attributes {
		names = append(names, a.Name)
		if a.NestedType == nil {
			continue
		}
		for _, nested := range a.NestedType.Attributes {
			names = append(names, a.Name+"."+nested.Name)
			if nested.Description == "" || !nested.Computed {
				t.Errorf("%s.%s is not described or not computed", a.Name, nested.Name)
			}
		}
	}
	want := []string{
		"client_id", "events", "filter", "ids", "limit", "project_id", "sort", "urls", "webhooks", // and no id
		"webhooks.client_id", "webhooks.created_at", "webhooks.event", "webhooks.id", "webhooks.project_id", "webhooks.url", // and no secret
	}
	if !slices.Equal(names, want) {
		t.Errorf("the attributes are %q, want %q", names, want)
	}
}

// TestWebhooksOverSeveralPages reads with a real CLI what a filter and a sort
// leave, and counts what was asked for.
func TestWebhooksOverSeveralPages(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	s := kanberttest.Start(t, kanberttest.WithTiesLost())
	seeded := seedWebhooks(s, 75)
	s.Seed(kanberttest.Webhook{URL: "https://elsewhere.example.com/"})
	slices.SortFunc(seeded, newestFirst)
	var want []knownvalue.Check
	for _, w := range seeded {
		want = append(want, knownvalue.StringExact(w.URL))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: configFor(s, `
				data "kanbert_webhooks" "this" {
				  filter = "url startswith 'https://hooks.example.com/'"
				  sort   = ["-created_at"]
				}
				data "kanbert_webhooks" "limited" {
				  filter = "url contains 'hooks'"
				  limit  = 30
				}
				output "urls" {
				  value = data.kanbert_webhooks.this.webhooks[*].url
				}`),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownOutputValue("urls", knownvalue.ListExact(want)),
				statecheck.ExpectKnownValue("data.kanbert_webhooks.this", tfjsonpath.New("webhooks").AtSliceIndex(0), knownvalue.ObjectExact(map[string]knownvalue.Check{
					"id":         knownvalue.StringExact(seeded[0].ID),
					"url":        knownvalue.StringExact(seeded[0].URL),
					"event":      knownvalue.StringExact(seeded[0].Event),
					"project_id": knownvalue.Null(),
					"client_id":  knownvalue.Null(),
					"created_at": knownvalue.StringExact(seeded[0].CreatedAt.Format(time.RFC3339)),
				})),
				statecheck.ExpectKnownValue("data.kanbert_webhooks.limited", tfjsonpath.New("webhooks"), knownvalue.ListSizeExact(30)),
			},
		}},
	})
	pages := map[string]int{}
	for _, r := range s.Requests() {
		pages[fmt.Sprintf("%s %s sort=%s page=%s next=%t", r.Method, r.Query.Get("filter"), r.Query.Get("sort"), r.Query.Get("page[size]"), r.Query.Has("page[cursor]"))]++
	}
	reads := pages["GET url contains 'hooks' sort=url page=30 next=false"]
	wantPages := map[string]int{
		"GET url startswith 'https://hooks.example.com/' sort=-created_at,url page=100 next=false": reads,
		"GET url startswith 'https://hooks.example.com/' sort=-created_at,url page=100 next=true":  2 * reads,
		"GET url contains 'hooks' sort=url page=30 next=false":                                     reads,
	}
	if reads == 0 || !maps.Equal(pages, wantPages) {
		t.Errorf("the requests are %v, want %v", pages, wantPages)
	}
}

// TestWebhooksWithAnUnknownFilter plans before the filter is known, and reads
// when it is.
func TestWebhooksWithAnUnknownFilter(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	s := kanberttest.Start(t)
	seedWebhooks(s, 3)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: configFor(s, `
				resource "kanbert_webhook" "this" {
				  url   = "https://receiver.example/contacts"
				  event = "contact:create"
				}
				data "kanbert_webhooks" "this" {
				  filter     = "url = '${kanbert_webhook.this.url}' and created_at >= '${kanbert_webhook.this.created_at}'"
				  sort       = [kanbert_webhook.this.id == "" ? "url" : "-created_at"]
				  events     = [kanbert_webhook.this.id == "" ? "task:create" : kanbert_webhook.this.event]
				  limit      = length(kanbert_webhook.this.id)
				}`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue("data.kanbert_webhooks.this", tfjsonpath.New("filter")),
				plancheck.ExpectUnknownValue("data.kanbert_webhooks.this", tfjsonpath.New("webhooks")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.CompareValuePairs("data.kanbert_webhooks.this", tfjsonpath.New("webhooks").AtSliceIndex(0).AtMapKey("id"),
					"kanbert_webhook.this", tfjsonpath.New("id"), compare.ValuesSame()),
				statecheck.ExpectKnownValue("data.kanbert_webhooks.this", tfjsonpath.New("webhooks"), knownvalue.ListSizeExact(1)),
			},
		}},
	})
}

// TestWebhooksValidateWithACLI wants the faults under their words on a terminal,
// without a token and without a request, and doubts as warnings.
func TestWebhooksValidateWithACLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	config := func(body string) string {
		return fmt.Sprintf("%s\nprovider \"kanbert\" {\n  base_url = %q\n}\n%s", cli.RequiredProviders, s.BaseURL(), body)
	}
	w := newWorkspace(t, config(`
data "kanbert_webhooks" "this" {
  filter = <<-EOT
    url contains "acme"
    and creatd_at >= today-30d
  EOT
  sort = [
    "-created_at",
    "titel",
  ]
  events = ["contact:crate"]
  limit  = 0
}`))
	out, err := w.run("validate", "-no-color")
	if err == nil {
		t.Fatalf("a wrong filter was let through:\n%s", out)
	}
	for _, part := range []string{
		"Error: Unknown filter field", "\n  2 | and creatd_at >= today-30d\n          ^^^^^^^^^\n", "Did you mean created_at?",
		"Error: Unknown sort", "\n  titel\n  ^^^^^\n", "limit",
		"Error: Unknown event", `Did you mean "contact:create"?`,
	} {
		if !strings.Contains(out, part) {
			t.Errorf("the output lacks\n%s\n\n%s", part, out)
		}
	}

	w.write(t, config(`
data "kanbert_webhooks" "this" {
  filter = "url like '%acme%' or not url isnull"
}`))
	out, err = w.run("validate", "-no-color")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, part := range []string{"Warning: Wildcards of like", "\n      ^^^^\n", "Warning: Negation"} {
		if !strings.Contains(out, part) {
			t.Errorf("the output lacks\n%s\n\n%s", part, out)
		}
	}
	if n := s.Count(""); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// TestOddRecord reads beside a webhook that the API lists without a field: a list
// shows null, and only who asks for that webhook gets an error.
func TestOddRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		odd := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/odd", Event: "contact:create"})[0]
		whole := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/whole", Event: "contact:update"})[0]
		// Of the two, the event of the first one alone is renamed.
		p := newProtocolFor(t, s, WithClientOptions(kanbert.WithTransport(alteredLists{s.Transport(), `"event":"contact:create"`, `"event":null`})))
		listed, diags := p.readDataSource("kanbert_webhooks", attrs{})
		wantNone(t, diags)
		if text := fmt.Sprint(listed["webhooks"]); !strings.Contains(text, odd.ID) || !strings.Contains(text, whole.ID) || strings.Contains(text, "contact:create") {
			t.Errorf("the list is %s", text)
		}
		_, diags = p.readDataSource("kanbert_webhook", attrs{"id": whole.ID})
		wantNone(t, diags)
		for _, name := range []string{"id", "url"} {
			_, diags = p.readDataSource("kanbert_webhook", attrs{name: map[string]string{"id": odd.ID, "url": odd.URL}[name]})
			wantOneError(t, diags, "", odd.ID)
			wantOneError(t, diags, "", `"event"`)
		}
		_, diags = p.importByID(odd.ID)
		wantOneError(t, diags, "", odd.ID)
	})
}

// The flat lists are those of the webhooks, in their order, whatever is selected.
func TestFlatLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.Seed(numbered(40)...)
		s.Seed(kanberttest.Webhook{URL: "https://z.example/", Event: "company:create"})
		p := newProtocolFor(t, s)
		for _, arguments := range []attrs{{}, {"sort": []string{"-url"}}, {"limit": 3}, {"events": []string{"company:create"}}, {"filter": "url = 'https://absent.example/'"}} {
			listed, diags := p.readDataSource(webhooksType, arguments)
			wantNone(t, diags)
			ids, urls := []string{}, []string{}
			if webhooks, ok := listed["webhooks"].([]attrs); ok {
				for _, w := range webhooks {
					ids, urls = append(ids, w["id"].(string)), append(urls, w["url"].(string))
				}
			}
			if !slices.Equal(listed["ids"].([]string), ids) || !slices.Equal(listed["urls"].([]string), urls) {
				t.Errorf("%v: ids %v and urls %v of %v", arguments, listed["ids"], listed["urls"], listed["webhooks"])
			}
		}
	})
}

// The first versions with mocks and with for_each in import blocks.
const mocksFrom, mocksFromTofu = "1.7.0", "1.8.0"

// A test of a module can override the flat lists, and a configuration can import by
// them.
func TestFlatListsThroughTheCLI(t *testing.T) {
	t.Parallel()
	needsCLI(t, "mocks and for_each in import blocks", mocksFrom, mocksFromTofu, "TestFlatLists")
	s := kanberttest.Start(t)
	s.Seed(numbered(3)...)
	w := newPlainWorkspace(t, configFor(s, `
		data "kanbert_webhooks" "all" {}
		output "hosts" {
		  value = toset([for url in data.kanbert_webhooks.all.urls : regex("^https://([^/]+)", url)[0]])
		}
		output "count" {
		  value = length(data.kanbert_webhooks.all.ids)
		}`))
	w.writeFile(t, "mocked.tftest.hcl", `
		mock_provider "kanbert" {
		  override_data {
		    target = data.kanbert_webhooks.all
		    values = {
		      ids  = ["a", "b"]
		      urls = ["https://one.example/a", "https://one.example/b"]
		    }
		  }
		}
		run "mocked" {
		  command = plan
		  assert {
		    condition     = output.hosts == toset(["one.example"]) && output.count == 2
		    error_message = jsonencode(output.hosts)
		  }
		}`)
	w.must(t, "test", "-no-color")
	if n := s.Count(""); n != 0 {
		t.Errorf("%d requests were sent by a test with mocks", n)
	}
	w.write(t, configFor(s, `
		data "kanbert_webhooks" "all" {}
		import {
		  for_each = toset(data.kanbert_webhooks.all.ids)
		  to       = kanbert_webhook.all[each.key]
		  id       = each.key
		}
		resource "kanbert_webhook" "all" {
		  for_each = { for webhook in data.kanbert_webhooks.all.webhooks : webhook.id => webhook }
		  url      = each.value.url
		  event    = each.value.event
		}`))
	out := w.must(t, "apply", "-auto-approve")
	if !strings.Contains(out, "3 imported, 0 added, 0 changed, 0 destroyed") || strings.Count(out, secretSummary) != 1 {
		t.Errorf("the apply did not import, or did not warn once:\n%s", out)
	}
	wantNoWrites(t, s)
}
