// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	// maxMessage is how much of a server's message is kept, in characters: with
	// our own words around it, an error stays on one screen.
	maxMessage = 300
	// maxFieldText is the same for a text about one field.
	maxFieldText = 200
	// maxFields and maxFieldTexts are how many fields of a refusal are kept, and
	// how many texts about each of them.
	maxFields     = 10
	maxFieldTexts = 5
	// minScrubbed is the shortest part of a URL that is taken out of a text where
	// it stands alone. What is shorter is no secret, and is part of other words.
	minScrubbed = 4
)

// scrubber makes texts of a server fit for a terminal and a log: one line, not
// endless, without the token, and without what URLs hold beyond their host.
// Receivers carry passwords in paths and queries, and a refusal may quote them.
type scrubber struct {
	token string
	// parts match what the URLs of one call hold beyond their host.
	parts []*regexp.Regexp
}

// scrubber returns the scrubber for answers to a call. call may be nil.
func (c *Client) scrubber(call *call) *scrubber {
	s := &scrubber{token: c.token.Reveal()}
	if call == nil {
		return s
	}
	for _, part := range privateParts(call.urls()) {
		s.parts = append(s.parts, regexp.MustCompile("(?i)"+regexp.QuoteMeta(part)))
	}
	return s
}

// text returns at most limit characters of text.
func (s *scrubber) text(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, s.token, redacted)
	text = anyURL.ReplaceAllStringFunc(text, hostOnly)
	text = escapedURL.ReplaceAllStringFunc(text, func(escaped string) string {
		plain, err := url.QueryUnescape(escaped)
		if err != nil {
			return "…"
		}
		return hostOnly(plain)
	})
	for _, part := range s.parts {
		text = part.ReplaceAllLiteralString(text, "…")
	}
	text = strings.Join(strings.FieldsFunc(text, movesTerminal), " ")
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit]) + "…"
	}
	return text
}

// movesTerminal reports whether r can move the cursor of a terminal, begin a line
// or turn the direction of what follows. Other characters that are not seen are
// among them.
func movesTerminal(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

var (
	// anyURL also matches a URL as JSON may write it, with \/ for a slash.
	anyURL     = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:(?:\\?/){2}[^\s"'<>` + "`" + `]+`)
	escapedURL = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*%3A%2F%2F[^\s"'<>` + "`" + `&]+`)
)

// hostOnly returns a URL without what it holds beyond its host. Punctuation that
// ends a sentence is kept.
func hostOnly(found string) string {
	text := strings.ReplaceAll(found, `\/`, "/")
	trimmed := strings.TrimRight(text, `.,;:!?)]}\`)
	end := text[len(trimmed):]
	scheme, rest, _ := strings.Cut(trimmed, "://")
	host, more := rest, ""
	if at := strings.IndexAny(rest, `/?#\`); at >= 0 {
		host, more = rest[:at], "/…"
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = "…@" + host[at+1:]
	}
	return scheme + "://" + host + more + end
}

// urls returns the URLs that a call sends, in its body or its filter.
func (call *call) urls() []string {
	var urls []string
	var body struct {
		URL string `json:"url"`
	}
	if json.Unmarshal(call.body, &body) == nil && body.URL != "" {
		urls = append(urls, body.URL)
	}
	filter := call.query.Get("filter")
	var parsed any
	if json.Unmarshal([]byte(filter), &parsed) == nil {
		return append(urls, urlsIn(parsed)...)
	}
	return append(urls, anyURL.FindAllString(filter, -1)...)
}

// urlsIn returns the texts in a JSON value that are URLs.
func urlsIn(value any) []string {
	var urls []string
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "://") {
			urls = append(urls, value)
		}
	case []any:
		for _, v := range value {
			urls = append(urls, urlsIn(v)...)
		}
	case map[string]any:
		for _, v := range value {
			urls = append(urls, urlsIn(v)...)
		}
	}
	return urls
}

// privateParts returns what urls hold beyond their host, as servers may quote it,
// the longest first.
func privateParts(urls []string) []string {
	var parts []string
	add := func(part string) {
		if len(part) < minScrubbed {
			return
		}
		parts = append(parts, part)
		if escaped := strings.ReplaceAll(part, "/", `\/`); escaped != part {
			parts = append(parts, escaped)
		}
	}
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil {
			continue
		}
		query, _ := url.QueryUnescape(u.RawQuery)
		password, _ := u.User.Password()
		for _, part := range []string{
			u.RequestURI(), u.EscapedPath(), u.Path, strings.Trim(u.Path, "/"),
			u.RawQuery, query, u.Fragment, u.User.Username(), password,
		} {
			add(part)
		}
		for _, segment := range strings.Split(u.Path, "/") {
			if len(segment) >= 2*minScrubbed {
				add(segment)
			}
		}
		for _, values := range u.Query() {
			for _, value := range values {
				add(value)
				add(url.QueryEscape(value))
			}
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(parts)
}
