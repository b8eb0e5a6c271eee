// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestNewRefuses(t *testing.T) {
	token := WithToken(NewSecret("a-token"))
	for name, test := range map[string]struct {
		opts         []Option
		option, text string
	}{
		"no token":                     {nil, "token", "missing"},
		"an empty token":               {[]Option{WithToken(NewSecret(""))}, "token", "empty"},
		"a blank token":                {[]Option{WithToken(NewSecret(" \n"))}, "token", "blank"},
		"a line break behind a token":  {[]Option{WithToken(NewSecret("hunter2\n"))}, "token", "line break"},
		"a line break inside a token":  {[]Option{WithToken(NewSecret("hun\r\nter2"))}, "token", "line break in it"},
		"a control character":          {[]Option{WithToken(NewSecret("hunter2\x00"))}, "token", "control character"},
		"a space in a token":           {[]Option{WithToken(NewSecret("Bearer hunter2"))}, "token", "space"},
		"a token outside ASCII":        {[]Option{WithToken(NewSecret("hünter2"))}, "token", "ASCII"},
		"no URL":                       {[]Option{token, WithBaseURL("")}, "base_url", "absolute"},
		"a relative URL":               {[]Option{token, WithBaseURL("/api/v1")}, "base_url", "absolute"},
		"a host alone":                 {[]Option{token, WithBaseURL("api.kanbert.com")}, "base_url", "absolute"},
		"a URL without a host":         {[]Option{token, WithBaseURL("https:///api")}, "base_url", "absolute"},
		"an opaque URL":                {[]Option{token, WithBaseURL("https:api")}, "base_url", "absolute"},
		"a URL that cannot be read":    {[]Option{token, WithBaseURL("https://user:hunter2@[")}, "base_url", "is not a valid URL"},
		"another scheme":               {[]Option{token, WithBaseURL("ftp://api.kanbert.com")}, "base_url", "https://"},
		"plain http":                   {[]Option{token, WithBaseURL("http://api.kanbert.com/api/v1")}, "base_url", "sent unencrypted"},
		"plain http to a near miss":    {[]Option{token, WithBaseURL("http://localhost.example/api/v1")}, "base_url", "sent unencrypted"},
		"user info in the URL":         {[]Option{token, WithBaseURL("https://me:hunter2@api.kanbert.com/")}, "base_url", "user name"},
		"a password alone in the URL":  {[]Option{token, WithBaseURL("https://:hunter2@api.kanbert.com/")}, "base_url", "user name"},
		"a query in the URL":           {[]Option{token, WithBaseURL("https://api.kanbert.com/?key=hunter2")}, "base_url", "query"},
		"an empty query in the URL":    {[]Option{token, WithBaseURL("https://api.kanbert.com/?")}, "base_url", "query"},
		"a fragment in the URL":        {[]Option{token, WithBaseURL("https://api.kanbert.com/#hunter2")}, "base_url", "fragment"},
		"an empty fragment in the URL": {[]Option{token, WithBaseURL("https://api.kanbert.com/#")}, "base_url", "fragment"},
		"negative retries":             {[]Option{token, WithMaxRetries(-1)}, "max_retries", "0 or more"},
		"no time":                      {[]Option{token, WithRequestTimeout(0)}, "request_timeout", "more than 0s"},
		"negative time":                {[]Option{token, WithRequestTimeout(-time.Second)}, "request_timeout", "-1s"},
		"a negative wait":              {[]Option{token, WithMaxWait(-1)}, "max_wait", "not be negative"},
		"an empty user agent":          {[]Option{token, WithUserAgent(" ")}, "user_agent", "empty"},
		"a tab before a user agent":    {[]Option{token, WithUserAgent("\ta")}, "user_agent", "control character"},
		"a line break in a user agent": {[]Option{token, WithUserAgent("a\r\nX-Evil: b")}, "user_agent", "line break"},
		"no transport":                 {[]Option{token, WithTransport(nil)}, "transport", "nil"},
		"no logger":                    {[]Option{token, WithLogger(nil)}, "logger", "nil"},
		"a negative pause":             {[]Option{token, WithBackoff(Backoff{Lookup: -1})}, "backoff", "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(test.opts...)
			var refused *OptionError
			if !errors.As(err, &refused) || refused.Option != test.option || !strings.Contains(refused.Problem, test.text) {
				t.Fatalf("got %v, want an error about %s that says %q", err, test.option, test.text)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.kanbert.com/api/v1":  "https://api.kanbert.com/api/v1/webhooks",
		"https://api.kanbert.com/api/v1/": "https://api.kanbert.com/api/v1/webhooks",
		"HTTPS://proxy.example:8443":      "https://proxy.example:8443/webhooks",
		"http://localhost:8080/api/v1":    "http://localhost:8080/api/v1/webhooks",
		"http://127.0.0.1:8080/":          "http://127.0.0.1:8080/webhooks",
		"http://[::1]:8080/a%2Fb":         "http://[::1]:8080/a%2Fb/webhooks",
	} {
		t.Run(base, func(t *testing.T) {
			c, err := New(WithToken(NewSecret("a-token")), WithBaseURL(base), WithMaxRetries(0), WithUserAgent("tests"),
				WithTransport(http.DefaultTransport), WithLogger(func(context.Context, slog.Level, string, ...slog.Attr) {}))
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.newRequest(t.Context(), &call{method: http.MethodGet, path: webhooksPath})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.URL.String(); got != want {
				t.Errorf("the list is at %s, want %s", got, want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	c, err := New(WithToken(NewSecret("a-token")))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.baseURL.String(); got != "https://api.kanbert.com/api/v1" {
		t.Errorf("the API is at %s", got)
	}
	if c.maxRetries != 8 || c.requestTimeout != 30*time.Second || c.maxWait != 5*time.Minute {
		t.Errorf("%d retries of %s, waits of %s", c.maxRetries, c.requestTimeout, c.maxWait)
	}
	transport, ok := c.transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		t.Error("the environment's proxies are not used")
	}
	if transport.MaxIdleConnsPerHost != 16 || transport.MaxResponseHeaderBytes != 1_048_576 || !transport.ForceAttemptHTTP2 {
		t.Errorf("%d spare connections, headers of %d bytes", transport.MaxIdleConnsPerHost, transport.MaxResponseHeaderBytes)
	}
}
