// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The types below read what those without "slow" read, with encoding/json alone.
type (
	slowLenient[T any] struct{ read lenient[T] }
	slowTimestamp      struct{ timestamp }
	slowWebhookData    struct {
		ID        slowLenient[string]        `json:"id"`
		URL       slowLenient[string]        `json:"url"`
		Event     slowLenient[string]        `json:"event"`
		ProjectID slowLenient[string]        `json:"project_id"`
		ClientID  slowLenient[string]        `json:"client_id"`
		CreatedAt slowLenient[slowTimestamp] `json:"created_at"`
	}
	slowNullable struct{ nullable }
	slowPageData struct {
		Data *[]slowWebhookData `json:"data"`
		Meta *struct {
			PerPage    json.RawMessage `json:"per_page"`
			NextCursor slowNullable    `json:"next_cursor"`
		} `json:"meta"`
	}
)

func (l *slowLenient[T]) UnmarshalJSON(data []byte) error {
	l.read = lenient[T]{}
	if string(data) == "null" {
		l.read.null = true
		return nil
	}
	l.read.read = json.Unmarshal(data, &l.read.value) == nil
	if !l.read.read {
		l.read = lenient[T]{odd: true}
	}
	return nil
}

func (t *slowTimestamp) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := parseTime(text)
	t.Time = parsed
	return err
}

func (n *slowNullable) UnmarshalJSON(data []byte) error {
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

func (w *slowWebhookData) fast() webhookData {
	at := w.CreatedAt.read
	return webhookData{
		ID: w.ID.read, URL: w.URL.read, Event: w.Event.read, ProjectID: w.ProjectID.read, ClientID: w.ClientID.read,
		CreatedAt: lenient[timestamp]{value: at.value.timestamp, read: at.read, null: at.null, odd: at.odd},
	}
}

func slowReadPage(a *response, cursor string) (*Page, error) {
	var slow slowPageData
	if err := a.decode(&slow); err != nil {
		return nil, err
	}
	var data pageData
	if slow.Data != nil {
		all := []webhookData{}
		for i := range *slow.Data {
			all = append(all, (*slow.Data)[i].fast())
		}
		data.Data = &all
	}
	if slow.Meta != nil {
		data.Meta = &struct {
			PerPage    json.RawMessage `json:"per_page"`
			NextCursor nullable        `json:"next_cursor"`
		}{slow.Meta.PerPage, slow.Meta.NextCursor.nullable}
	}
	return data.page(a, cursor)
}

// checkReading expects a page to be read as encoding/json alone reads it.
func checkReading(t *testing.T, body string) {
	t.Helper()
	a := &response{call: &call{method: http.MethodGet, template: webhooksPath}, status: 200, body: []byte(body)}
	want, wantErr := slowReadPage(a, "here")
	got, err := readPage(a, "here")
	if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Errorf("%.300q is read as\n%+v, %v, want\n%+v, %v", body, got, err, want, wantErr)
	}
}

// oddValues are JSON values of all kinds, and some that are none.
var oddValues = []string{
	`"a"`, `""`, `null`, `7`, `-1.5e300`, `1e999`, `true`, `{}`, `[]`, `["a"]`, `{"a":"b"}`, ` "a" `, `"a`, `a"`, `"`, `nul`, ``,
	`"\""`, `"\\"`, `"a\/b"`, `"\u0061"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\u0000"`, `"\q"`, `"\u00"`, `"\"`,
	"\"a\x00b\"", "\"a\nb\"", "\"a\x7fb\"", "\"a\x80b\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc3\xa9\"", "\"\u2028\"", "\"\ufeff\"", `"😀"`,
	`"null"`, `"a"b"`, `"a" "b"`, `"` + strings.Repeat("a", 1<<16) + `"`, `"` + strings.Repeat(`\n`, 1<<12) + `"`,
	`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.123456789+01:00"`, `"2026-01-02t03:04:05z"`, `"2026-01-02 03:04:05Z"`, `"2026-01-02T03:04:60Z"`,
	`"2026-01-02T3:04:05Z"`, `"2026-01-02T03:04:05,5Z"`, `"2026-01-02T03:04:05+24:00"`, `"2026-02-30T03:04:05Z"`, `"2026\u002d01-02T03:04:05Z"`,
	`"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59-23:59"`, `"2026-01-02"`, `"here"`,
}

// TestOddValues has each odd value in each field of a page, alone, before and after
// a usual one, and in the place of the page's own parts.
func TestOddValues(t *testing.T) {
	const page = `{"data":[{"id":"b","url":"https://receiver.example/b"},{"id":"a",%s}],"meta":{"next_cursor":null}}`
	for _, value := range oddValues {
		for _, name := range []string{"id", "url", "event", "project_id", "client_id", "created_at", "ID", "other"} {
			field := fmt.Sprintf("%q:%s", name, value)
			checkReading(t, fmt.Sprintf(page, field))
			checkReading(t, fmt.Sprintf(page, field+fmt.Sprintf(`,%q:"a"`, name)))
			checkReading(t, fmt.Sprintf(page, fmt.Sprintf(`%q:"a",`, name)+field))
		}
		checkReading(t, value)
		checkReading(t, `{"data":`+value+`,"meta":{"next_cursor":null}}`)
		checkReading(t, `{"data":[`+value+`],"meta":{"next_cursor":null}}`)
		checkReading(t, `{"data":[],"meta":`+value+`}`)
		checkReading(t, `{"data":[],"meta":{"next_cursor":`+value+`}}`)
		checkReading(t, `{"data":[],"meta":{"next_cursor":"a","next_cursor":`+value+`}}`)
		checkReading(t, `{"data":[],"meta":{"next_cursor":null,"per_page":`+value+`}}`)
	}
}

