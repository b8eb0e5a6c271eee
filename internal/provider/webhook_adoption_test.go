// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck/queryfilter"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// The first versions with what adopting uses.
const (
	identityFrom, identityFromTofu = "1.12.0", "1.12.0"
	movedFrom, movedFromTofu       = "1.8.0", "1.10.0"
	queryFrom                      = "1.14.0"
)

const scopedTask = `
	resource "kanbert_webhook" "this" {
	  url        = "https://receiver.example/tasks?key=a%20b"
	  event      = "task:update"
	  project_id = "project-7"
	}`

func idOf(s *terraform.State) (string, error)  { return attributeOf(s, "id") }
func urlOf(s *terraform.State) (string, error) { return attributeOf(s, "url") }

func attributeOf(s *terraform.State, name string) (string, error) {
	return s.RootModule().Resources["kanbert_webhook.this"].Primary.Attributes[name], nil
}

// The command terraform import, and import blocks with id, take the id and the
// URL. A plan with an import block must import and change nothing.
func TestImport(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	s := kanberttest.Start(t)
	command := func(name resource.ImportStateIdFunc) resource.TestStep {
		return resource.TestStep{
			ResourceName: "kanbert_webhook.this", ImportState: true, ImportStateKind: resource.ImportCommandWithID, ImportStateIdFunc: name,
			ImportStateVerify: true, ImportStateVerifyIgnore: []string{"signature_secret_key"},
		}
	}
	block := func(name resource.ImportStateIdFunc) resource.TestStep {
		return resource.TestStep{
			ResourceName: "kanbert_webhook.this", ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateIdFunc: name,
			ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("kanbert_webhook.this", plancheck.ResourceActionNoop),
			}},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: configFor(s, scopedTask)},
			command(idOf), command(urlOf), block(idOf), block(urlOf),
		},
	})
	if posts, deletes := s.Count(http.MethodPost), s.Count(http.MethodDelete); posts != 1 || deletes != 1 {
		t.Errorf("%d POSTs and %d DELETEs were sent, want one of each", posts, deletes)
	}
}

