// SPDX-License-Identifier: MPL-2.0

package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// ProbeSettings say which requests a probe may send.
type ProbeSettings struct {
	Settings

	// Write permits creates and deletes, with the rules of a [Session]. Without it,
	// only GET requests are sent.
	Write bool
	// Switch, if not nil, asks the user to switch to another workspace in Kanbert,
	// and returns when that is done.
	Switch func(ctx context.Context) error
}

// Probe tests every assumption of the provider against the API. The rows are safe
// to publish. With an error, it returns the rows before the error.
func Probe(ctx context.Context, target Target, settings ProbeSettings) (rows []Row, err error) {
	if settings.Write && settings.Switch != nil {
		// If the token follows the user's workspace, later requests would write
		// into a workspace that was not named.
		return nil, errors.New("nothing was sent: -write and -switch cannot be given together")
	}
	p := &probe{settings: settings, redact: redactor{}}
	p.redact.add(target.Token.Reveal())
	if settings.Write {
		if p.session, err = OpenSession(ctx, target, settings.Settings); err != nil {
			return nil, err
		}
		p.api = p.session.api
	} else if p.api, err = newAPI(target, readOnly{newTransport()}); err != nil {
		return nil, err
	}
	err = p.run(ctx)
	if p.session != nil {
		if closing := p.session.Close(ctx); err == nil {
			err = closing
		}
	}
	for i := range p.rows {
		p.rows[i].Observed = p.redact.clean(p.rows[i].Observed)
	}
	return p.rows, err
}

// readOnly refuses every request that is not a read.
type readOnly struct{ next http.RoundTripper }

func (t readOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet {
		return refuse(req, "-write is not given")
	}
	return t.next.RoundTrip(req)
}

// probe is one run.
type probe struct {
	*api

	settings ProbeSettings
	session  *Session
	redact   redactor
	rows     []Row

	// first is the response to the plain list, and sample its page.
	first  answer
	sample page
}

