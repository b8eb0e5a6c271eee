// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func TestURLsThatAreTaken(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for _, url := range []string{
		"https://receiver.example",
		"HTTPS://Receiver.example:443/a?b=c#d",
		"http://localhost:8080/hook",
		"http://127.0.0.1/hook",
		"http://[::1]:8080/hook",
		"https://bücher.example/straße?größe=ä",
		"https://例え.example/パス/हिन्दी/١?a[]=1&b='()*+,;@:~!$",
		"https://xn--bcher-kva.example/%C3%A4",
		// 180 characters, and far more bytes.
		"https://receiver.example/" + strings.Repeat("ä", 155),
	} {
		if diags := p.validateWebhook(with(contact, attrs{"url": url})); len(diags) > 0 {
			t.Errorf("%s: %s", url, diags)
		}
	}
}

func TestMeantEvent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]kanbert.Event{
		"contact:created":   kanbert.ContactCreate,
		" contact:create ":  kanbert.ContactCreate,
		"contact create":    kanbert.ContactCreate,
		"contact-create":    kanbert.ContactCreate,
		"contact_create":    kanbert.ContactCreate,
		"contact.-create..": kanbert.ContactCreate,
		"tasks:delete":      kanbert.TaskDelete,
		"comments:create":   kanbert.CommentCreate,
		"contacts:update":   kanbert.ContactUpdate,
		"contact.deleted":   kanbert.ContactDelete,
		"Company:Create":    kanbert.CompanyCreate,
		"companies_changed": kanbert.CompanyUpdate,
		"company::delete":   kanbert.CompanyDelete,
		"taks:create":       kanbert.TaskCreate,
		"task:updat":        kanbert.TaskUpdate,
		"task : removed":    kanbert.TaskDelete,
		"comment/add":       kanbert.CommentCreate,
		// What may be an event one day is not corrected.
		"contract:create": "",
		"tags:create":     "", // two slips away from task
		"task:crates":     "", // two slips away from create
		"comment:update":  "",
		"task:complete":   "",
		"deal:create":     "",
		"project:create":  "",
		"everything":      "",
		"":                "",
		":":               "",
		"*":               "",
		"contact:":        "",
	} {
		if got := meantEvent(kanbert.Event(text)); got != want {
			t.Errorf("%q means %q, want %q", text, got, want)
		}
	}
	for _, e := range kanbert.Events() {
		if got := meantEvent(e); got != e {
			t.Errorf("%q means %q", e, got)
		}
	}
	for want, verbs := range map[kanbert.Event]string{
		kanbert.CompanyCreate: "creates created add added new insert inserted",
		kanbert.CompanyUpdate: "updates updated change changed edit edited modify modified",
		kanbert.CompanyDelete: "deletes deleted remove removed destroy destroyed",
	} {
		for _, verb := range strings.Fields(verbs) {
			if got := meantEvent(kanbert.Event("company:" + verb)); got != want {
				t.Errorf("company:%s means %q, want %q", verb, got, want)
			}
		}
	}
}

// What is not known yet passes every check.
func TestUnknownValuesPass(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for _, config := range []attrs{
		{"url": unknown, "event": unknown, "project_id": unknown, "client_id": unknown},
		{"url": unknown, "event": unknown},
		{"url": "https://receiver.example/", "event": "task:create", "project_id": unknown},
	} {
		wantNone(t, p.validateWebhook(config))
	}
	wantNone(t, p.validateProvider(attrs{"token": unknown, "base_url": unknown, "max_retries": unknown, "request_timeout": unknown}))
}

// A webhook that exists may lack the project: only a plan that makes or changes one
// needs it.
func TestProjectIsRequired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProtocolFor(t, kanberttest.New())
		for e, needsProject := range map[string]bool{
			"contact:create": false, "contact:update": false, "contact:delete": false,
			"company:create": false, "company:update": false, "company:delete": false,
			"task:create": true, "task:update": true, "task:delete": true, "comment:create": true,
		} {
			config := attrs{"url": "https://receiver.example/" + e, "event": e}
			wantNone(t, p.validateWebhook(config))
			diags := p.plan(instance{}, config).diagnostics
			if needsProject {
				wantOneError(t, diags, "project_id", "Missing project", e)
			} else {
				wantNone(t, diags)
			}
			for i, project := range []any{"p", unknown} {
				url := fmt.Sprintf("https://receiver.example/%s/%d", e, i)
				wantNone(t, p.plan(instance{}, with(config, attrs{"url": url, "project_id": project})).diagnostics)
			}
		}
	})
}