func TestIdentity(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	needsCLI(t, "identity in its state", identityFrom, identityFromTofu, "TestIdentityIsSetByCreateAndRead, TestImportEveryKindInProcess")
	s := kanberttest.Start(t)
	const address = "kanbert_webhook.this"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config: configFor(s, scopedTask),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectIdentity(address, map[string]knownvalue.Check{"id": knownvalue.NotNull()}),
					statecheck.ExpectIdentityValueMatchesState(address, tfjsonpath.New("id")),
				},
			},
			{ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

// Import of what does not exist ends in a text of this provider.
func TestImportOfNothing(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	w := newWorkspace(t, configFor(s, scopedTask))
	out, err := w.run("import", "-no-color", "kanbert_webhook.this", "abc")
	if err == nil || !strings.Contains(flat(out), `None of the webhooks in the workspace has the id "abc"`) {
		t.Errorf("%v\n%s", err, out)
	}
	w.write(t, configFor(s, scopedTask+`
		import {
		  to = kanbert_webhook.this
		  id = "https://receiver.example/absent"
		}`))
	out, err = w.run("plan", "-no-color")
	if err == nil || !strings.Contains(flat(out), `No webhook in the workspace has this URL at the host "receiver.example"`) {
		t.Errorf("%v\n%s", err, out)
	}
	wantNoWrites(t, s)
}

// flat undoes the wrapping of the CLI's diagnostics.
func flat(out string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
}

// A state that an older CLI wrote has no identity. It refreshes cleanly, also
// where the webhook is gone.
func TestStateOfAnOlderCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	stays := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/stays"})[0]
	w := newWorkspace(t, configFor(s, `
		resource "kanbert_webhook" "stays" {
		  url   = "https://receiver.example/stays"
		  event = "contact:create"
		}`))
	instance := func(name, id string) string {
		return fmt.Sprintf(`{
			"mode": "managed", "type": "kanbert_webhook", "name": %q, "provider": "provider[\"%s/kanbert/kanbert\"]",
			"instances": [{"schema_version": 0, "attributes": {
				"id": %q, "url": "https://receiver.example/%s", "event": "contact:create", "project_id": null, "client_id": null,
				"created_at": %q, "signature_secret_key": "s3cret"}}]}`,
			name, shared.CLI.RegistryHost(), id, name, stays.CreatedAt.Format("2006-01-02T15:04:05Z"))
	}
	w.writeFile(t, "terraform.tfstate", fmt.Sprintf(`{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "older", "resources": [%s, %s]}`,
		instance("stays", stays.ID), instance("gone", "gone")))
	if out, err := w.run("apply", "-auto-approve", "-refresh-only", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.wantEmptyPlan(t)
	if state := w.state(t); len(state.Resources) != 1 || state.Resources[0].Name != "stays" {
		t.Errorf("the state holds %v", state.Resources)
	}
	wantNoWrites(t, s)
}

// writeFile writes a file beside the configuration.
func (w *workspace) writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// state reads the state file.
func (w *workspace) state(t *testing.T) stateFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	var f stateFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// wantEmptyPlan plans and fails the test if anything would change.
func (w *workspace) wantEmptyPlan(t *testing.T) {
	t.Helper()
	out, err := w.run("plan", "-detailed-exitcode", "-no-color")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 2 {
		t.Fatalf("the plan is not empty:\n%s", out)
	} else if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// everyOne is how many webhooks are adopted at once: more than fit into three
// pages.
const everyOne = 95

// Webhooks of every kind come under management by import blocks, half of them by
// id and half by URL, with a configuration that the CLI generates.
func TestAdoptByImportBlocks(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	webhooks := s.Seed(everyKind(everyOne)...)
	var blocks strings.Builder
	for i, webhook := range webhooks {
		name := webhook.ID
		if i%2 == 1 {
			name = webhook.URL
		}
		fmt.Fprintf(&blocks, "import {\n  to = kanbert_webhook.w%d\n  id = %s\n%s}\n", i, hclQuote(name), ofKanbert)
	}
	w := newWorkspace(t, "")
	w.generate(t, configFor(s, blocks.String()))
	wantAdopted(t, w, s, webhooks)
}

// ofKanbert is the provider of an import block that has no resource block yet.
// Without it Terraform 1.16 looks for hashicorp/kanbert. Once there is a resource
// block, Terraform 1.11 refuses it.
const ofKanbert = "  provider = kanbert\n"

// generate writes config, and lets the CLI generate the resource blocks that its
// import blocks lack.
func (w *workspace) generate(t *testing.T, config string) {
	t.Helper()
	w.write(t, config)
	w.must(t, "plan", "-no-color", "-generate-config-out=generated.tf")
	w.write(t, strings.ReplaceAll(config, ofKanbert, ""))
}

// The same by terraform query, which writes import blocks and configuration.
func TestAdoptByQuery(t *testing.T) {
	t.Parallel()
	needsCLI(t, "command query", queryFrom, "", "TestListInProcess, TestListWithResource")
	s := kanberttest.Start(t)
	webhooks := s.Seed(everyKind(everyOne)...)
	w := newWorkspace(t, configFor(s, ""))
	w.writeFile(t, "all.tfquery.hcl", `
		list "kanbert_webhook" "all" {
		  provider = kanbert
		}`)
	out, err := w.run("query", "-no-color", "-generate-config-out=generated.tf")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantAdopted(t, w, s, webhooks)
}

// hclQuote gives text as a quoted template without interpolation.
func hclQuote(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(fmt.Sprintf("%q", text))
}

// wantAdopted applies what was generated, and checks that all webhooks are in
// state, unchanged, that nothing is left to do, and that nothing but reads was
// ever sent.
func wantAdopted(t *testing.T, w *workspace, s *kanberttest.Sandbox, webhooks []kanberttest.Webhook) {
	t.Helper()
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", len(webhooks)); !strings.Contains(out, want) {
		t.Errorf("the apply did not end with %q:\n%s", want, out)
	}
	w.wantEmptyPlan(t)
	inState := map[string]map[string]any{}
	for _, r := range w.state(t).Resources {
		for _, instance := range r.Instances {
			var values map[string]any
			if err := json.Unmarshal(instance.Attributes, &values); err != nil {
				t.Fatal(err)
			}
			inState[fmt.Sprint(values["id"])] = values
		}
	}
	if len(inState) != len(webhooks) {
		t.Errorf("%d webhooks are in state, want %d", len(inState), len(webhooks))
	}
	for _, webhook := range webhooks {
		values := inState[webhook.ID]
		if values["url"] != webhook.URL || values["event"] != webhook.Event || values["signature_secret_key"] != nil {
			t.Errorf("state has %v of %+v", values, webhook)
		}
	}
	wantNoWrites(t, s)
}

// Query mode: exact lengths, identities, no secret, limit, nothing found, and an
// error in the middle.
func TestQuery(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	needsCLI(t, "command query", queryFrom, "", "TestListInProcess, TestListWithResource, TestListAsksForNoPageTooMany, TestListStreams")
	s := kanberttest.Start(t)
	webhooks := s.Seed(numbered(40)...)
	scoped := s.Seed(kanberttest.Webhook{URL: "https://z.example/?key=secret", Event: "task:update", ProjectID: "p"})[0]
	providerBlock := fmt.Sprintf("provider \"kanbert\" {\n  token    = %q\n  base_url = %q\n}\n", s.Token(), s.BaseURL())
	const list = `list "kanbert_webhook" "%s" {
		  provider = kanbert
		  %s
		}
		`
	identity := func(w kanberttest.Webhook) map[string]knownvalue.Check {
		return map[string]knownvalue.Check{"id": knownvalue.StringExact(w.ID)}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: cli.RequiredProviders},
			{
				Query: true,
				Config: providerBlock +
					fmt.Sprintf(list, "all", "include_resource = true") +
					fmt.Sprintf(list, "scoped", "include_resource = true\nconfig {\nevents = [\"task:update\"]\nproject_id = \"p\"\n}") +
					fmt.Sprintf(list, "limited", "limit = 7") +
					fmt.Sprintf(list, "none", "config {\nfilter = \"url contains 'absent'\"\n}"),
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength("kanbert_webhook.all", 41),
					querycheck.ExpectIdentity("kanbert_webhook.all", identity(webhooks[0])),
					querycheck.ExpectIdentity("kanbert_webhook.all", identity(webhooks[39])),
					querycheck.ExpectLength("kanbert_webhook.scoped", 1),
					querycheck.ExpectIdentity("kanbert_webhook.scoped", identity(scoped)),
					querycheck.ExpectResourceDisplayName("kanbert_webhook.scoped", queryfilter.ByResourceIdentity(identity(scoped)), knownvalue.StringExact("task:update https://z.example/")),
					querycheck.ExpectResourceKnownValues("kanbert_webhook.scoped", queryfilter.ByResourceIdentity(identity(scoped)), []querycheck.KnownValueCheck{
						{Path: tfjsonpath.New("url"), KnownValue: knownvalue.StringExact(scoped.URL)},
						{Path: tfjsonpath.New("project_id"), KnownValue: knownvalue.StringExact("p")},
						{Path: tfjsonpath.New("client_id"), KnownValue: knownvalue.Null()},
						{Path: tfjsonpath.New("signature_secret_key"), KnownValue: knownvalue.Null()},
					}),
					querycheck.ExpectLength("kanbert_webhook.limited", 7),
					querycheck.ExpectLength("kanbert_webhook.none", 0),
				},
			},
			{
				PreConfig: func() {
					s.FailNth(2, kanberttest.Match{}, kanberttest.Status(http.StatusForbidden))
				},
				Query:       true,
				Config:      providerBlock + fmt.Sprintf(list, "all", ""),
				ExpectError: regexp.MustCompile("Unable to list webhooks"),
			},
		},
	})
	wantNoWrites(t, s)
}

