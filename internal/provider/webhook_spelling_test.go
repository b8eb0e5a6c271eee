// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// respelt is what servers make of what they are asked for.
var respelt = map[string]struct {
	config attrs
	keep   func(kanberttest.Webhook) kanberttest.Webhook
}{
	"punycode host": {
		attrs{"url": "https://bücher.example/hook"},
		onURL(func(url string) string { return strings.Replace(url, "bücher", "xn--bcher-kva", 1) }),
	},
	"percent-encoding": {
		attrs{"url": "https://receiver.example/größe?q=ä"},
		onURL(func(url string) string {
			return strings.NewReplacer("ö", "%C3%B6", "ß", "%C3%9F", "ä", "%C3%A4").Replace(url)
		}),
	},
	"stripped slash": {
		attrs{"url": "https://receiver.example/hook/"},
		onURL(func(url string) string { return strings.TrimSuffix(url, "/") }),
	},
	"path in lower case": {
		attrs{"url": "https://receiver.example/Hook"},
		onURL(strings.ToLower),
	},
	"port written out": {
		attrs{"url": "https://receiver.example/hook"},
		onURL(func(url string) string { return strings.Replace(url, ".example/", ".example:443/", 1) }),
	},
	"event": {
		attrs{"event": "contact:delete"},
		func(w kanberttest.Webhook) kanberttest.Webhook { w.Event = strings.ToUpper(w.Event); return w },
	},
	"trimmed ids": {
		attrs{"project_id": "p ", "client_id": "\tc"}, // validate would refuse it
		func(w kanberttest.Webhook) kanberttest.Webhook { return w },
	},
	"ids in another form": {
		attrs{"project_id": "7", "client_id": "8"},
		func(w kanberttest.Webhook) kanberttest.Webhook {
			w.ProjectID, w.ClientID = "project-"+w.ProjectID, "client-"+w.ClientID
			return w
		},
	},
	"ids dropped": {
		attrs{"project_id": "7", "client_id": "8"},
		func(w kanberttest.Webhook) kanberttest.Webhook { w.ProjectID, w.ClientID = "", ""; return w },
	},
	"client filled in": {
		attrs{},
		func(w kanberttest.Webhook) kanberttest.Webhook { w.ClientID = "client-3"; return w },
	},
	"everything": {
		attrs{"url": "https://receiver.example/A/", "project_id": "7"},
		func(w kanberttest.Webhook) kanberttest.Webhook {
			w.URL, w.ProjectID, w.ClientID = strings.ToLower(strings.TrimSuffix(w.URL, "/")), "project-7", "client-3"
			return w
		},
	},
}

func onURL(f func(string) string) func(kanberttest.Webhook) kanberttest.Webhook {
	return func(w kanberttest.Webhook) kanberttest.Webhook { w.URL = f(w.URL); return w }
}

// answeredConfig is a configuration in the API's own spelling.
func answeredConfig(w kanberttest.Webhook) attrs {
	return attrs{"url": w.URL, "event": w.Event, "project_id": orNil(w.ProjectID), "client_id": orNil(w.ClientID)}
}

