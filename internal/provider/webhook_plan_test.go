// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// wantNoChange ends the test unless planning config from current, in a walk of its
// own, changes nothing and says nothing.
func wantNoChange(t testing.TB, p *protocol, current instance, config attrs) {
	t.Helper()
	p.nextWalk()
	planned := p.plan(current, config)
	wantNone(t, planned.diagnostics)
	if len(planned.replaces) > 0 || !maps.Equal(planned.values, current.values) {
		t.Errorf("planned %v, replacing because of %v; the state is %v", planned.values, planned.replaces, current.values)
	}
}

// A spelling that means the same URL is no change, in the configuration or at the API.
func TestRespellingPlansNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithRespelledURLs())
		p := newProtocolFor(t, s)
		config := with(contact, attrs{"url": "https://RECEIVER.example"})
		created := p.create(config)
		if got := s.Webhooks()[0].URL; got != "https://receiver.example/" {
			t.Fatalf("the server has %q, and was to respell it", got)
		}
		if got := created.values["url"]; got != config["url"] {
			t.Errorf("the state has the URL %q after the create, want what was planned", got)
		}
		read, diags := p.read(created)
		wantNone(t, diags)
		if got := read.values["url"]; got != config["url"] {
			t.Errorf("the state has the URL %q after the read, want its own spelling", got)
		}
		for _, url := range []string{"https://RECEIVER.example", "https://receiver.example:443", "HTTPS://receiver.example/"} {
			wantNoChange(t, p, read, with(contact, attrs{"url": url}))
		}
		// What may mean something to the receiver is a change.
		for _, url := range []string{"https://receiver.example/?", "https://receiver.example/A", "https://receiver.example:8443/", "http://receiver.example/"} {
			p.nextWalk()
			planned := p.plan(read, with(contact, attrs{"url": url}))
			if !slices.Equal(planned.replaces, []string{"url"}) {
				t.Errorf("%s: replaces because of %v, want url", url, planned.replaces)
			}
		}
	})
}

// Each argument replaces, and the plan warns of the new secret once.
func TestEachArgumentReplaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		created := p.create(contact)
		for name, value := range map[string]any{"url": "https://receiver.example/other", "event": "contact:update", "project_id": "p", "client_id": unknown} {
			p.nextWalk()
			config := with(contact, attrs{name: value})
			planned := p.plan(created, config)
			wantNoErrors(t, planned.diagnostics)
			if !slices.Equal(planned.replaces, []string{name}) {
				t.Errorf("%s: replaces because of %v", name, planned.replaces)
			}
			warnings := planned.diagnostics.warnings()
			if len(warnings) != 1 || warnings[0].Summary != "A new signing secret will be issued" || attributeName(warnings[0].Attribute) != name {
				t.Errorf("%s: the warnings are\n%s", name, warnings)
			}
			// Terraform plans it again, as new. That what has the URL is this
			// resource's own predecessor is nothing to warn of.
			again := p.plan(instance{private: planned.private}, config)
			wantNone(t, again.diagnostics)
			if again.values["id"] != unknown || again.values["signature_secret_key"] != unknown {
				t.Errorf("%s: the successor is planned with %v", name, again.values)
			}
		}
	})
}

// Creating and destroying bring no warning of a new secret.
func TestCreateAndDestroySayNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		wantNone(t, p.plan(instance{}, contact).diagnostics)
		p.nextWalk()
		created := p.create(contact)
		p.nextWalk()
		wantNone(t, p.plan(created, nil).diagnostics)
	})
}

// The apply of a changed address plans the successor while the predecessor is
// being destroyed.
func TestPredecessorOnItsWayOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		created := newProtocolFor(t, s).create(contact)
		p := newProtocolFor(t, s)
		s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(403))
		_, diags := p.apply(created, plannedChange{}, nil)
		wantOneError(t, diags, "", "Unable to delete webhook")
		wantNone(t, p.plan(instance{}, contact).diagnostics)
	})
}

// A URL that is not known cannot be looked up, and one that is free is nothing
// to speak of.
func TestFreeURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		s.Seed(kanberttest.Webhook{URL: "https://receiver.example/Contacts"})
		p := newProtocolFor(t, s)
		wantNone(t, p.plan(instance{}, with(contact, attrs{"url": unknown})).diagnostics)
		if n := s.Count(""); n != 0 {
			t.Errorf("%d requests were sent for a URL that is not known", n)
		}
		wantNone(t, p.plan(instance{}, contact).diagnostics)
	})
}

