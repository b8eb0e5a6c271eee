// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxURLLength is in characters (API reference, POST /webhooks: "<= 180
// characters").
const maxURLLength = 180

// events are the events of the API reference, schema WebhookEvent.
var events = []string{
	"contact:create", "contact:update", "contact:delete",
	"company:create", "company:update", "company:delete",
	"task:create", "task:update", "task:delete",
	"comment:create",
}

// Events returns the events that the sandbox knows without
// [WithExtraEvents], in the order of the API reference.
func Events() []string { return slices.Clone(events) }

// create handles POST /webhooks. It checks the request, and inserts later.
func (s *Sandbox) create(r *Request, now time.Time) reply {
	w, refusal := s.validate(r, now)
	if refusal != nil {
		return *refusal
	}
	if !r.late && s.waitBeforeInsert(w) {
		now = s.now()
	}
	if s.store.taken(w.SpaceID, w.URL) {
		// The unique index refuses the row. The API does not turn that into a 422.
		return r.fail(http.StatusInternalServerError, "Server Error")
	}
	w.CreatedAt = s.createdAt(now)
	w = s.complete(w)
	s.insert(w, now)
	body := s.webhookData(w)
	body["signature_secret_key"] = w.Secret
	return jsonReply(s.config().createStatus, body)
}

// validate returns the webhook that r describes, or the response that refuses it.
func (s *Sandbox) validate(r *Request, now time.Time) (Webhook, *reply) {
	c := s.config()
	in := readInput(r, c.trimInvisible)
	faults := invalid{locale: c.locale}
	w := Webhook{
		URL:       in.url(&faults),
		ProjectID: in.optional("project_id", &faults),
		ClientID:  in.optional("client_id", &faults),
		Event:     in.event(slices.Concat(events, c.extraEvents), &faults),
		SpaceID:   r.principal.key,
	}
	noun, _, _ := strings.Cut(w.Event, ":")
	if (noun == "task" || noun == "comment") && in["project_id"] == nil {
		faults.add("project_id", ruleRequiredIf, w.Event)
	}
	if c.respell {
		w.URL = respell(w.URL)
	}
	if c.keeps != nil {
		w = c.keeps(w)
	}
	taken := w.URL != "" && s.seemsTaken(w, now)
	if taken && (c.conflictStatus == http.StatusUnprocessableEntity || faults.errors != nil) {
		faults.add("url", ruleUnique)
	}
	if faults.errors != nil {
		a := r.errorReply(http.StatusUnprocessableEntity, faults.body())
		return w, &a
	}
	if taken {
		a := r.fail(c.conflictStatus, "%s", c.locale.text(ruleUnique, "url"))
		return w, &a
	}
	return w, nil
}

// seemsTaken is the check for uniqueness, which may read a replica.
func (s *Sandbox) seemsTaken(w Webhook, now time.Time) bool {
	if !s.config().checksReadReplica {
		return s.store.taken(w.SpaceID, w.URL)
	}
	key := s.store.uniqueKey(w.SpaceID, w.URL)
	if holder := s.store.byURL[key]; holder != nil && holder.listed(now) {
		return true
	}
	for _, r := range s.store.ghosts {
		if s.store.uniqueKey(r.SpaceID, r.URL) == key && r.listed(now) {
			return true
		}
	}
	return s.store.held[key]
}

