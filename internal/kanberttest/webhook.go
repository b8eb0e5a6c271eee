// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxURLLength is in characters (API reference, POST /webhooks: "<= 180
// characters").
const maxURLLength = 180

// events are those of the API reference, schema WebhookEvent.
var events = []string{
	"contact:create", "contact:update", "contact:delete",
	"company:create", "company:update", "company:delete",
	"task:create", "task:update", "task:delete",
	"comment:create",
}

// Events returns the events that the sandbox knows without
// [WithExtraEvents], in the order of the API reference.
func Events() []string { return slices.Clone(events) }

// create answers POST /webhooks.
func (s *Sandbox) create(r *Request, now time.Time) reply {
	in := readInput(r)
	var faults invalid
	w := Webhook{
		URL:       in.url(&faults),
		ProjectID: in.optional("project_id", &faults),
		ClientID:  in.optional("client_id", &faults),
		Event:     in.event(slices.Concat(events, s.config.extraEvents), &faults),
		CreatedAt: now,
	}
	noun, _, _ := strings.Cut(w.Event, ":")
	if (noun == "task" || noun == "comment") && in["project_id"] == nil {
		faults.add("project_id", "The project id field is required when event is %s.", w.Event)
	}
	if s.config.respell {
		w.URL = respell(w.URL)
	}
	taken := w.URL != "" && s.store.holder(w.URL) != nil
	const takenText = "The url has already been taken."
	if taken && (s.config.conflictStatus == http.StatusUnprocessableEntity || faults.errors != nil) {
		faults.add("url", takenText)
	}
	if faults.errors != nil {
		return r.errorReply(http.StatusUnprocessableEntity, faults.body())
	}
	if taken {
		return r.fail(s.config.conflictStatus, takenText)
	}
	w = s.complete(w)
	s.store.insert(w)
	body := s.webhookData(w)
	body["signature_secret_key"] = w.Secret
	return jsonReply(s.config.createStatus, body)
}

// delete answers DELETE /webhooks/{id}.
func (s *Sandbox) delete(r *Request, id string) reply {
	if !s.store.remove(id) {
		return r.fail(http.StatusNotFound, `No query results for model [App\Models\Webhook] %s`, id)
	}
	return bodilessReply(s.config.deleteStatus)
}

// webhookData gives w as the list does (API reference, schema WebhookData).
func (s *Sandbox) webhookData(w Webhook) map[string]any {
	data := map[string]any{
		"id":         w.ID,
		"url":        w.URL,
		"client_id":  orNull(w.ClientID),
		"project_id": orNull(w.ProjectID),
		"event":      w.Event,
		"created_at": w.CreatedAt.Format(s.config.timeFormat),
	}
	if s.config.extraFields {
		data["is_active"] = !w.Inactive
		data["headers"] = []any{map[string]any{"name": "X-Extra", "value": 1.5}}
	}
	return data
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// input holds the fields of a create. A missing field and null are the same.
type input map[string]any

// readInput reads the body as Laravel does: one that is not declared as JSON, or
// is none, has no fields; texts are trimmed, and an empty one is null.
func readInput(r *Request) input {
	in := input{}
	if !isJSON(r.Header.Get("Content-Type")) || json.Unmarshal(r.Body, &in) != nil {
		return input{}
	}
	for name, value := range in {
		text, ok := value.(string)
		if !ok {
			continue
		}
		in[name] = orNull(strings.TrimSpace(text))
	}
	return in
}

// url returns the URL, or nothing if there is none that could be taken.
func (in input) url(faults *invalid) string {
	if in["url"] == nil {
		faults.add("url", "The url field is required.")
		return ""
	}
	text, ok := in["url"].(string)
	if !ok {
		faults.add("url", "The url field must be a string.")
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(text, " \t\r\n") {
		faults.add("url", "The url field must be a valid URL.")
	}
	if utf8.RuneCountInString(text) > maxURLLength {
		faults.add("url", "The url field must not be greater than %d characters.", maxURLLength)
	}
	return text
}

func (in input) optional(field string, faults *invalid) string {
	text, ok := in[field].(string)
	if !ok && in[field] != nil {
		faults.add(field, "The %s field must be a string.", strings.ReplaceAll(field, "_", " "))
	}
	return text
}

func (in input) event(known []string, faults *invalid) string {
	if in["event"] == nil {
		faults.add("event", "The event field is required.")
		return ""
	}
	text, _ := in["event"].(string)
	if !slices.Contains(known, text) {
		faults.add("event", "The selected event is invalid.")
		return ""
	}
	return text
}

// respell gives raw in a spelling that means the same, see [WithRespelledURLs].
func respell(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return raw
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	at := strings.LastIndexByte(authority, '@') + 1
	if !strings.HasPrefix(tail, "/") {
		tail = "/" + tail
	}
	return scheme + "://" + authority[:at] + strings.ToLower(authority[at:]) + tail
}
