// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"unique"
)

// redacted replaces a secret wherever one would be rendered.
const redacted = "[redacted]"

// Secret is a text that must not be printed: a token or a signing secret. Every
// rendering of it, by fmt, encoding/json, encoding or log/slog, is "[redacted]".
// The text itself comes out of [Secret.Reveal] alone, so that a search for that
// name finds every place where a secret leaves this type.
type Secret struct {
	// text is not a plain string, because fmt prints the unexported fields of a
	// struct without the methods below. Of a handle it prints an address.
	text unique.Handle[string]
}

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: unique.Make(text)}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s == Secret{} }

// Format implements [fmt.Formatter]. It covers every verb: a Stringer alone
// would leave %#v and %x to print the field.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements [fmt.Stringer].
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return redacted }

// MarshalText implements [encoding.TextMarshaler].
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements [json.Marshaler].
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// UnmarshalJSON implements [json.Unmarshaler]. A JSON null leaves s empty.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		// The error of encoding/json may quote its input.
		return fmt.Errorf("a secret is not a string")
	}
	if text != nil {
		*s = NewSecret(*text)
	}
	return nil
}

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
