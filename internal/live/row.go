// SPDX-License-Identifier: MPL-2.0

package live

import (
	"fmt"
	"io"
	"mime"
	"regexp"
	"strings"
	"text/tabwriter"
)

// Verdict is the result of a comparison of an observation with an assumption.
type Verdict string

// The verdicts. Only [Differs] requires a change of the provider.
const (
	// Holds says that the API does what the provider assumes.
	Holds Verdict = "holds"
	// Variant says that the API does something else, which the provider supports.
	Variant Verdict = "variant"
	// Differs says that an assumption of the provider is wrong.
	Differs Verdict = "DIFFERS"
	// Unknown says that it could not be observed.
	Unknown Verdict = "unknown"
)

// Row is one assumption. No field contains a secret, a URL, an id or personal data.
type Row struct {
	// Class is B (stated by a page other than the reference), C (inferred from
	// libraries) or D (measured on the framework).
	Class string
	// Assumption is what the provider assumes, Observed what the API did, and
	// Provider what the provider does about it.
	Assumption, Observed, Provider string
	Verdict                        Verdict
}

// WriteTable writes the rows as a table in Markdown.
func WriteTable(out io.Writer, rows []Row) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| Class\t| Assumption\t| Observed\t| Verdict\t| What the provider does |")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %s |\n", r.Class, r.Assumption, r.Observed, r.Verdict, r.Provider)
	}
	return w.Flush()
}

// redactor removes text that must not leave the machine from a row. No current row
// contains such text: it protects future rows.
type redactor map[string]bool

// minRedacted is the minimum length: a shorter text is part of too many others.
const minRedacted = 4

func (r redactor) add(texts ...string) {
	for _, text := range texts {
		if len(text) >= minRedacted {
			r[text] = true
		}
	}
}

func (r redactor) clean(text string) string {
	for secret := range r {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return strings.NewReplacer("|", "/", "\n", " ", "\r", " ", "\t", " ").Replace(text)
}

// fieldName is the format of a field's name that a row may contain.
var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,30}$`)

// names joins the names that a row may contain.
func names(all []string) string {
	var fit []string
	for _, name := range all {
		if !fieldName.MatchString(name) {
			name = "(an odd name)"
		}
		fit = append(fit, name)
	}
	if len(fit) == 0 {
		return "none"
	}
	return strings.Join(fit, ", ")
}

// shape describes a response without quoting it: "404, JSON with a message".
func (a answer) shape() string {
	return fmt.Sprintf("%d, %s", a.status, a.bodyShape())
}

func (a answer) bodyShape() string {
	if len(a.body) == 0 {
		return "no body"
	}
	if a.isJSON() {
		switch message, ok := a.message(); {
		case !ok:
			return "JSON without a message"
		case message == "":
			return "JSON with an empty message"
		}
		return "JSON with a message"
	}
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || !fieldName.MatchString(strings.ReplaceAll(media, "/", "-")) {
		return "no JSON"
	}
	return media
}