func (p *probe) run(ctx context.Context) error {
	type step = func(context.Context) error
	steps := []step{p.askWhoami, p.askRefusals}
	if p.session != nil {
		// Its creates give the reads something to list.
		steps = append(steps, p.session.tryDomain, p.askCreate, p.askTaken, p.askSpellings, p.askRefusedCreates, p.askCursorsOfOwn, p.askOverlap, p.askDelete)
	}
	steps = append(steps, p.askList, p.askHeaders, p.askPageSizes, p.askCursors, p.askFilters, p.askStringFilters, p.askRefusedQueries, p.tellLimits)
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add appends a row.
func (p *probe) add(class, assumption, observed string, verdict Verdict, provider string) {
	p.rows = append(p.rows, Row{Class: class, Assumption: assumption, Observed: observed, Verdict: verdict, Provider: provider})
}

// verdict is Holds if it holds, and otherwise the other verdict.
func verdict(holds bool, otherwise Verdict) Verdict {
	if holds {
		return Holds
	}
	return otherwise
}

func (p *probe) get(ctx context.Context, path string, query url.Values) (answer, error) {
	return p.do(ctx, request{method: http.MethodGet, path: path, query: query})
}

func (p *probe) list(ctx context.Context, query url.Values) (answer, page, error) {
	got, err := p.get(ctx, webhooksPath, query)
	if err != nil {
		return answer{}, page{}, err
	}
	listed, _ := got.page()
	for _, r := range listed.Records {
		p.redact.add(r.ID, r.URL)
	}
	return got, listed, nil
}

func (p *probe) askWhoami(ctx context.Context) error {
	got, err := p.get(ctx, whoamiPath, nil)
	if err != nil {
		return err
	}
	if got.status == http.StatusUnauthorized {
		return fmt.Errorf("the API does not accept the token (401)")
	}
	s := readSpace(got)
	p.redact.add(s.id, s.name)
	observed := got.shape() + ", without space.id"
	if s.id != "" {
		observed = got.shape() + ", with space.id"
	}
	p.add("B", "GET /whoami names the workspace of the token", observed, verdict(s.id != "", Variant),
		"Keeps space.id in private state, and makes a token of another workspace an error. Without it there is no such check.")
	return p.askSwitch(ctx, s.id)
}

func (p *probe) askSwitch(ctx context.Context, before string) error {
	const (
		assumption = "space.id stays while the user switches workspaces"
		provider   = "Compares space.id with the one in private state. If it followed the user, plans would fail after a switch."
	)
	named := p.settings.Workspace
	switch {
	case before == "":
		p.add("B", assumption, "the response has no space.id", Unknown, provider)
		return nil
	case p.settings.Switch != nil:
		if err := p.settings.Switch(ctx); err != nil {
			return err
		}
		after, err := p.space(ctx)
		if err != nil {
			return err
		}
		p.redact.add(after.id, after.name)
		observed := "the same after a switch"
		if after.id != before {
			observed = "another one after a switch"
		}
		p.add("B", assumption, observed, verdict(after.id == before, Differs), provider)
	case named != "" && named != before:
		p.add("B", assumption, "another one than -workspace names", Differs, provider)
	case named != "":
		p.add("B", assumption, "the one that -workspace names; test with -switch too", Unknown, provider)
	default:
		p.add("B", assumption, "not tested: -switch waits until you switch workspaces", Unknown, provider)
	}
	return nil
}

// invented is a token that does not exist.
const invented = "terraform-probe-invented-token"

func (p *probe) askRefusals(ctx context.Context) error {
	const missing = "/terraform-probe-no-such-route"
	wrong, err := p.do(ctx, request{method: http.MethodGet, path: webhooksPath, token: invented})
	if err != nil {
		return err
	}
	p.add("B", "A wrong token gets 401 in JSON with a message", wrong.shape(), verdict(wrong.status == 401 && wrong.isJSON(), Differs),
		"Says that the token is not valid, once per run.")
	browser, err := p.do(ctx, request{method: http.MethodGet, path: webhooksPath, token: invented, accept: "text/html"})
	if err != nil {
		return err
	}
	p.add("C", "Without Accept: application/json a refusal may be a redirect or a page", browser.shape(), verdict(!browser.isJSON(), Variant),
		"Always sends Accept: application/json, and never follows a redirect.")
	route, err := p.get(ctx, missing, nil)
	if err != nil {
		return err
	}
	p.add("D", "A missing route is 404 in JSON, with a message or an empty one", route.shape(), verdict(route.status == 404 && route.isJSON(), Variant),
		"A 404 alone does not prove that a webhook is gone: look-up and listing must agree.")
	return nil
}

func (p *probe) askList(ctx context.Context) error {
	var err error
	if p.first, p.sample, err = p.list(ctx, nil); err != nil {
		return err
	}
	if p.first.status == http.StatusForbidden {
		return fmt.Errorf("the token lacks the scope integration (403)")
	}
	if _, ok := p.first.page(); !ok {
		return fmt.Errorf("GET %s: %s instead of a list", webhooksPath, p.first.shape())
	}
	meta := slices.Sorted(maps.Keys(p.sample.Meta))
	_, hasCursor := p.sample.Meta["next_cursor"]
	p.add("C", "meta has next_cursor; its other fields may be spelled otherwise", names(meta), verdict(hasCursor, Differs),
		"Follows only next_cursor, never a URL from a body.")
	p.add("C", "links is an array, empty or not, or absent", jsonKind(p.sample.Links), Holds, "Does not read it.")
	if len(p.sample.Records) == 0 {
		p.add("C", "A list shows no secret, and created_at in a form of RFC 3339", "the workspace has no webhook", Unknown, "Accepts every form of RFC 3339.")
		return nil
	}
	first := p.sample.Records[0]
	p.add("B", "A list never shows signature_secret_key", "fields: "+names(slices.Sorted(maps.Keys(p.sample.Keys))), verdict(!p.sample.Keys["signature_secret_key"], Differs),
		"Keeps the secret of the create in state, and has none after an import.")
	form, ok := timeForm(first.CreatedAt)
	p.add("C", "created_at is in a form of RFC 3339", form, verdict(ok, Differs), "Accepts Z and offsets, with and without a fraction.")
	p.add("C", "Ids are opaque texts", idForm(first.ID), verdict(first.ID != "", Differs), "Escapes them in paths, and does not interpret them.")
	return nil
}

func (p *probe) askHeaders(context.Context) error {
	var limits []string
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Limit", "RateLimit-Policy", "Retry-After"} {
		if p.first.header.Get(name) != "" {
			limits = append(limits, name)
		}
	}
	observed := "headers: " + names(limits)
	if limit := p.first.header.Get("X-RateLimit-Limit"); isNumber(limit) {
		observed += "; X-RateLimit-Limit is " + limit
	}
	p.add("C", "Responses have X-RateLimit-Limit and X-RateLimit-Remaining", observed, verdict(p.first.header.Get("X-RateLimit-Limit") != "", Variant),
		"Waits according to Retry-After or X-RateLimit-Reset of a 429, in every form. Without them, it uses its own pauses.")
	skew, ok := p.first.skew()
	observed = "no Date"
	if ok {
		observed = fmt.Sprintf("differs by about %ds from the local clock", int(skew.Seconds()))
	}
	p.add("C", "Responses have a Date within a day of the local clock", observed, verdict(ok && skew.Abs().Hours() < 24, Variant),
		"Without a plausible Date, it does not use times, and deletes nothing after a lost response.")
	observed = "absent"
	if p.first.header.Get("X-Request-Id") != "" {
		observed = "present"
	}
	p.add("C", "Responses may have X-Request-Id", observed, Holds, "Shows it in errors.")
	p.add("D", "HTTP/2 may resend a POST after GOAWAY or a reset of its stream", "the API speaks "+p.first.proto, Holds,
		"Sends a POST so that nothing below the client can send it again.")
	return nil
}