// What the API made of what it was asked for is no change: one create, and each
// plan after it is empty, in each process and after each read. It is found by
// look-ups, and no complete listing is needed.
func TestWhatTheAPIRespellsStays(t *testing.T) {
	t.Parallel()
	for name, c := range respelt {
		bubble(t, name, func(t *testing.T) {
			s := kanberttest.New(kanberttest.WithKept(c.keep))
			s.Seed(numbered(65)...)
			config := with(contact, c.config)
			state := newProtocolFor(t, s).create(config)
			kept := s.Webhooks()[65]
			for range 3 {
				s.ResetRequests()
				p := newProtocolFor(t, s)
				read, diags := p.read(state)
				wantNone(t, diags)
				if !maps.Equal(read.values, state.values) {
					t.Fatalf("the read gave %v\nthe state was %v", read.values, state.values)
				}
				if n := s.Count(""); n > 2 {
					t.Errorf("the read cost %d requests", n)
				}
				wantNoChange(t, p, read, config)
				state = read
			}
			// A configuration in the API's own spelling replaces nothing either.
			p := newProtocolFor(t, s)
			planned := p.plan(state, answeredConfig(kept))
			if len(planned.diagnostics.withSummary("A new signing secret will be issued")) > 0 || len(planned.replaces) > 0 {
				t.Fatalf("to write what the API made replaces %v:\n%s", planned.replaces, planned.diagnostics)
			}
			if planned.diagnostics.hasErrors() {
				return // An event of that form could not be planned as a change.
			}
			s.ResetRequests()
			if !maps.Equal(planned.values, state.values) {
				adopted, diags := p.apply(state, planned, answeredConfig(kept))
				wantNone(t, diags)
				if !maps.Equal(adopted.values, planned.values) || !maps.Equal(adopted.identity, attrs{"id": kept.ID}) {
					t.Errorf("adopted %v with the identity %v", adopted.values, adopted.identity)
				}
				state = adopted
			}
			read, diags := newProtocolFor(t, s).read(state)
			wantNone(t, diags)
			wantNoChange(t, newProtocolFor(t, s), read, answeredConfig(kept))
			if !maps.Equal(read.values, state.values) || read.values["signature_secret_key"] != kept.Secret {
				t.Errorf("after that the read gave %v", read.values)
			}
			wantNoWrites(t, s)
		})
	}
}

// A later change by another program is seen, replaces, and what the API makes of the
// new one stays again. A change back is none.
func TestDriftOfARespeltWebhookIsSeen(t *testing.T) {
	t.Parallel()
	drifts := map[string]func(*kanberttest.Webhook){
		"url":        func(w *kanberttest.Webhook) { w.URL = "https://other.example/" },
		"event":      func(w *kanberttest.Webhook) { w.Event = "company:create" },
		"project_id": func(w *kanberttest.Webhook) { w.ProjectID = "another" },
		"client_id":  func(w *kanberttest.Webhook) { w.ClientID = "another" },
	}
	for argument, drift := range drifts {
		for name, c := range respelt {
			bubble(t, argument+"/"+name, func(t *testing.T) {
				s := kanberttest.New(kanberttest.WithKept(c.keep))
				config := with(contact, c.config)
				created := newProtocolFor(t, s).create(config)
				kept := s.Webhooks()[0]
				other := kept
				drift(&other)
				s.Remove(kept.ID)
				s.Seed(other)

				p := newProtocolFor(t, s)
				drifted, diags := p.read(created)
				wantNone(t, diags)
				planned := p.plan(drifted, config)
				if !slices.Equal(planned.replaces, []string{argument}) {
					t.Fatalf("the drift replaces because of %v; the state is %v", planned.replaces, drifted.values)
				}
				// The change is taken back.
				s.Remove(kept.ID)
				s.Seed(kept)
				back, diags := newProtocolFor(t, s).read(drifted)
				wantNone(t, diags)
				if !maps.Equal(back.values, created.values) {
					t.Errorf("after a change back the state is %v\nwant %v", back.values, created.values)
				}
				s.Remove(kept.ID)
				s.Seed(other)

				p = newProtocolFor(t, s)
				second := p.replace(drifted, config)
				wantNoErrors(t, second.diagnostics)
				_, diags = p.apply(drifted, plannedChange{}, nil)
				wantNone(t, diags)
				replaced, diags := p.apply(instance{}, second, config)
				wantNoErrors(t, diags)
				read, diags := newProtocolFor(t, s).read(replaced)
				wantNone(t, diags)
				wantNoChange(t, newProtocolFor(t, s), read, config)
			})
		}
	}
}