// A webhook without a secret, as after an import, plans nothing.
func TestNullSecretStaysNull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		webhook := s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})[0]
		p := newProtocolFor(t, s)
		imported, diags := p.importByID(webhook.ID)
		wantNoneBut(t, secretSummary, diags)
		read, diags := p.read(imported)
		wantNone(t, diags)
		if secret := read.values["signature_secret_key"]; secret != nil {
			t.Errorf("the secret is %v", secret)
		}
		wantNoChange(t, p, read, contact)
	})
}

// The time of creation keeps its text, however the server prints it later.
func TestCreatedAtIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithTimeFormat("2006-01-02T15:04:05.000000Z07:00"))
		p := newProtocolFor(t, s)
		created := p.create(contact)
		text, _ := created.values["created_at"].(string)
		if want := s.Webhooks()[0].CreatedAt.Format("2006-01-02T15:04:05.999999999Z07:00"); text != want {
			t.Errorf("created_at is %q, want %q", text, want)
		}
		created.values["created_at"] = "2024-01-01T00:00:00+00:00"
		read, diags := p.read(created)
		wantNone(t, diags)
		if got := read.values["created_at"]; got != created.values["created_at"] {
			t.Errorf("created_at became %q", got)
		}
	})
}

// A webhook whose secret was lost, and that cannot be deleted, is in state with
// its id: so that Terraform marks it as tainted and it is not forgotten.
func TestLostSecretIsInState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		planned := p.plan(instance{}, contact)
		s.FailEvery(kanberttest.Match{Method: http.MethodPost}, kanberttest.MissingSecret())
		s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, kanberttest.Status(403))
		created, diags := p.apply(instance{}, planned, contact)
		wantOneError(t, diags, "", "did not receive its signing secret")
		settle()
		webhook := s.Webhooks()[0]
		if created.values["id"] != webhook.ID || created.values["signature_secret_key"] != nil || created.identity["id"] != webhook.ID {
			t.Errorf("the state is %v, the identity %v", created.values, created.identity)
		}
	})
}

// altered writes other words into the answers to a POST; alteredLists does so in
// those to a GET.
type altered struct {
	http.RoundTripper
	old, new string
}

type alteredLists altered

func (a alteredLists) RoundTrip(req *http.Request) (*http.Response, error) {
	return altered(a).answer(req, http.MethodGet)
}

func (a altered) RoundTrip(req *http.Request) (*http.Response, error) {
	return a.answer(req, http.MethodPost)
}

func (a altered) answer(req *http.Request, method string) (*http.Response, error) {
	resp, err := a.RoundTripper.RoundTrip(req)
	if err != nil || req.Method != method {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	text := strings.Replace(string(body), a.old, a.new, 1)
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// An answer that lacks a field is an error that says which, and what it does hold
// is in state.
func TestAnswerLacksAField(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s, WithClientOptions(kanbert.WithTransport(altered{s.Transport(), `"created_at"`, `"made_at"`})))
		created, diags := p.apply(instance{}, p.plan(instance{}, contact), contact)
		wantOneError(t, diags, "", `lacks the required field "created_at"`)
		webhook := s.Webhooks()[0]
		if created.values["id"] != webhook.ID || created.values["signature_secret_key"] != webhook.Secret || created.identity["id"] != webhook.ID {
			t.Errorf("the state is %v, the identity %v", created.values, created.identity)
		}
		if warnings := diags.warnings(); len(warnings) != 1 || !strings.Contains(warnings[0].Detail, "terraform untaint") {
			t.Errorf("the warnings are\n%s", warnings)
		}
		read, diags := newProtocolFor(t, s).read(created)
		wantNone(t, diags)
		if read.values["created_at"] == nil {
			t.Error("created_at is not found by the read")
		}
	})
}

