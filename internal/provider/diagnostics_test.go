// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// textsFolder has a file for each text that the provider has for a person,
// filters apart. The troubleshooting guide includes all of them.
const textsFolder = "testdata/texts"

// textCase brings one text about. It runs in a bubble with a provider that is
// configured for a sandbox in memory, where a minute of waiting costs nothing and
// the clock always shows the same.
type textCase struct {
	name string
	run  func(*textTest) diagnostics
}

type textTest struct {
	*testing.T
	s *kanberttest.Sandbox
	*protocol
}

var (
	requestIDs = regexp.MustCompile(`req-[0-9]{6}`)
	waits      = regexp.MustCompile(`waited [0-9ms]+\.`)
	comebacks  = regexp.MustCompile(`Z, in [0-9hms]+,`)
	efforts    = regexp.MustCompile(`tried [0-9]+ times in [0-9hms]+\.`)
)

// TestTexts compares every diagnostic with its file, as a CLI shows it.
func TestTexts(t *testing.T) {
	files := map[string]string{}
	for _, c := range textCases() {
		t.Run(c.name, func(t *testing.T) {
			var got string
			synctest.Test(t, func(t *testing.T) {
				s := kanberttest.New()
				diags := c.run(&textTest{T: t, s: s, protocol: newProtocolFor(t, s)})
				settle()
				// How many requests came before is no part of the text, and pauses
				// are of random length.
				for _, d := range diags {
					d.Detail = requestIDs.ReplaceAllString(d.Detail, "req-…")
					d.Detail = efforts.ReplaceAllString(d.Detail, "tried … times in ….")
					d.Detail = comebacks.ReplaceAllString(d.Detail, "Z, in …,")
					// As with a server on the internet.
					d.Detail = strings.ReplaceAll(d.Detail, "http://127.0.0.1:1", "https://api.example")
					d.Detail = strings.ReplaceAll(d.Detail, "127.0.0.1:1", "api.example")
				}
				got = diags.shown()
			})
			if got == "" {
				t.Error("there is no diagnostic")
			}
			file := textFile(c.name)
			if files[file] != "" {
				t.Errorf("another case has the file %s", file)
			}
			files[file] = got
		})
	}
	if t.Failed() {
		return
	}
	compareTexts(t, files)
}

