// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// textFields returns the names of the fields of a struct that hold a text.
func textFields(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		if field.Type.Kind() == reflect.String {
			names = append(names, field.Name)
		}
	}
	return names
}

// withOneField returns a T whose field of that name holds a text.
func withOneField[T any](name string) (*T, string) {
	var v T
	text := "the text of " + name
	reflect.ValueOf(&v).Elem().FieldByName(name).SetString(text)
	return &v, text
}

// TestEveryFieldIsAnArgument fails if a field of what a create asks for is missing
// from the table, or stands there for another field. What the table forgets is not
// sent; or it is not compared, and a stranger's webhook counts as one's own.
func TestEveryFieldIsAnArgument(t *testing.T) {
	names := textFields(reflect.TypeFor[NewWebhook]())
	if n := reflect.TypeFor[NewWebhook]().NumField(); n != len(names) || n != len(arguments) {
		t.Fatalf("NewWebhook has %d fields, %d of them texts, and the table %d", n, len(names), len(arguments))
	}
	taken := map[string]string{}
	for _, field := range names {
		asked, text := withOneField[NewWebhook](field)
		found, _ := withOneField[Webhook](field)
		for _, a := range arguments {
			if got := a.asked(asked); got == "" {
				continue
			} else if got != text || *a.stored(found) != text {
				t.Errorf("%s is asked for as %q, and stored as %q, want %q", a.name, got, *a.stored(found), text)
			}
			taken[a.name] = field
		}
		if !found.isWhatWasAsked(asked) {
			t.Errorf("%s: a webhook that has it is not what was asked for", field)
		}
		if (&Webhook{}).isWhatWasAsked(asked) || found.isWhatWasAsked(&NewWebhook{}) {
			t.Errorf("%s: a webhook without it is what was asked for", field)
		}
		var filled Webhook
		if filled.fill(asked); filled != *found {
			t.Errorf("%s: an empty answer is filled as %+v", field, filled)
		}
		body, err := json.Marshal(asked)
		if err != nil || !strings.Contains(string(body), `:"`+text+`"`) {
			t.Errorf("%s is sent as %s, %v", field, body, err)
		}
	}
	if len(taken) != len(arguments) {
		t.Errorf("the fields are the arguments %v", slices.Sorted(maps.Keys(taken)))
	}
}

// TestEveryArgumentIsRead gives each argument alone in an answer.
func TestEveryArgumentIsRead(t *testing.T) {
	for _, a := range arguments {
		var data webhookData
		if err := json.Unmarshal([]byte(`{"id":"x","created_at":"2026-01-02T03:04:05Z","`+a.name+`":"a text"}`), &data); err != nil {
			t.Fatal(err)
		}
		w := data.webhook()
		missing := w.missingFields()
		if *a.stored(&w) != "a text" || slices.Contains(missing, a.name) || len(missing) != len(arguments)-1 {
			t.Errorf("%s is read as %+v, without %q", a.name, w, missing)
		}
	}
}

// TestValuesOfAnswers has the forms that a field may have, and those that count as
// a field that is missing.
func TestValuesOfAnswers(t *testing.T) {
	for _, a := range arguments {
		for value, missing := range map[string]bool{
			`"x"`: false, `""`: !a.optional, `null`: !a.optional, `7`: true, `{}`: true, `[]`: true, `["x"]`: true, `true`: true,
		} {
			var data webhookData
			if err := json.Unmarshal([]byte(`{"`+a.name+`":`+value+`}`), &data); err != nil {
				t.Fatal(err)
			}
			w := data.webhook()
			if got := slices.Contains(w.missingFields(), a.name); got != missing || (w.Complete() == nil) {
				t.Errorf("%s of %s: missing is %t, want %t", a.name, value, got, missing)
			}
			if text := *a.stored(&w); text != strings.Trim(value, `"`) && text != "" || missing && text != "" {
				t.Errorf("%s of %s is read as %q", a.name, value, text)
			}
			if odd := strings.ContainsAny(value, "7{[t"); data.hasOdd() != odd {
				t.Errorf("%s of %s: odd is %t", a.name, value, !odd)
			}
		}
	}
}

// TestBodyOfACreate expects what is empty to be left out, and what is there to be
// escaped.
func TestBodyOfACreate(t *testing.T) {
	for want, w := range map[string]NewWebhook{
		`{"url":"","event":""}`:                                            {},
		`{"url":"https://x/","event":"task:create"}`:                       {URL: "https://x/", Event: TaskCreate},
		`{"url":"u","event":"e","project_id":"p"}`:                         {URL: "u", Event: "e", ProjectID: "p"},
		`{"url":"u","event":"e","client_id":"c"}`:                          {URL: "u", Event: "e", ClientID: "c"},
		`{"url":"\"","event":"\n","project_id":"\\","client_id":"\u0026"}`: {URL: `"`, Event: "\n", ProjectID: `\`, ClientID: "&"},
	} {
		if body, err := json.Marshal(w); err != nil || string(body) != want {
			t.Errorf("%+v is sent as %s, %v", w, body, err)
		}
	}
}