// A webhook that is gone is looked up by the URL that the API had of it, by a read
// and by a delete.
func TestARespeltWebhookIsLookedUpByTheAPIsURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const asked, answered = "https://bücher.example/hook", "https://xn--bcher-kva.example/hook"
		for _, name := range []string{"read", "delete"} {
			s := kanberttest.New(kanberttest.WithKept(respelt["punycode host"].keep))
			config := with(contact, attrs{"url": asked})
			created := newProtocolFor(t, s).create(config)
			s.Remove(created.values["id"].(string))
			s.ResetRequests()
			p := newProtocolFor(t, s)
			var gone instance
			var diags diagnostics
			if name == "read" {
				gone, diags = p.read(created)
			} else {
				gone, diags = p.apply(created, p.plan(created, nil), nil)
			}
			wantWarning(t, diags, "no longer exists")
			if gone.values != nil {
				t.Errorf("%s: the state is %v", name, gone.values)
			}
			lookups := 0
			for _, r := range s.Requests() {
				if filter := r.Query.Get("filter"); filter != "" {
					lookups++
					if !strings.Contains(filter, answered) || strings.Contains(filter, asked) {
						t.Errorf("%s: the filter is %s", name, filter)
					}
				}
			}
			if lookups == 0 {
				t.Errorf("%s: the URL was not looked up", name)
			}
		}
	})
}

// What the plan knows of the API's spelling counts where URLs conflict.
func TestRespeltURLsConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithKept(respelt["punycode host"].keep))
		asked := with(contact, attrs{"url": "https://bücher.example/hook"})
		answered := with(contact, attrs{"url": "https://xn--bcher-kva.example/hook"})
		created := newProtocolFor(t, s).create(asked)
		for name, steps := range map[string][]step{
			"a new one":           {isRead(created, stays(created, asked)), isNew(answered)},
			"a new one, replaced": {isReplaced(created, with(asked, attrs{"event": "contact:update"})), isNew(answered)},
			"as it was asked for": {isRead(created, stays(created, asked)), isNew(asked)},
		} {
			planInAnyOrder(newProtocolFor(t, s), steps, func(order []int, diags diagnostics) {
				if errors := diags.errors(); len(errors) != 1 || len(errors.withSummary(conflictSummary)) != 1 {
					t.Errorf("%s, order %v: the errors are\n%s", name, order, errors)
				}
			})
		}
		planInAnyOrder(newProtocolFor(t, s), []step{stays(created, asked), isNew(urlOfPath("other"))}, func(_ []int, diags diagnostics) { wantNone(t, diags) })
	})
}

// A new webhook is planned between the two plannings of a replacement: the second
// one names the same conflict, in another spelling.
func TestConflictBetweenTwoPlannings(t *testing.T) {
	t.Parallel()
	var r registry
	replaced := plannedURL{url: "https://bücher.example/hook", answered: "https://xn--bcher-kva.example/hook", event: "contact:update", change: true}
	added := plannedURL{url: replaced.answered, answered: replaced.answered, event: "contact:create", change: true}
	old, other := owner{id: "a"}, r.newOwner()
	for i, c := range []struct {
		owner   owner
		planned plannedURL
		want    conflict
	}{{old, replaced, noConflict}, {other, added, sameURL}, {old, replaced, noConflict}} {
		if got, _ := r.planURL(c.owner, c.planned); got != c.want {
			t.Errorf("call %d: got %d, want %d", i+1, got, c.want)
		}
	}
}

// A move of the provider's own state keeps what the API made of it.
func TestMoveKeepsTheSpelling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithKept(respelt["path in lower case"].keep))
		config := with(contact, respelt["path in lower case"].config)
		created := newProtocolFor(t, s).create(config)
		state, err := json.Marshal(created.values)
		if err != nil {
			t.Fatal(err)
		}
		p := newProtocolFor(t, s)
		resp, err := p.server.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
			SourceProviderAddress: "registry.opentofu.org/kanbert/kanbert", SourceTypeName: webhookResourceType, TargetTypeName: webhookResourceType,
			SourceState: &tfprotov6.RawState{JSON: state}, SourcePrivate: created.private,
		})
		p.must(err)
		wantNone(t, resp.Diagnostics)
		moved, diags := p.read(instance{values: p.decode(p.webhookType(), resp.TargetState), private: resp.TargetPrivate})
		wantNone(t, diags)
		wantNoChange(t, p, moved, config)
	})
}

