// SPDX-License-Identifier: MPL-2.0

package live

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// post creates a webhook from any fields. The session deletes it when it closes.
func (p *probe) post(ctx context.Context, fields map[string]any) (answer, error) {
	got, err := p.do(ctx, request{method: http.MethodPost, path: webhooksPath, body: fields})
	if err != nil {
		return answer{}, err
	}
	made := got.created()
	p.redact.add(made.ID, made.Secret)
	return got, nil
}

func (p *probe) postURL(ctx context.Context, address string) (answer, error) {
	return p.post(ctx, map[string]any{"url": address, "event": quietEvent})
}

// askCreate checks the response to a create, and when a list contains the webhook.
func (p *probe) askCreate(ctx context.Context) error {
	address := p.session.NewURL()
	got, err := p.postURL(ctx, address)
	if err != nil {
		return err
	}
	made := got.created()
	p.add("C", "A create returns 201 or 200 in JSON", got.shape(), verdict((got.status == 201 || got.status == 200) && got.isJSON(), Differs),
		"Accepts both, and writes id and secret to state first.")
	complete := made.ID != "" && made.Secret != "" && made.URL == address
	p.add("C", "The response has id, secret and the URL as sent", fmt.Sprintf("id: %t, secret: %t, same URL: %t", made.ID != "", made.Secret != "", made.URL == address),
		verdict(complete, Differs), "Fills state only from this response.")
	p.askCreatedAt(got, made)
	err = p.askLag(ctx, "A list shows a webhook at once after its create", address, 1,
		"Treats a webhook as gone only after checks that began 20 seconds or more after its create.")
	if err != nil {
		return err
	}
	if err := p.askFiltersOf(ctx, address); err != nil {
		return err
	}
	return p.askStringFiltersOf(ctx, address)
}

// askStringFiltersOf tests the meaning of users' filters, which no page specifies.
// The URLs of this run need no escapes.
func (p *probe) askStringFiltersOf(ctx context.Context, address string) error {
	const warns = "Sends it, and says in the guide on filters that it is not specified."
	ours := `url = "` + address + `"`
	middle := strings.TrimPrefix(address, Prefix)
	return p.askEach(ctx, []filterCase{
		{"B", `String form: url = "…" lists the webhook`, ours, checksFirst, lists(1), Differs},
		{"C", "and binds tighter than or", ours + ` or ` + ours + ` and url = "` + Prefix + `absent"`, warns, lists(1), Variant},
		{"C", "like without a wildcard lists what contains the value", `url like "` + middle + `"`, warns, lists(1), Variant},
		{"C", "like takes % as a wildcard", `url like "%` + middle + `%"`, warns, lists(1), Variant},
		{"C", "contains tells letters of another case apart", `url contains "` + strings.ToUpper(middle) + `"`, warns, lists(0), Variant},
		{"C", "today means the day in UTC", ours + ` and created_at = today`, warns, lists(1), Variant},
		{"C", "now is later than the create that just ended", ours + ` and created_at <= now`, warns, lists(1), Variant},
	})
}

func (p *probe) askCreatedAt(got answer, made record) {
	date, dateErr := http.ParseTime(got.header.Get("Date"))
	at, atErr := time.Parse(time.RFC3339Nano, made.CreatedAt)
	observed, holds := "cannot be compared", false
	if dateErr == nil && atErr == nil {
		difference := at.Sub(date).Round(time.Second)
		observed, holds = fmt.Sprintf("created_at is %ds from Date", int(difference.Seconds())), difference.Abs() <= 5*time.Second
	}
	p.add("C", "created_at and Date of a create are seconds apart", observed, verdict(holds, Variant),
		"After a lost response, deletes a webhook only if created_at is within the time of the request, by Date.")
}

// askLag looks up a URL until a list has n webhooks with it.
func (p *probe) askLag(ctx context.Context, assumption, address string, n int, provider string) error {
	began := time.Now()
	for i, pause := range append([]time.Duration{0}, lagPauses...) {
		if err := p.wait(ctx, pause); err != nil {
			return err
		}
		got, listed, err := p.list(ctx, url.Values{"sort": {"url"}, "filter": {kanbert.FilterByURL(address)}})
		if err != nil {
			return err
		}
		if !got.ok() || len(listed.Records) != n {
			continue
		}
		if i == 0 {
			p.add("D", assumption, "in the first list", Holds, provider)
			return nil
		}
		p.add("D", assumption, fmt.Sprintf("after %.1fs, in list %d", time.Since(began).Seconds(), i+1), verdict(time.Since(began) < 20*time.Second, Differs), provider)
		return nil
	}
	p.add("D", assumption, "not within 20s", Differs, provider)
	return nil
}