// waitBeforeInsert lets other requests run between the check and the insert of a
// create, without the lock. It reports whether it released the lock.
func (s *Sandbox) waitBeforeInsert(w Webhook) bool {
	f, delay := s.onInsert, s.config().insertDelay
	if f == nil && delay <= 0 {
		return false
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	if delay > 0 {
		// The server continues an insert after its client has given up.
		<-time.After(delay)
	}
	if f != nil {
		f(s, w)
	}
	return true
}

// insert adds a webhook. Lists show it when the replicas have it.
func (s *Sandbox) insert(w Webhook, now time.Time) {
	var listedFrom time.Time
	if lag := s.config().createLag; lag > 0 {
		listedFrom = now.Add(lag)
	}
	s.store.insert(w, listedFrom)
}

// delete handles DELETE /webhooks/{id}.
func (s *Sandbox) delete(r *Request, id string, now time.Time) reply {
	c := s.config()
	live := s.store.byID[id]
	found := live != nil && live.SpaceID == r.principal.key
	if c.checksReadReplica {
		if ghost := s.store.ghosts[id]; ghost != nil && ghost.SpaceID == r.principal.key && ghost.listed(now) {
			return bodilessReply(c.deleteStatus) // The model is found, but no row is deleted.
		}
		found = found && live.listed(now)
	}
	if !found {
		return r.fail(http.StatusNotFound, `No query results for model [App\Models\Webhook] %s`, id)
	}
	s.remove(r.principal.key, id, now)
	return bodilessReply(c.deleteStatus)
}

// remove deletes a webhook of a workspace, and reports whether there was one. Lists
// show it until the replicas are updated.
func (s *Sandbox) remove(space, id string, now time.Time) bool {
	r := s.store.byID[id]
	if r == nil || r.SpaceID != space {
		return false
	}
	c := s.config()
	var listedUntil time.Time
	if c.deleteLag > 0 {
		listedUntil = now.Add(c.deleteLag)
	}
	if c.softDeletes {
		s.store.held[s.store.uniqueKey(space, r.URL)] = true
	}
	return s.store.remove(id, listedUntil)
}

// createdAt is the created_at of a webhook that is created now.
func (s *Sandbox) createdAt(now time.Time) time.Time {
	if f := s.config().createdAt; f != nil {
		return f(now)
	}
	return now
}

// webhookData returns w as in a list (API reference, schema WebhookData).
func (s *Sandbox) webhookData(w Webhook) map[string]any {
	data := map[string]any{
		"id":         w.ID,
		"url":        w.URL,
		"client_id":  orNull(w.ClientID),
		"project_id": orNull(w.ProjectID),
		"event":      w.Event,
		"created_at": w.CreatedAt.Format(s.config().timeFormat),
	}
	if s.config().extraFields {
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

// input contains the fields of a create. A missing field and null are the same.
type input map[string]any

// readInput reads the body as Laravel does: a body that is not declared as JSON, or
// is not JSON, has no fields. Strings are trimmed, and an empty one is null.
func readInput(r *Request, invisible bool) input {
	in := input{}
	if !isJSON(r.Header.Get("Content-Type")) || json.Unmarshal(r.Body, &in) != nil {
		return input{}
	}
	for name, value := range in {
		text, ok := value.(string)
		if !ok {
			continue
		}
		in[name] = orNull(trim(text, invisible))
	}
	return in
}

// trim works like TrimStrings: it removes the characters of PHP's trim, and in
// newer versions of Laravel invisible characters too.
func trim(text string, invisible bool) string {
	if !invisible {
		return strings.Trim(text, " \t\n\r\x00\x0b")
	}
	return strings.TrimFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(invisibles, c) })
}

// invisibles are the characters that Laravel 11 trims besides white space.
var invisibles = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00, Hi: 0x00, Stride: 1},
		{Lo: 0xad, Hi: 0xad, Stride: 1},
		{Lo: 0x34f, Hi: 0x34f, Stride: 1},
		{Lo: 0x61c, Hi: 0x61c, Stride: 1},
		{Lo: 0x115f, Hi: 0x1160, Stride: 1},
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180e, Hi: 0x180e, Stride: 1},
		{Lo: 0x200b, Hi: 0x200f, Stride: 1},
		{Lo: 0x2060, Hi: 0x2064, Stride: 1},
		{Lo: 0x206a, Hi: 0x206f, Stride: 1},
		{Lo: 0x2800, Hi: 0x2800, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1},
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}, {Lo: 0x1d173, Hi: 0x1d17a, Stride: 1}, {Lo: 0xe0020, Hi: 0xe0020, Stride: 1}},
}

// validURL is Laravel's rule "url" for the two schemes of a receiver: letters and
// digits of every script, but no emoji, and in ASCII no space and none of | { } ^ <
// > " ` \ anywhere.
var validURL = regexp.MustCompile(`(?i)^https?://` +
	`(([_.\pL\pN-]|%[0-9A-F]{2})*(:([_.\pL\pN-]|%[0-9A-F]{2})*)?@)?` +
	`([\pL\pN\pS\-_.]+|\[[0-9A-F:.]+\])(:[0-9]+)?` +
	`(/([\pL\pN\-._~!$&'()*+,;=:@]|%[0-9A-F]{2})*)*` +
	`(\?([\pL\pN\-._~!$&'\[\]()*+,;=:@/?]|%[0-9A-F]{2})*)?` +
	`(#([\pL\pN\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})*)?$`)

// url returns the URL, or "" if no valid one was sent.
func (in input) url(faults *invalid) string {
	if in["url"] == nil {
		faults.add("url", ruleRequired)
		return ""
	}
	text, ok := in["url"].(string)
	if !ok {
		faults.add("url", ruleString)
		return ""
	}
	if !validURL.MatchString(text) {
		faults.add("url", ruleURL)
	}
	if utf8.RuneCountInString(text) > maxURLLength {
		faults.add("url", ruleMax, strconv.Itoa(maxURLLength))
	}
	return text
}

func (in input) optional(field string, faults *invalid) string {
	text, ok := in[field].(string)
	if !ok && in[field] != nil {
		faults.add(field, ruleString)
	}
	return text
}

func (in input) event(known []string, faults *invalid) string {
	if in["event"] == nil {
		faults.add("event", ruleRequired)
		return ""
	}
	text, _ := in["event"].(string)
	if !slices.Contains(known, text) {
		faults.add("event", ruleIn)
		return ""
	}
	return text
}

// respell returns raw in an equivalent spelling, see [WithRespelledURLs].
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
