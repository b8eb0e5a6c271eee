// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// webhooksConfig builds the configuration of a kanbert_webhooks with these
// arguments, and the rest null.
func webhooksConfig(t *testing.T, server tfprotov6.ProviderServer, arguments map[string]tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kind := schemas.DataSourceSchemas["kanbert_webhooks"].ValueType()
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.(tftypes.Object).AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
	}
	for name, value := range arguments {
		values[name] = value
	}
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, values))
	if err != nil {
		t.Fatal(err)
	}
	return &config
}

func textValue(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func textValues(list ...string) []tftypes.Value {
	values := make([]tftypes.Value, len(list))
	for i, s := range list {
		values[i] = textValue(s)
	}
	return values
}

func textList(list ...string) tftypes.Value {
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, textValues(list...))
}

func textSet(list ...string) tftypes.Value {
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, textValues(list...))
}

// validateWebhooks asks a provider that was never configured, as terraform
// validate does: it has no token and can send nothing.
func validateWebhooks(t *testing.T, arguments map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.ValidateDataResourceConfig(context.Background(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: "kanbert_webhooks",
		Config:   webhooksConfig(t, server, arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

func TestWebhooksValidate(t *testing.T) {
	unknownText := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
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
		arguments map[string]tftypes.Value
		want      []want
	}{
		"nothing": {},
		"everything right": {arguments: map[string]tftypes.Value{
			"filter": textValue(`url contains "acme"`), "sort": textList("-created_at", "url", "is_active"),
			"events": textSet("contact:create", "task:delete"), "project_id": textValue("p"), "client_id": textValue("c"),
			"limit": tftypes.NewValue(tftypes.Number, 1),
		}},
		"everything unknown": {arguments: map[string]tftypes.Value{
			"filter": unknownText, "sort": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, tftypes.UnknownValue),
			"events":     tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, tftypes.UnknownValue),
			"project_id": unknownText, "client_id": unknownText,
			"limit": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue),
		}},
		"unknown entries": {
			arguments: map[string]tftypes.Value{
				"sort":   tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{unknownText, textValue("titel")}),
				"events": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{unknownText}),
			},
			want: []want{{bad, sortPath.WithElementKeyInt(1), "Unknown sort", "  titel\n  ^^^^^"}},
		},
		"filter in the string form": {
			arguments: map[string]tftypes.Value{"filter": textValue(`creatd_at > now and url matches "acme"`)},
			want: []want{
				{bad, filterPath, "Unknown filter field", "  creatd_at > now and url matches \"acme\"\n  ^^^^^^^^^\n\nThe API cannot filter by \"creatd_at\". Did you mean created_at?"},
				{bad, filterPath, "Unknown filter operator", "  creatd_at > now and url matches \"acme\"\n                          ^^^^^^^\n\nThere is no operator \"matches\". Did you mean contains or like?"},
			},
		},
		"filter in the JSON form": {
			arguments: map[string]tftypes.Value{"filter": textValue(`[{"field":"event","op":"eq","value":"contact:create"}]`)},
			want:      []want{{bad, filterPath, "Unknown filter field", "set the arguments events, project_id and client_id"}},
		},
		"filter is empty": {
			arguments: map[string]tftypes.Value{"filter": textValue("")},
			want:      []want{{bad, filterPath, "Empty filter", "leave the filter out"}},
		},
		"filter is left open": {
			arguments: map[string]tftypes.Value{"filter": textValue(`not url = "a\"b"`)},
			want: []want{
				{warn, filterPath, "Negation", "  not url = \"a\\\"b\"\n  ^^^\n"},
				{warn, filterPath, "Escape in a quoted string", "passed to the API as written"},
			},
		},
		"filter is left open and wrong": {
			arguments: map[string]tftypes.Value{"filter": textValue(`url like "a%" and title = "b"`)},
			want: []want{
				{warn, filterPath, "Wildcards of like", "passed to the API as written"},
				{bad, filterPath, "Unknown filter field", "title"},
			},
		},
		"sort": {
			arguments: map[string]tftypes.Value{"sort": textList("-created_at", "-creatd_at", "url,is_active", "")},
			want: []want{
				{bad, sortPath.WithElementKeyInt(1), "Unknown sort", "Did you mean created_at?"},
				{bad, sortPath.WithElementKeyInt(2), "Several sorts in one entry", "an entry of its own"},
				{bad, sortPath.WithElementKeyInt(3), "Empty sort", "url, is_active, created_at"},
			},
		},
		"sort with null": {
			arguments: map[string]tftypes.Value{"sort": tftypes.NewValue(tftypes.List{ElementType: tftypes.String},
				[]tftypes.Value{tftypes.NewValue(tftypes.String, nil)})},
			want: []want{{bad, sortPath.WithElementKeyInt(0), "Empty sort", ""}},
		},
		"sort twice": {
			arguments: map[string]tftypes.Value{"sort": textList("url", "-url")},
			want:      []want{{warn, sortPath.WithElementKeyInt(1), "Repeated sort", "by url already"}},
		},
		"events with null": {
			arguments: map[string]tftypes.Value{"events": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String},
				[]tftypes.Value{tftypes.NewValue(tftypes.String, nil)})},
			want: []want{{bad, eventsPath, "Null Set Value", ""}},
		},
		"events without one": {
			arguments: map[string]tftypes.Value{"events": textSet()},
			want:      []want{{bad, eventsPath, "Invalid Attribute Value", "at least 1"}},
		},
		"limit 0": {
			arguments: map[string]tftypes.Value{"limit": tftypes.NewValue(tftypes.Number, 0)},
			want:      []want{{bad, tftypes.NewAttributePath().WithAttributeName("limit"), "Invalid Attribute Value", "at least 1"}},
		},
		"project_id and client_id empty": {
			arguments: map[string]tftypes.Value{"project_id": textValue(""), "client_id": textValue("")},
			want: []want{
				{bad, tftypes.NewAttributePath().WithAttributeName("client_id"), "Invalid Attribute Value Length", "at least 1"},
				{bad, tftypes.NewAttributePath().WithAttributeName("project_id"), "Invalid Attribute Value Length", "at least 1"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := validateWebhooks(t, test.arguments)
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

// webhooksServer is a provider that is configured for the sandbox, which it
// reaches in memory.
func webhooksServer(t *testing.T, sandbox *kanberttest.Sandbox, token tftypes.Value) tfprotov6.ProviderServer {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("test", WithClientOptions(
		kanbert.WithTransport(sandbox.Transport()), kanbert.WithMaxRetries(0),
	))())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kind := schemas.Provider.ValueType()
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, map[string]tftypes.Value{
		"token":           token,
		"base_url":        textValue(sandbox.BaseURL()),
		"max_retries":     tftypes.NewValue(tftypes.Number, nil),
		"request_timeout": tftypes.NewValue(tftypes.String, nil),
	}))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &config})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatal(err, resp.Diagnostics)
	}
	return server
}