func (p *probe) askTaken(ctx context.Context) error {
	address := p.session.NewURL()
	if _, err := p.postURL(ctx, address); err != nil {
		return err
	}
	got, err := p.postURL(ctx, address)
	if err != nil {
		return err
	}
	fields := got.errorFields()
	observed := fmt.Sprintf("%s, errors: %s", got.shape(), names(slices.Sorted(maps.Keys(fields))))
	holds := got.status == http.StatusUnprocessableEntity && fields["url"] || got.status == http.StatusConflict
	p.add("C", "A URL that is taken gets 422 with an error on url, or 409", observed, verdict(holds, Differs),
		"Decides by the status and the field, never by the text, and looks up the webhook that has the URL.")
	english := strings.Contains(strings.ToLower(string(got.body)), "taken")
	p.add("D", "The text of a refusal may be translated", fmt.Sprintf("has the word taken: %t", english), Holds, "Does not depend on texts of the server.")
	other, err := p.postURL(ctx, p.session.ledger.prefix()+"CASE")
	if err != nil {
		return err
	}
	folded, err := p.postURL(ctx, p.session.ledger.prefix()+"case")
	if err != nil {
		return err
	}
	p.add("D", "URLs that differ in the case of the path are two URLs", fmt.Sprintf("%d, then %d", other.status, folded.status), verdict(other.ok() && folded.ok(), Variant),
		"Treats a URL as taken by a webhook with another spelling of it.")
	return p.askEach(ctx, []filterCase{{
		"D", "eq tells accented letters apart", kanbert.FilterByURL(p.session.ledger.prefix() + "casé"), comparesItself, lists(0), Variant,
	}})
}

// askSpellings tests what the API stores for unusual but valid values.
func (p *probe) askSpellings(ctx context.Context) error {
	address := p.session.NewURL()
	spaced, err := p.postURL(ctx, address+" ")
	if err != nil {
		return err
	}
	observed := spaced.shape()
	if spaced.ok() {
		observed = fmt.Sprintf("%d, trimmed: %t", spaced.status, spaced.created().URL == address)
	}
	p.add("D", "White space around a value is trimmed", observed, verdict(spaced.ok() && spaced.created().URL == address, Variant), "Refuses white space around values when planning.")
	empty, err := p.post(ctx, map[string]any{"url": p.session.NewURL(), "event": quietEvent, "project_id": ""})
	if err != nil {
		return err
	}
	observed = empty.shape()
	if empty.ok() {
		observed = fmt.Sprintf("%d, null: %t", empty.status, empty.created().ProjectID == nil)
	}
	p.add("D", "An empty project_id becomes null", observed, verdict(empty.ok() && empty.created().ProjectID == nil, Variant), "Omits an empty value from the request.")
	quoted := p.session.NewURL() + "/o'hara?a=1&b=%22x%22"
	got, err := p.postURL(ctx, quoted)
	if err != nil {
		return err
	}
	if !got.ok() {
		p.add("D", "A URL with an apostrophe and a query is taken", got.shape(), Variant, "Shows the API's refusal.")
		return nil
	}
	return p.askLag(ctx, "JSON: eq finds a URL with an apostrophe, & and escapes", got.created().URL, 1, sendsJSON)
}

// refusedCreate is a create that the API is assumed to refuse because of one field.
type refusedCreate struct {
	class, assumption, field, provider string
	fields                             map[string]any
}

func (p *probe) askRefusedCreates(ctx context.Context) error {
	prefix := p.session.ledger.prefix()
	long := prefix + strings.Repeat("x", kanbert.MaxURLLength+1-len(prefix))
	for _, c := range []refusedCreate{
		{"A", "A URL of 181 characters gets 422 on url", "url", "Refuses it when planning.", map[string]any{"url": long, "event": quietEvent}},
		{"C", "An unknown event gets 422 on event", "event", "Refuses it when planning.", map[string]any{"url": p.session.NewURL(), "event": "terraform:probe"}},
		{"A", "task:delete without a project gets 422", "project_id", "Refuses it when planning.", map[string]any{"url": p.session.NewURL(), "event": "task:delete"}},
		{"D", "A URL with an emoji gets 422 on url", "url", "Shows the API's refusal.", map[string]any{"url": p.session.NewURL() + "/😀", "event": quietEvent}},
	} {
		got, err := p.post(ctx, c.fields)
		if err != nil {
			return err
		}
		fields := got.errorFields()
		observed := fmt.Sprintf("%s, errors: %s", got.shape(), names(slices.Sorted(maps.Keys(fields))))
		p.add(c.class, c.assumption, observed, verdict(got.status == http.StatusUnprocessableEntity && fields[c.field], Variant), c.provider)
	}
	return nil
}

