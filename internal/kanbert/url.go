// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"net"
	"net/url"
	"strings"
)

// CanonicalURL returns the one spelling of raw that all its harmless
// respellings share: scheme and host in lower case, no default port, "/" for an
// empty path. What may mean something to the receiver (the path's case, its
// escapes, the query, the fragment) is kept byte for byte. A text that is no
// absolute URL with a host comes back as it is.
func CanonicalURL(raw string) string {
	if isPlainURL(raw) {
		return raw
	}
	return parseCanonicalURL(raw)
}

// isPlainURL reports whether raw is seen to be canonical without parsing it, as
// nearly all URLs are: of ten thousand webhooks each is asked several times.
func isPlainURL(raw string) bool {
	rest, ok := strings.CutPrefix(raw, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(raw, "http://")
	}
	host, _, hasPath := strings.Cut(rest, "/")
	return ok && hasPath && host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

func parseCanonicalURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return raw
	}
	scheme := strings.ToLower(u.Scheme)
	// The rest is cut from raw rather than printed by net/url, which would
	// respell escapes in the path.
	_, rest, _ := strings.Cut(raw, "//")
	tail := ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		tail = rest[i:]
	}
	if !strings.HasPrefix(tail, "/") {
		tail = "/" + tail
	}
	authority := canonicalHost(scheme, u)
	if u.User != nil {
		authority = u.User.String() + "@" + authority
	}
	return scheme + "://" + authority + tail
}

func canonicalHost(scheme string, u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || (scheme == "https" && port == "443") || (scheme == "http" && port == "80") {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, port)
}

// SameURL reports whether a and b are spellings of one address.
func SameURL(a, b string) bool { return a == b || CanonicalURL(a) == CanonicalURL(b) }

// RedactURL returns raw without user info, query and fragment: fit for a log, an
// error or a name on a screen. Receivers often carry a password in the query.
func RedactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return "(a URL that cannot be read)"
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}
