// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/template"
)

// secretHolder has secrets in every place where a struct can have them.
type secretHolder struct {
	Plain    Secret
	Pointer  *Secret
	hidden   Secret
	List     []Secret
	Map      map[string]Secret
	Keys     map[Secret]string `json:"-" xml:"-"`
	Any      any
	Embedded struct{ Secret }
}

// TestSecretIsNeverRendered renders a secret in every way that the standard library
// has, alone and inside of other values.
func TestSecretIsNeverRendered(t *testing.T) {
	const text = "hunter2-hunter2"
	s := NewSecret(text)
	holder := secretHolder{
		Plain: s, Pointer: &s, hidden: s, List: []Secret{s}, Map: map[string]Secret{"a": s}, Keys: map[Secret]string{s: "a"}, Any: s,
		Embedded: struct{ Secret }{s},
	}
	client, err := New(WithToken(s))
	if err != nil {
		t.Fatal(err)
	}
	rendered := map[string]string{}
	values := map[string]any{
		"value": s, "pointer": &s, "struct": holder, "pointer to a struct": &holder, "list": []Secret{s}, "any": []any{s},
		"webhook": CreatedWebhook{SignatureSecretKey: s}, "pointer to a webhook": &CreatedWebhook{SignatureSecretKey: s},
		"client": client, "answer": createdData{SignatureSecretKey: lenient[Secret]{value: s, read: true}},
	}
	for name, v := range values {
		for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
			for _, flags := range []string{"", "+", "#", "-30", "010", ".3", " "} {
				format := "%" + flags + string(verb)
				rendered[name+" "+format] = fmt.Sprintf(format, v)
			}
		}
		rendered[name+" Sprint"] = fmt.Sprint(v)
		rendered[name+" Sprintln"] = fmt.Sprintln(v)
		rendered[name+" Append"] = string(fmt.Append(nil, v))
		rendered[name+" Errorf"] = fmt.Errorf("%v: %w", v, errors.New("x")).Error()
		rendered[name+" Join"] = errors.Join(fmt.Errorf("%v", v)).Error()
		var out bytes.Buffer
		log.New(&out, "", 0).Print(v)
		for _, h := range []slog.Handler{
			slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), slog.NewJSONHandler(&out, nil),
		} {
			slog.New(h).Info("x", slog.Any("any", v), slog.Group("g", slog.Any("v", v)))
		}
		_ = template.Must(template.New("").Parse("{{.}} {{printf `%s` .}} {{printf `%q` .}}")).Execute(&out, v)
		rendered[name+" writers"] = out.String()
		if name != "client" {
			data, _ := json.Marshal(v)
			indented, _ := json.MarshalIndent(v, "", " ")
			x, _ := xml.Marshal(v)
			rendered[name+" encoders"] = string(data) + string(indented) + string(x)
		}
		var g bytes.Buffer
		_ = gob.NewEncoder(&g).Encode(v)
		rendered[name+" gob"] = g.String()
	}
	keys, err := json.Marshal(map[Secret]int{s: 1})
	if err != nil {
		t.Error(err)
	}
	rendered["keys"] = string(keys)
	textual, err := s.MarshalText()
	if err != nil {
		t.Error(err)
	}
	rendered["text"], rendered["string"], rendered["goString"], rendered["slog"] = string(textual), s.String(), s.GoString(), s.LogValue().String()

	forms := map[string]string{
		"text": text, "a part": "hunter2", "hex": hex.EncodeToString([]byte(text)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(text))),
		"base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(text)), "="), "bytes": fmt.Sprintf("%d", []byte(text)), "spaced hex": fmt.Sprintf("% x", text),
	}
	for how, got := range rendered {
		for form, secret := range forms {
			if strings.Contains(got, secret) {
				t.Errorf("%s shows the %s of the secret: %q", how, form, got)
			}
		}
	}
	for _, how := range []string{"value %v", "value %+v", "value %#v", "value %s", "value %q", "value %x", "value Sprint", "text", "string", "goString", "slog"} {
		if rendered[how] != "[redacted]" {
			t.Errorf("%s gives %q", how, rendered[how])
		}
	}
	if got := rendered["keys"]; got != `{"[redacted]":1}` {
		t.Errorf("as a key it is %s", got)
	}
	if data, err := json.Marshal(s); err != nil || string(data) != `"[redacted]"` {
		t.Errorf("as JSON it is %s, %v", data, err)
	}
	if s.Reveal() != text || s.IsZero() || !NewSecret("").IsZero() {
		t.Error("the text itself is not to be had")
	}
}

// TestWaysOutOfASecret has all methods: a package that finds another one may render
// the text with it.
func TestWaysOutOfASecret(t *testing.T) {
	var names []string
	for method := range reflect.TypeFor[*Secret]().Methods() {
		names = append(names, method.Name)
	}
	if want := []string{"Format", "GoString", "IsZero", "LogValue", "MarshalJSON", "MarshalText", "Reveal", "String", "UnmarshalJSON"}; !slices.Equal(names, want) {
		t.Errorf("the methods are %q, want %q", names, want)
	}
}

// TestSecretIsRead has every kind of JSON value. No error quotes its input.
func TestSecretIsRead(t *testing.T) {
	for input, want := range map[string]string{`"hunter2"`: "hunter2", `""`: "", `null`: "", `"\u0068unter2"`: "hunter2"} {
		var s Secret
		if err := json.Unmarshal([]byte(input), &s); err != nil || s.Reveal() != want {
			t.Errorf("%s is read as %q, %v", input, s.Reveal(), err)
		}
	}
	for _, input := range []string{`7`, `true`, `{"hunter2":"hunter2"}`, `["hunter2"]`} {
		var s Secret
		if err := json.Unmarshal([]byte(input), &s); err == nil || strings.Contains(err.Error(), "hunter2") || !s.IsZero() {
			t.Errorf("%s is read as %q, %v", input, s.Reveal(), err)
		}
	}
}