// The data source finds a webhook of this configuration by the URL in its state.
func TestDataSourceByARespeltURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := kanberttest.New(kanberttest.WithKept(respelt["path in lower case"].keep))
		config := with(contact, respelt["path in lower case"].config)
		created := newProtocolFor(t, s).create(config)
		for name, first := range map[string]func(*protocol){
			"after a read":                   func(p *protocol) { _, _ = p.read(created) },
			"after a plan without a refresh": func(p *protocol) { p.plan(created, config) },
		} {
			p := newProtocolFor(t, s)
			first(p)
			found, diags := p.readDataSource("kanbert_webhook", attrs{"url": config["url"]})
			wantNone(t, diags)
			if found["id"] != created.values["id"] || found["url"] != config["url"] {
				t.Errorf("%s: found %v", name, found)
			}
		}
		// The process that has created it knows as well, and what is gone is not found.
		p := newProtocolFor(t, s)
		other := with(config, attrs{"url": "https://receiver.example/Other"})
		made := p.create(other)
		found, diags := p.readDataSource("kanbert_webhook", attrs{"url": other["url"]})
		wantNone(t, diags)
		if found["id"] != made.values["id"] {
			t.Errorf("after the create: found %v", found)
		}
		s.Remove(made.values["id"].(string))
		_, diags = p.readDataSource("kanbert_webhook", attrs{"url": other["url"]})
		wantOneError(t, diags, "", "No webhook in the workspace has this URL")
	})
}

// The same through a real CLI: applies, refreshes, moves and taints.
func TestRespellingThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t, kanberttest.WithKept(func(w kanberttest.Webhook) kanberttest.Webhook {
		w.URL = strings.ToLower(strings.TrimSuffix(strings.Replace(w.URL, "bücher", "xn--bcher-kva", 1), "/"))
		return w
	}))
	config := func(name string) string {
		return configFor(s, fmt.Sprintf(`
			resource "kanbert_webhook" %q {
			  url   = "https://bücher.example/Hook/"
			  event = "contact:create"
			}
			data "kanbert_webhook" "by_url" {
			  url = kanbert_webhook.%[1]s.url
			}`, name))
	}
	w := newPlainWorkspace(t, config("a"))
	for range 3 {
		w.must(t, "apply", "-auto-approve")
	}
	w.wantEmptyPlan(t)
	w.must(t, "apply", "-auto-approve", "-refresh-only")
	w.must(t, "apply", "-auto-approve", "-refresh=false")
	w.must(t, "state", "mv", "kanbert_webhook.a", "kanbert_webhook.b")
	w.write(t, config("b"))
	w.wantEmptyPlan(t)
	w.write(t, config("c")+"\nmoved {\n from = kanbert_webhook.b\n to = kanbert_webhook.c\n}\n")
	w.must(t, "apply", "-auto-approve")
	w.wantEmptyPlan(t)
	if posts, webhooks := s.Count(http.MethodPost), s.Webhooks(); posts != 1 || len(webhooks) != 1 {
		t.Fatalf("%d POSTs were sent, and %d webhooks exist, want one of each", posts, len(webhooks))
	}
	w.write(t, strings.ReplaceAll(config("c"), "bücher.example/Hook/", "xn--bcher-kva.example/hook"))
	w.wantEmptyPlan(t)
	w.write(t, config("c"))

	w.must(t, "taint", "kanbert_webhook.c")
	w.must(t, "apply", "-auto-approve")
	w.wantEmptyPlan(t)
	w.must(t, "apply", "-auto-approve", "-replace=kanbert_webhook.c")
	w.wantEmptyPlan(t)
	if posts, webhooks := s.Count(http.MethodPost), s.Webhooks(); posts != 3 || len(webhooks) != 1 {
		t.Fatalf("%d POSTs were sent, and %d webhooks exist, want 3 and 1", posts, len(webhooks))
	}
	other := s.Webhooks()[0]
	s.Remove(other.ID)
	other.URL = "https://other.example/"
	s.Seed(other)
	if out := w.must(t, "plan"); !regexp.MustCompile(`1 to add, 0 to change, 1 to destroy`).MatchString(out) {
		t.Errorf("a change by another program is not seen:\n%s", out)
	}
	w.must(t, "apply", "-auto-approve")
	w.wantEmptyPlan(t)
	w.must(t, "destroy", "-auto-approve")
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
	if os.Getenv("TF_ACC_TERRAFORM_PATH") == "" {
		t.Error("no CLI was run")
	}
}

