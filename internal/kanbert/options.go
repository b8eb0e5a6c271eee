// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// What a [Client] does if no option says otherwise.
const (
	// DefaultBaseURL is the server that the API reference names.
	DefaultBaseURL = "https://api.kanbert.com/api/v1"
	// DefaultMaxRetries is how often one call is tried again. Where a quarter of
	// all answers is lost, a budget of 5 fails one run of some hundred calls in
	// forty, and 8 one in thousands.
	DefaultMaxRetries = 8
	// DefaultRequestTimeout is how long one attempt may take, from the
	// connection to the last byte of the answer.
	DefaultRequestTimeout = 30 * time.Second
	// DefaultMaxWait is how long calls wait without one success of any of them.
	DefaultMaxWait = 5 * time.Minute
)

// Option configures a [Client]. Its error is an [*OptionError].
type Option func(*Client) error

// OptionError says what is wrong with one option. It never holds the value of a
// token, nor user info or query of a URL.
type OptionError struct {
	// Option is token, base_url, max_retries, request_timeout, max_wait, user_agent,
	// transport, logger or backoff.
	Option string
	// Problem completes the sentence that begins with the option's name.
	Problem string
}

func (e *OptionError) Error() string { return e.Option + " " + e.Problem }

func optionError(option, format string, args ...any) error {
	return &OptionError{Option: option, Problem: fmt.Sprintf(format, args...)}
}

// WithToken sets the bearer token. It must be there and hold nothing that cannot
// stand in a header: a line break at its end, left by the file it was read from,
// is the usual slip.
func WithToken(token Secret) Option {
	return func(c *Client) error {
		text := token.Reveal()
		switch {
		case text == "":
			return optionError("token", "is empty")
		case strings.TrimSpace(text) == "":
			return optionError("token", "is blank")
		case strings.ContainsAny(strings.TrimSpace(text), "\r\n"):
			return optionError("token", "has a line break in it, which a header cannot carry")
		case strings.ContainsAny(text, "\r\n"):
			return optionError("token", "begins or ends with a line break")
		case strings.IndexFunc(text, unicode.IsControl) >= 0:
			return optionError("token", "has a control character in it, which a header cannot carry")
		case strings.IndexFunc(text, notVisibleASCII) >= 0:
			return optionError("token", "has a space or a character outside ASCII in it, which no bearer token has")
		}
		c.token = token
		return nil
	}
}

func notVisibleASCII(r rune) bool { return r <= ' ' || r > '~' }

// WithBaseURL sets where the API is; [DefaultBaseURL] if unset. It must be an
// absolute https URL without user info, query and fragment. Plain http is allowed
// only for a loopback host: the token must not be sent unencrypted.
func WithBaseURL(base string) Option {
	return func(c *Client) error {
		u, err := url.Parse(base)
		if err != nil {
			// The error of net/url quotes its input, which may hold a password.
			return optionError("base_url", "is not a valid URL")
		}
		switch scheme := strings.ToLower(u.Scheme); {
		case scheme == "" || u.Opaque != "" || u.Hostname() == "":
			return optionError("base_url", "must be an absolute URL with a host, like %s", DefaultBaseURL)
		case scheme != "https" && scheme != "http":
			return optionError("base_url", "must begin with https://")
		case scheme == "http" && !IsLoopback(u.Hostname()):
			return optionError("base_url", "must begin with https://, because the token must not be sent unencrypted; http:// is allowed only for a loopback host")
		case u.User != nil:
			return optionError("base_url", "must not contain a user name or a password; set the token with the argument token")
		case u.RawQuery != "" || u.ForceQuery:
			return optionError("base_url", "must not have a query")
		case u.Fragment != "" || strings.Contains(base, "#"):
			return optionError("base_url", "must not have a fragment")
		}
		u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
		c.baseURL = u
		return nil
	}
}

// WithBaseURLSource says where the base URL comes from, as in "the environment
// variable X". Errors pass it on, to be shown beside the URL.
func WithBaseURLSource(source string) Option {
	return func(c *Client) error {
		c.baseURLSource = source
		return nil
	}
}

// IsLoopback reports whether host, a name or an address without a port, is this
// machine. Names other than localhost are not looked up.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// WithMaxRetries sets how often one call is tried again after its first attempt;
// [DefaultMaxRetries] if unset, 0 for never. What [WithMaxWait] bounds does not
// count.
func WithMaxRetries(n int) Option {
	return func(c *Client) error {
		if n < 0 {
			return optionError("max_retries", "must be 0 or more, but is %d", n)
		}
		c.maxRetries = n
		return nil
	}
}

// WithRequestTimeout sets how long one attempt may take;
// [DefaultRequestTimeout] if unset.
func WithRequestTimeout(d time.Duration) Option {
	return func(c *Client) error {
		if d <= 0 {
			return optionError("request_timeout", "must be more than 0s, but is %s", d)
		}
		c.requestTimeout = d
		return nil
	}
}

// WithMaxWait sets how long all calls together go on waiting for rate limits
// (429), unavailability (503) and connections that cannot be made, without one
// success of any call; [DefaultMaxWait] if unset, 0 for not at all. Each success
// starts it anew.
func WithMaxWait(d time.Duration) Option {
	return func(c *Client) error {
		if d < 0 {
			return optionError("max_wait", "must not be negative, but is %s", d)
		}
		c.maxWait = d
		return nil
	}
}

// WithUserAgent sets the whole User-Agent header.
func WithUserAgent(ua string) Option {
	return func(c *Client) error {
		if strings.TrimSpace(ua) == "" {
			return optionError("user_agent", "is empty")
		}
		if strings.IndexFunc(ua, unicode.IsControl) >= 0 {
			return optionError("user_agent", "has a line break or another control character in it, which a header cannot carry")
		}
		c.userAgent = ua
		return nil
	}
}

// WithTransport sets what carries requests; an [http.Transport] that takes its
// proxies from the environment if unset. It must not answer from a cache and
// must not send anything twice.
func WithTransport(base http.RoundTripper) Option {
	return func(c *Client) error {
		if base == nil {
			return optionError("transport", "is nil")
		}
		c.transport = base
		return nil
	}
}

// WithLogger sets where log lines go; nowhere if unset.
func WithLogger(log LogFunc) Option {
	return func(c *Client) error {
		if log == nil {
			return optionError("logger", "is nil")
		}
		c.log = log
		return nil
	}
}

// WithBackoff sets how long the client waits between attempts. It is there for
// tests that cannot wait; a zero field keeps its default.
func WithBackoff(p Backoff) Option {
	return func(c *Client) error {
		for _, d := range []time.Duration{p.First, p.Max, p.Lookup, p.Limited, p.URLConflict, p.Lag} {
			if d < 0 {
				return optionError("backoff", "must not be negative")
			}
		}
		c.backoff = p.withDefaults()
		return nil
	}
}