// The data source finds by either key.
func TestDataSource(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	t.Parallel()
	s := kanberttest.Start(t)
	webhook := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/tasks", Event: "task:update", ProjectID: "p"})[0]
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: configFor(s, `
				data "kanbert_webhook" "by_url" {
				  url = "https://receiver.example/tasks"
				}
				data "kanbert_webhook" "by_id" {
				  id = data.kanbert_webhook.by_url.id
				}`),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.kanbert_webhook.by_id", tfjsonpath.New("url"), knownvalue.StringExact(webhook.URL)),
				statecheck.ExpectKnownValue("data.kanbert_webhook.by_url", tfjsonpath.New("id"), knownvalue.StringExact(webhook.ID)),
			},
		}},
	})
}

// The states that released providers wrote move through a real CLI.
//
// A CLI starts the old provider before it moves anything out of it, though it
// asks nothing of it: so our own binary stands in, under the old one's name.
func TestMoveThroughCLI(t *testing.T) {
	t.Parallel()
	needsCLI(t, "moves between providers", movedFrom, movedFromTofu, "TestMoveOfRecordedStates")
	for file, kind := range map[string]string{"restapi-3.0.0.json": "restapi_object", "restful-0.25.1.json": "restful_resource"} {
		folder := map[string]string{"restapi_object": "restapi3", "restful_resource": "restful25"}[kind]
		webhooks := webhooksOf(t, file, folder)
		s := kanberttest.Start(t)
		s.Seed(webhooks["contact"], webhooks["task"])
		w := newWorkspace(t, configFor(s, fmt.Sprintf(`
			moved {
			  from = %[1]s.contact
			  to   = kanbert_webhook.contact
			}
			moved {
			  from = %[1]s.task
			  to   = kanbert_webhook.task
			}
			resource "kanbert_webhook" "contact" {
			  url   = "https://receiver.example/%[2]s/contact"
			  event = "contact:create"
			}
			resource "kanbert_webhook" "task" {
			  url        = "https://receiver.example/%[2]s/task?key=abc"
			  event      = "task:update"
			  project_id = "project-7"
			  client_id  = "client-3"
			}`, kind, folder)), map[string]string{"restapi_object": "mastercard/restapi", "restful_resource": "magodo/restful"}[kind])
		state, err := os.ReadFile(filepath.Join("testdata", "moved", file))
		if err != nil {
			t.Fatal(err)
		}
		// OpenTofu has another registry.
		w.writeFile(t, "terraform.tfstate", strings.ReplaceAll(string(state), "registry.terraform.io", shared.CLI.RegistryHost()))
		out, err := w.run("apply", "-auto-approve", "-no-color")
		if err != nil || !strings.Contains(out, "0 added, 0 changed, 0 destroyed") {
			t.Fatalf("%v\n%s", err, out)
		}
		w.wantEmptyPlan(t)
		for _, r := range w.state(t).Resources {
			want := webhooks[r.Name]
			var values map[string]any
			if err := json.Unmarshal(r.Instances[0].Attributes, &values); err != nil {
				t.Fatal(err)
			}
			if r.Type != "kanbert_webhook" || values["id"] != want.ID || values["signature_secret_key"] != orNil(want.Secret) {
				t.Errorf("%s moved to %s %v", r.Name, r.Type, values)
			}
		}
		wantNoWrites(t, s)
	}
}