// A time of creation that RFC 3339 cannot express in UTC costs nothing but itself:
// the secret is in state, and no attribute is left unknown.
func TestTimeBeyondRFC3339(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, text := range []string{"9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z"} {
			s := kanberttest.New()
			transport := altered{s.Transport(), `"created_at":"`, `"created_at":"` + text + `","made_at":"`}
			p := newProtocolFor(t, s, WithClientOptions(kanbert.WithTransport(transport)))
			created, diags := p.apply(instance{}, p.plan(instance{}, contact), contact)
			wantNone(t, diags)
			webhook := s.Webhooks()[0]
			if created.values["id"] != webhook.ID || created.values["signature_secret_key"] != webhook.Secret || created.values["created_at"] != nil {
				t.Errorf("%s: the state is %v", text, created.values)
			}
			read, diags := p.read(created)
			wantNone(t, diags)
			wantNoChange(t, p, read, contact)
		}
	})
}

// If the API makes another webhook than was asked for, state holds what was
// planned, as Terraform demands, and a warning says so.
func TestAnswerDiffers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s, WithClientOptions(kanbert.WithTransport(altered{s.Transport(), "contact:create", "contact:update"})))
		created, diags := p.apply(instance{}, p.plan(instance{}, contact), contact)
		wantNoErrors(t, diags)
		if warnings := diags.warnings(); len(warnings) != 1 || attributeName(warnings[0].Attribute) != "event" {
			t.Errorf("the warnings are\n%s", warnings)
		}
		if created.values["event"] != "contact:create" {
			t.Errorf("the state is %v", created.values)
		}
	})
}

// One interrupt comes as the end of the context. A create and a delete that are
// An interrupt while a request is in flight does not cut it off: the create
// reaches state with its secret, and the delete is done.
func TestInterruptDoesNotCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		planned := p.plan(instance{}, contact)
		ctx, interrupt := context.WithCancel(t.Context())
		s.Before(1, kanberttest.Match{Method: http.MethodPost}, func(*kanberttest.Sandbox) { interrupt() })
		created, diags := p.applyIn(ctx, instance{}, planned, contact)
		wantNone(t, diags)
		if secret := created.values["signature_secret_key"]; secret != s.Webhooks()[0].Secret {
			t.Errorf("the secret in state is %v", secret)
		}
		ctx, interrupt = context.WithCancel(t.Context())
		s.Before(1, kanberttest.Match{Method: http.MethodDelete}, func(*kanberttest.Sandbox) { interrupt() })
		_, diags = p.applyIn(ctx, created, p.plan(created, nil), nil)
		wantNone(t, diags)
		if n := len(s.Webhooks()); n != 0 {
			t.Errorf("%d webhooks are left", n)
		}
	})
}

// An interrupt before anything was sent ends a create and a delete at once.
func TestInterruptBeforeTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		created := p.create(contact)
		other := attrs{"url": "https://receiver.example/other", "event": "contact:create"}
		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		s.ResetRequests()
		_, diags := p.applyIn(ctx, instance{}, p.plan(instance{}, other), other)
		wantOneError(t, diags, "", "Interrupted", "Nothing was created")
		_, diags = p.applyIn(ctx, created, p.plan(created, nil), nil)
		wantOneError(t, diags, "", "Interrupted", "Nothing was deleted")
		if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 0 || deletes != 0 {
			t.Errorf("%d POSTs and %d DELETEs were sent", posts, deletes)
		}
	})
}

// A webhook that another program deleted is gone, which is what was wanted.
func TestDeleteOfWhatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		created := p.create(contact)
		s.Remove(created.values["id"].(string))
		gone, diags := p.apply(created, p.plan(created, nil), nil)
		wantWarning(t, diags, "no longer exists")
		if gone.values != nil {
			t.Errorf("the state is %v", gone.values)
		}
	})
}