// Private state that an older version wrote, or that is damaged in part, loses
// nothing but what cannot be read.
func TestPrivateStateIsReadFieldByField(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]webhookPrivate{
		`{"workspace_id":"w"}`:                                                          {WorkspaceID: "w"},
		`{"workspace_id":"w","created_at":"yesterday"}`:                                 {WorkspaceID: "w"},
		`{"workspace_id":"w","spellings":["url"]}`:                                      {WorkspaceID: "w"},
		`{"workspace_id":7,"spellings":{"url":{"asked":"a","answered":"b"},"event":5}}`: {Spellings: spellings{"url": {"a", "b"}}},
		`[]`:   {},
		`null`: {},
		``:     {},
		`{`:    {},
	} {
		got := loadPrivate(t.Context(), privateText(text))
		if got.WorkspaceID != want.WorkspaceID || !got.CreatedAt.Equal(want.CreatedAt) || !maps.Equal(got.Spellings, want.Spellings) {
			t.Errorf("%s gave %+v, want %+v", text, got, want)
		}
	}
}

// privateText is private state that holds a text.
type privateText string

func (p privateText) GetKey(context.Context, string) ([]byte, diag.Diagnostics) {
	return []byte(p), nil
}

func (p privateText) SetKey(context.Context, string, []byte) diag.Diagnostics { return nil }

// keptPrivate is private state in memory.
type keptPrivate map[string][]byte

func (k keptPrivate) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return k[key], nil
}

func (k keptPrivate) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	k[key] = value
	return nil
}

// What one process writes into private state the next one reads, each field by
// itself, and nothing is written where nothing is known.
func TestPrivateStateRoundTrip(t *testing.T) {
	t.Parallel()
	made := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, want := range []webhookPrivate{
		{WorkspaceID: "w"}, {CreatedAt: made}, {Spellings: spellings{"url": {"a", "b"}}},
		{WorkspaceID: "w", CreatedAt: made, Spellings: spellings{"url": {"a", "b"}, "event": {"c", ""}}}, {},
	} {
		var diags diag.Diagnostics
		kept := keptPrivate{}
		want.save(t.Context(), kept, &diags)
		got := loadPrivate(t.Context(), kept)
		if diags.HasError() || got.WorkspaceID != want.WorkspaceID || !got.CreatedAt.Equal(want.CreatedAt) || !maps.Equal(got.Spellings, want.Spellings) {
			t.Errorf("%+v was kept as %s", want, kept[privateKey])
		}
		if isEmpty := want.WorkspaceID == "" && want.CreatedAt.IsZero() && want.Spellings == nil; isEmpty != (len(kept) == 0) {
			t.Errorf("%+v was kept as %s", want, kept[privateKey])
		}
	}
	if got := (webhookPrivate{WorkspaceID: "made here"}).seenIn("now here"); got.WorkspaceID != "made here" {
		t.Errorf("the workspace became %q", got.WorkspaceID)
	}
}