func (p *probe) askPageSizes(ctx context.Context) error {
	p.add("A", "A page holds 30 webhooks by default", fmt.Sprintf("per_page %d", p.sample.perPage()), verdict(p.sample.perPage() == 30, Variant),
		"Does not depend on it: only a missing next_cursor ends a list.")
	for _, size := range []string{fmt.Sprint(kanbert.DefaultPageSize), "1000"} {
		got, listed, err := p.list(ctx, url.Values{"sort": {"url"}, "page[size]": {size}})
		if err != nil {
			return err
		}
		observed := got.shape()
		if got.ok() {
			observed = fmt.Sprintf("%d, per_page %d", got.status, listed.perPage())
		}
		refused := got.status == http.StatusBadRequest || got.status == http.StatusUnprocessableEntity
		p.add("C", "page[size]="+size+" is granted, clamped or refused", observed, verdict(got.ok() || refused, Differs),
			"Requests "+fmt.Sprint(kanbert.DefaultPageSize)+", follows next_cursor, and omits the size if it is refused.")
	}
	got, listed, err := p.list(ctx, url.Values{"page[size]": {"0"}})
	if err != nil {
		return err
	}
	p.add("D", "page[size]=0 gives the default", fmt.Sprintf("%d, per_page %d", got.status, listed.perPage()), verdict(got.ok(), Variant), "Never sends it.")
	return nil
}

func (p *probe) askCursors(ctx context.Context) error {
	got, _, err := p.list(ctx, url.Values{"sort": {"url"}, "page[size]": {"1"}, "page[cursor]": {"terraform-probe"}})
	if err != nil {
		return err
	}
	p.add("C", "A cursor that cannot be read gives the first page or an error", got.shape(), Holds,
		"Never invents a cursor. A repeated cursor is an error.")
	one, listed, err := p.list(ctx, url.Values{"sort": {"url"}, "page[size]": {"1"}})
	if err != nil {
		return err
	}
	cursor := listed.next()
	if !one.ok() || cursor == "" {
		p.add("C", "Pages follow one another by next_cursor", "the workspace has too few webhooks", Unknown, "Follows next_cursor to the end.")
		return nil
	}
	p.redact.add(cursor)
	second, next, err := p.list(ctx, url.Values{"sort": {"url"}, "page[size]": {"1"}, "page[cursor]": {cursor}})
	if err != nil {
		return err
	}
	moves := second.ok() && len(next.Records) > 0 && len(listed.Records) > 0 && next.Records[0].ID != listed.Records[0].ID
	p.add("C", "Pages follow one another by next_cursor", fmt.Sprintf("%d, another webhook: %t", second.status, moves), verdict(moves, Differs), "Follows next_cursor to the end.")
	other, _, err := p.list(ctx, url.Values{"sort": {"-created_at"}, "page[size]": {"1"}, "page[cursor]": {cursor}})
	if err != nil {
		return err
	}
	p.add("D", "A cursor of another sort is an error of the server or ignored", other.shape(), Holds, "Keeps sort and filter through a whole list.")
	return nil
}