// Of what cannot exist validate says so, and shows the value nowhere.
func TestWhatCannotExist(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for _, r := range "|{}^<>\"`\\ \t\n\x00\x7f\u0085\u00a0\u00ad\u200b\u200e\u2028\u2060\ufeff\ufe0f\ue000\u20dd\u0378🚀😀☃👍🏽" {
		for _, url := range []string{"https://receiver.example/hunter2" + string(r), "https://receiver.example/a" + string(r) + "b?hunter2", string(r) + "https://receiver.example/hunter2", "https://receiver.example/?q=hunter2" + string(r) + "#x"} {
			diags := p.validateWebhook(with(contact, attrs{"url": url}))
			wantOneError(t, diags, "url", "Invalid URL", "The URL contains ")
			if text := diags.String(); strings.Contains(text, "hunter2") || r != '\n' && !unicode.IsGraphic(r) && strings.ContainsRune(text, r) {
				t.Errorf("%q: the error is %q", r, text)
			}
		}
	}
	for _, event := range []string{"", " ", " contact:create", "contact:create\n", "invoice paid", "invoice:paid\u200b", "contact.create", "contact:created", "CONTACT:CREATE"} {
		wantOneError(t, p.validateWebhook(with(contact, attrs{"event": event})), "event", "Unknown event")
	}
	for _, argument := range []string{"project_id", "client_id"} {
		for _, id := range []string{"", " ", "\u200b", " id", "id\n", "\tid", "id\u00a0", "\ufeffid", "id\u200b", "id\u00ad"} {
			wantOneError(t, p.validateWebhook(with(contact, attrs{argument: id})), argument)
		}
		for _, id := range []string{"a b", "ä", "1", "a/b"} {
			wantNone(t, p.validateWebhook(with(contact, attrs{argument: id})))
		}
	}
}

// doubtful is what a webhook that exists may have and a new one must not.
var doubtful = map[string]struct {
	change    attrs
	attribute string
	summary   string
}{
	"user info":               {attrs{"url": "https://me:hunter2@receiver.example/"}, "url", "Invalid URL"},
	"user name":               {attrs{"url": "https://me@receiver.example/"}, "url", "Invalid URL"},
	"other scheme":            {attrs{"url": "ftp://receiver.example/"}, "url", "Invalid URL"},
	"port out of range":       {attrs{"url": "https://receiver.example:65536/"}, "url", "Invalid URL"},
	"port 0":                  {attrs{"url": "https://receiver.example:0/"}, "url", "Invalid URL"},
	"unknown event":           {attrs{"event": "invoice:paid"}, "event", "Unknown event"},
	"event of another form":   {attrs{"event": "invoice.paid"}, "event", "Unknown event"},
	"event of one word":       {attrs{"event": "everything"}, "event", "Unknown event"},
	"all events":              {attrs{"event": "*"}, "event", "Unknown event"},
	"task without project":    {attrs{"event": "task:create"}, "project_id", "Missing project"},
	"another, in a project":   {attrs{"event": "task:update", "project_id": nil}, "project_id", "Missing project"},
	"comment without project": {attrs{"event": "comment:create"}, "project_id", "Missing project"},
}