// compareTexts compares the texts of the provider with their files, or writes
// the files.
func compareTexts(t *testing.T, texts map[string]string) {
	t.Helper()
	want := readTexts(t)
	for file, got := range texts {
		if *update && got != want[file] {
			if err := os.WriteFile(filepath.Join(textsFolder, file), []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got != want[file] {
			t.Errorf("%s (go test ./internal/provider -run TestTexts -update writes it)\n--- got\n%s--- want\n%s", file, got, want[file])
		}
	}
	for file := range want {
		_, owned := texts[file]
		switch {
		case owned:
		case *update:
			if err := os.Remove(filepath.Join(textsFolder, file)); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("no case has the text %s", file)
		}
	}
}

// textFile returns the name of the file of a case's text.
func textFile(name string) string {
	words := regexp.MustCompile(`[^a-z0-9_]+`).ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(words, "-") + ".txt"
}

// readTexts returns the content of each file of texts, by its name.
func readTexts(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(textsFolder)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, entry := range entries {
		if !entry.IsDir() {
			texts[entry.Name()] = readFile(t, filepath.Join(textsFolder, entry.Name()))
		}
	}
	return texts
}

// shown returns the diagnostics as a CLI shows them on a terminal of 78 columns.
// What comes from the configuration is reduced to the name of the attribute.
func (ds diagnostics) shown() string {
	var texts []string
	for _, d := range ds {
		severity := "Error"
		if d.Severity == tfprotov6.DiagnosticSeverityWarning {
			severity = "Warning"
		}
		text := severity + ": " + d.Summary + "\n"
		if name := attributeName(d.Attribute); name != "" {
			text += "  at " + name + "\n"
		}
		text += "\n"
		for line := range strings.SplitSeq(d.Detail, "\n") {
			text += wrapped(line) + "\n"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

// wrapped breaks a line before the words that do not fit, unless it is indented.
func wrapped(line string) string {
	if strings.HasPrefix(line, " ") {
		return line
	}
	text, column := "", 0
	for i, word := range strings.Fields(line) {
		switch length := utf8.RuneCountInString(word); {
		case i == 0:
			text, column = word, length
		case column+1+length > 78:
			text, column = text+"\n"+word, length
		default:
			text, column = text+" "+word, column+1+length
		}
	}
	return text
}

// settle lets what the provider still does by itself, such as a listing that it
// tries again, come to its end. In a bubble that costs nothing, and a bubble must
// not end before.
func settle() { time.Sleep(time.Hour) }

var contact = attrs{"url": "https://receiver.example/contacts?key=hunter2", "event": "contact:create"}

// with is base with some attributes set otherwise.
func with(base, others attrs) attrs {
	all := attrs{}
	for _, some := range []attrs{base, others} {
		for name, value := range some {
			all[name] = value
		}
	}
	return all
}

func textCases() []textCase {
	var cases []textCase
	add := func(name string, run func(*textTest) diagnostics) { cases = append(cases, textCase{name, run}) }

	// The provider block and the environment.
	for _, c := range []struct {
		name   string
		config attrs
	}{
		{"token: empty", attrs{"token": ""}},
		{"token: blank", attrs{"token": " "}},
		{"token: line break at the end", attrs{"token": "token\n"}},
		{"token: line break inside", attrs{"token": "to\nken"}},
		{"token: control character", attrs{"token": "to\tken"}},
		{"token: space", attrs{"token": "to ken"}},
		{"base_url: empty", attrs{"base_url": ""}},
		{"base_url: no scheme", attrs{"base_url": "api.kanbert.com/api/v1"}},
		{"base_url: other scheme", attrs{"base_url": "ftp://api.kanbert.com/api/v1"}},
		{"base_url: http", attrs{"base_url": "http://api.kanbert.com/api/v1"}},
		{"base_url: user info", attrs{"base_url": "https://me:hunter2@api.kanbert.com/api/v1"}},
		{"base_url: query", attrs{"base_url": "https://api.kanbert.com/api/v1?key=hunter2"}},
		{"base_url: fragment", attrs{"base_url": "https://api.kanbert.com/api/v1#top"}},
		{"base_url: unreadable", attrs{"base_url": "https://[api/"}},
		{"max_retries: negative", attrs{"max_retries": -1}},
		{"max_retries: too many", attrs{"max_retries": 101}},
		{"request_timeout: no unit", attrs{"request_timeout": "30"}},
		{"request_timeout: nothing", attrs{"request_timeout": "0s"}},
		{"request_timeout: too long", attrs{"request_timeout": "1h"}},
		{"max_wait: no unit", attrs{"max_wait": "300"}},
		{"max_wait: negative", attrs{"max_wait": "-1s"}},
		{"max_wait: too long", attrs{"max_wait": "25h"}},
	} {
		add(c.name, func(t *textTest) diagnostics { return t.validateProvider(c.config) })
	}
	add("token: missing", func(t *textTest) diagnostics { return newProtocol(t).configure(attrs{}) })
	for _, c := range []struct{ name, variable, value string }{
		{"token: missing, with an empty variable", "KANBERT_TOKEN", ""},
		{"token: variable with a line break", "KANBERT_TOKEN", "token\n"},
		{"base_url: variable", "KANBERT_BASE_URL", "http://api.kanbert.com"},
		{"max_retries: variable", "KANBERT_MAX_RETRIES", "many"},
		{"max_retries: variable beyond all numbers", "KANBERT_MAX_RETRIES", "99999999999999999999"},
		{"request_timeout: variable", "KANBERT_REQUEST_TIMEOUT", "soon"},
		{"max_wait: variable", "KANBERT_MAX_WAIT", "for ever"},
		{"proxy: unreadable", "HTTPS_PROXY", ":hunter2"},
		{"proxy: of another kind", "HTTPS_PROXY", "ftp://me:hunter2@proxy.example:21"},
	} {
		add(c.name, func(t *textTest) diagnostics {
			t.Setenv(c.variable, c.value)
			config := attrs{"token": "token"}
			if c.variable == tokenSetting.variable {
				config = attrs{}
			}
			return newProtocol(t).configure(config)
		})
	}
	add("provider: token and base_url unknown", func(t *textTest) diagnostics {
		p := newProtocol(t)
		wantNone(t, p.configure(attrs{"token": unknown, "base_url": unknown}))
		_, diags := p.read(instance{values: with(contact, attrs{"id": "id"})})
		return diags
	})

	// The resource's arguments.
	long := "https://receiver.example/" + strings.Repeat("ä", 156)
	for _, c := range []struct {
		name   string
		config attrs
	}{
		{"url: empty", attrs{"url": ""}},
		{"url: white space", attrs{"url": "https://receiver.example/a b"}},
		{"url: line break at the end", attrs{"url": "https://receiver.example/\n"}},
		{"url: unreadable", attrs{"url": "https://receiver.example/%zz?key=hunter2"}},
		{"url: no scheme", attrs{"url": "receiver.example/contacts"}},
		{"url: no host", attrs{"url": "https:///contacts"}},
		{"url: 181 characters", attrs{"url": long}},
		{"url: forbidden character", attrs{"url": "https://receiver.example/hunter2|a"}},
		{"url: emoji", attrs{"url": "https://receiver.example/hunter2/🚀"}},
		{"url: http", attrs{"url": "http://receiver.example/"}},
		{"event: nearly one", attrs{"event": "contact:created"}},
		{"project_id: empty", attrs{"project_id": ""}},
		{"client_id: blank", attrs{"client_id": " "}},
		{"project_id: white space around it", attrs{"project_id": "p\n"}},
		{"event: empty", attrs{"event": ""}},
		{"event: white space", attrs{"event": "deal closed"}},
	} {
		add(c.name, func(t *textTest) diagnostics { return t.validateWebhook(with(contact, c.config)) })
	}

	// What a webhook that exists may have and a new one must not.
	for _, c := range []struct {
		name   string
		config attrs
	}{
		{"url: other scheme", attrs{"url": "ftp://receiver.example/contacts"}},
		{"url: port", attrs{"url": "https://receiver.example:70000/"}},
		{"url: user info", attrs{"url": "https://me:hunter2@receiver.example/"}},
		{"event: new", attrs{"event": "deal:close"}},
		{"event: none", attrs{"event": "everything"}},
		{"event: task without project", attrs{"event": "task:create"}},
		{"url: fragment", attrs{"url": "https://receiver.example/a#part"}},
		{"url: private host", attrs{"url": "https://10.0.0.1/contacts"}},
	} {
		add(c.name, func(t *textTest) diagnostics {
			p := newProtocol(t, WithClientOptions(kanbert.WithTransport(t.s.Transport())))
			wantNone(t, p.configure(attrs{"token": t.s.Token(), "base_url": "https://api.kanbert.example/api/v1"}))
			return p.plan(instance{}, with(contact, c.config)).diagnostics
		})
	}

	// What a plan brings.
	for _, c := range []struct {
		name   string
		change attrs
	}{
		{"plan: replacement", attrs{"event": "contact:update"}},
		{"plan: replacement by several arguments", attrs{"url": "https://receiver.example/other", "project_id": "p", "client_id": unknown}},
	} {
		add(c.name, func(t *textTest) diagnostics {
			created := t.create(contact)
			t.nextWalk()
			return t.plan(created, with(contact, c.change)).diagnostics
		})
	}
	add("plan: URL taken by a stranger", func(t *textTest) diagnostics {
		t.s.Seed(kanberttest.Webhook{ID: `${odd}"id"`, URL: contact["url"].(string), Event: "task:create", ProjectID: "p", ClientID: "c"})
		return t.plan(instance{}, contact).diagnostics
	})
	add("plan: URL taken by a stranger with an odd event", func(t *textTest) diagnostics {
		t.s.Seed(kanberttest.Webhook{ID: "id-7", URL: contact["url"].(string), Event: "\x1b[2Jcontact:create\n"})
		return t.plan(instance{}, contact).diagnostics
	})
	add("plan: several webhooks with one URL", func(t *textTest) diagnostics {
		wantNone(t, t.plan(instance{}, contact).diagnostics)
		return t.plan(instance{}, with(contact, attrs{"event": "company:create"})).diagnostics
	})
	add("plan: several webhooks with one URL in different spellings", func(t *textTest) diagnostics {
		wantNone(t, t.plan(instance{}, contact).diagnostics)
		return t.plan(instance{}, with(contact, attrs{"url": "https://RECEIVER.example/contacts?key=hunter2"})).diagnostics
	})
	add("plan: one webhook at two addresses", func(t *textTest) diagnostics {
		created := t.create(contact)
		t.nextWalk()
		wantNone(t, t.plan(created, contact).diagnostics)
		return t.plan(created, contact).diagnostics
	})
	add("import: one webhook twice", func(t *textTest) diagnostics {
		webhook := t.s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})[0]
		_, diags := t.importByID(webhook.ID)
		wantNoneBut(t, secretSummary, diags)
		_, diags = t.importByID(webhook.URL)
		return diags
	})
	for _, c := range []struct {
		name  string
		fault kanberttest.Fault
	}{
		{"plan: 401", kanberttest.Status(401)},
		{"plan: 500", kanberttest.Status(500)},
	} {
		add(c.name, func(t *textTest) diagnostics {
			t.s.FailEvery(kanberttest.Match{}, c.fault)
			return t.plan(instance{}, contact).diagnostics
		})
	}

	// Responses to a create, from the API or from another server.
	for _, c := range []struct {
		name  string
		fault kanberttest.Fault
	}{
		{"create: 400", kanberttest.Status(400)},
		{"create: 401", kanberttest.Status(401)},
		{"create: 403", kanberttest.Status(403)},
		{"create: 404", kanberttest.Status(404)},
		{"create: 402", kanberttest.Status(402)},
		{"create: 405", kanberttest.Status(405)},
		{"create: 410", kanberttest.Status(410)},
		{"create: 418", kanberttest.Status(418)},
		{"create: 422 without a field", kanberttest.Status(422)},
		{"create: 302", kanberttest.HTML(302)},
		{"create: HTML with 403", kanberttest.HTML(403)},
		{"create: 429 for long", kanberttest.RateLimited(kanberttest.InSeconds, time.Hour)},
		{"create: 503 for long", kanberttest.HTML(503).RetryAfter(kanberttest.AsDate, time.Hour)},
		{"create: 500 for good", kanberttest.Status(500)},
		{"create: HTML with 200 for good", kanberttest.HTML(200)},
		{"create: connection refused for good", kanberttest.Refused()},
		{"create: no answer for good", kanberttest.Timeout()},
		{"create: answer without secret, webhook cannot be deleted", kanberttest.MissingSecret()},
	} {
		add(c.name, func(t *textTest) diagnostics {
			planned := t.plan(instance{}, contact)
			t.s.FailEvery(kanberttest.Match{Method: http.MethodPost}, c.fault)
			t.s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(403))
			_, diags := t.apply(instance{}, planned, contact)
			return diags
		})
	}
	add("create: 422 on a field", func(t *textTest) diagnostics {
		config := with(contact, attrs{"event": "deal:close"})
		_, diags := t.apply(instance{}, t.plan(instance{}, config), config)
		return diags
	})
	add("create: URL taken", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, contact)
		t.s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})
		_, diags := t.apply(instance{}, planned, contact)
		return diags
	})
	add("create: URL taken, by a webhook of the same run", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, with(contact, attrs{"url": unknown}))
		planned.values = with(planned.values, contact)
		t.create(contact)
		_, diags := t.apply(instance{}, planned, contact)
		return diags
	})
	add("create: URL taken, for the second resource of a run", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, contact)
		t.s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})
		_, diags := t.apply(instance{}, planned, contact)
		wantOneError(t.T, diags, "url", "has it")
		_, diags = t.apply(instance{}, planned, contact)
		return diags
	})
	add("create: URL taken, and the API lists no holder", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, contact)
		t.s.HoldURLs(contact["url"].(string))
		_, diags := t.apply(instance{}, planned, contact)
		return diags
	})
	add("create: URL taken, holder not seen", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, contact)
		t.s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})
		t.s.FailEvery(kanberttest.Match{Method: http.MethodGet}, kanberttest.Status(403))
		_, diags := t.apply(instance{}, planned, contact)
		return diags
	})
	add("create: not answered, and a webhook stands that may be another's", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, contact)
		t.s.Seed(kanberttest.Webhook{URL: contact["url"].(string), Event: "task:create", ProjectID: "p"})
		t.s.FailEvery(kanberttest.Match{Method: http.MethodPost}, kanberttest.Reset())
		_, diags := t.apply(instance{}, planned, contact)
		return diags
	})
	add("create: not answered, and no look to be had", func(t *textTest) diagnostics {
		planned := t.plan(instance{}, contact)
		t.s.FailEvery(kanberttest.Match{Method: http.MethodPost}, kanberttest.Reset())
		t.s.FailEvery(kanberttest.Match{Method: http.MethodGet}, kanberttest.Status(401))
		_, diags := t.apply(instance{}, planned, contact)
		return diags
	})

	// Errors that a sandbox does not make.
	asked := kanbert.APIError{StatusCode: 422, Method: "POST", Path: "/webhooks", RequestID: "req-1", Kind: kanbert.ErrInvalid}
	unsent := func(err error) error {
		return &kanbert.TransportError{Method: "GET", Path: "/webhooks", Host: "api.example", Unsent: true, Err: err}
	}
	throughProxy := func(err error) error {
		return &kanbert.TransportError{
			Method: "POST", Path: "/webhooks", URL: "https://api.example/api/v1/webhooks", BaseURLSource: "base_url from KANBERT_BASE_URL",
			Host: "api.example", Proxy: "proxy.example:3128", Unsent: true, Err: err,
		}
	}
	refused := asked
	refused.Fields = map[string][]string{"url": {"The url field is too long"}, "event": {"No", "never."}}
	mixed := asked
	mixed.Message, mixed.Fields = "Invalid.", map[string][]string{"url": {"No."}, "colour": {"The colour is missing."}}
	limited := asked
	limited.StatusCode, limited.Kind = 429, kanbert.ErrRateLimited
	malformed := asked
	malformed.StatusCode, malformed.Kind, malformed.Message = 201, kanbert.ErrMalformed, `the answer lacks the required field "id"`
	for _, c := range []struct {
		name string
		err  error
	}{
		{"422 on several fields", &refused},
		{"422 on a field that is no argument", &mixed},
		{"429 that names no time", &limited},
		{"malformed answer", &malformed},
		{"host not found", unsent(&net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true})},
		{"no TLS", unsent(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"})},
		{"certificate of another host", unsent(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"other.example"}}, Host: "api.example"})},
		{"certificate not trusted", unsent(x509.UnknownAuthorityError{})},
		{"certificate expired", unsent(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}})},
		{"certificate expired at a time", unsent(x509.CertificateInvalidError{Cert: &x509.Certificate{NotAfter: time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC)}, Reason: x509.Expired})},
		{"certificate not yet valid", unsent(x509.CertificateInvalidError{Cert: &x509.Certificate{NotBefore: time.Date(2000, 12, 1, 0, 0, 0, 0, time.UTC)}, Reason: x509.Expired})},
		{"host not looked up", unsent(&net.DNSError{Err: "server misbehaving", Name: "api.example", IsTemporary: true})},
		{"proxy not found", throughProxy(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "proxy.example", IsNotFound: true}})},
		{"proxy not there", throughProxy(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("connection refused")})},
		{"proxy wants a login", throughProxy(&kanbert.ProxyError{Host: "proxy.example:3128", StatusCode: 407})},
		{"proxy refuses", throughProxy(&kanbert.ProxyError{Host: "proxy.example:3128", StatusCode: 403})},
		{"proxy fails", throughProxy(&kanbert.ProxyError{Host: "proxy.example:3128", StatusCode: 502})},
		{"interrupted at the limit", &kanbert.InterruptedError{Err: context.Canceled, Waiting: "the rate limit"}},
		{"no connection in time", &kanbert.TransportError{Method: "GET", Path: "/webhooks", Host: "api.example", Unsent: true, Timeout: 30 * time.Second, Err: context.DeadlineExceeded}},
		{"connection broken", &kanbert.TransportError{Method: "GET", Path: "/webhooks", Host: "api.example", Err: io.ErrUnexpectedEOF}},
		{"interrupted", fmt.Errorf("%w; before that: %w", context.Canceled, &asked)},
		{"out of time", context.DeadlineExceeded},
		{"list without end", kanbert.ErrEndlessList},
		{"something else", errors.New("deleting a webhook: its id is empty")},
	} {
		add(c.name, func(*textTest) diagnostics {
			var diags diag.Diagnostics
			addError(&diags, createWebhook, c.err, argumentNames()...)
			return onWire(diags)
		})
	}
	add("create: answered with another webhook", func(*textTest) diagnostics {
		var diags diag.Diagnostics
		warnOfSpellings(spellingsOf(kanbert.NewWebhook{URL: "https://receiver.example/a", Event: "contact:create"},
			kanbert.Webhook{URL: "https://receiver.example/b?key=hunter2", Event: "contact:create", ProjectID: "p"}), &diags)
		return onWire(diags)
	})

	// One cause is explained once.
	for _, fault := range []kanberttest.Fault{
		kanberttest.Status(401),
		kanberttest.Status(403),
		kanberttest.HTML(302),
		kanberttest.HTML(200),
		kanberttest.Status(500),
		kanberttest.HTML(503),
		kanberttest.RateLimited(kanberttest.InSeconds, time.Hour),
		kanberttest.Refused(),
	} {
		add("again: "+fault.String(), func(t *textTest) diagnostics {
			created := t.create(contact)
			t.s.FailEvery(kanberttest.Match{}, fault)
			_, first := t.apply(created, t.plan(created, nil), nil)
			if !strings.Contains(first.String(), "Request: DELETE") {
				t.Errorf("the first error is not whole: %s", first)
			}
			_, again := t.apply(created, t.plan(created, nil), nil)
			return again
		})
	}
	for _, c := range []struct {
		name  string
		fault kanberttest.Fault
	}{
		{"waiting: 429", kanberttest.RateLimited(kanberttest.InSeconds, time.Minute)},
		{"waiting: 503", kanberttest.HTML(503).RetryAfter(kanberttest.InSeconds, time.Minute)},
	} {
		add(c.name, func(t *textTest) diagnostics {
			planned := t.plan(instance{}, contact)
			t.s.FailNth(1, kanberttest.Match{Method: http.MethodPost}, c.fault)
			_, diags := t.apply(instance{}, planned, contact)
			for _, d := range diags {
				d.Detail = waits.ReplaceAllString(d.Detail, "waited ….")
			}
			return diags
		})
	}

	// The other operations.
	add("read: 403", func(t *textTest) diagnostics {
		created := t.create(contact)
		// A new process, which has not just made the webhook.
		p := newProtocolFor(t, t.s)
		t.s.FailEvery(kanberttest.Match{}, kanberttest.Status(403))
		_, diags := p.read(created)
		return diags
	})
	add("delete: 500 for good", func(t *textTest) diagnostics {
		created := t.create(contact)
		t.s.FailEvery(kanberttest.Match{}, kanberttest.Status(500))
		_, diags := t.apply(created, t.plan(created, nil), nil)
		return diags
	})
	add("update", func(t *textTest) diagnostics {
		created := t.create(contact)
		changed := with(created.values, attrs{"event": "contact:update"})
		_, diags := t.apply(created, plannedChange{instance: instance{values: changed}}, with(contact, attrs{"event": "contact:update"}))
		return diags
	})
	add("import: secret not known", func(t *textTest) diagnostics {
		_, diags := t.importByID(t.s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})[0].ID)
		return diags
	})
	add("import: no webhook of that id", func(t *textTest) diagnostics { _, diags := t.importByID("absent"); return diags })
	add("import: no webhook has that URL", func(t *textTest) diagnostics {
		_, diags := t.importByID("https://receiver.example/absent?key=hunter2")
		return diags
	})
	add("import: a URL that is nearly right", func(t *textTest) diagnostics {
		t.s.Seed(kanberttest.Webhook{ID: "id-7", URL: "https://receiver.example/Contacts?key=hunter2"})
		_, diags := t.importByID("https://receiver.example/contacts")
		return diags
	})
	add("import: empty", func(t *textTest) diagnostics { _, diags := t.importByID(" "); return diags })

	// What is listed, filters apart.
	for _, c := range []struct {
		name      string
		arguments attrs
	}{
		{"webhooks: events without one", attrs{"events": []string{}}},
		{"webhooks: events with null", attrs{"events": []any{nil}}},
		{"webhooks: event nearly one", attrs{"events": []string{"contact:created"}}},
		{"webhooks: project_id empty", attrs{"project_id": ""}},
		{"webhooks: limit 0", attrs{"limit": 0}},
		{"webhooks: sort twice", attrs{"sort": []string{"url", "-url"}}},
	} {
		add(c.name, func(t *textTest) diagnostics { return t.validateDataSource(webhooksType, c.arguments) })
	}
	for _, c := range []struct {
		name   string
		status int
		filter any
	}{
		{"webhooks: 400", 400, nil},
		{"webhooks: 400 with a filter", 400, "url like 'a'"},
		{"webhooks: 414 with a filter", 414, "url like 'a'"},
		{"webhooks: 403 with a filter", 403, "url like 'a'"},
	} {
		add(c.name, func(t *textTest) diagnostics {
			t.s.FailEvery(kanberttest.Match{}, kanberttest.Status(c.status))
			_, diags := t.readDataSource(webhooksType, attrs{"filter": c.filter})
			return diags
		})
	}
	return slices.Concat(cases, absenceCases(), importCases(), otherCases())
}