// askCursorsOfOwn lists the webhooks of this run one by one.
func (p *probe) askCursorsOfOwn(ctx context.Context) error {
	const pages = MaxWebhooks + 5
	query := url.Values{"sort": {"url"}, "page[size]": {"1"}, "filter": {`[{"field":"url","op":"startswith","value":"` + p.session.ledger.prefix() + `"}]`}}
	seen, short, ordered, last := map[string]bool{}, 0, true, ""
	for range pages {
		got, listed, err := p.list(ctx, query)
		if err != nil {
			return err
		}
		if !got.ok() {
			p.add("C", "A list with a filter goes by next_cursor to its end", got.shape(), Differs, "Follows next_cursor to the end.")
			return nil
		}
		for _, r := range listed.Records {
			seen[r.ID] = true
			ordered = ordered && r.URL >= last
			last = r.URL
		}
		if len(listed.Records) != 1 {
			short++
		}
		if listed.next() == "" {
			break
		}
		p.redact.add(listed.next())
		query.Set("page[cursor]", listed.next())
	}
	want := len(p.session.ledger.left())
	p.add("C", "A list with a filter goes by next_cursor to its end", fmt.Sprintf("%d of %d webhooks, pages of another size than asked: %d", len(seen), want, short),
		verdict(len(seen) == want, Differs), "Follows next_cursor to the end, and never ends at a short page.")
	p.add("D", "sort=url is in the order of bytes", fmt.Sprint(ordered), verdict(ordered, Variant), "Requires only a stable order.")
	return nil
}

// askOverlap sends two creates of one URL at once.
func (p *probe) askOverlap(ctx context.Context) error {
	address := p.session.NewURL()
	var answers [2]answer
	var errs [2]error
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			answers[i], errs[i] = p.do(ctx, request{method: http.MethodPost, path: webhooksPath, body: map[string]any{"url": address, "event": quietEvent}})
		})
	}
	group.Wait()
	var statuses []int
	made := 0
	for i, got := range answers {
		if errs[i] != nil {
			return errs[i]
		}
		p.redact.add(got.created().ID, got.created().Secret)
		statuses = append(statuses, got.status)
		if got.ok() {
			made++
		}
	}
	slices.Sort(statuses)
	p.add("D", "Of two creates of one URL at once one succeeds, the other gets 422, 409 or 500", fmt.Sprintf("%d and %d", statuses[0], statuses[1]), verdict(made == 1, Differs),
		"Deletes nothing after a 5xx of the API: the webhook may belong to another program.")
	return nil
}

// askDelete deletes a webhook twice, and creates it again.
func (p *probe) askDelete(ctx context.Context) error {
	address := p.session.NewURL()
	made, err := p.postURL(ctx, address)
	if err != nil {
		return err
	}
	id := made.created().ID
	if id == "" {
		return fmt.Errorf("POST %s: %s instead of a webhook", webhooksPath, made.shape())
	}
	first, err := p.session.delete1(ctx, id)
	if err != nil {
		return err
	}
	p.add("C", "A delete returns 204 or 200 without a body", first.shape(), verdict(first.ok(), Differs), "Accepts every 2xx.")
	if err := p.askLag(ctx, "A list does not show a webhook after its delete", address, 0, "Waits while a list still contains the webhook."); err != nil {
		return err
	}
	second, err := p.session.delete1(ctx, id)
	if err != nil {
		return err
	}
	p.add("C", "A second delete gets 404 in JSON", second.shape(), verdict(second.status == 404 && second.isJSON(), Variant),
		"Treats a 404 as success only if look-up and listing agree that the webhook is gone.")
	again, err := p.postURL(ctx, address)
	if err != nil {
		return err
	}
	p.add("D", "A URL is free at once after its webhook was deleted", again.shape(), verdict(again.ok(), Variant),
		"Waits a short time for a URL that is taken although no list contains its webhook.")
	return nil
}