// What may exist passes validate in silence, and is imported, planned, replaced by
// a good one and destroyed like any other. To make it, or to change a webhook to
// it, is an error of the plan, before anything is destroyed.
func TestWhatMayExist(t *testing.T) {
	t.Parallel()
	for name, c := range doubtful {
		bubble(t, name, func(t *testing.T) {
			s := kanberttest.New()
			config := with(contact, c.change)
			wantNone(t, newProtocol(t).validateWebhook(config))

			diags := newProtocolFor(t, s).plan(instance{}, config).diagnostics
			wantOneError(t, diags, c.attribute, c.summary, "terraform destroy -refresh=false")
			if strings.Contains(diags.String(), "hunter2") {
				t.Errorf("the error shows a password:\n%s", diags)
			}
			if n := s.Count(""); n != 0 {
				t.Errorf("%d requests were sent", n)
			}
			p := newProtocolFor(t, s)
			good := p.create(contact)
			diags = newProtocolFor(t, s).plan(good, config).diagnostics
			wantOneError(t, diags, c.attribute, c.summary)
			s.Remove(good.values["id"].(string))

			event, _ := config["event"].(string)
			url, _ := config["url"].(string)
			webhook := s.Seed(kanberttest.Webhook{URL: url, Event: event})[0]
			p = newProtocolFor(t, s)
			imported, diags := p.importByID(webhook.ID)
			wantNoErrors(t, diags)
			read, diags := p.read(imported)
			wantNone(t, diags)
			wantNoChange(t, p, read, config)
			wantNoErrors(t, p.plan(read, contact).diagnostics)
			wantNone(t, newProtocolFor(t, s).plan(read, nil).diagnostics)
		})
	}
}

// What Kanbert cannot deliver to is warned of where it is new.
func TestUndeliverableURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for url, want := range map[string]string{
			"https://receiver.example/#part":          "URL with a fragment",
			"https://localhost/":                      "URL of a private host",
			"https://LOCALHOST.:8443/":                "URL of a private host",
			"https://app.localhost/":                  "URL of a private host",
			"https://127.0.0.1/":                      "URL of a private host",
			"https://127.8.9.10/":                     "URL of a private host",
			"https://[::1]/":                          "URL of a private host",
			"https://[::ffff:10.0.0.1]/":              "URL of a private host",
			"https://10.1.2.3/":                       "URL of a private host",
			"https://172.16.0.1/":                     "URL of a private host",
			"https://192.168.1.1/":                    "URL of a private host",
			"https://169.254.169.254/":                "URL of a private host",
			"https://[fd00::1]/":                      "URL of a private host",
			"https://[fe80::1]/":                      "URL of a private host",
			"https://0.0.0.0/":                        "URL of a private host",
			"https://receiver.internal/":              "URL of a private host",
			"https://receiver/":                       "URL of a private host",
			"https://172.32.0.1/":                     "",
			"https://11.0.0.1/":                       "",
			"https://localhost.receiver.example/":     "",
			"https://[2001:db8::1]/":                  "",
			"https://receiver.example/?host=10.0.0.1": "",
			"https://receiver.example:65535/":         "",
			"https://receiver.example:1/":             "",
		} {
			s := kanberttest.New()
			p := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport())))
			wantNone(t, p.configure(attrs{"token": s.Token(), "base_url": "https://api.kanbert.example/api/v1"}))
			config := with(contact, attrs{"url": url})
			wantNone(t, p.validateWebhook(config))
			diags := p.plan(instance{}, config).diagnostics
			if want == "" {
				wantNone(t, diags)
				continue
			}
			wantWarning(t, diags, want)
			kept := instance{values: with(config, attrs{"id": "id", "created_at": "2024-01-01T00:00:00Z"})}
			again := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport())))
			wantNone(t, again.configure(attrs{"token": s.Token(), "base_url": "https://api.kanbert.example/api/v1"}))
			wantNone(t, again.plan(kept, config).diagnostics)
			// So may one that is not known yet.
			later := newProtocol(t)
			wantNone(t, later.configure(attrs{"token": "token", "base_url": unknown}))
			if diags := later.plan(instance{}, config).diagnostics; len(diags) > 0 && want != "URL with a fragment" {
				t.Errorf("%s, and an API that is not known: %s", url, diags)
			}
			// An API on such a host can deliver there, but never a fragment.
			private := newProtocolFor(t, s)
			if diags := private.plan(instance{}, config).diagnostics; len(diags) > 0 && want != "URL with a fragment" {
				t.Errorf("%s: %s", url, diags)
			}
		}
	})
}
