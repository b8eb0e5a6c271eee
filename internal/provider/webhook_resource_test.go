// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

const this = "kanbert_webhook.this"

// webhookConfig is a kanbert_webhook with these arguments.
func webhookConfig(arguments attrs) string {
	var b strings.Builder
	b.WriteString("resource \"kanbert_webhook\" \"this\" {\n")
	for name, value := range arguments {
		fmt.Fprintf(&b, "  %s = %q\n", name, value)
	}
	return b.String() + "}\n"
}

// secretOf checks that a state holds the secret of the sandbox's only webhook.
func secretOf(s *kanberttest.Sandbox) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(this, tfjsonpath.New("signature_secret_key"), knownvalue.StringFunc(func(secret string) error {
		if webhooks := s.Webhooks(); len(webhooks) != 1 || webhooks[0].Secret != secret {
			return fmt.Errorf("the server has %d webhooks, and none of them has the secret of the state alone", len(webhooks))
		}
		return nil
	}))
}

// A webhook's life: a change of any argument makes another webhook with another
// secret, and a spelling of the URL that means the same changes nothing.
func TestWebhookLife(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	s := kanberttest.Start(t)
	newID := statecheck.CompareValue(compare.ValuesDiffer())
	newSecret := statecheck.CompareValue(compare.ValuesDiffer())
	arguments := attrs{"url": "https://receiver.example/a?key=hunter2", "event": "contact:create"}
	step := func(change attrs, action plancheck.ResourceActionType) resource.TestStep {
		arguments = with(arguments, change)
		checks := []statecheck.StateCheck{
			secretOf(s),
			statecheck.ExpectSensitiveValue(this, tfjsonpath.New("signature_secret_key")),
			statecheck.ExpectKnownValue(this, tfjsonpath.New("created_at"), knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))),
			newID.AddStateValue(this, tfjsonpath.New("id")),
			newSecret.AddStateValue(this, tfjsonpath.New("signature_secret_key")),
		}
		for _, name := range []string{"url", "event", "project_id", "client_id"} {
			want := knownvalue.Check(knownvalue.Null())
			if value, ok := arguments[name].(string); ok {
				want = knownvalue.StringExact(value)
			}
			checks = append(checks, statecheck.ExpectKnownValue(this, tfjsonpath.New(name), want))
		}
		return resource.TestStep{
			Config:            configFor(s, webhookConfig(arguments)),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(this, action)}},
			ConfigStateChecks: checks,
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			step(nil, plancheck.ResourceActionCreate),
			step(attrs{"url": "https://receiver.example/b"}, plancheck.ResourceActionDestroyBeforeCreate),
			step(attrs{"event": "task:create", "project_id": "project-1"}, plancheck.ResourceActionDestroyBeforeCreate),
			step(attrs{"project_id": "project-2"}, plancheck.ResourceActionDestroyBeforeCreate),
			step(attrs{"client_id": "client-1"}, plancheck.ResourceActionDestroyBeforeCreate),
			{
				Config: configFor(s, webhookConfig(with(arguments, attrs{"url": "https://RECEIVER.example:443/b"}))),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectEmptyPlan(),
				}},
			},
		},
	})
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
	if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 5 || deletes != 5 {
		t.Errorf("%d POSTs and %d DELETEs were sent, want 5 of each", posts, deletes)
	}
}

// A webhook that was deleted behind Terraform's back is planned anew.
func TestWebhookDisappears(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	s := kanberttest.Start(t)
	config := configFor(s, webhookConfig(attrs{"url": "https://receiver.example/", "event": "comment:create", "project_id": "p"}))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { s.Remove(s.Webhooks()[0].ID) },
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(this, plancheck.ResourceActionCreate),
				}},
				ConfigStateChecks: []statecheck.StateCheck{secretOf(s)},
			},
		},
	})
	if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 2 || deletes != 1 {
		t.Errorf("%d POSTs and %d DELETEs were sent, want 2 and 1", posts, deletes)
	}
}

// A token and an address that only the apply knows are no error at plan, and the
// environment does not stand in for them.
func TestProviderConfigurationUnknownAtPlan(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	elsewhere := kanberttest.Start(t)
	t.Setenv("KANBERT_TOKEN", elsewhere.Token())
	t.Setenv("KANBERT_BASE_URL", elsewhere.BaseURL())
	s := kanberttest.Start(t)
	config := cli.RequiredProviders + fmt.Sprintf(`
		resource "terraform_data" "workspace" {
		  input = { token = %q, base_url = %q }
		}
		provider "kanbert" {
		  token    = terraform_data.workspace.output.token
		  base_url = terraform_data.workspace.output.base_url
		}
		`, s.Token(), s.BaseURL()) + webhookConfig(contact)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(this, plancheck.ResourceActionCreate),
				plancheck.ExpectUnknownValue(this, tfjsonpath.New("signature_secret_key")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{secretOf(s)},
		}},
	})
	if n := elsewhere.Count(""); n != 0 {
		t.Errorf("%d requests went to the address in the environment", n)
	}
}

var suggestion = regexp.MustCompile(` Did you mean [^?]*\?`)