// Whoever changes from Terraform to OpenTofu, or back, has a state that names the
// provider by the other registry. The webhook stays as it is, and so does its
// secret.
func TestStateOfAnotherRegistry(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	webhook := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/contacts"})[0]
	other := map[string]string{
		"registry.terraform.io": "registry.opentofu.org", "registry.opentofu.org": "registry.terraform.io",
	}[shared.CLI.RegistryHost()] + "/kanbert/kanbert"
	w := newWorkspace(t, configFor(s, `
		resource "kanbert_webhook" "this" {
		  url   = "https://receiver.example/contacts"
		  event = "contact:create"
		}`), other)
	w.writeFile(t, "terraform.tfstate", fmt.Sprintf(`{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "other", "resources": [{
		"mode": "managed", "type": "kanbert_webhook", "name": "this", "provider": "provider[\"%s\"]",
		"instances": [{"schema_version": 0, "attributes": {
			"id": %q, "url": %q, "event": "contact:create", "project_id": null, "client_id": null,
			"created_at": %q, "signature_secret_key": %q}}]}]}`,
		other, webhook.ID, webhook.URL, webhook.CreatedAt.Format("2006-01-02T15:04:05Z"), webhook.Secret))
	out, err := w.run("apply", "-auto-approve", "-no-color")
	if err != nil || !strings.Contains(out, "0 added, 0 changed, 0 destroyed") {
		t.Fatalf("%v\n%s", err, out)
	}
	if state := w.state(t); len(state.Resources) != 1 || !strings.Contains(string(state.Resources[0].Instances[0].Attributes), webhook.Secret) {
		t.Errorf("the webhook or its secret is gone from state")
	}
	wantNoWrites(t, s)
}
