// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Client speaks to one Kanbert API with one token. It is safe for concurrent
// use, and everything that shares a token in one process should share a Client:
// a rate limit that one request meets holds all of them.
type Client struct {
	token          Secret
	baseURL        *url.URL
	baseURLSource  string
	maxRetries     int
	requestTimeout time.Duration
	maxWait        time.Duration
	userAgent      string
	transport      http.RoundTripper
	log            LogFunc
	backoff        Backoff

	http      *http.Client
	limiter   *rateLimiter
	clock     serverClock
	claims    claims
	creates   keyedLock
	workspace workspace
	// refusedPageSize is the smallest page[size] that the API has refused, or 0.
	refusedPageSize atomic.Int64
}

// New returns a client. It sends nothing. The error, if any, is an
// [*OptionError]; a client without a token is one.
func New(opts ...Option) (*Client, error) {
	c := &Client{
		maxRetries:     DefaultMaxRetries,
		requestTimeout: DefaultRequestTimeout,
		maxWait:        DefaultMaxWait,
		userAgent:      "terraform-provider-kanbert",
		log:            discardLog,
		backoff:        defaultBackoff,
	}
	for _, opt := range append([]Option{WithBaseURL(DefaultBaseURL)}, opts...) {
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.token.IsZero() {
		return nil, optionError("token", "is missing")
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	c.http = &http.Client{
		Transport: c.transport,
		// A redirect would be followed with the token in hand, and a POST would
		// become a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.limiter = newRateLimiter(c.backoff, c.log, c.maxWait, c.requestTimeout)
	c.clock.started = time.Now()
	return c, nil
}

// newTransport returns the way to the network: proxies from the environment,
// HTTP/2, and as many spare connections as Terraform runs operations at a time.
func newTransport() *http.Transport {
	t := &http.Transport{}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		t = standard.Clone()
	}
	t.Proxy = http.ProxyFromEnvironment
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &ProxyError{Host: proxy.Host, StatusCode: answer.StatusCode}
	}
	t.MaxIdleConnsPerHost = 16
	t.MaxResponseHeaderBytes = maxHeader
	return t
}

// Waited returns for how long, in all, there were calls that waited for a rate
// limit, the end of an outage or a connection, and what was waited for last.
func (c *Client) Waited() (time.Duration, string) {
	return c.limiter.totalWaited()
}