// wantValid holds what terraform validate finds to want: each complaint with its
// severity, its summary, the line that it points at and the name that it suggests.
func wantValid(t *testing.T, w *workspace, want ...string) {
	t.Helper()
	out, err := w.command("validate", "-json").Output()
	var answer struct {
		Diagnostics []struct {
			Severity, Summary, Detail string
			Snippet                   struct{ Code string }
		}
	}
	if json.Unmarshal(out, &answer) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got []string
	for _, d := range answer.Diagnostics {
		if d.Summary != "Provider development overrides are in effect" {
			got = append(got, fmt.Sprintf("%s: %s: %s", d.Severity, d.Summary, strings.TrimSpace(d.Snippet.Code)+suggestion.FindString(d.Detail)))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// terraform validate needs no token and finds what is wrong with arguments, each
// at its place.
func TestValidate(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, cli.RequiredProviders+`
		resource "kanbert_webhook" "good" {
		  url   = "https://receiver.example/good"
		  event = "contact:create"
		}
		resource "kanbert_webhook" "bad" {
		  url        = "receiver.example"
		  event      = "contact:created"
		  project_id = ""
		  client_id  = ""
		}
		resource "kanbert_webhook" "no_project" {
		  url   = "http://receiver.example/"
		  event = "task:archive"
		}`)
	wantValid(t, w,
		`error: Empty client: client_id  = ""`,
		`error: Empty project: project_id = ""`,
		`error: Invalid URL: url        = "receiver.example" Did you mean "https://…"?`,
		`error: Unknown event: event      = "contact:created" Did you mean "contact:create"?`,
		`warning: URL without TLS: url   = "http://receiver.example/"`,
	)
	// A CLI looks no further if the provider block is wrong.
	w.write(t, cli.RequiredProviders+`
		provider "kanbert" {
		  token           = "to\nken"
		  base_url        = "http://api.kanbert.com/api/v1"
		  max_retries     = -1
		  request_timeout = "30"
		}
		data "kanbert_webhooks" "all" {}`)
	wantValid(t, w,
		`error: Invalid base_url: base_url        = "http://api.kanbert.com/api/v1"`,
		`error: Invalid max_retries: max_retries     = -1`,
		`error: Invalid request_timeout: request_timeout = "30"`,
		`error: Invalid token: token           = "to\nken"`,
	)
}

// What planning finds out reaches a person: a URL that is taken, and a secret
// that will change. A second plan is empty.
func TestPlanWarns(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	holder := s.Seed(kanberttest.Webhook{URL: contact["url"].(string)})[0]
	w := newWorkspace(t, configFor(s, webhookConfig(contact)))
	plan := func(wantErr bool, parts ...string) {
		t.Helper()
		out, err := w.run("plan", "-no-color", "-input=false", "-detailed-exitcode")
		if wantErr == (err == nil) {
			t.Errorf("the plan ends with %v", err)
		}
		for _, part := range parts {
			if !strings.Contains(flat(out), part) {
				t.Errorf("the plan does not say %q:\n%s", part, out)
			}
		}
	}
	apply := func() {
		t.Helper()
		if out, err := w.run("apply", "-no-color", "-input=false", "-auto-approve"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	plan(true, "Warning: The URL is taken", `import { to = kanbert_webhook.example id = "`+holder.ID+`" }`)
	s.Remove(holder.ID)
	apply()
	plan(false, "No changes.")
	w.write(t, configFor(s, webhookConfig(with(contact, attrs{"event": "company:create"}))))
	plan(true, "Warning: A new signing secret will be issued", "must be replaced")
	apply()
	if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 2 || deletes != 1 {
		t.Errorf("%d POSTs and %d DELETEs were sent, want 2 and 1", posts, deletes)
	}
}

// With create_before_destroy the new webhook cannot have the URL that the old one
// still holds. The apply says so and loses nothing; with another URL it works.
func TestCreateBeforeDestroyThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	config := func(url, event string) string {
		return configFor(s, fmt.Sprintf(`
			resource "kanbert_webhook" "one" {
			  url   = %q
			  event = %q
			  lifecycle {
			    create_before_destroy = true
			  }
			}`, url, event))
	}
	w := newQuickWorkspace(t, config("https://receiver.example/one", "contact:create"))
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := s.Webhooks()

	w.write(t, config("https://receiver.example/one", "contact:update"))
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if err == nil || !strings.Contains(flat(out), "you can remove create_before_destroy instead") {
		t.Errorf("the apply ends with %v:\n%s", err, out)
	}
	wantAllHeld(t, s, w, 1)
	if now := s.Webhooks(); now[0].ID != before[0].ID || s.Count(http.MethodDelete) > 0 {
		t.Errorf("the server holds %v, and held %v", now, before)
	}

	w.write(t, config("https://receiver.example/two", "contact:update"))
	if out, err := w.run("apply", "-auto-approve", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantAllHeld(t, s, w, 1)
	if now := s.Webhooks(); now[0].URL != "https://receiver.example/two" {
		t.Errorf("the server holds %v", now)
	}
}
