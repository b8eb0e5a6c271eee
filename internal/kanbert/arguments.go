// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"encoding/json"
	"slices"
)

// argument is one field of the request that creates a webhook. The request, the
// reading of answers and the decision whether a webhook is the one that was asked
// for go through [arguments], so that none of them can forget one.
type argument struct {
	// name is that of the API.
	name string
	// optional arguments are left out of the request if they are empty. In an
	// answer they may be null.
	optional bool
	// asked, answered and stored return the field of what is asked for, of the
	// answer that gives a webhook, and of the webhook.
	asked    func(*NewWebhook) string
	answered func(*webhookData) *lenient[string]
	stored   func(*Webhook) *string
	// same reports whether two values mean the same; nil compares the texts.
	same func(a, b string) bool
}

// arguments are all fields of the request, in the order in which they are sent.
var arguments = [...]argument{
	{
		name:     "url",
		asked:    func(w *NewWebhook) string { return w.URL },
		answered: func(d *webhookData) *lenient[string] { return &d.URL },
		stored:   func(w *Webhook) *string { return &w.URL },
		same:     SameURL,
	},
	{
		name:     "event",
		asked:    func(w *NewWebhook) string { return string(w.Event) },
		answered: func(d *webhookData) *lenient[string] { return &d.Event },
		stored:   func(w *Webhook) *string { return (*string)(&w.Event) },
	},
	{
		name:     "project_id",
		optional: true,
		asked:    func(w *NewWebhook) string { return w.ProjectID },
		answered: func(d *webhookData) *lenient[string] { return &d.ProjectID },
		stored:   func(w *Webhook) *string { return &w.ProjectID },
	},
	{
		name:     "client_id",
		optional: true,
		asked:    func(w *NewWebhook) string { return w.ClientID },
		answered: func(d *webhookData) *lenient[string] { return &d.ClientID },
		stored:   func(w *Webhook) *string { return &w.ClientID },
	},
}

// isArgument reports whether the request has a field of this name.
func isArgument(name string) bool {
	return slices.ContainsFunc(arguments[:], func(a argument) bool { return a.name == name })
}

// MarshalJSON returns the body of the request.
func (w NewWebhook) MarshalJSON() ([]byte, error) {
	var body bytes.Buffer
	separator := byte('{')
	for _, a := range arguments {
		text := a.asked(&w)
		if text == "" && a.optional {
			continue
		}
		value, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		body.WriteByte(separator)
		body.WriteString(`"` + a.name + `":`)
		body.Write(value)
		separator = ','
	}
	body.WriteByte('}')
	return body.Bytes(), nil
}

// isWhatWasAsked reports whether w has each argument as asked has it.
func (w *Webhook) isWhatWasAsked(asked *NewWebhook) bool {
	for _, a := range arguments {
		want, got := a.asked(asked), *a.stored(w)
		if got != want && (a.same == nil || !a.same(got, want)) {
			return false
		}
	}
	return true
}

// fill completes a webhook whose answer lacked arguments with what was asked for.
func (w *Webhook) fill(asked *NewWebhook) {
	for _, a := range arguments {
		if field := a.stored(w); *field == "" {
			*field = a.asked(asked)
		}
	}
}