// onWire gives diagnostics as a CLI gets them.
func onWire(diags diag.Diagnostics) diagnostics {
	var all diagnostics
	for _, d := range diags {
		wire := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: d.Summary(), Detail: d.Detail()}
		if d.Severity() == diag.SeverityWarning {
			wire.Severity = tfprotov6.DiagnosticSeverityWarning
		}
		if at, ok := d.(diag.DiagnosticWithPath); ok {
			wire.Attribute = tftypes.NewAttributePath().WithAttributeName(at.Path().String())
		}
		all = append(all, wire)
	}
	return all
}

// No text may hold a secret: neither a token, nor what user info or query of a URL
// hold.
func TestTextsHoldNoSecret(t *testing.T) {
	for name, text := range readTexts(t) {
		for _, secret := range []string{"hunter2", kanberttest.New().Token()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the text holds %q:\n%s", name, secret, text)
			}
		}
	}
}

// Real connections, of which the texts above are made up.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // It complains of the client's distrust.
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, test := range []struct{ baseURL, want string }{
		{secure.URL, "is not trusted on this machine."},
		{strings.Replace(plain.URL, "http://", "https://", 1), "does not speak TLS."},
		{closed.URL, "could not connect to"},
		{plain.URL, "The response is not JSON"},
	} {
		p := newProtocol(t, WithClientOptions(kanbert.WithBackoff(quickly)))
		wantNone(t, p.configure(attrs{"token": "token", "base_url": test.baseURL, "max_wait": "0s"}))
		_, diags := p.read(instance{values: with(contact, attrs{"id": "id"})})
		wantOneError(t, diags, "", "Unable to read webhook", test.want)
	}
}