// readWebhooks reads the data source with these arguments out of sandbox. The
// webhooks are nil where there is no state.
func readWebhooks(t *testing.T, sandbox *kanberttest.Sandbox, arguments map[string]tftypes.Value) ([]map[string]tftypes.Value, []*tfprotov6.Diagnostic) {
	t.Helper()
	server := webhooksServer(t, sandbox, textValue(sandbox.Token()))
	config := webhooksConfig(t, server, arguments)
	resp, err := server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "kanbert_webhooks", Config: config})
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := resp.State.Unmarshal(schemas.DataSourceSchemas["kanbert_webhooks"].ValueType())
	if err != nil {
		t.Fatal(err)
	}
	if value.IsNull() {
		return nil, resp.Diagnostics
	}
	var state map[string]tftypes.Value
	var list []tftypes.Value
	if err := errors.Join(value.As(&state), state["webhooks"].As(&list)); err != nil {
		t.Fatal(err)
	}
	if state["webhooks"].IsNull() {
		return nil, resp.Diagnostics
	}
	webhooks := make([]map[string]tftypes.Value, len(list))
	for i := range list {
		if err := list[i].As(&webhooks[i]); err != nil {
			t.Fatal(err)
		}
	}
	return webhooks, resp.Diagnostics
}

// stringOf gives a string, or "" for null.
func stringOf(t *testing.T, value tftypes.Value) string {
	t.Helper()
	var s *string
	if err := value.As(&s); err != nil {
		t.Fatal(err)
	}
	if s == nil {
		return ""
	}
	return *s
}

