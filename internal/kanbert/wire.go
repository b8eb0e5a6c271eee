// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// The shapes of the wire (API reference, schemas WebhookData and
// WebhookCreateData). What else an answer holds is ignored.
type (
	// webhookData is a webhook in a list, and in the answer to a create. An odd
	// field spoils neither its page nor its record: a field that cannot be read
	// counts as missing, and the caller decides whether it is needed.
	webhookData struct {
		ID        lenient[string]    `json:"id"`
		URL       lenient[string]    `json:"url"`
		Event     lenient[string]    `json:"event"`
		ProjectID lenient[string]    `json:"project_id"`
		ClientID  lenient[string]    `json:"client_id"`
		CreatedAt lenient[timestamp] `json:"created_at"`
	}

	createdData struct {
		webhookData
		SignatureSecretKey lenient[Secret] `json:"signature_secret_key"`
	}

	pageData struct {
		Data *[]webhookData `json:"data"`
		Meta *struct {
			PerPage    json.RawMessage `json:"per_page"`
			NextCursor nullable        `json:"next_cursor"`
		} `json:"meta"`
	}
)

// scratch has slices for the data of a page, *[]webhookData, empty and with a
// capacity, so that not each page lets one grow.
var scratch sync.Pool

// maxScratch is the largest slice that is kept for other pages, in webhooks.
const maxScratch = 1000

// keepScratch keeps a slice for other pages.
func keepScratch(list *[]webhookData) {
	if n := cap(*list); n == 0 || n > maxScratch {
		return
	}
	// encoding/json leaves a field alone that an element lacks.
	clear((*list)[:cap(*list)])
	*list = (*list)[:0]
	scratch.Put(list)
}

// withPageData decodes a page for read, which must keep nothing of its slice.
func withPageData(a *response, read func(*pageData) (*Page, error)) (*Page, error) {
	list, ok := scratch.Get().(*[]webhookData)
	if !ok {
		list = new(make([]webhookData, 0, DefaultPageSize))
	}
	defer keepScratch(list)
	data := pageData{Data: list}
	if err := a.decode(&data); err != nil {
		return nil, err
	}
	// An empty array becomes a new slice, without a capacity: the one that was
	// lent is empty only if there was no array.
	if data.Data == list && len(*list) == 0 && cap(*list) > 0 {
		data.Data = nil
	}
	return read(&data)
}

// nullable is a text that may be null and must not be absent.
type nullable struct {
	present bool
	text    string
}

// UnmarshalJSON implements [json.Unmarshaler]; encoding/json calls it for null
// as well.
func (n *nullable) UnmarshalJSON(data []byte) error {
	n.present = true
	if string(data) == "null" {
		return nil
	}
	var err error
	n.text, err = readText(data)
	return err
}

// readText reads a value as [json.Unmarshal] reads a text. Nearly all are plain, and
// a call of it for each field would be most of what a list allocates.
func readText(data []byte) (string, error) {
	if n := len(data); n >= 2 && data[0] == '"' && data[n-1] == '"' && !slices.ContainsFunc(data[1:n-1], needsDecoder) {
		return string(data[1 : n-1]), nil
	}
	var text string
	err := json.Unmarshal(data, &text)
	return text, err
}

// needsDecoder reports whether a byte inside a JSON text may stand for another, or
// not be allowed.
func needsDecoder(b byte) bool { return b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf }

// lenient is a value that may be absent, null or of another type.
type lenient[T any] struct {
	value T
	// read says that it was there and of its type, null that it was null, and odd
	// that it could not be read.
	read, null, odd bool
}

// UnmarshalJSON implements [json.Unmarshaler]. It returns no error.
func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	*l = lenient[T]{}
	if string(data) == "null" {
		l.null = true
		return nil
	}
	if l.read = readValue(data, &l.value) == nil; !l.read {
		*l = lenient[T]{odd: true}
	}
	return nil
}

// readValue is [json.Unmarshal] of what encoding/json has found valid, without
// another decoder where none is needed.
func readValue(data []byte, v any) (err error) {
	switch v := v.(type) {
	case *string:
		*v, err = readText(data)
		return err
	case json.Unmarshaler:
		return v.UnmarshalJSON(data)
	default:
		return json.Unmarshal(data, v)
	}
}

// webhook returns what w holds.
func (w *webhookData) webhook() (result Webhook) {
	w.store(&result)
	return result
}

// store makes result what w holds. What w lacks is left empty, and noted.
func (w *webhookData) store(result *Webhook) {
	*result = Webhook{ID: w.ID.value, CreatedAt: w.CreatedAt.value.Time}
	for i := range arguments {
		a := &arguments[i]
		field := a.answered(w)
		*a.stored(result) = field.value
		if !(field.read && (a.optional || field.value != "") || field.null && a.optional) {
			result.missing |= 1 << i
		}
	}
	if !w.CreatedAt.read {
		result.missing |= missingCreatedAt
	}
}

// hasOdd reports whether a field beside the id is there and cannot be read.
func (w *webhookData) hasOdd() bool {
	return w.CreatedAt.odd || slices.ContainsFunc(arguments[:], func(a argument) bool { return a.answered(w).odd })
}

// timestamp is a time in any form of RFC 3339.
type timestamp struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler].
func (t *timestamp) UnmarshalJSON(data []byte) error {
	// The usual form needs no copy of the text.
	if t.Time.UnmarshalJSON(data) == nil {
		t.Time = t.UTC()
		return nil
	}
	text, err := readText(data)
	if err != nil {
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
	if seconds := b[min(second, len(b)):]; bytes.HasPrefix(seconds, []byte("60")) {
		copy(seconds, "59")
		leap = time.Second
	}
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return time.Time{}, errors.New("it is not a time in a form of RFC 3339")
	}
	return t.Add(leap).UTC(), nil
}

// decode reads the body of an answer into v.
func (a *response) decode(v any) error {
	if !looksLikeJSON(a.header) {
		e := a.malformed("")
		e.Kind = ErrNotJSON
		return e
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		e := a.malformed("the response is empty")
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
		e := a.malformed("the response is incomplete or invalid JSON, at byte %d of %d", syntax.Offset, len(a.body))
		e.cut = syntax.Offset >= int64(len(a.body))
		return e
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return a.malformed("the field %q is of the wrong type", wrongType.Field)
	default:
		return a.malformed("the response is not a JSON object with the expected fields")
	}
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
	return a.malformed("the response lacks the required field %s", quotedNames(where, names))
}

// quotedNames joins the names of fields for a text.
func quotedNames(where string, names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(where + name)
	}
	return strings.Join(quoted, " and ")
}
