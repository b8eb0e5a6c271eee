// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Validators refuse only values that no webhook can have according to the API
// reference. Other values must pass, or an existing webhook could not be imported.
// checkPlan checks the rest.

// urlValidator checks the URL of a webhook.
type urlValidator struct{}

var _ validator.String = urlValidator{}

func (urlValidator) Description(context.Context) string {
	return fmt.Sprintf("must be an absolute URL of at most %d characters", kanbert.MaxURLLength)
}

func (v urlValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (urlValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	u, problem := parseWebhookURL(req.ConfigValue.ValueString())
	if problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, invalidURL, problem)
		return
	}
	if strings.EqualFold(u.Scheme, "http") && !kanbert.IsLoopback(u.Hostname()) {
		resp.Diagnostics.AddAttributeWarning(req.Path, "URL without TLS",
			"Deliveries to this URL are not encrypted. Use https if the receiver supports it.")
	}
}

const (
	invalidURL = "Invalid URL"
	exampleURL = "Set an absolute URL, such as https://receiver.example/kanbert."
)

// parseWebhookURL returns why no webhook can have the URL raw. The sentences do not
// quote the URL, which may contain a password.
func parseWebhookURL(raw string) (u *url.URL, problem string) {
	if raw == "" {
		return nil, "The URL is empty. " + exampleURL
	}
	if strings.IndexFunc(raw, isBlank) >= 0 {
		return nil, "The URL contains white space, or a control or format character. If it comes from a file, use trimspace(). Otherwise write a space as %20."
	}
	if i := strings.IndexFunc(raw, isForbiddenInURL); i >= 0 {
		r, _ := utf8.DecodeRuneInString(raw[i:])
		return nil, fmt.Sprintf("The URL contains the character %s, which no URL may contain. Write it percent-encoded, as %s.", shownRune(r), url.QueryEscape(string(r)))
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, "The URL cannot be read: " + whatIsWrongWithURL(err) + ". " + exampleURL
	case u.Scheme == "":
		return nil, "The URL has no scheme. Did you mean \"https://…\"? " + exampleURL
	case isHTTP(u.Scheme) && u.Hostname() == "":
		return nil, "The URL has no host. " + exampleURL
	}
	if n := utf8.RuneCountInString(raw); n > kanbert.MaxURLLength {
		return nil, fmt.Sprintf("The URL has %d characters, and Kanbert accepts at most %d. Shorten its path or its query.", n, kanbert.MaxURLLength)
	}
	return u, ""
}

// isBlank reports whether r is invisible: white space, control and format characters,
// such as a zero-width space. APIs trim them from input.
func isBlank(r rune) bool {
	return unicode.In(r, blanks...)
}

var blanks = []*unicode.RangeTable{unicode.Cc, unicode.Cf, unicode.Z, unicode.Variation_Selector}

