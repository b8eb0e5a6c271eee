// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// newProtocolWith starts a provider that reaches the sandbox without a network
// and has this configuration alone.
func newProtocolWith(t testing.TB, s *kanberttest.Sandbox, config attrs) *protocol {
	t.Helper()
	p := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport())))
	wantNone(t, p.configure(config))
	return p
}

// roundTrip is a transport that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEnvironmentStandsIn(t *testing.T) {
	s := kanberttest.New()
	t.Setenv("KANBERT_TOKEN", s.Token())
	t.Setenv("KANBERT_BASE_URL", "https://staging.example/api/v1/")
	t.Setenv("TF_APPEND_USER_AGENT", "ci/7\n(nightly)")
	hosts := map[string]bool{}
	p := newProtocol(t, WithClientOptions(kanbert.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		hosts[r.URL.Scheme+"://"+r.URL.Host] = true
		return s.Transport().RoundTrip(r)
	}))))
	wantNone(t, p.configure(attrs{}))
	p.create(contact)
	if want := map[string]bool{"https://staging.example": true}; !maps.Equal(hosts, want) {
		t.Errorf("requests went to %v, want %v", hosts, want)
	}
	request := s.Requests()[0]
	if !strings.HasPrefix(request.Path, "/api/v1/w") {
		t.Errorf("the path is %s", request.Path)
	}
	if got, want := request.Header.Get("User-Agent"), "Terraform/1.99.0 terraform-provider-kanbert/test ci/7 (nightly)"; got != want {
		t.Errorf("the User-Agent is %q, want %q", got, want)
	}
	if got, want := request.Header.Get("Authorization"), "Bearer "+s.Token(); got != want {
		t.Errorf("Authorization is %q, want %q", got, want)
	}
}

func TestConfigurationWins(t *testing.T) {
	s := kanberttest.New()
	for name, value := range map[string]string{
		"KANBERT_TOKEN":           "bad token",
		"KANBERT_BASE_URL":        "http://api.example",
		"KANBERT_MAX_RETRIES":     "many",
		"KANBERT_REQUEST_TIMEOUT": "soon",
		"KANBERT_MAX_WAIT":        "for ever",
	} {
		t.Setenv(name, value)
	}
	newProtocolWith(t, s, attrs{"token": s.Token(), "base_url": s.BaseURL(), "max_retries": 1, "request_timeout": "5s", "max_wait": "1h"}).create(contact)
}

// The numbers mean what the docs say, from the configuration and from the
// environment.
func TestRetriesAndTimeout(t *testing.T) {
	for _, test := range []struct {
		name, want string
		config     attrs
		env        map[string]string
		requests   int
	}{
		{"configuration", "did not respond within 7s.", attrs{"max_retries": 2, "request_timeout": "7s"}, nil, 3},
		{"environment", "did not respond within 3s.", nil, map[string]string{"KANBERT_MAX_RETRIES": "0", "KANBERT_REQUEST_TIMEOUT": "3s"}, 1},
		{"defaults", "did not respond within 30s.", nil, nil, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				p := newProtocolWith(t, s, with(attrs{"token": s.Token(), "base_url": s.BaseURL()}, test.config))
				created := p.create(contact)
				s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Timeout())
				_, diags := p.apply(created, p.plan(created, nil), nil)
				settle()
				wantOneError(t, diags, "", test.want)
				if n := s.Count(http.MethodDelete); n != test.requests {
					t.Errorf("%d requests were sent, want %d", n, test.requests)
				}
			})
		})
	}
}