// filterCase is one filter and its assumed result.
type filterCase struct {
	class, assumption, filter, provider string
	// want reports whether the page is as assumed.
	want func(answer, page) bool
	// otherwise is the verdict if the page is not as assumed.
	otherwise Verdict
}

func (p *probe) askEach(ctx context.Context, cases []filterCase) error {
	for _, c := range cases {
		got, listed, err := p.list(ctx, url.Values{"sort": {"url"}, "filter": {c.filter}})
		if err != nil {
			return err
		}
		observed := got.shape()
		if got.ok() {
			observed = fmt.Sprintf("%d, %d listed", got.status, len(listed.Records))
		}
		p.add(c.class, c.assumption, observed, verdict(c.want(got, listed), c.otherwise), c.provider)
	}
	return nil
}

func lists(n int) func(answer, page) bool {
	return func(a answer, l page) bool { return a.ok() && len(l.Records) == n }
}

func refused(a answer, _ page) bool { return a.status == http.StatusBadRequest }

func answered(a answer, _ page) bool { return a.ok() }

const (
	sendsJSON      = "Sends its own filters in the JSON form."
	fallsBack      = "Uses the listing if a look-up is refused."
	comparesItself = "Compares the listed URLs itself, byte by byte or by equivalent spelling."
	checksFirst    = "Checks filters before they are sent, and shows what the API refuses."
)

