// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// says is a text, what has to be in it, and what must not be.
type says struct{ text, want, never string }

func (s says) check(t *testing.T) {
	t.Helper()
	if !strings.Contains(s.text, s.want) || s.never != "" && strings.Contains(s.text, s.never) {
		t.Errorf("%q\nis to say %q and not %q", s.text, s.want, s.never)
	}
}

// The texts beside those in testdata/texts: fields that are empty, numbers at their
// bounds.
func TestTextsAtTheirBounds(t *testing.T) {
	t.Parallel()
	answer := func(status int, kind error, message string) *kanbert.APIError {
		return &kanbert.APIError{StatusCode: status, Kind: kind, Message: message, Method: "POST", Path: "/webhooks"}
	}
	proxy := func(status int) error {
		return &kanbert.TransportError{Host: "api.example", Proxy: "proxy.example", Err: &kanbert.ProxyError{Host: "proxy.example", StatusCode: status}}
	}
	withID := answer(500, kanbert.ErrServer, "")
	withID.RequestID = "req-1"
	tries := func(n int) *kanbert.APIError {
		a := answer(500, kanbert.ErrServer, "")
		a.Attempts, a.Elapsed = n, 90*time.Second
		return a
	}
	asked := kanbert.NewWebhook{URL: "https://receiver.example/a", Event: "contact:create"}
	lost, refused := errors.New("lost"), errors.New("refused")
	for _, s := range []says{
		{explain(proxy(407)), "The proxy proxy.example requires a login (407).", "refused to connect"},
		{explain(proxy(499)), "The proxy proxy.example refused to connect to api.example (499).", ""},
		{explain(proxy(500)), "The proxy proxy.example could not connect to api.example (500).", ""},
		{explain(answer(500, kanbert.ErrServer, "")), "Run the command again later.", "request id"},
		{explain(withID), "give the request id to Kanbert's support.", ""},
		{explain(withID), "status 500 Internal Server Error, request id req-1.", ""},
		{explain(answer(499, nil, "")), "Request: POST /webhooks, status 499.", "The server said"},
		{explain(answer(499, nil, "Go away")), "The server said: Go away.", "Details:"},
		{explain(answer(201, kanbert.ErrMalformed, "")), "does not match the API reference.", "Details:"},
		{explain(tries(1)), "Kanbert failed", "tried"},
		{explain(tries(2)), "The provider tried 2 times in 1m30s.", ""},
		{explain(&kanbert.TransportError{Host: "api.example", Err: &net.DNSError{}, Timeout: time.Second}), "api.example did not respond within 1s.", "could not connect"},
		{explain(&kanbert.TransportError{Host: "api.example", Err: &net.DNSError{}, Timeout: 1}), "api.example did not respond within 1ns.", "could not connect"},
		{explain(&kanbert.TransportError{Host: "api.example", Err: &net.DNSError{}, Timeout: 1, Unsent: true}), "The provider could not connect to api.example within 1ns.", ""},
		{explain(&kanbert.UncertainError{Err: refused, Lost: lost}), "The create: lost.", ""},
		{explain(&kanbert.UncertainError{Err: refused, Lost: refused}), "refused.", "The create:"},
		{explain(&kanbert.UncertainError{Err: refused}), "refused.", "The create:"},
		{explain(&kanbert.UnprovenError{Err: lost, Holder: kanbert.Webhook{ID: "w", Event: "contact:create"}}), `Now webhook "w" (event contact:create, no project) has`, "created at"},
		{explain(fmt.Errorf("interrupted: %w", context.Canceled)), "Run the command again.", ""},
		{explain(&kanbert.TransportError{Host: "api.example", Err: context.DeadlineExceeded}), "broke before the response arrived", "longer than all its retries"},
		{explain(errors.New("what: ")), "what.", ":"},
		{explain(&kanbert.TransportError{Host: "api.example", Err: x509.CertificateInvalidError{Reason: x509.Expired}}), "The certificate of api.example has expired.", " at "},
		{explain(&kanbert.TransportError{Host: "api.example", Err: &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}}}), "The certificate of api.example is not trusted", "expired"},
		{sentence("Really?"), "Really?", "?."},
		{sentence("It is plan B.1"), "It is plan B.1.", ""},
		{sentence(""), "", "."},
		{hclString("${a} %{b} \"c\""), `"$${a} %%{b} \"c\""`, ""},
		{trustAuthority("linux"), "SSL_CERT_FILE", ""},
		{trustAuthority("windows"), "trust store of this machine.", "SSL_CERT_FILE"},
		{trustAuthority("darwin"), "trust store of this machine.", "SSL_CERT_FILE"},
		{trustAuthority("ios"), "trust store of this machine.", "SSL_CERT_FILE"},
		{waitingText("the rate limit (429)", 11*time.Second+400*time.Millisecond), "rate limit (429) slows this run down: this operation waited 11s.", "unavailable"},
		{waitingText("the end of an outage (503)", time.Minute), "unavailable at times (503)", "429"},
		{waitingText("a connection", time.Minute), "Kanbert is unreachable at times", "429"},
		{hostOf("https://me:pass@receiver.example:8443/a?b"), "receiver.example:8443", "pass"},
		{hostOf("https://%zz"), "(unknown)", ""},
		{hostOf("receiver.example"), "(unknown)", ""},
		{fmt.Sprint(spellingsOf(asked, kanbert.Webhook{URL: asked.URL, Event: asked.Event})), "map[]", ""},
	} {
		s.check(t)
	}
}