// What a plan has warned of, an apply that plans once more does not, and neither does
// a plan of a CLI that can defer changes. Errors stay.
func TestQuietPlans(t *testing.T) {
	t.Parallel()
	const private, part = "https://10.0.0.1/a", "https://receiver.example/a#part"
	for name, c := range map[string]struct {
		plan   func(p *protocol, held instance, taken string) diagnostics
		errors int
	}{
		"a new secret": {func(p *protocol, held instance, _ string) diagnostics {
			return p.plan(held, forEvent(contact, "company:create")).diagnostics
		}, 0},
		"two addresses": {func(p *protocol, held instance, _ string) diagnostics {
			return append(p.plan(held, contact).diagnostics, p.plan(held, contact).diagnostics...)
		}, 0},
		"a taken URL": {func(p *protocol, _ instance, taken string) diagnostics {
			return p.plan(instance{}, with(contact, attrs{"url": taken})).diagnostics
		}, 0},
		"a private host": {func(p *protocol, _ instance, _ string) diagnostics {
			return p.plan(instance{}, with(contact, attrs{"url": private})).diagnostics
		}, 0},
		"a fragment": {func(p *protocol, _ instance, _ string) diagnostics {
			return p.plan(instance{}, with(contact, attrs{"url": part})).diagnostics
		}, 0},
		"a look-up that fails": {func(p *protocol, _ instance, _ string) diagnostics {
			return p.plan(instance{}, urlOfPath("500")).diagnostics
		}, 0},
		"a look-up without a token": {func(p *protocol, _ instance, _ string) diagnostics {
			return p.plan(instance{}, urlOfPath("401")).diagnostics
		}, 1},
		"a look-up without the scope": {func(p *protocol, _ instance, _ string) diagnostics {
			return p.plan(instance{}, urlOfPath("403")).diagnostics
		}, 1},
		"a bad event": {func(p *protocol, _ instance, _ string) diagnostics {
			return p.plan(instance{}, forEvent(contact, "deal:close")).diagnostics
		}, 1},
	} {
		for _, how := range []string{"loud", "deferral", "in an apply", "in an apply that begins meanwhile"} {
			if how == "in an apply that begins meanwhile" && name != "a taken URL" {
				continue // Nothing else takes time.
			}
			bubble(t, name+", "+how, func(t *testing.T) {
				s := kanberttest.New()
				p := newProtocol(t, WithClientOptions(kanbert.WithTransport(s.Transport())))
				wantNone(t, p.configure(attrs{"token": s.Token(), "base_url": "https://api.kanbert.example/api/v1", "max_retries": 0}))
				held := inState(s, contact)
				taken := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/taken"})[0].URL
				other := inState(s, urlOfPath("other"))
				begin := sync.OnceFunc(func() {
					_, diags := p.apply(other, plannedChange{}, nil)
					wantNone(t, diags)
				})
				switch how {
				case "deferral":
					p.deferral = true
				case "in an apply":
					begin()
				case "in an apply that begins meanwhile":
					s.Before(0, kanberttest.Match{Method: http.MethodGet}, func(*kanberttest.Sandbox) { begin() })
				}
				if status := map[string]int{"a look-up that fails": 500, "a look-up without a token": 401, "a look-up without the scope": 403}[name]; status > 0 {
					s.FailEvery(kanberttest.Match{Method: http.MethodGet}, kanberttest.Status(status))
				}
				diags := c.plan(p, held, taken)
				settle()
				warnings := 1 - c.errors
				if how != "loud" {
					warnings = 0
				}
				if len(diags.errors()) != c.errors || len(diags.warnings()) != warnings {
					t.Errorf("want %d errors and %d warnings:\n%s", c.errors, warnings, diags)
				}
			})
		}
	}
}

// A plan that is interrupted says nothing of the look-up that it cannot make.
func TestInterruptedPlanIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		ctx, interrupt := context.WithCancel(t.Context())
		s.Before(1, kanberttest.Match{Method: http.MethodGet}, func(*kanberttest.Sandbox) { interrupt() })
		resp, err := p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
			TypeName: webhookResourceType, PriorState: p.encode(p.webhookType(), nil),
			ProposedNewState: p.encode(p.webhookType(), p.proposed(nil, contact)), Config: p.encode(p.webhookType(), contact),
		})
		p.must(err)
		settle()
		wantNone(t, resp.Diagnostics)
	})
}

// An interrupt while a DELETE is under way whose answer proves nothing does not cut
// off the look for the webhook.
func TestInterruptDoesNotCutOffTheProof(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New()
		p := newProtocolFor(t, s)
		created := p.create(contact)
		s.Remove(created.values["id"].(string))
		ctx, interrupt := context.WithCancel(t.Context())
		s.Before(1, kanberttest.Match{Method: http.MethodDelete}, func(*kanberttest.Sandbox) { interrupt() })
		gone, diags := p.applyIn(ctx, created, p.plan(created, nil), nil)
		wantWarning(t, diags, "no longer exists")
		if gone.values != nil {
			t.Errorf("the state is %v", gone.values)
		}
	})
}
