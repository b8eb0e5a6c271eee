// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The shapes of the wire (API reference, schemas WebhookData and
// WebhookCreateData). A pointer that stays nil is a field that was absent or
// null; for those that may be null, nullable tells the two apart. What else an
// answer holds is passed over.
type (
	webhookData struct {
		ID        *string    `json:"id"`
		URL       *string    `json:"url"`
		Event     *Event     `json:"event"`
		ProjectID nullable   `json:"project_id"`
		ClientID  nullable   `json:"client_id"`
		CreatedAt *timestamp `json:"created_at"`
	}

	createdData struct {
		webhookData
		SignatureSecretKey Secret `json:"signature_secret_key"`
	}

	// listedData is a webhook in a list. No field but its id is needed to read the
	// list, so an odd one spoils neither its page nor its record.
	listedData struct {
		ID        lenient[string]    `json:"id"`
		URL       lenient[string]    `json:"url"`
		Event     lenient[Event]     `json:"event"`
		ProjectID lenient[string]    `json:"project_id"`
		ClientID  lenient[string]    `json:"client_id"`
		CreatedAt lenient[timestamp] `json:"created_at"`
	}

	pageData struct {
		Data *[]listedData `json:"data"`
		Meta *struct {
			PerPage    json.RawMessage `json:"per_page"`
			NextCursor nullable        `json:"next_cursor"`
		} `json:"meta"`
	}

	newWebhookData struct {
		URL       string `json:"url"`
		ProjectID string `json:"project_id,omitempty"`
		ClientID  string `json:"client_id,omitempty"`
		Event     Event  `json:"event"`
	}
)

// nullable is a text that may be null and must not be absent.
type nullable struct {
	present bool
	text    string
}

// UnmarshalJSON implements [json.Unmarshaler]; encoding/json calls it for null
// as well.
func (n *nullable) UnmarshalJSON(data []byte) error {
	n.present = true
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text != nil {
		n.text = *text
	}
	return nil
}

// lenient is a value that may be absent, null or of another type.
type lenient[T any] struct {
	value T
	// read says that it was there and of its type, null that it was null.
	read, null bool
}

// UnmarshalJSON implements [json.Unmarshaler]. It returns no error.
func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		l.null = true
		return nil
	}
	if err := json.Unmarshal(data, &l.value); err == nil {
		l.read = true
	}
	return nil
}

// webhook returns what w holds. What it lacks is left empty, and noted.
func (w *listedData) webhook() Webhook {
	result := Webhook{
		ID:        w.ID.value,
		URL:       w.URL.value,
		Event:     w.Event.value,
		ProjectID: w.ProjectID.value,
		ClientID:  w.ClientID.value,
		CreatedAt: w.CreatedAt.value.Time,
	}
	for i, ok := range [len(webhookFields)]bool{
		w.URL.read && result.URL != "",
		w.Event.read && result.Event != "",
		w.ProjectID.read || w.ProjectID.null,
		w.ClientID.read || w.ClientID.null,
		w.CreatedAt.read,
	} {
		if !ok {
			result.missing |= 1 << i
		}
	}
	return result
}

// timestamp is a time in any form of RFC 3339.
type timestamp struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler].
func (t *timestamp) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := parseTime(text)
	t.Time = parsed
	return err
}

// parseTime reads what RFC 3339 allows and [time.RFC3339] does not: "t" and "z"
// in lower case, a space for the "T", and the 60th second of a leap second.
func parseTime(text string) (time.Time, error) {
	const separator, second = len("2006-01-02"), len("2006-01-02T15:04:")
	b := []byte(strings.ToUpper(text))
	if len(b) > separator && b[separator] == ' ' {
		b[separator] = 'T'
	}
	leap := time.Duration(0)
	if len(b) > second+2 && string(b[second:second+2]) == "60" {
		copy(b[second:], "59")
		leap = time.Second
	}
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return time.Time{}, errors.New("it is not a time in a form of RFC 3339")
	}
	return t.Add(leap).UTC(), nil
}

// missing names the required fields that w lacks.
func (w *webhookData) missing() []string {
	var names []string
	for _, field := range []struct {
		name   string
		absent bool
	}{
		{"id", w.ID == nil || *w.ID == ""},
		{"url", w.URL == nil || *w.URL == ""},
		{"client_id", !w.ClientID.present},
		{"project_id", !w.ProjectID.present},
		{"event", w.Event == nil || *w.Event == ""},
		{"created_at", w.CreatedAt == nil},
	} {
		if field.absent {
			names = append(names, field.name)
		}
	}
	return names
}

// webhook returns what w holds; what it lacks is left empty.
func (w *webhookData) webhook() Webhook {
	result := Webhook{ProjectID: w.ProjectID.text, ClientID: w.ClientID.text}
	if w.ID != nil {
		result.ID = *w.ID
	}
	if w.URL != nil {
		result.URL = *w.URL
	}
	if w.Event != nil {
		result.Event = *w.Event
	}
	if w.CreatedAt != nil {
		result.CreatedAt = w.CreatedAt.Time
	}
	return result
}

// decode reads the body of an answer into v.
func (a *response) decode(v any) error {
	if !looksLikeJSON(a.header) {
		e := a.malformed("")
		e.Kind = ErrNotJSON
		return e
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		e := a.malformed("the answer is empty")
		e.cut = true
		return e
	}
	err := json.Unmarshal(a.body, v)
	if err == nil {
		return nil
	}
	// The errors of encoding/json may quote the body.
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<")):
		e := a.malformed("")
		e.Kind = ErrNotJSON
		return e
	case errors.As(err, &syntax):
		e := a.malformed("the answer breaks off or is no JSON, at byte %d of %d", syntax.Offset, len(a.body))
		e.cut = syntax.Offset >= int64(len(a.body))
		return e
	case errors.As(err, &wrongType) && wrongType.Field != "":
		// The path begins with the Go name of an embedded struct.
		return a.malformed("the field %q is of the wrong type", strings.TrimPrefix(wrongType.Field, "webhookData."))
	case errors.As(err, &wrongType):
		return a.malformed("the answer is no JSON object of the kind that was expected")
	default:
		return a.malformed("a field of the answer cannot be read: %v", err)
	}
}

// decodeFields decodes the answer to a create field by field, and leaves empty
// what cannot be read. It returns nil if body is no JSON object.
func decodeFields(body []byte) *createdData {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	var data createdData
	for name, target := range map[string]any{
		"id":                   &data.ID,
		"url":                  &data.URL,
		"event":                &data.Event,
		"project_id":           &data.ProjectID,
		"client_id":            &data.ClientID,
		"created_at":           &data.CreatedAt,
		"signature_secret_key": &data.SignatureSecretKey,
	} {
		if raw, ok := fields[name]; ok {
			_ = json.Unmarshal(raw, target)
		}
	}
	return &data
}

// malformed makes the error for a 2xx that cannot be used.
func (a *response) malformed(format string, args ...any) *APIError {
	return &APIError{
		StatusCode:    a.status,
		Message:       fmt.Sprintf(format, args...),
		RequestID:     requestID(a.header),
		Method:        a.call.method,
		Path:          a.call.template,
		URL:           a.call.url,
		BaseURLSource: a.call.baseURLSource,
		Kind:          ErrMalformed,
	}
}

// missing makes the error for required fields that are not there.
func (a *response) missing(where string, names []string) *APIError {
	for i, name := range names {
		names[i] = fmt.Sprintf("%q", where+name)
	}
	return a.malformed("the answer lacks the required field %s", strings.Join(names, " and "))
}
