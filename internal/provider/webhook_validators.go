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

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// urlValidator checks the URL of a webhook.
type urlValidator struct{}

var _ validator.String = urlValidator{}

func (urlValidator) Description(context.Context) string {
	return fmt.Sprintf("must be an absolute https or http URL of at most %d characters, without user info", kanbert.MaxURLLength)
}

func (v urlValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (urlValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	raw := req.ConfigValue.ValueString()
	u, problem := parseWebhookURL(raw)
	if problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", problem)
		return
	}
	if strings.EqualFold(u.Scheme, "http") && !kanbert.IsLoopback(u.Hostname()) {
		resp.Diagnostics.AddAttributeWarning(req.Path, "URL without TLS",
			"Deliveries to this URL travel in the clear: everybody on the way can read them. Use https, if the receiver speaks it.")
	}
}

// parseWebhookURL returns what is wrong with raw, in whole sentences that do not
// quote it: it may hold a password.
func parseWebhookURL(raw string) (u *url.URL, problem string) {
	const example = "Give an absolute URL, like https://receiver.example/kanbert."
	if raw == "" {
		return nil, "The URL is empty. " + example
	}
	if strings.IndexFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) >= 0 {
		return nil, "The URL has white space or a control character in it. If it is read from a file, wrap it in trimspace(); otherwise write a space as %20."
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, "The URL cannot be read: " + whatIsWrongWithURL(err) + ". " + example
	case u.Scheme == "":
		return nil, "The URL does not say how to get there: it lacks https:// at its beginning. " + example
	case !strings.EqualFold(u.Scheme, "https") && !strings.EqualFold(u.Scheme, "http"):
		return nil, fmt.Sprintf("Kanbert delivers to https and http URLs alone, and the scheme of this one is %q. %s", u.Scheme, example)
	case u.Hostname() == "":
		return nil, "The URL names no host. " + example
	case !validPort(u.Port()):
		return nil, "The port of the URL is out of range: ports go from 1 to 65535."
	case u.User != nil:
		return nil, "The URL has a user name or a password in it, which Kanbert does not send to receivers. Let the receiver verify the signature of deliveries instead, with signature_secret_key."
	}
	if n := utf8.RuneCountInString(raw); n > kanbert.MaxURLLength {
		return nil, fmt.Sprintf("The URL has %d characters, and Kanbert takes at most %d. Shorten its path or its query.", n, kanbert.MaxURLLength)
	}
	return u, ""
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// eventValidator checks the name of an event. An event that the API may have got
// since this release is no error, so that it needs no new release.
type eventValidator struct{}

var _ validator.String = eventValidator{}

func (eventValidator) Description(context.Context) string {
	return "must be an event of Kanbert: " + eventNames()
}

func (v eventValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (eventValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	event := kanbert.Event(req.ConfigValue.ValueString())
	switch meant := meantEvent(event); {
	case event.Known():
	case meant != "":
		resp.Diagnostics.AddAttributeError(req.Path, "Unknown event", fmt.Sprintf(
			"There is no event %q. Did you mean %q? The events are %s.", event, meant, eventNames()))
	case event.WellFormed():
		resp.Diagnostics.AddAttributeWarning(req.Path, "Event not known to this version of the provider", fmt.Sprintf(
			"The event %q is none of those that Kanbert documents: %s. It is passed on as written, in case Kanbert has it by now. If not, Kanbert will refuse it, or nothing will have it.", event, eventNames()))
	default:
		resp.Diagnostics.AddAttributeError(req.Path, "Unknown event", fmt.Sprintf(
			"There is no event %q. An event is a noun and a verb with a colon between them. The events are %s.", event, eventNames()))
	}
}

// eventNames lists the events of the API reference in a sentence.
func eventNames() string {
	names := eventTexts()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func eventTexts() []string {
	var names []string
	for _, e := range kanbert.Events() {
		names = append(names, string(e))
	}
	return names
}

// verbHabits are verbs of other APIs, and what Kanbert calls them.
var verbHabits = map[string]string{
	"creates": "create", "created": "create", "add": "create", "added": "create", "new": "create", "insert": "create", "inserted": "create",
	"updates": "update", "updated": "update", "change": "update", "changed": "update", "edit": "update", "edited": "update", "modify": "update", "modified": "update",
	"deletes": "delete", "deleted": "delete", "remove": "delete", "removed": "delete", "destroy": "delete", "destroyed": "delete",
}

// nounHabits are other forms of Kanbert's nouns.
var nounHabits = map[string]string{"contacts": "contact", "companies": "company", "tasks": "task", "comments": "comment"}

// nounsOfTheirOwn look like a mistyped noun of Kanbert and may well become an
// event: they are not corrected.
var nounsOfTheirOwn = map[string]bool{"contract": true}

// meantEvent returns the event that the writer of e most likely meant, if e is
// none itself but nearly one: another form of the words, another separator, or
// one slip of the fingers in each word.
func meantEvent(e kanbert.Event) kanbert.Event {
	text := strings.ToLower(strings.TrimSpace(string(e)))
	at := strings.IndexAny(text, ":._-/ ")
	if at < 0 {
		return ""
	}
	noun, verb := text[:at], strings.Trim(text[at+1:], ":._-/ ")
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

// isSlip reports whether text is word, or one slip of the fingers away from it.
func isSlip(text, word string) bool { return filter.Distance(text, word) <= 1 }

// scopeValidator checks the id of the project or the client that a webhook is
// scoped to.
type scopeValidator struct {
	noun  string
	unset string // what the argument is left out for
}

var _ validator.String = scopeValidator{}

func (v scopeValidator) Description(context.Context) string {
	return "must be the id of a " + v.noun + ", and not empty"
}

func (v scopeValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v scopeValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || strings.TrimSpace(req.ConfigValue.ValueString()) != "" {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Empty "+v.noun, fmt.Sprintf(
		"The id of the %s is empty. Leave the argument out, or set it to null, %s.", v.noun, v.unset))
}