// max_wait bounds the time without a success, from the configuration and from the
// environment.
func TestMaxWait(t *testing.T) {
	for _, test := range []struct {
		name     string
		config   attrs
		env      string
		from, to time.Duration
	}{
		{"configuration", attrs{"max_wait": "1m"}, "", 45 * time.Second, 61 * time.Second},
		{"environment", nil, "2m", 100 * time.Second, 121 * time.Second},
		{"default", nil, "", 4 * time.Minute, 301 * time.Second},
		{"nothing", attrs{"max_wait": "0s"}, "", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("KANBERT_MAX_WAIT", test.env)
			for _, fault := range []kanberttest.Fault{kanberttest.Refused(), kanberttest.HTML(503), kanberttest.RateLimited(kanberttest.Unsaid, 0)} {
				synctest.Test(t, func(t *testing.T) {
					s := kanberttest.New()
					p := newProtocolWith(t, s, with(attrs{"token": s.Token(), "base_url": s.BaseURL()}, test.config))
					created := p.create(contact)
					s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, fault)
					begin := time.Now()
					_, diags := p.apply(created, p.plan(created, nil), nil)
					if took := time.Since(begin); took < test.from || took > test.to {
						t.Errorf("%s: it took %s, want %s to %s", fault, took, test.from, test.to)
					}
					if len(diags) == 0 || diags[0].Summary != string(deleteWebhook) {
						t.Errorf("%s: %s", fault, diags)
					}
					settle()
				})
			}
		})
	}
}

// A proxy that would be used and cannot be is an error that shows nothing of it.
func TestUnreadableProxy(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	for _, test := range []struct {
		variable, value, noProxy, baseURL string
		want                              string
	}{
		{"HTTPS_PROXY", "http://user:hunter2@proxy.example:port", "", "https://api.example", "is not a valid proxy address"},
		{"https_proxy", "http://user:hun%zzter2@proxy.example", "", "", "is not a valid proxy address"},
		{"HTTPS_PROXY", "ftp://user:hunter2@proxy.example", "", "", "a scheme that the provider does not support"},
		{"HTTPS_PROXY", ":hunter2", "", "", "is not a valid proxy address"},
		{"HTTPS_PROXY", ":hunter2", "api.example", "https://api.example", ""},
		{"HTTPS_PROXY", ":hunter2", "*", "", ""},
		{"HTTPS_PROXY", ":hunter2", "", "http://localhost:1", ""},
		{"HTTPS_PROXY", "proxy.example:3128", "", "", ""},
		{"HTTPS_PROXY", "http://proxy.example:3128", "", "", ""},
		{"HTTPS_PROXY", "https://proxy.example", "", "", ""},
		{"HTTPS_PROXY", "socks5://proxy.example", "", "", ""},
		{"HTTPS_PROXY", "socks5h://proxy.example", "", "", ""},
	} {
		t.Run(test.variable+" "+test.value, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			t.Setenv("NO_PROXY", test.noProxy)
			config := attrs{"token": "token"}
			if test.baseURL != "" {
				config["base_url"] = test.baseURL
			}
			diags := newProtocol(t).configure(config)
			if test.want == "" {
				wantNone(t, diags)
				return
			}
			wantOneError(t, diags, "", "Invalid proxy", "The environment variable "+test.variable+" ", test.want)
			if strings.Contains(diags.String(), "ter2") {
				t.Errorf("the password is shown: %s", diags)
			}
		})
	}
}

// While token or base_url is not known, the environment does not stand in for it,
// and a plan that needs no call goes through.
func TestUnknownConfiguration(t *testing.T) {
	s := kanberttest.New()
	t.Setenv("KANBERT_TOKEN", s.Token())
	t.Setenv("KANBERT_BASE_URL", s.BaseURL())
	for _, config := range []attrs{
		{"token": unknown},
		{"base_url": unknown},
		{"token": unknown, "base_url": unknown, "max_retries": unknown, "request_timeout": unknown},
	} {
		p := newProtocolWith(t, s, config)
		planned := p.plan(instance{}, contact)
		wantNone(t, planned.diagnostics)
		prior := instance{values: with(contact, attrs{"id": "id", "created_at": "2024-01-01T00:00:00Z"})}
		p.nextWalk()
		wantNone(t, p.plan(prior, contact).diagnostics)
		_, diags := p.read(prior)
		wantOneError(t, diags, "", "Provider configuration not known yet")
	}
	// What only says how to send has its default while it is not known.
	p := newProtocolWith(t, s, attrs{"max_retries": unknown, "request_timeout": unknown})
	if n := s.Count(""); n != 0 {
		t.Errorf("%d requests were sent before the configuration was known", n)
	}
	p.create(contact)
	if n := s.Count(http.MethodPost); n != 1 {
		t.Errorf("%d POSTs were sent, want 1", n)
	}
}

func TestConfigureSendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		newProtocolFor(t, s)
		if n := s.Count(""); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	if got, want := userAgent("1.2.3", "1.11.4", ""), "Terraform/1.11.4 terraform-provider-kanbert/1.2.3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := userAgent("1.2.3", "1.11.4", "\x00 \n"); strings.HasSuffix(got, " ") {
		t.Errorf("%q ends with a space", got)
	}
}

// The bounds of the settings are those of the docs, in the provider block and in the
// environment: each is taken at its bound, and refused beside it.
func TestSettingsAtTheirBounds(t *testing.T) {
	for _, c := range []struct {
		argument, variable string
		good, bad          []any
	}{
		{"max_retries", "KANBERT_MAX_RETRIES", []any{0, 1, 100}, []any{-1, 101}},
		{"request_timeout", "KANBERT_REQUEST_TIMEOUT", []any{"1ms", "10m", "600s"}, []any{"0s", "-1s", "10m1s", "10"}},
		{"max_wait", "KANBERT_MAX_WAIT", []any{"0s", "24h", "1440m"}, []any{"-1ns", "24h0m1s", "5"}},
	} {
		t.Run(c.argument, func(t *testing.T) {
			for i, value := range append(c.good, c.bad...) {
				inBlock := newProtocol(t).validateProvider(attrs{c.argument: value})
				configured := newProtocol(t).configure(attrs{"token": "token", c.argument: value})
				t.Setenv(c.variable, fmt.Sprint(value))
				inEnvironment := newProtocol(t).configure(attrs{"token": "token"})
				t.Setenv(c.variable, "")
				for from, diags := range map[string]diagnostics{"The provider's argument " + c.argument: inBlock, "The environment variable " + c.variable: inEnvironment, "": configured} {
					if i < len(c.good) {
						wantNone(t, diags)
						continue
					}
					wantOneError(t, diags, c.argument, "Invalid "+c.argument, from)
				}
			}
		})
	}
}

// Without a client each operation is an error, and a plan goes on where that may
// change before the apply.
func TestWithoutAClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		opts      []Option
		configure func(p *protocol)
		plans     bool
		want      string
	}{
		// An option that the client refuses, although every setting was good.
		{[]Option{WithClientOptions(kanbert.WithMaxRetries(-1))}, func(p *protocol) { wantNone(t, p.configure(attrs{"token": "token"})) }, false, "Invalid provider configuration"},
		{nil, func(p *protocol) { wantNone(t, p.configure(attrs{"token": unknown})) }, true, "Provider configuration not known yet"},
		{nil, func(p *protocol) { wantOneError(t, p.configure(attrs{"token": ""}), "token") }, true, "Provider not configured"},
		{nil, func(*protocol) {}, true, "Provider not configured"},
	} {
		p := newProtocol(t, c.opts...)
		c.configure(p)
		held := instance{values: with(contact, attrs{"id": "id", "created_at": "2024-01-01T00:00:00Z"})}
		for name, do := range everyOperation {
			if diags := do(p, held); name == "plan" && c.plans {
				wantNone(t, diags)
			} else {
				wantOneError(t, diags, "", c.want)
			}
		}
		results := p.list(listing{config: attrs{}})
		if len(results) != 1 {
			t.Fatalf("%s: %d results", c.want, len(results))
		}
		wantOneError(t, results[0].diagnostics, "", c.want)
	}
}

// The URL of a request, and where it comes from, stand in its error.
func TestErrorsNameTheSourceOfTheURL(t *testing.T) {
	for _, c := range []struct {
		config any
		env    string
		want   string
	}{
		{nil, "", "Request: GET https://api.kanbert.com/api/v1/webhooks (default base_url)"},
		{nil, "https://staging.example/api/v1", "Request: GET https://staging.example/api/v1/webhooks (base_url from KANBERT_BASE_URL)"},
		{"https://own.example/api/v1", "https://staging.example", "Request: GET https://own.example/api/v1/webhooks (base_url from the provider block)"},
	} {
		t.Setenv("KANBERT_BASE_URL", c.env)
		s := kanberttest.New()
		s.FailEvery(kanberttest.Match{}, kanberttest.Status(403))
		p := newProtocolWith(t, s, attrs{"token": s.Token(), "base_url": c.config})
		_, diags := p.readDataSource(webhooksType, attrs{})
		wantOneError(t, diags, "", c.want)
	}
}