// isForbiddenInURL reports whether no URL may contain r: ASCII characters that RFC
// 3986 does not allow, and symbols such as emoji. Letters, marks and digits of all
// scripts are allowed.
func isForbiddenInURL(r rune) bool {
	isSymbol := unicode.In(r, symbols...) && !strings.ContainsRune("$+=~", r)
	return isSymbol || strings.ContainsRune(`{}"\`, r) || !unicode.IsGraphic(r)
}

var symbols = []*unicode.RangeTable{unicode.S, unicode.Me}

// shownRune formats r for a text, without characters that could disturb a terminal.
func shownRune(r rune) string {
	if unicode.IsGraphic(r) {
		return string(r) + fmt.Sprintf(" (%U)", r)
	}
	return fmt.Sprintf("%U", r)
}

// unusableURL returns why Kanbert cannot deliver to u, or why it is unlikely to
// accept u for a new webhook. An existing webhook may have such a URL.
func unusableURL(u *url.URL) (problem string) {
	switch {
	case !isHTTP(u.Scheme):
		return fmt.Sprintf("Kanbert delivers only to https and http URLs, and the scheme of this URL is %q. %s", u.Scheme, exampleURL)
	case !validPort(u.Port()):
		return "The port of the URL is out of range. Set a port from 1 to 65535."
	case u.User != nil:
		return "The URL contains a user name or a password, which Kanbert does not send to receivers. Remove it. The receiver can verify the signature of deliveries instead, with signature_secret_key."
	}
	return ""
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

const unknownEvent = "Unknown event"

// webhookEventValidator checks the event of a webhook. The plan checks an event that
// is neither in the API reference nor similar to one: an existing webhook may have
// it.
type webhookEventValidator struct{}

var _ validator.String = webhookEventValidator{}

func (webhookEventValidator) Description(context.Context) string {
	return "must be an event of Kanbert: " + eventNames()
}

func (v webhookEventValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (webhookEventValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	text := req.ConfigValue.ValueString()
	switch {
	case text == "":
		resp.Diagnostics.AddAttributeError(req.Path, unknownEvent, "The event is empty. The events are "+eventNames()+".")
	case meantEvent(kanbert.Event(text)) != "":
		refuseNearEvent(req.Path, kanbert.Event(text), &resp.Diagnostics)
	case strings.IndexFunc(text, isBlank) >= 0:
		resp.Diagnostics.AddAttributeError(req.Path, unknownEvent, fmt.Sprintf(
			"The event %q contains white space, or a control or format character. The events are %s.", text, eventNames()))
	}
}

// refuseNearEvent adds an error if event is not in the API reference, but similar to
// one.
func refuseNearEvent(at path.Path, event kanbert.Event, diags *diag.Diagnostics) {
	if meant := meantEvent(event); meant != "" && !event.Known() {
		diags.AddAttributeError(at, unknownEvent, fmt.Sprintf(
			"There is no event %q. Did you mean %q? The events are %s.", event, meant, eventNames()))
	}
}

// malformedEvent is the detail of the error about an event that does not have the
// form noun:verb.
func malformedEvent(event kanbert.Event) string {
	return fmt.Sprintf("There is no event %q. An event has the form noun:verb. The events are %s.", event, eventNames())
}

// eventValidator checks an event to select webhooks by. An event that Kanbert may have
// added since this release is a warning, so that it needs no new release.
type eventValidator struct{}

var _ validator.String = eventValidator{}

func (eventValidator) Description(ctx context.Context) string {
	return webhookEventValidator{}.Description(ctx)
}

func (v eventValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (eventValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	event := kanbert.Event(req.ConfigValue.ValueString())
	switch {
	case event.Known():
	case meantEvent(event) != "":
		refuseNearEvent(req.Path, event, &resp.Diagnostics)
	case event.WellFormed():
		resp.Diagnostics.AddAttributeWarning(req.Path, "Event not known to this version of the provider", fmt.Sprintf(
			"The Kanbert API reference does not list the event %q. It lists %s. If Kanbert does not have the event, it selects no webhook.", event, eventNames()))
	default:
		resp.Diagnostics.AddAttributeError(req.Path, unknownEvent, malformedEvent(event))
	}
}

// eventNames lists the events of the API reference for a sentence.
func eventNames() string {
	return enumerate(eventTexts())
}

func eventTexts() []string {
	var names []string
	for _, e := range kanbert.Events() {
		names = append(names, string(e))
	}
	return names
}

// verbHabits maps verbs of other APIs to Kanbert's.
var verbHabits = map[string]string{
	"creates": "create", "created": "create", "add": "create", "added": "create", "new": "create", "insert": "create", "inserted": "create",
	"updates": "update", "updated": "update", "change": "update", "changed": "update", "edit": "update", "edited": "update", "modify": "update", "modified": "update",
	"deletes": "delete", "deleted": "delete", "remove": "delete", "removed": "delete", "destroy": "delete", "destroyed": "delete",
}

// nounHabits are other forms of Kanbert's nouns.
var nounHabits = map[string]string{"contacts": "contact", "companies": "company", "tasks": "task", "comments": "comment"}

// nounsOfTheirOwn look like a mistyped noun of Kanbert, but may become events. They
// are not corrected.
var nounsOfTheirOwn = map[string]bool{"contract": true}

// meantEvent returns the event that e most likely means, if e is not an event but
// similar to one: another form of the words, another separator, or one typing error
// in each word.
func meantEvent(e kanbert.Event) kanbert.Event {
	text := strings.ToLower(strings.TrimSpace(string(e)))
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(":._-/ ", r) })
	if len(words) != 2 {
		return ""
	}
	noun, verb := words[0], words[1]
	if meant, ok := nounHabits[noun]; ok {
		noun = meant
	}
	if meant, ok := verbHabits[verb]; ok {
		verb = meant
	}
	for _, known := range kanbert.Events() {
		knownNoun, knownVerb, _ := strings.Cut(string(known), ":")
		if isSlip(noun, knownNoun) && isSlip(verb, knownVerb) && !nounsOfTheirOwn[noun] {
			return known
		}
	}
	return ""
}

// isSlip reports whether text is word, or differs from it by one typing error.
func isSlip(text, word string) bool { return filter.Distance(text, word) <= 1 }

// scopeValidator checks the id of the project or the client that a webhook is
// scoped to.
type scopeValidator struct {
	noun  string
	unset string // what a missing argument means
}

var _ validator.String = scopeValidator{}

func (v scopeValidator) Description(context.Context) string {
	return "must be the id of a " + v.noun + ", and not empty"
}

func (v scopeValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v scopeValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	id := req.ConfigValue.ValueString()
	switch trimmed := strings.TrimFunc(id, isBlank); {
	case trimmed == "":
		resp.Diagnostics.AddAttributeError(req.Path, "Empty "+v.noun, fmt.Sprintf(
			"The id of the %s is empty. Leave out the argument, or set it to null, %s.", v.noun, v.unset))
	case trimmed != id:
		resp.Diagnostics.AddAttributeError(req.Path, "White space around an id", fmt.Sprintf(
			"The id of the %s begins or ends with white space, or a control or format character, which Kanbert removes. If it comes from a file, use trimspace().", v.noun))
	}
}