func (p *probe) askFilters(ctx context.Context) error {
	absent := Prefix + "absent"
	cases := []filterCase{
		{"B", "JSON: eq of a URL that no webhook has lists none", kanbert.FilterByURL(absent), fallsBack, lists(0), Differs},
		{"B", "JSON: in of URLs that no webhook has lists none", kanbert.FilterByURL(absent, absent+"2"), fallsBack, lists(0), Differs},
		{"B", "JSON: quotes and backslashes in a value are values", kanbert.FilterByURL(absent+`?a="b"&c='d'\`, absent), sendsJSON, lists(0), Differs},
		{"B", "JSON: groups of and and or nest", `{"and":[{"field":"url","op":"startswith","value":"` + absent + `"},{"or":[{"field":"url","op":"contains","value":"a"},{"field":"created_at","op":"lt","value":"2001-01-01"}]}]}`,
			checksFirst, lists(0), Variant},
		{"D", "A filter of the longest look-up fits into a request", longFilter(absent), "Halves its look-ups where the request line is too long (414).", lists(0), Variant},
	}
	if err := p.askEach(ctx, cases); err != nil || p.session != nil || len(p.sample.Records) == 0 {
		return err
	}
	return p.askFiltersOf(ctx, p.sample.Records[0].URL)
}

// askFiltersOf sends filters with the URL of a webhook: one of this run if it may
// write, otherwise one of the workspace.
func (p *probe) askFiltersOf(ctx context.Context, address string) error {
	return p.askEach(ctx, []filterCase{
		{"B", "JSON: eq of a webhook's URL lists that one", kanbert.FilterByURL(address), fallsBack, lists(1), Differs},
		{"B", "JSON: in of a webhook's URL and another lists that one", kanbert.FilterByURL(address, Prefix+"absent"), fallsBack, lists(1), Differs},
		{"D", "eq tells letters of another case apart", kanbert.FilterByURL(otherCase(address)), comparesItself, lists(0), Variant},
	})
}

// longestFilter is the largest size of a look-up's filter, in bytes as sent. The
// package directory has the limit.
const longestFilter = 7000

func longFilter(absent string) string {
	urls := []string{absent, absent + "0"}
	for i := 1; ; i++ {
		longer := append(slices.Clone(urls), fmt.Sprintf("%s/%040d", absent, i))
		if len(url.QueryEscape(kanbert.FilterByURL(longer...))) > longestFilter {
			return kanbert.FilterByURL(urls...)
		}
		urls = longer
	}
}

// otherCase changes the case of the letters in the path of a URL, or of all letters
// if the path has none.
func otherCase(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.ToUpper(u.Path) == u.Path {
		return strings.ToUpper(address)
	}
	head, path, _ := strings.Cut(address, u.Host)
	return head + u.Host + strings.ToUpper(path)
}

func (p *probe) askStringFilters(ctx context.Context) error {
	absent := Prefix + "absent"
	return p.askEach(ctx, []filterCase{
		{"B", `String form: url = "…"`, `url = "` + absent + `"`, checksFirst, lists(0), Variant},
		{"B", "String form: single quotes", `url = '` + absent + `'`, checksFirst, lists(0), Variant},
		{"B", "String form: operators in any case", `url EQ "` + absent + `"`, checksFirst, lists(0), Variant},
		{"B", "String form: in ['…']", `url in ['` + absent + `','` + absent + `2']`, checksFirst, lists(0), Variant},
		{"B", "String form: and, or and parentheses", `url startswith "` + absent + `" and (created_at >= "2024-01-01" or url contains "a")`, checksFirst, lists(0), Variant},
		{"B", "String form: is null", `url is null`, checksFirst, lists(0), Variant},
		{"C", `String form: \" in double quotes is open`, `url = "` + absent + `\"x"`, "Warns that it is not specified.", lists(0), Variant},
		{"C", "String form: not (…) is open", `not (url contains "a")`, "Warns that it is not specified.", answered, Variant},
		{"B", "now, today-30d and eow are values", `created_at <= now and created_at > today+5d`, checksFirst, lists(0), Variant},
	})
}

func (p *probe) askRefusedQueries(ctx context.Context) error {
	err := p.askEach(ctx, []filterCase{
		{"B", "A filter by an unknown field gets 400", `[{"field":"event","op":"eq","value":"x"}]`, checksFirst, refused, Variant},
		{"B", "A filter with an unknown operator gets 400", `[{"field":"url","op":"resembles","value":"x"}]`, checksFirst, refused, Variant},
		{"B", "An operator that the field does not have gets 400", `[{"field":"created_at","op":"contains","value":"x"}]`, checksFirst, refused, Variant},
		{"C", "A filter that cannot be read gets 400", `[{"field":`, checksFirst, refused, Variant},
	})
	if err != nil {
		return err
	}
	got, err := p.get(ctx, webhooksPath, url.Values{"sort": {"title"}})
	if err != nil {
		return err
	}
	p.add("C", "An unknown sort gets 400", got.shape(), verdict(got.status == 400, Variant), "Checks sorts before they are sent.")
	for _, sort := range []string{"url", "-created_at,url", "is_active"} {
		got, err := p.get(ctx, webhooksPath, url.Values{"sort": {sort}})
		if err != nil {
			return err
		}
		p.add("A", "sort="+sort+" is taken", fmt.Sprint(got.status), verdict(got.ok(), Differs), "Lists by url, the only unique sort.")
	}
	return nil
}

// tellLimits reports the 429s of this run. The probe provokes none: the limit may
// be shared with the team's other integrations.
func (p *probe) tellLimits(context.Context) error {
	const (
		assumption = "A 429 has Retry-After or X-RateLimit-Reset"
		provider   = "Waits for that time. Without one, it uses pauses that double."
	)
	limited := p.limited.Load()
	if limited == nil {
		p.add("C", assumption, "none met, and none provoked", Unknown, provider)
		return nil
	}
	var forms []string
	for _, name := range []string{"Retry-After", "X-RateLimit-Reset"} {
		switch value := limited.header.Get(name); {
		case value != "" && strings.Trim(value, "0123456789") == "":
			forms = append(forms, fmt.Sprintf("%s as a number of %d digits", name, len(value)))
		case value != "":
			forms = append(forms, name+" in another form")
		}
	}
	p.add("C", assumption, fmt.Sprintf("%s; headers: %d (%s)", limited.bodyShape(), len(forms), strings.Join(forms, ", ")), verdict(len(forms) > 0, Variant), provider)
	return nil
}

// message returns the message of an error response, and whether there is one.
func (a answer) message() (string, bool) {
	var body struct {
		Message *string `json:"message"`
	}
	if json.Unmarshal(a.body, &body) != nil || body.Message == nil {
		return "", false
	}
	return *body.Message, true
}