// TestOddData has the parts of a page missing, twice, and in several orders: no page
// may have what was left of one before.
func TestOddData(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"id":"m","url":"https://receiver.example/m","event":"task:create"},`, 3000), ",")
	data := []string{
		``, `"data":[],`, `"data":null,`, `"data":[{}],`, `"data":[{"id":"a"}],`, `"data":[{"id":"a"},{"id":"b","url":"https://receiver.example/"}],`,
		`"data":[{"url":"u"}],`, `"data":[null],`, `"data":{},`, `"data":[` + many[:len(many)/30] + `],`, `"data":[` + many + `],`,
	}
	for _, first := range data {
		for _, second := range data {
			checkReading(t, `{`+first+second+`"meta":{"next_cursor":null}}`)
		}
	}
}

// FuzzReading expects any page to be read as encoding/json alone reads it.
func FuzzReading(f *testing.F) {
	for _, value := range oddValues {
		f.Add(`{"data":[{"id":"a","url":` + value + `,"created_at":` + value + `}],"data":[{}],"meta":{"next_cursor":` + value + `}}`)
	}
	f.Fuzz(checkReading)
}

// TestTexts reads texts outside of a page, where nothing has looked at them before.
func TestTexts(t *testing.T) {
	for _, value := range oddValues {
		var want string
		wantErr := json.Unmarshal([]byte(value), &want)
		if got, err := readText([]byte(value)); got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%.100q is read as %.100q, %v, want %.100q, %v", value, got, err, want, wantErr)
		}
	}
}

// TestAnswersKeepNothing reads other answers after a page, and a page after a secret.
func TestAnswersKeepNothing(t *testing.T) {
	bodies := []string{
		`{"data":[{"id":"first","url":"https://receiver.example/first"}],"meta":{"next_cursor":"first"}}`,
		`{"data":[{"id":"other","url":"https://receiver.example/other"}],"meta":{"next_cursor":"other"}}`,
	}
	c, _ := answering(t, reply{status: 200, body: bodies[0]}, reply{status: 200, body: bodies[1]})
	first, err := c.ListPage(t.Context(), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(first.Webhooks)
	if _, err := c.ListPage(t.Context(), ListOptions{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.Webhooks, before) || before[0].ID != "first" || first.NextCursor != "first" {
		t.Errorf("after another page the first is %+v", first)
	}
	buffer := bytes.NewBufferString("hunter2")
	recycle(buffer)
	if held := buffer.AvailableBuffer()[:7]; bytes.ContainsAny(held, "hunter2") {
		t.Errorf("a buffer for other answers holds %q", held)
	}
}

// TestBuffersThatAreKept expects those up to half a MiB to be kept, empty and
// overwritten, and larger ones not to be touched.
func TestBuffersThatAreKept(t *testing.T) {
	for size, kept := range map[int]bool{1: true, 524_288: true, 524_289: false, 8_388_608: false} {
		held := bytes.Repeat([]byte{'x'}, size)
		buffer := bytes.NewBuffer(held)
		recycle(buffer)
		if (buffer.Len() == 0) != kept || (held[0] == 0) != kept || (held[size-1] == 0) != kept {
			t.Errorf("of %d bytes %d are left: %q", size, buffer.Len(), held[:1])
		}
	}
}

// TestSlicesThatAreKept expects those with room for up to 1000 webhooks to be kept,
// without what they held, and others not to be touched.
func TestSlicesThatAreKept(t *testing.T) {
	for size, kept := range map[int]bool{0: false, 1: true, 1000: true, 1001: false} {
		held := make([]webhookData, size)
		for i := range held {
			held[i].ID.value = "x"
		}
		list := held
		keepScratch(&list)
		if (len(list) == 0) != (kept || size == 0) {
			t.Errorf("of %d webhooks %d are left", size, len(list))
		}
		for i := range held {
			if (held[i].ID.value == "") != kept {
				t.Fatalf("of %d webhooks number %d is %+v", size, i, held[i])
			}
		}
	}
}

// FuzzCanonicalURL expects the short way to a canonical URL to lead where parsing does.
func FuzzCanonicalURL(f *testing.F) {
	for _, raw := range []string{
		"https://receiver.example/a", "http://receiver.example/", "https://a/?q=b#c", "https://a//b?#", "https://a", "https:///a", "https://a:443/", "https://A/", "HTTPS://a/",
		"https://u@a/", "https://a/%41", "https://a/%zz", "https://a/é", "https://a/ b", "https://a/\x7f", "https://é/", "https://[::1]/", "https://-./", "https://a?b/c", "https://a#b/c",
		"https://a\\b/", "https://a/b\\", "https://a/:b@c", "https://1.2.3.4/", "https://a_b/", "ftp://a/", "https://a/<>\"{}|^`", "http://a/[]", "https:/a/", "//a/", "",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if got, want := CanonicalURL(raw), parseCanonicalURL(raw); got != want {
			t.Errorf("%q becomes %q, want %q", raw, got, want)
		}
	})
}

func BenchmarkReadPage(b *testing.B) {
	var list strings.Builder
	for i := range DefaultPageSize {
		fmt.Fprintf(&list, `,{"id":"01HZX%06d","url":"https://hooks.example.com/%05d/theirs","client_id":null,"project_id":null,"event":"contact:create","created_at":"2026-01-02T03:04:05.000000Z"}`, i, i)
	}
	body := `{"data":[` + list.String()[1:] + `],"meta":{"per_page":100,"next_cursor":"abc"}}`
	a := &response{call: &call{method: http.MethodGet, template: webhooksPath}, status: 200, body: []byte(body)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readPage(a, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonicalURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		CanonicalURL("https://hooks.example.com/01234/theirs")
	}
}