// An id in an error shows nothing that could be a password.
func TestRedactedIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"abc":                                  "abc",
		"https://me:pass@receiver.example/a?b": "https://receiver.example/…",
		"://a":                                 "://(unknown)/…",
		"receiver.example/a?key=pass":          "receiver.example/a…",
		"?key=pass":                            "…",
		"me:pass@receiver.example":             "…@receiver.example",
		"@receiver":                            "…@receiver",
		"me@pass@receiver.example/a?b":         "…@receiver.example/a…",
	} {
		if got := redactID(id); got != want {
			t.Errorf("%q is shown as %q, want %q", id, got, want)
		}
	}
	var diags diag.Diagnostics
	warnOfTwoAddresses("id?key=pass", atTwoAddresses, &diags)
	if text := diags[0].Summary() + diags[0].Detail(); !strings.Contains(text, "id…") || strings.Contains(text, "pass") {
		t.Errorf("the warning is %q", text)
	}
}

// The second error of one cause points at the first, in words of its operation, and
// what became of a create is told for each.
func TestRepeatedErrors(t *testing.T) {
	t.Parallel()
	for op, want := range map[operation]string{
		createWebhook: "Not created", readWebhook: "Not read", deleteWebhook: "Not deleted",
		listWebhooks: "Not listed", importWebhook: "Not imported", checkURL: "Not checked",
	} {
		err := &kanbert.APIError{StatusCode: 503, Kind: kanbert.ErrServer, Incident: new(kanbert.Incident)}
		for i, part := range []string{"Request:", want + ": Kanbert is unavailable (503), see the first error."} {
			var diags diag.Diagnostics
			addError(&diags, op, err)
			if text := diags[0].Detail(); !strings.Contains(text, part) || (i == 1) != (text == part) {
				t.Errorf("%s, error %d: %q, want %q", op, i+1, text, part)
			}
		}
		if isRepeated(err, tellWarning) || !isRepeated(err, tellWarning) || !isRepeated(err, tellError) {
			t.Errorf("%s: a warning is not told once by itself", op)
		}
	}
	cause := &kanbert.APIError{StatusCode: 503, Kind: kanbert.ErrServer, Incident: new(kanbert.Incident)}
	for _, err := range []error{
		&kanbert.UnprovenError{Err: cause}, &kanbert.UncertainError{Err: cause}, &kanbert.SecretLostError{Err: cause}, &kanbert.URLTakenError{Err: cause},
	} {
		for range 2 {
			if isRepeated(err, tellError) {
				t.Errorf("%T is told once only", err)
			}
		}
	}
}

// everyOperation does each thing that needs a request, but for a list block. held is
// in state.
var everyOperation = map[string]func(p *protocol, held instance) diagnostics{
	"plan": func(p *protocol, _ instance) diagnostics { return p.plan(instance{}, urlOfPath("new")).diagnostics },
	"read": func(p *protocol, held instance) diagnostics { _, diags := p.read(held); return diags },
	"delete": func(p *protocol, held instance) diagnostics {
		_, diags := p.apply(held, plannedChange{}, nil)
		return diags
	},
	"import": func(p *protocol, held instance) diagnostics {
		_, diags := p.importByID(held.values["id"].(string))
		return diags
	},
	"data source": func(p *protocol, held instance) diagnostics {
		_, diags := p.readDataSource("kanbert_webhook", attrs{"id": held.values["id"]})
		return diags
	},
	"data source of all": func(p *protocol, _ instance) diagnostics {
		_, diags := p.readDataSource(webhooksType, attrs{})
		return diags
	},
	"create": func(p *protocol, _ instance) diagnostics {
		config := urlOfPath("new")
		values := with(config, attrs{"id": unknown, "created_at": unknown, "signature_secret_key": unknown})
		_, diags := p.apply(instance{}, plannedChange{instance: instance{values: values}}, config)
		return diags
	},
}

// Each operation says that it has waited for long: the first of a process, in words
// of what was waited for, and none for ten seconds or less.
func TestEachOperationSaysThatItWaited(t *testing.T) {
	t.Parallel()
	const said = "Waiting slows this run down"
	for name, do := range everyOperation {
		for _, c := range []struct {
			waits []time.Duration // of the operations of one process
			said  int             // by the last of them
		}{
			{[]time.Duration{12 * time.Second}, 1},
			{[]time.Duration{8 * time.Second}, 0},
			{[]time.Duration{8 * time.Second, 8 * time.Second}, 0},
			{[]time.Duration{12 * time.Second, 12 * time.Second}, 0},
		} {
			bubble(t, fmt.Sprint(name, c.waits), func(t *testing.T) {
				s := kanberttest.New()
				p := newProtocolFor(t, s)
				held := newProtocolFor(t, s).create(contact)
				var diags diagnostics
				for i, wait := range c.waits {
					s.FailNth(1, kanberttest.Match{PathPrefix: kanberttest.WebhooksPath}, kanberttest.RateLimited(kanberttest.InSeconds, wait))
					if i+1 < len(c.waits) {
						_, first := p.readDataSource(webhooksType, attrs{})
						wantNoErrors(t, first)
						continue
					}
					diags = do(p, held)
				}
				settle()
				wantNoErrors(t, diags)
				if got := len(diags.withSummary(said)); got != c.said {
					t.Errorf("%d warnings, want %d:\n%s", got, c.said, diags)
				}
			})
		}
	}
}
