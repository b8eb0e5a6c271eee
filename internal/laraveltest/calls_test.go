// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// seeds are 35 webhooks, more than a page, created at different times, and not in
// the order of their URLs.
func seeds() []Webhook {
	begin := time.Now().UTC().Add(-35 * 24 * time.Hour).Truncate(24 * time.Hour)
	all := make([]Webhook, 35)
	for i := range all {
		all[i] = Webhook{
			ID:        fmt.Sprintf("seed-%03d", i),
			URL:       fmt.Sprintf("https://seed.example/%02d", i*12%35),
			Event:     "contact:create",
			CreatedAt: begin.Add(time.Duration(i)*24*time.Hour + time.Hour).Format(time.DateTime),
		}
	}
	all[3].Event, all[3].ProjectID, all[3].ClientID = "task:update", "prj_1", "cl_1"
	all[4].URL = `https://seed.example/Ünï'"x?a=1&b=%20`
	return all
}

// listCalls are sent first, when only the seeds exist.
func listCalls() []call {
	var calls []call
	list := func(name string, pairs ...string) {
		query := url.Values{"sort": {"url"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			query.Set(pairs[i], pairs[i+1])
		}
		if query.Get("sort") == "" {
			query.Del("sort")
		}
		anyOrder := strings.TrimPrefix(query.Get("sort"), "-") == "is_active"
		calls = append(calls, call{name: "list " + name, path: "/webhooks", query: query, anyOrder: anyOrder})
	}

	for _, sort := range []string{
		"url", "-url", "created_at", "-created_at", "is_active", "-is_active", "is_active,url", "-is_active,-url",
		"created_at,url", "-created_at,-url", "url,url",
		"title", "url,title", "id", "sort=-created_at,title", "--url", "url,", ",", " url", "URL",
	} {
		list("sorted by "+sort, "sort", sort, "page[size]", "30")
	}
	for _, sort := range []string{"url", "-url", "created_at", "-created_at", "is_active", "is_active,url", "-is_active,-url", "-created_at,-url"} {
		first := "pages of " + sort
		list(first, "sort", sort, "page[size]", "20")
		list(first+", second", "sort", sort, "page[size]", "20", "page[cursor]", "{list "+first+".next}")
		list(first+", back", "sort", sort, "page[size]", "20", "page[cursor]", "{list "+first+", second.prev}")
	}
	for _, size := range []string{"1", "10", "29", "30", "31", "35", "100", "100000", "0", "-1", "abc", "", "2.9", "1e1", " 5", "5x", "9999999999999999999999"} {
		list("page size "+size, "page[size]", size)
	}
	list("cursor is garbage", "page[cursor]", "garbage")
	list("cursor is JSON without a place", "page[cursor]", "e30")
	list("cursor is empty", "page[cursor]", "")
	list("cursor of another sort", "sort", "created_at", "page[size]", "20", "page[cursor]", "{list pages of url.next}")
	list("cursor of the other direction", "sort", "-url", "page[size]", "20", "page[cursor]", "{list pages of url.next}")
	list("cursor of another page size", "page[size]", "5", "page[cursor]", "{list pages of url.next}")
	list("unknown parameter", "page[number]", "2", "include", "events")

	for name, filter := range filters() {
		list("filter "+name, "filter", filter, "page[size]", "20")
	}
	list("filter over pages", "filter", condition("url", "startswith", `"https://seed.example/"`), "page[size]", "20")
	list("filter over pages, second", "filter", condition("url", "startswith", `"https://seed.example/"`), "page[size]", "20", "page[cursor]", "{list filter over pages.next}")
	list("filter as an object", "filter[url]", "x")
	return calls
}

// oneOfTheSeeds requests a list that is the same on servers that accepted different
// creates.
func oneOfTheSeeds() url.Values {
	return url.Values{"page[size]": {"1"}, "sort": {"url"}, "filter": {condition("url", "startswith", `"https://seed.example/"`)}}
}

func condition(field, op, value string) string {
	return fmt.Sprintf(`[{"field":%q,"op":%q,"value":%s}]`, field, op, value)
}

// filters are in both forms. The provider builds the JSON form.
func filters() map[string]string {
	all := map[string]string{
		"contains":            condition("url", "contains", `"/1"`),
		"contains any case":   condition("url", "contains", `"SEED.example/1"`),
		"contains a wildcard": condition("url", "contains", `"1%0"`),
		"like":                condition("url", "like", `"https://seed.example/1%"`),
		"like one":            condition("url", "like", `"https://seed.example/1_"`),
		"startswith":          condition("url", "startswith", `"https://seed.example/0"`),
		"endswith":            condition("url", "endswith", `"9"`),
		"op in capitals":      condition("url", "EndsWith", `"9"`),
		"isnull":              `[{"field":"url","op":"isnull"}]`,
		"isnotnull":           `[{"field":"url","op":"isnotnull"}]`,
		"notnull":             `[{"field":"created_at","op":"notnull"}]`,
		"special characters":  condition("url", "eq", `"https://seed.example/Ünï'\"x?a=1&b=%20"`),
		"other case":          condition("url", "eq", `"https://SEED.example/01"`),
		"in other case":       condition("url", "in", `["https://SEED.example/01"]`),
		"and":                 `[{"field":"url","op":"contains","value":"/1"},{"field":"url","op":"endswith","value":"9"}]`,
		"groups":              `{"and":[{"field":"url","op":"contains","value":"/1"},{"or":[{"field":"url","op":"endswith","value":"9"},{"field":"url","op":"endswith","value":"8"}]}]}`,
		"or":                  `{"or":[{"field":"url","op":"eq","value":"https://seed.example/01"},{"field":"url","op":"eq","value":"https://seed.example/02"}]}`,
		"one object":          `{"field":"url","op":"eq","value":"https://seed.example/01"}`,
		"empty":               "",
		"empty list":          "[]",
		"in nothing":          condition("url", "in", "[]"),

		"string":            `url contains "/1"`,
		"string quotes":     `url startsWith 'https://seed.example/0'`,
		"string operators":  `url != "https://seed.example/01" AND url ENDSWITH "1"`,
		"string list":       `url in ['https://seed.example/01', "https://seed.example/02"]`,
		"string groups":     `url contains "/1" and (url endswith "9" or url endswith "8")`,
		"string is null":    `url is null`,
		"string times":      `created_at >= "2000-01-01" and created_at < today-10d`,
		"string precedence": `url endswith "9" or url endswith "8" and url contains "/1"`,

		"unknown field":         condition("event", "eq", `"contact:create"`),
		"unknown operator":      condition("url", "matches", `"x"`),
		"operator of the other": condition("url", "gt", `"x"`),
		"contains of a time":    condition("created_at", "contains", `"2024"`),
		"no operator":           `[{"field":"url","value":"x"}]`,
		"no field":              `[{"op":"eq","value":"x"}]`,
		"no value":              `[{"field":"url","op":"eq"}]`,
		"null value":            condition("url", "eq", `null`),
		"number":                condition("url", "eq", `7`),
		"list where one is due": condition("url", "eq", `["x"]`),
		"one where a list is":   condition("url", "in", `"x"`),
		"no time":               condition("created_at", "gt", `"yesteryear"`),
		"broken JSON":           `[{"field":"url"`,
		"list of texts":         `["url"]`,
		"unknown group":         `{"not":[]}`,
		"two groups":            `{"and":[],"or":[]}`,
		"string without value":  `url contains`,
		"string without end":    `(url contains "x"`,
		"string with more":      `url contains "x" url`,
		"string of one word":    `acme`,
	}
	for _, op := range []string{"eq", "ne", "neq"} {
		all[op] = condition("url", op, `"https://seed.example/01"`)
	}
	for _, op := range []string{"in", "nin", "notin"} {
		all[op] = condition("url", op, `["https://seed.example/01","https://seed.example/02"]`)
	}
	seed := seeds()[10]
	at := strings.Replace(seed.CreatedAt, " ", "T", 1) + "Z"
	for _, op := range []string{"eq", "ne", "neq", "lt", "lte", "le", "gt", "gte", "ge"} {
		all["time "+op] = condition("created_at", op, fmt.Sprintf("%q", at))
	}
	all["time in"] = condition("created_at", "in", fmt.Sprintf("[%q]", at))
	all["time nin"] = condition("created_at", "nin", fmt.Sprintf("[%q]", at))
	all["time in another zone"] = condition("created_at", "gte", fmt.Sprintf("%q", strings.Replace(at, "T01:00:00Z", "T03:00:00+02:00", 1)))
	all["time that is a day"] = condition("created_at", "gte", fmt.Sprintf("%q", at[:10]))
	for _, value := range []string{"now", "today", "sow", "eow", "som", "eom", "today-30d", "today+5d", "today-0d"} {
		all["time lt "+value] = condition("created_at", "lt", fmt.Sprintf("%q", value))
	}
	all["time eq today"] = condition("created_at", "eq", `"today"`)
	all["time eq today-5d"] = condition("created_at", "eq", `"today-5d"`)
	return all
}

// createCalls are valid and invalid creates.
func createCalls() []call {
	var calls []call
	post := func(name, body string) {
		calls = append(calls, call{name: "create " + name, method: http.MethodPost, path: "/webhooks", body: body})
	}
	withURL := func(name, address string) {
		post("with a URL "+name, fmt.Sprintf(`{"url":%s,"event":"contact:create"}`, quoteJSON(address)))
	}
	with := func(name, event, fields string) {
		post(name, fmt.Sprintf(`{"url":"https://new.example/%s","event":%s%s}`, url.PathEscape(name), event, fields))
	}

	with("plain", `"contact:create"`, "")
	with("full", `"company:delete"`, `,"project_id":"prj_1","client_id":"cl_1"`)
	with("nulls", `"contact:update"`, `,"project_id":null,"client_id":null`)
	with("empty texts", `"contact:update"`, `,"project_id":"","client_id":"  "`)
	with("texts to be trimmed", `" contact:update\n"`, `,"project_id":"prj_1\n","client_id":"\u00a0cl\u00a0"`)
	with("unknown fields", `"contact:update"`, `,"id":"mine","signature_secret_key":"mine","is_active":false`)
	for _, event := range []string{"task:create", "task:update", "task:delete", "comment:create"} {
		with(event+" without project", fmt.Sprintf("%q", event), "")
		with(event+" with project", fmt.Sprintf("%q", event), `,"project_id":"prj_1"`)
		with(event+" with empty project", fmt.Sprintf("%q", event), `,"project_id":""`)
	}
	for _, event := range []string{`"contact:created"`, `"Contact:create"`, `""`, `null`, `7`, `true`, `[]`, `["contact:create"]`, `{}`, `"task:nothing"`} {
		with("event "+event, event, "")
	}
	for _, value := range []string{`7`, `true`, `["x"]`, `{}`, `1.5`} {
		with("project "+value, `"contact:create"`, `,"project_id":`+value)
		with("client "+value, `"contact:create"`, `,"client_id":`+value)
	}

	const short = "https://new.example/"
	withURL("of 180 characters", short+strings.Repeat("a", 180-len(short)))
	withURL("of 181 characters", short+strings.Repeat("b", 181-len(short)))
	withURL("of 180 characters of two bytes", short+strings.Repeat("ä", 180-len(short)))
	withURL("of 181 characters of two bytes", short+strings.Repeat("ö", 181-len(short)))
	for _, address := range urls() {
		withURL(address, address)
	}
	for _, value := range []string{"null", `""`, `"   "`, "7", "true", `["https://new.example/list"]`, "{}"} {
		post("url "+value, fmt.Sprintf(`{"url":%s,"event":"contact:create"}`, value))
	}
	post("without url", `{"event":"contact:create"}`)
	post("without event", `{"url":"https://new.example/no-event"}`)
	post("of nothing", `{}`)
	post("with everything wrong", `{"url":"x","event":"x","project_id":1,"client_id":1}`)
	post("without a body", "")
	post("with broken JSON", `{"url":`)
	post("with a list", `[1]`)
	post("with a text", `"text"`)
	post("with null", `null`)
	post("with a field twice", `{"url":"https://new.example/twice-1","url":"https://new.example/twice-2","event":"contact:create"}`)

	withURL("that is taken", "https://new.example/plain")
	withURL("that is taken, to be trimmed", " https://new.example/plain\t")
	withURL("that is taken in another case", "https://new.example/PLAIN")
	withURL("that is taken by a host in capitals", "https://NEW.example/plain")
	withURL("that is taken with a slash", "https://new.example/plain/")
	post("with a taken URL and an unknown event", `{"url":"https://new.example/plain","event":"x"}`)
	calls = append(calls,
		call{name: "create with a URL that another workspace took", method: http.MethodPost, path: "/webhooks", body: `{"url":"https://new.example/plain","event":"contact:create"}`, header: map[string]string{"Authorization": "Bearer {stranger}"}},
		call{name: "create in another workspace", method: http.MethodPost, path: "/webhooks", body: `{"url":"https://new.example/stranger","event":"contact:create"}`, header: map[string]string{"Authorization": "Bearer {stranger}"}},
		call{name: "create as a form", method: http.MethodPost, path: "/webhooks", body: "url=https%3A%2F%2Fnew.example%2Fform&event=contact%3Acreate", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		call{name: "create without a content type", method: http.MethodPost, path: "/webhooks", body: `{"url":"https://new.example/untyped","event":"contact:create"}`, header: map[string]string{"Content-Type": ""}},
		call{name: "create as problem+json", method: http.MethodPost, path: "/webhooks", body: `{"url":"https://new.example/problem","event":"contact:create"}`, header: map[string]string{"Content-Type": "application/problem+json"}},
		call{name: "create with fields in the query", method: http.MethodPost, path: "/webhooks", query: url.Values{"url": {"https://new.example/query"}, "event": {"contact:create"}}, body: "{}"},
		call{name: "create with a bad body for a browser", method: http.MethodPost, path: "/webhooks", body: "{}", header: map[string]string{"Accept": "text/html"}},
		call{name: "create for German", method: http.MethodPost, path: "/webhooks", body: "{}", header: map[string]string{"Accept-Language": "de"}},
		lookUp("list what was created", "https://new.example/plain"),
		call{name: "list another workspace", path: "/webhooks", header: map[string]string{"Authorization": "Bearer {stranger}"}},
	)
	return calls
}

// urls are spelled in every way that the rule url may accept or refuse.
func urls() []string {
	return []string{
		"http://new.example/http", "https://new.example", "https://new.example?query", "https://new.example#fragment",
		"HTTPS://new.example/scheme", "https://NEW.example/host", "https://new.example:8443/port", "https://new.example:443/port",
		"https://user@new.example/user", "https://user:password@new.example/password",
		"https://127.0.0.1/ip", "https://[::1]/ip6", "https://localhost/local", "https://new/label", "https://new.example./dot",
		"https://new_host.example/underscore", "https://-new.example/dash", "https://xn--bcher-kva.example/idn", "https://bücher.example/idn",
		"https://日本語.example/日本語", "https://new.example/ä", "https://new.example/%zz", "https://new.example/%20", "https://new.example//", "https://new.example/../up",
		"https://new.example/😀", "https://😀.example/",
		"https://new.example/a b", "https://new.example/a\tb", "https://new.example/a\nb", "https://new.example/a\u00a0b", "https://new.example/a\u200bb",
		"https://new.example/|", "https://new.example/{", "https://new.example/}", "https://new.example/^", "https://new.example/<", "https://new.example/>",
		`https://new.example/"`, "https://new.example/`", `https://new.example/\`, "https://new.example/'", "https://new.example/[x]", "https://new.example/~!$&()*+,;=:@",
		"https://new.example/?q=|", "https://new.example/?q=ä b", "https://new.example/#|",
		"ftp://new.example/", "file:///etc/passwd", "javascript:alert(1)", "mailto:a@new.example", "data:text/plain,x", "ssh://new.example/", "foo://new.example/",
		"//new.example/", "/path", "new.example", "https:", "https://", "https:///path", "https:/new.example", "https//new.example", "://new.example", "x",
		"https://new.example:0/", "https://new.example:99999/", "https://new.example:port/", "https://300.300.300.300/", "https://new..example/", "https://.example/",
	}
}

func quoteJSON(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

func deleteCalls() []call {
	remove := func(name, path string) call {
		return call{name: "delete " + name, method: http.MethodDelete, path: path}
	}
	inOther := remove("a webhook of another workspace", "/webhooks/{create in another workspace}")
	withBody := remove("with a body", "/webhooks/{create nulls}")
	withBody.body = `{"x":1}`
	browser := remove("what is missing, for a browser", "/webhooks/missing")
	browser.header = map[string]string{"Accept": "text/html"}
	return []call{
		remove("a webhook", "/webhooks/{create plain}"),
		remove("the same again", "/webhooks/{create plain}"),
		create("create again what was deleted", "https://new.example/plain"),
		inOther,
		withBody,
		browser,
		remove("an id of one digit", "/webhooks/1"),
		remove("an id that is escaped", "/webhooks/a%20b%3Fc"),
		remove("an id with a slash", "/webhooks/a%2Fb"),
		remove("an id with a percent sign", "/webhooks/a%25"),
		remove("an id of two dots", "/webhooks/%2E%2E"),
		remove("with a slash behind", "/webhooks/1/"),
		remove("everything", "/webhooks"),
	}
}

// refusedCalls test routes, methods, tokens and scopes.
func refusedCalls() []call {
	var calls []call
	for _, path := range []string{"/whoami", "/webhooks", "/webhooks/1", "/nothing", "/webhooks/1/2", ""} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			calls = append(calls, call{name: fmt.Sprintf("route %s %s", method, path), method: method, path: path, body: map[bool]string{true: "{}"}[method != http.MethodHead], query: oneOfTheSeeds()})
		}
	}
	for name, header := range map[string]map[string]string{
		"no token":                 {"Authorization": ""},
		"a wrong token":            {"Authorization": "Bearer wrong"},
		"an empty token":           {"Authorization": "Bearer "},
		"basic":                    {"Authorization": "Basic dTpw"},
		"bearer in small letters":  {"Authorization": "bearer wrong"},
		"a token without scope":    {"Authorization": "Bearer {unscoped}"},
		"no token, for a browser":  {"Authorization": "", "Accept": "text/html"},
		"no scope, for a browser":  {"Authorization": "Bearer {unscoped}", "Accept": "text/html"},
		"no Accept":                {"Accept": ""},
		"any Accept":               {"Accept": "*/*"},
		"JSON second":              {"Accept": "text/html, application/json"},
		"JSON with a quality":      {"Accept": "application/json;q=0.9, text/html"},
		"an Accept of vendor JSON": {"Accept": "application/vnd.api+json"},
	} {
		for _, c := range []call{
			{name: "whoami", path: "/whoami"},
			{name: "list", path: "/webhooks", query: oneOfTheSeeds()},
			{name: "bad list", path: "/webhooks", query: url.Values{"sort": {"title"}}},
			{name: "bad create", method: http.MethodPost, path: "/webhooks", body: "{}"},
			{name: "missing webhook", method: http.MethodDelete, path: "/webhooks/missing"},
			{name: "missing route", path: "/nothing"},
			{name: "wrong method", method: http.MethodPut, path: "/webhooks"},
		} {
			c.name, c.header = "with "+name+": "+c.name, header
			calls = append(calls, c)
		}
	}
	return calls
}