// listedURLs reads the webhooks, wants no diagnostic, and gives their URLs.
func listedURLs(t *testing.T, sandbox *kanberttest.Sandbox, arguments map[string]tftypes.Value) []string {
	t.Helper()
	webhooks, diags := readWebhooks(t, sandbox, arguments)
	for _, d := range diags {
		t.Errorf("%s: %s\n%s", d.Severity, d.Summary, d.Detail)
	}
	if webhooks == nil {
		t.Fatal("webhooks is null, want a list")
	}
	urls := make([]string, len(webhooks))
	for i, w := range webhooks {
		urls[i] = stringOf(t, w["url"])
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

func TestWebhooksReadsEveryPage(t *testing.T) {
	sandbox := kanberttest.New()
	seeded := seedWebhooks(sandbox, 75)
	webhooks, diags := readWebhooks(t, sandbox, nil)
	if len(diags) > 0 || len(webhooks) != len(seeded) {
		t.Fatalf("%d webhooks and the diagnostics %v, want %d", len(webhooks), diags, len(seeded))
	}
	for i, w := range webhooks {
		want := map[string]string{
			"id": seeded[i].ID, "url": seeded[i].URL, "event": seeded[i].Event, "created_at": seeded[i].CreatedAt.Format(time.RFC3339),
			"project_id": seeded[i].ProjectID, "client_id": seeded[i].ClientID,
		}
		got := map[string]string{}
		for name, value := range w {
			got[name] = stringOf(t, value)
		}
		if !maps.Equal(got, want) {
			t.Errorf("webhook %d is %v, want %v", i, got, want)
		}
	}
	for i, r := range sandbox.Requests() {
		if r.Query.Has("filter") || r.Query.Get("sort") != "url" || r.Query.Has("page[cursor]") != (i > 0) {
			t.Errorf("request %d asks for %v", i+1, r.Query)
		}
	}
	if n := sandbox.Count(""); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// TestWebhooksSendsTheFilterAsWritten looks for every byte of it.
func TestWebhooksSendsTheFilterAsWritten(t *testing.T) {
	for name, text := range map[string]string{
		"string form":      "\n  url   STARTSWITH 'https://hooks.example.com/00'\tand created_at NE \"2024-05-01T00:00:00Z\" \n",
		"JSON form":        ` { "or" : [ {"value":"https:\/\/hooks.example.com\/00","op":"startsWith","field":"url"} ] } `,
		"is null":          "url is null",
		"characters":       `url contains "ż&=+ %/#"`,
		"left open: not":   `not url contains "x"`,
		"left open: quote": `url contains "x\"y"`,
	} {
		t.Run(name, func(t *testing.T) {
			sandbox := kanberttest.New()
			_, diags := readWebhooks(t, sandbox, map[string]tftypes.Value{"filter": textValue(text)})
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

func TestWebhooksSorts(t *testing.T) {
	newestFirst := func(a, b kanberttest.Webhook) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.URL, b.URL))
	}
	for name, test := range map[string]struct {
		sort  []string
		sent  string
		order func(a, b kanberttest.Webhook) int
	}{
		"not unique":     {[]string{"-created_at"}, "-created_at,url", newestFirst},
		"unique":         {[]string{"-url"}, "-url", func(a, b kanberttest.Webhook) int { return cmp.Compare(b.URL, a.URL) }},
		"unique already": {[]string{"-created_at", "url"}, "-created_at,url", newestFirst},
		"all alike":      {[]string{"is_active"}, "is_active,url", func(a, b kanberttest.Webhook) int { return cmp.Compare(a.URL, b.URL) }},
		"empty":          {nil, "url", func(a, b kanberttest.Webhook) int { return cmp.Compare(a.URL, b.URL) }},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox := kanberttest.New(kanberttest.WithTiesLost(), kanberttest.WithMaxPageSize(7))
			seeded := seedWebhooks(sandbox, 40)
			slices.SortFunc(seeded, test.order)
			got := listedURLs(t, sandbox, map[string]tftypes.Value{"sort": textList(test.sort...)})
			if want := urlsOf(seeded, everyWebhook); !slices.Equal(got, want) {
				t.Errorf("the list is %q, want %q", got, want)
			}
			for _, r := range sandbox.Requests() {
				if sent := r.Query.Get("sort"); sent != test.sent {
					t.Errorf("sort=%s was sent, want %s", sent, test.sent)
				}
			}
		})
	}
}

func TestWebhooksSelectsAfterTheListing(t *testing.T) {
	for name, test := range map[string]struct {
		arguments map[string]tftypes.Value
		selects   func(kanberttest.Webhook) bool
	}{
		"events": {
			map[string]tftypes.Value{"events": textSet("task:create", "comment:create")},
			func(w kanberttest.Webhook) bool { return w.Event == "task:create" || w.Event == "comment:create" },
		},
		"project": {
			map[string]tftypes.Value{"project_id": textValue("project-1")},
			func(w kanberttest.Webhook) bool { return w.ProjectID == "project-1" },
		},
		"client": {
			map[string]tftypes.Value{"client_id": textValue("client-1")},
			func(w kanberttest.Webhook) bool { return w.ClientID == "client-1" },
		},
		"all": {
			map[string]tftypes.Value{
				"events":     textSet("contact:create", "contact:delete"),
				"project_id": textValue("project-1"), "client_id": textValue("client-1"),
			},
			func(w kanberttest.Webhook) bool {
				return (w.Event == "contact:create" || w.Event == "contact:delete") && w.ProjectID != "" && w.ClientID != ""
			},
		},
		"none is no error": {
			map[string]tftypes.Value{"project_id": textValue("project-2")},
			func(kanberttest.Webhook) bool { return false },
		},
	} {
		t.Run(name, func(t *testing.T) {
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
	number := func(n int) tftypes.Value { return tftypes.NewValue(tftypes.Number, n) }
	for name, test := range map[string]struct {
		arguments            map[string]tftypes.Value
		webhooks, requests   int
		firstPage, lastOfAll string
	}{
		"one":                        {map[string]tftypes.Value{"limit": number(1)}, 1, 1, "1", "https://hooks.example.com/000"},
		"exactly one page":           {map[string]tftypes.Value{"limit": number(30)}, 30, 1, "30", "https://hooks.example.com/029"},
		"one more than a page":       {map[string]tftypes.Value{"limit": number(31)}, 31, 2, "31", "https://hooks.example.com/030"},
		"exactly all":                {map[string]tftypes.Value{"limit": number(75)}, 75, 3, "75", "https://hooks.example.com/074"},
		"more than there are":        {map[string]tftypes.Value{"limit": number(1000)}, 75, 3, "100", "https://hooks.example.com/074"},
		"selected on the first page": {map[string]tftypes.Value{"limit": number(3), "events": textSet("contact:create")}, 3, 1, "100", "https://hooks.example.com/020"},
		"selected on two pages":      {map[string]tftypes.Value{"limit": number(4), "events": textSet("contact:create")}, 4, 2, "100", "https://hooks.example.com/030"},
		"with a filter": {
			map[string]tftypes.Value{"limit": number(2), "filter": textValue("url endswith '5'"), "sort": textList("-url")},
			2, 1, "2", "https://hooks.example.com/055",
		},
	} {
		t.Run(name, func(t *testing.T) {
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
	if urls := listedURLs(t, kanberttest.New(), nil); len(urls) != 0 {
		t.Errorf("%q, want none", urls)
	}
}

// TestWebhooksReadFails wants one error at its place, and never a short list in
// place of it.
func TestWebhooksReadFails(t *testing.T) {
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
		"refused filter":       {options: []kanberttest.Option{kanberttest.WithoutOperator("contains")}, filter: "url contains 'hooks'", atFilter: true, detail: "The API did not accept the request, most likely because of the filter", requests: 1},
		"undocumented filter":  {filter: "not url contains 'hooks'", atFilter: true, detail: "Filters and sorting", requests: 1},
		"filter is too long":   {options: []kanberttest.Option{kanberttest.WithMaxRequestURI(1000)}, filter: "url contains '" + strings.Repeat("a", 1000) + "'", atFilter: true, detail: "Name fewer values", requests: 1},
		"the token is refused": {fail: func(s *kanberttest.Sandbox) { s.FailNth(1, kanberttest.Match{}, kanberttest.Status(401)) }, filter: "url isnotnull", requests: 1},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox := kanberttest.New(test.options...)
			seedWebhooks(sandbox, 75)
			if test.fail != nil {
				test.fail(sandbox)
			}
			arguments := map[string]tftypes.Value{}
			if test.filter != "" {
				arguments["filter"] = textValue(test.filter)
			}
			webhooks, diags := readWebhooks(t, sandbox, arguments)
			if webhooks != nil {
				t.Errorf("%d webhooks beside an error", len(webhooks))
			}
			if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityError || diags[0].Summary != "Unable to list webhooks" {
				t.Fatalf("the diagnostics are %v, want one error", diags)
			}
			if at := diags[0].Attribute != nil; at != test.atFilter {
				t.Errorf("the error is at %s", diags[0].Attribute)
			}
			if !strings.Contains(diags[0].Detail, test.detail) {
				t.Errorf("the error does not say %q: %s", test.detail, diags[0].Detail)
			}
			if n := sandbox.Count(""); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

// TestWebhooksWithAnUnknownToken asks nobody: the environment must not stand in.
func TestWebhooksWithAnUnknownToken(t *testing.T) {
	sandbox := kanberttest.New()
	t.Setenv("KANBERT_TOKEN", sandbox.Token())
	server := webhooksServer(t, sandbox, tftypes.NewValue(tftypes.String, tftypes.UnknownValue))
	resp, err := server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: "kanbert_webhooks", Config: webhooksConfig(t, server, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Diagnostics) != 1 || !strings.Contains(resp.Diagnostics[0].Detail, "token") {
		t.Errorf("the diagnostics are %v, want one that names the token", resp.Diagnostics)
	}
	if n := sandbox.Count(""); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestWebhooksSchema(t *testing.T) {
	schemas, err := webhooksServer(t, kanberttest.New(), textValue("token")).GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range schemas.DataSourceSchemas["kanbert_webhooks"].Block.Attributes {
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
		"client_id", "events", "filter", "limit", "project_id", "sort", "webhooks", // and no id
		"webhooks.client_id", "webhooks.created_at", "webhooks.event", "webhooks.id", "webhooks.project_id", "webhooks.url", // and no secret
	}
	if !slices.Equal(names, want) {
		t.Errorf("the attributes are %q, want %q", names, want)
	}
}
