// SPDX-License-Identifier: MPL-2.0

package examples_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/examples"
	"github.com/kanbert/terraform-provider-kanbert/examples/receiver/webhook"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// tests has one entry for each folder of configurations.
var tests = map[string]func(*testing.T){
	"data-sources/kanbert_webhook":   testWebhookDataSource,
	"data-sources/kanbert_webhooks":  testWebhooksDataSource,
	"demo":                           testDemo,
	"demo/mistake":                   testDemoMistake,
	"list-resources/kanbert_webhook": testListResource,
	"modules/receiver":               testReceiverModule,
	"provider":                       testProvider,
	"resources/kanbert_webhook":      testResource,

	"guides/getting-started":                               testGettingStarted,
	"guides/hcp-terraform-workspaces":                      testHCPTerraform,
	"guides/hcp-terraform-workspaces/terraform-variable":   testTerraformVariable,
	"guides/hcp-terraform-workspaces/ephemeral-variable":   testEphemeralVariable,
	"guides/one-receiver-for-many-events":                  testManyEvents,
	"guides/one-receiver-for-many-events/by-hand":          testManyEventsByHand,
	"guides/one-receiver-for-many-events/several-projects": testSeveralProjects,
	"guides/verifying-signatures":                          testVerifyingSignatures,
	"guides/rotating-secrets/on-purpose":                   testRotationOnPurpose,
	"guides/rotating-secrets/without-downtime":             testRotationWithoutDowntime,
	"guides/rotating-secrets/fingerprint":                  testFingerprint,
	"guides/adopting-existing-webhooks/by-url":             testAdoptionByURL,
	"guides/adopting-existing-webhooks/by-id":              testAdoptionByID,
	"guides/adopting-existing-webhooks/by-identity":        testAdoptionByIdentity,
	"guides/adopting-existing-webhooks/data-source":        testAdoptionByDataSource,
	"guides/adopting-existing-webhooks/generated":          testAdoptionGenerated,
	"guides/adopting-existing-webhooks/query":              testAdoptionByQuery,
	"guides/adopting-existing-webhooks/for-each":           testAdoptionForEach,
	"guides/adopting-existing-webhooks/known-secret":       testKnownSecret,
	"guides/adopting-existing-webhooks/unmanaged":          testUnmanaged,
	"guides/testing-modules":                               testModuleTests,
	"guides/testing-modules/existing":                      testLookUpModule,
	"guides/moving-from-a-generic-rest-provider/restapi":   testMoveFromRestAPI,
	"guides/moving-from-a-generic-rest-provider/restful":   testMoveFromRestful,
}

func TestExamples(t *testing.T) {
	kanberttest.SkipShort(t, "it runs a real CLI")
	for _, folder := range slices.Sorted(maps.Keys(tests)) {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			tests[folder](t)
		})
	}
}

// A configuration that no test applies would rot.
func TestEveryFolderIsTested(t *testing.T) {
	folders := make(map[string]bool)
	err := fs.WalkDir(examples.Files, ".", func(file string, _ fs.DirEntry, err error) error {
		if ext := path.Ext(file); ext == ".tf" || ext == ".hcl" {
			folders[path.Dir(file)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want, got := slices.Sorted(maps.Keys(folders)), slices.Sorted(maps.Keys(tests)); !slices.Equal(got, want) {
		t.Errorf("tested are\n%s\nthere are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// ownPath matches where a configuration puts its webhooks, up to the first part of
// the path.
var ownPath = regexp.MustCompile(`(?:https://hooks\.example\.com|\$\{var\.receiver\})/([\w-]+)`)

// A person who follows two guides in one workspace must not meet a URL that is
// taken.
func TestGuidesShareNoURL(t *testing.T) {
	guideOf := make(map[string]string)
	err := fs.WalkDir(examples.Files, "guides", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		guide := strings.Split(file, "/")[1]
		for _, match := range ownPath.FindAllStringSubmatch(read(t, file), -1) {
			if other, taken := guideOf[match[1]]; taken && other != guide {
				t.Errorf("the guides %s and %s both have URLs that begin with /%s", other, guide, match[1])
			}
			guideOf[match[1]] = guide
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	guides := make(map[string]bool)
	for _, guide := range guideOf {
		guides[guide] = true
	}
	if want, err := fs.ReadDir(examples.Files, "guides"); err != nil || len(guides) != len(want) {
		t.Errorf("URLs were found in %d guides of %d", len(guides), len(want))
	}
	// The pages of reference have one that they all use.
	if guide, taken := guideOf[path.Base(hook)]; taken {
		t.Errorf("the guide %s uses the URLs of the reference pages", guide)
	}
}

// No test applies a block of configuration that is written in a page itself.
func TestPagesTakeConfigurationsFromHere(t *testing.T) {
	own := regexp.MustCompile("(?m)^ *```(terraform|hcl)$")
	templates := os.DirFS("../templates")
	err := fs.WalkDir(templates, ".", func(file string, entry fs.DirEntry, err error) error {
		// What the guide on filters shows is applied by TestFiltersGuide, out of the page.
		if err != nil || entry.IsDir() || file == "guides/filters.md.tmpl" {
			return err
		}
		text, err := fs.ReadFile(templates, file)
		if got := len(own.FindAll(text, -1)); got > 0 {
			t.Errorf("%s has %d blocks of configuration of its own: put them into examples/ and show them by tffile", file, got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testProvider(t *testing.T) {
	w := newWorkspace(t, "provider")
	w.apply()
	w.requests(1, 0)
}

// The quick start is what testProvider applies, with the commands that a CLI needs.
func TestReadmeShowsTheProviderExample(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(text)
	for _, want := range []string{
		"make -C terraform-provider-kanbert install",
		"```terraform\n" + read(t, "provider/provider.tf") + "```",
		"export KANBERT_TOKEN=",
		"terraform init\nterraform apply\n",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("the README lacks, or has in another order:\n%s", want)
		}
		rest = after
	}
}

func testDemoMistake(t *testing.T) {
	w := newWorkspace(t, "demo/mistake")
	w.declareProvider()
	if out := w.run(1, "plan"); strings.Count(out, "Error: ") != 1 || !strings.Contains(out, "company:create and company:") && !strings.Contains(out, "company:delete and company:update") {
		t.Errorf("the plan does not name the events in one error:\n%s", out)
	}
	w.requests(0, 0)
}

func testDemo(t *testing.T) {
	w := newWorkspace(t, "demo")
	w.apply()
	w.requests(4, 0)
	var secrets, webhooks map[string]string
	w.output("signing_secrets", &secrets)
	w.output("webhooks", &webhooks)
	if len(webhooks) != 4 {
		t.Errorf("the output webhooks has %v", webhooks)
	}
	for _, have := range w.sandbox.Webhooks() {
		if webhooks[have.URL] != have.Event {
			t.Errorf("the output says that %s receives %q, not %q", have.URL, webhooks[have.URL], have.Event)
		}
		if secrets[have.Event] != have.Secret {
			t.Errorf("the output's secret of %s is not the server's", have.Event)
		}
	}
}

const hook = "https://hooks.example.com/kanbert/"

func testResource(t *testing.T) {
	t.Run("create", func(t *testing.T) {
		w := newWorkspace(t, "resources/kanbert_webhook", "resource.tf")
		w.declareProvider()
		w.apply()
		w.requests(3, 0)
	})
	t.Run("moved", func(t *testing.T) {
		w := newWorkspace(t, "resources/kanbert_webhook", "resource.tf")
		w.declareProvider()
		text := read(t, "resources/kanbert_webhook/resource.tf")
		w.write("resource.tf", strings.NewReplacer(
			`"kanbert_webhook" "new_contacts"`, `"kanbert_webhook" "old_name"`,
			"kanbert_webhook.new_contacts", "kanbert_webhook.old_name",
		).Replace(text))
		w.apply()
		w.requests(3, 0)
		w.write("resource.tf", text)
		w.write("moved.tf", read(t, "resources/kanbert_webhook/moved.tf"))
		w.apply()
		w.requests(0, 0)
	})
	t.Run("import by string id", func(t *testing.T) {
		w := newWorkspace(t, "resources/kanbert_webhook", "resource.tf", "import-by-string-id.tf")
		w.declareProvider()
		w.sandbox.Seed(kanberttest.Webhook{URL: hook + "new-contacts"})
		w.apply()
		w.requests(2, 0)
	})
	t.Run("import by identity", func(t *testing.T) {
		needs(t, "import by identity", "1.12.0", "1.12.0")
		w := newWorkspace(t, "resources/kanbert_webhook", "resource.tf", "import-by-identity.tf")
		w.declareProvider()
		w.sandbox.Seed(kanberttest.Webhook{ID: "webhook-1", URL: hook + "new-contacts"})
		w.apply()
		w.requests(2, 0)
	})
	t.Run("guarded", func(t *testing.T) {
		w := newWorkspace(t, "resources/kanbert_webhook", "guarded.tf")
		w.declareProvider()
		w.apply()
		w.requests(1, 0)
		w.run(1, "destroy", "-auto-approve")
		w.run(1, "apply", "-auto-approve", "-replace=kanbert_webhook.guarded")
		w.requests(0, 0)
	})
	t.Run("guarded import", func(t *testing.T) {
		w := newWorkspace(t, "resources/kanbert_webhook", "guarded.tf")
		w.declareProvider()
		w.sandbox.Seed(kanberttest.Webhook{URL: hook + "guarded", Event: "contact:update"})
		w.write("import.tf", "import {\n  to = kanbert_webhook.guarded\n  id = \""+hook+"guarded\"\n}\n")
		if out := w.run(1, "plan"); !strings.Contains(out, "is not in state") {
			t.Errorf("the plan does not refuse the import:\n%s", out)
		}
	})
	t.Run("import by command", func(t *testing.T) {
		commands := 0
		for line := range strings.Lines(read(t, "resources/kanbert_webhook/import.sh")) {
			words := strings.Fields(line)
			if len(words) == 0 || words[0] != "terraform" {
				continue
			}
			commands++
			w := newWorkspace(t, "resources/kanbert_webhook", "resource.tf")
			w.declareProvider()
			w.sandbox.Seed(kanberttest.Webhook{ID: "webhook-1", URL: hook + "new-contacts"})
			w.run(0, words[1:]...)
			if out := w.run(2, "plan", "-detailed-exitcode"); !strings.Contains(out, "2 to add, 0 to change, 0 to destroy") {
				t.Errorf("after %q the plan is:\n%s", line, out)
			}
			w.requests(0, 0)
		}
		if commands != 2 {
			t.Errorf("import.sh has %d commands, want 2", commands)
		}
	})
}

func testWebhookDataSource(t *testing.T) {
	w := newWorkspace(t, "data-sources/kanbert_webhook")
	w.declareProvider()
	w.sandbox.Seed(
		kanberttest.Webhook{ID: "webhook-1", URL: hook + "changed-companies", Event: "company:update"},
		kanberttest.Webhook{ID: "webhook-2", URL: hook + "new-contacts"},
	)
	w.apply()
	w.requests(0, 0)
	var id, delivers string
	w.output("new_contacts_id", &id)
	w.output("delivers", &delivers)
	if id != "webhook-2" || delivers != "company:update to "+hook+"changed-companies" {
		t.Errorf("the outputs are %q and %q", id, delivers)
	}
}

func testWebhooksDataSource(t *testing.T) {
	w := newWorkspace(t, "data-sources/kanbert_webhooks")
	w.declareProvider()
	now := time.Now().UTC()
	w.sandbox.Seed(
		kanberttest.Webhook{URL: hook + "old", Event: "company:update", CreatedAt: now.AddDate(0, -3, 0)},
		kanberttest.Webhook{URL: hook + "new", CreatedAt: now},
		kanberttest.Webhook{URL: "https://backup.example.com/tasks", Event: "task:create", ProjectID: "project-1", CreatedAt: now.AddDate(0, -2, 0)},
	)
	w.apply()
	w.requests(0, 0)
	var events map[string]string
	w.output("receiver_events", &events)
	if want := map[string]string{hook + "old": "company:update"}; !maps.Equal(events, want) {
		t.Errorf("the output is %v, want %v", events, want)
	}
}

func testListResource(t *testing.T) {
	needs(t, "query command", "1.14.0", "")
	w := newWorkspace(t, "list-resources/kanbert_webhook")
	w.declareProvider()
	w.sandbox.Seed(
		kanberttest.Webhook{URL: hook + "contacts"},
		kanberttest.Webhook{URL: hook + "tasks", Event: "task:create", ProjectID: "project-1"},
		kanberttest.Webhook{URL: hook + "other-tasks", Event: "task:create", ProjectID: "project-2"},
	)
	out := w.run(0, "query")
	if all, tasks := strings.Count(out, "list.kanbert_webhook.all"), strings.Count(out, "list.kanbert_webhook.tasks"); all != 3 || tasks != 1 {
		t.Errorf("%d and %d webhooks were listed, want 3 and 1:\n%s", all, tasks, out)
	}
}

func testGettingStarted(t *testing.T) {
	w := newWorkspace(t, "guides/getting-started")
	// A default would be used wherever the reader forgets the address, and would
	// replace the webhook.
	if out := w.run(1, "plan"); !strings.Contains(out, "No value for required variable") {
		t.Errorf("a plan without an address says:\n%s", out)
	}
	w.Settings["TF_VAR_receiver"] = "https://hooks.example.com"
	w.apply()
	w.requests(1, 0)
	receiver := receiverFor(w)
	w.deliver(receiver, "/getting-started/new-contacts", w.secrets()["/getting-started/new-contacts"], http.StatusNoContent)
	w.deliver(receiver, "/getting-started/new-contacts", "another secret", http.StatusUnauthorized)
	w.deliverByScript(receiver)
	w.run(0, "destroy", "-auto-approve")
	w.requests(0, 1)
	testDeliveryFromSandbox(t)
}

// testDeliveryFromSandbox follows the guide without an account: the sandbox sends
// a signed event to a receiver on this machine.
func testDeliveryFromSandbox(t *testing.T) {
	t.Helper()
	w := newWorkspace(t, "guides/getting-started")
	// The receiver's address is needed before its secrets exist.
	var receiver atomic.Pointer[webhook.Receiver]
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { receiver.Load().ServeHTTP(rw, r) }))
	defer server.Close()
	w.Settings["TF_VAR_receiver"] = server.URL
	w.Settings["SANDBOX_URL"] = strings.TrimSuffix(w.sandbox.BaseURL(), kanberttest.BasePath)
	w.apply()
	receiver.Store(receiverFor(w))
	if out, ok := w.script("deliver-from-sandbox.sh"); ok && !strings.Contains(out, `"status": 204`) {
		t.Errorf("deliver-from-sandbox.sh prints:\n%s", out)
	}
}

// deliverByScript runs the commands of the guide that sign and send a delivery,
// against the receiver's address in this test.
func (w *workspace) deliverByScript(receiver http.Handler) {
	w.t.Helper()
	server := httptest.NewServer(receiver)
	defer server.Close()
	out, ok := w.script("deliver.sh", "http://127.0.0.1:8080", server.URL)
	if ok && !strings.HasPrefix(out, "HTTP/1.1 204") {
		w.t.Errorf("deliver.sh is answered with %q", out)
	}
}

// receiverFor is the receiver of examples/receiver with the secrets that the
// configuration's output gives, as `terraform output -json` writes them.
func receiverFor(w *workspace) *webhook.Receiver {
	w.t.Helper()
	var secrets map[string]string
	w.output("receiver_secrets", &secrets)
	if want := w.secrets(); !maps.Equal(secrets, want) {
		w.t.Errorf("the output's secrets are not the server's, or not by path: %v", slices.Sorted(maps.Keys(secrets)))
	}
	receiver, err := webhook.New(secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	receiver.Log = slog.New(slog.DiscardHandler)
	return receiver
}

// deliver sends what Kanbert would, signed under this secret.
func (w *workspace) deliver(receiver http.Handler, path, secret string, want int) {
	w.t.Helper()
	body := `{"event":"contact:create","data":{"id":"contact-1"}}`
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set(webhook.DefaultHeader, webhook.Sign([]byte(body), secret))
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, req)
	if answer.Code != want {
		w.t.Errorf("a delivery to %s was answered with %d, want %d", path, answer.Code, want)
	}
}

func testHCPTerraform(t *testing.T) {
	w := newWorkspace(t, "guides/hcp-terraform-workspaces")
	// A run in HCP Terraform needs HCP Terraform: here the cloud block can only
	// be validated, and the rest is applied without it.
	w.run(0, "validate")
	if err := os.Remove(filepath.Join(w.Dir, "cloud.tf")); err != nil {
		t.Fatal(err)
	}
	w.apply()
	w.requests(1, 0)
}

func testTerraformVariable(t *testing.T) {
	w := newWorkspace(t, "guides/hcp-terraform-workspaces/terraform-variable")
	delete(w.Settings, "KANBERT_TOKEN")
	w.Settings["TF_VAR_kanbert_token"] = w.sandbox.Token()
	w.apply()
	w.requests(1, 0)
	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(state), w.sandbox.Token()) {
		t.Error("the token is in state")
	}
}

func testEphemeralVariable(t *testing.T) {
	needs(t, "ephemeral variables", "1.10.0", "1.11.0")
	w := newWorkspace(t, "guides/hcp-terraform-workspaces/ephemeral-variable")
	delete(w.Settings, "KANBERT_TOKEN")
	w.Settings["TF_VAR_kanbert_token"] = w.sandbox.Token()
	w.run(0, "plan", "-out=plan.tfplan")
	plan, err := zip.OpenReader(filepath.Join(w.Dir, "plan.tfplan"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plan.Close() }()
	for _, file := range plan.File {
		text, err := fs.ReadFile(plan, file.Name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), w.sandbox.Token()) {
			t.Errorf("the token is in %s of the plan file", file.Name)
		}
	}
	w.run(0, "apply", "plan.tfplan")
	w.run(0, "plan", "-detailed-exitcode")
	w.requests(1, 0)
}

// useModule lets the workspace take the module of this tree, where the page names
// that of a release.
func (w *workspace) useModule() {
	w.t.Helper()
	const source = "git::https://github.com/kanbert/terraform-provider-kanbert.git//examples/modules/receiver?ref=v0.1.0"
	w.edit("main.tf", source, "./receiver")
	w.copyFolder("modules/receiver", "receiver")
	w.run(0, "get")
}

func testManyEvents(t *testing.T) {
	w := newWorkspace(t, "guides/one-receiver-for-many-events")
	w.useModule()
	wantEveryEvent(w)
	receiverFor(w)
}

func testManyEventsByHand(t *testing.T) {
	w := newWorkspace(t, "guides/one-receiver-for-many-events/by-hand")
	wantEveryEvent(w)
	receiverFor(w)
	long := "-var=receiver=https://hooks.example.com/" + strings.Repeat("x", 180)
	if out := w.run(1, "plan", long); !strings.Contains(out, "shorten var.receiver") {
		t.Errorf("the plan does not say which variable to shorten:\n%s", out)
	}
	w.requests(0, 0)
}

// wantEveryEvent applies, and expects a webhook for each event.
func wantEveryEvent(w *workspace) {
	w.t.Helper()
	w.apply()
	w.requests(len(kanberttest.Events()), 0)
	var events []string
	for _, have := range w.sandbox.Webhooks() {
		events = append(events, have.Event)
	}
	slices.Sort(events)
	if want := slices.Sorted(slices.Values(kanberttest.Events())); !slices.Equal(events, want) {
		w.t.Errorf("webhooks stand for %v", events)
	}
}

// A slash at the end of the receiver makes no difference, and what is wrong with a
// variable is one error and not one for each event.
func testReceiverModule(t *testing.T) {
	w := newWorkspace(t, "modules/receiver")
	const events = `-var=events=["contact:create","contact:update","task:create"]`
	variables := func(receiver string) []string {
		return []string{"-var=receiver=" + receiver, "-var=project_id=p", events}
	}
	w.run(0, append([]string{"apply", "-auto-approve"}, variables("https://hooks.example.com/kanbert")...)...)
	w.requests(3, 0)
	for _, receiver := range []string{"https://hooks.example.com/kanbert/", "https://hooks.example.com/kanbert//"} {
		w.run(0, append([]string{"plan", "-detailed-exitcode"}, variables(receiver)...)...)
	}
	for receiver, says := range map[string]string{
		"hooks.example.com/kanbert":                             "must be an https:// or http:// URL",
		"https://hooks.example.com/kanbert?key=1":               "without user info, query and fragment",
		"https://user@hooks.example.com/":                       "without user info, query and fragment",
		"https://hooks.example.com/" + strings.Repeat("x", 150): "at most 160 characters",
	} {
		out := w.run(1, append([]string{"plan"}, variables(receiver)...)...)
		if strings.Count(out, "Error: ") != 1 || !strings.Contains(out, says) {
			t.Errorf("%s: want one error that says %q:\n%s", receiver, says, out)
		}
	}
	w.run(0, append([]string{"destroy", "-auto-approve"}, variables("https://hooks.example.com")...)...)
	w.requests(0, 3)
	w.run(0, append([]string{"apply", "-auto-approve"}, variables("https://hooks.example.com")...)...)
	for _, webhook := range w.sandbox.Webhooks() {
		if want := "https://hooks.example.com/" + strings.ReplaceAll(webhook.Event, ":", "/"); webhook.URL != want {
			t.Errorf("the URL is %s, want %s", webhook.URL, want)
		}
	}
}

func testSeveralProjects(t *testing.T) {
	w := newWorkspace(t, "guides/one-receiver-for-many-events/several-projects")
	w.useModule()
	w.apply()
	w.requests(8, 0)
	got := make(map[string]int)
	for _, have := range w.sandbox.Webhooks() {
		got[have.ProjectID]++
	}
	if want := map[string]int{"project-1": 4, "project-2": 4}; !maps.Equal(got, want) {
		t.Errorf("the projects have %v webhooks, want %v", got, want)
	}
}

func testVerifyingSignatures(t *testing.T) {
	w := newWorkspace(t, "guides/verifying-signatures")
	w.apply()
	w.requests(2, 0)
	receiver := receiverFor(w)
	for path, secret := range w.secrets() {
		w.deliver(receiver, path, secret, http.StatusNoContent)
	}
}

func testRotationOnPurpose(t *testing.T) {
	w := newWorkspace(t, "guides/rotating-secrets/on-purpose")
	w.apply()
	w.requests(1, 0)
	before := w.sandbox.Webhooks()[0]
	w.edit("main.tf", "default     = 1\n", "default     = 2\n")
	w.apply()
	w.requests(1, 1)
	after := w.sandbox.Webhooks()
	if len(after) != 1 || after[0].URL != before.URL || after[0].Secret == before.Secret {
		t.Errorf("after the rotation the server has %+v", after)
	}
	var secret string
	w.output("new_contacts_secret", &secret)
	if secret != after[0].Secret {
		t.Error("the output is not the new secret")
	}
}

func testRotationWithoutDowntime(t *testing.T) {
	w := newWorkspace(t, "guides/rotating-secrets/without-downtime")
	const first, second = "/rotating/new-contacts/1", "/rotating/new-contacts/2"
	w.apply()
	w.requests(1, 0)
	before := w.secrets()

	w.edit("main.tf", `default     = ["1"]`, `default     = ["1", "2"]`)
	w.apply()
	w.requests(1, 0)
	both := w.secrets()
	if both[first] != before[first] {
		t.Error("the first webhook's secret changed")
	}
	receiver := receiverFor(w)
	w.deliver(receiver, first, both[first], http.StatusNoContent)
	w.deliver(receiver, second, both[second], http.StatusNoContent)

	w.edit("main.tf", `default     = ["1", "2"]`, `default     = ["2"]`)
	w.apply()
	w.requests(0, 1)
	if after := w.secrets(); len(after) != 1 || after[second] != both[second] {
		t.Errorf("at the end there stand %v, or the secret changed", slices.Sorted(maps.Keys(after)))
	}
}

func testFingerprint(t *testing.T) {
	w := newWorkspace(t, "guides/rotating-secrets/fingerprint")
	w.apply()
	w.requests(1, 0)
	secret := w.sandbox.Webhooks()[0].Secret
	out := w.run(0, "apply", "-auto-approve", "-replace=kanbert_webhook.new_contacts")
	if !strings.Contains(out, "terraform_data.restart_receiver must be replaced") {
		t.Errorf("a new secret does not replace what depends on it:\n%s", out)
	}
	if strings.Contains(out, secret) || strings.Contains(out, w.sandbox.Webhooks()[0].Secret) {
		t.Error("the plan prints the secret")
	}
	w.run(0, "plan", "-detailed-exitcode")
	w.requests(1, 1)
}

// What the guide says of mocks: they send nothing and need no token. What it says
// of runs: they leave nothing behind.
func testModuleTests(t *testing.T) {
	needs(t, "mock_provider", "1.7.0", "1.8.0")
	w := newWorkspace(t, "guides/testing-modules")
	w.copyFolder("guides/testing-modules/existing", "existing")
	w.run(0, "get")
	sandbox := maps.Clone(w.Settings)
	delete(w.Settings, "KANBERT_TOKEN")
	if out := w.run(0, "test", "-filter=mocked.tftest.hcl"); !strings.Contains(out, "3 passed, 0 failed") {
		t.Errorf("the mocked tests say:\n%s", out)
	}
	if got := len(w.sandbox.Requests()); got != 0 {
		t.Errorf("the mocked tests sent %d requests", got)
	}
	w.Settings = sandbox
	if out := w.run(0, "test", "-filter=sandbox.tftest.hcl"); !strings.Contains(out, "2 passed, 0 failed") {
		t.Errorf("the tests against the sandbox say:\n%s", out)
	}
	w.requests(3, 3)
}

func testLookUpModule(t *testing.T) {
	w := newWorkspace(t, "guides/testing-modules/existing")
	w.sandbox.Seed(kanberttest.Webhook{URL: hook + "tasks"}, kanberttest.Webhook{URL: "https://other.example/"})
	w.Settings["TF_VAR_receiver"] = hook
	w.apply()
	var urls []string
	w.output("urls", &urls)
	if want := []string{hook + "tasks"}; !slices.Equal(urls, want) {
		t.Errorf("the output is %q, want %q", urls, want)
	}
}

func testAdoptionByURL(t *testing.T) { testAdoption(t, "by-url") }

func testAdoptionByID(t *testing.T) { testAdoption(t, "by-id") }

func testAdoptionByIdentity(t *testing.T) {
	needs(t, "import by identity", "1.12.0", "1.12.0")
	testAdoption(t, "by-identity")
}

func testAdoption(t *testing.T, way string) {
	w := newWorkspace(t, "guides/adopting-existing-webhooks/"+way)
	before := w.sandbox.Seed(kanberttest.Webhook{ID: "webhook-4", URL: "https://hooks.example.com/existing/new-contacts"})
	w.apply()
	w.requests(0, 0)
	if after := w.sandbox.Webhooks(); !slices.Equal(after, before) {
		t.Errorf("the server has %+v, had %+v", after, before)
	}
}

// existing is the address under which the guide on adoption has its webhooks.
const existing = "https://hooks.example.com/existing/"

func testAdoptionByDataSource(t *testing.T) {
	needs(t, "for_each in import blocks", "1.7.0", "1.8.0")
	w := newWorkspace(t, "guides/adopting-existing-webhooks/data-source")
	w.sandbox.Seed(
		kanberttest.Webhook{URL: existing + "contact/create"},
		kanberttest.Webhook{URL: existing + "contact/update", Event: "contact:update"},
		kanberttest.Webhook{URL: hook + "other", Event: "company:update"},
	)
	if out := w.run(2, "plan", "-detailed-exitcode"); !strings.Contains(out, "2 to import, 0 to add, 0 to change, 0 to destroy") {
		t.Errorf("the plan is:\n%s", out)
	}
	w.apply()
	w.requests(0, 0)
}

func testAdoptionGenerated(t *testing.T) {
	w := newWorkspace(t, "guides/adopting-existing-webhooks/generated")
	w.sandbox.Seed(kanberttest.Webhook{URL: existing + "new-contacts"})
	if out := w.run(2, "plan", "-detailed-exitcode", "-generate-config-out=webhooks.tf"); !strings.Contains(out, "1 to import, 0 to add, 0 to change, 0 to destroy") {
		t.Errorf("the plan is:\n%s", out)
	}
	// The resource block exists now, and every CLI refuses the argument.
	if out := w.run(1, "plan"); !strings.Contains(out, "Invalid import provider argument") {
		t.Errorf("a plan with the argument says:\n%s", out)
	}
	w.edit("main.tf", "  provider = kanbert\n", "")
	w.apply()
	w.requests(0, 0)
}

func testAdoptionForEach(t *testing.T) {
	needs(t, "query command", "1.14.0", "")
	w := newWorkspace(t, "guides/adopting-existing-webhooks/for-each", "main.tf", "webhooks.tfquery.hcl", "list.sh")
	w.sandbox.Seed(
		kanberttest.Webhook{URL: existing + "contact/create"},
		kanberttest.Webhook{URL: existing + "contact/create?again"},
		kanberttest.Webhook{URL: existing + "tasks", Event: "task:create", ProjectID: "project-1"},
		kanberttest.Webhook{URL: existing + "client", Event: "company:update", ClientID: "client-1"},
		kanberttest.Webhook{URL: hook + "other"},
	)
	if _, ok := w.script("list.sh"); !ok {
		t.Skip("a tool of list.sh is missing")
	}
	w.write("adopt.tf", read(t, "guides/adopting-existing-webhooks/for-each/adopt.tf"))
	out := w.run(2, "plan", "-detailed-exitcode")
	if !strings.Contains(out, "4 to import, 0 to add, 0 to change, 0 to destroy") || !strings.Contains(out, `kanbert_webhook.receiver["contact/create?again"] will be imported`) {
		t.Errorf("the plan is:\n%s", out)
	}
	w.apply()
	block, rest, _ := strings.Cut(read(t, "guides/adopting-existing-webhooks/for-each/adopt.tf"), "# Remove this block")
	_, rest, _ = strings.Cut(rest, "\n}\n")
	w.write("adopt.tf", block+rest)
	w.run(0, "plan", "-detailed-exitcode")
	w.requests(0, 0)
}

func testKnownSecret(t *testing.T) {
	w := newWorkspace(t, "guides/adopting-existing-webhooks/known-secret")
	w.sandbox.Seed(kanberttest.Webhook{URL: existing + "new-contacts"})
	if out := w.run(1, "plan"); !strings.Contains(out, "coalesce") {
		t.Errorf("a plan without any secret says:\n%s", out)
	}
	w.Settings["TF_VAR_known_secret"] = "known to the receiver"
	w.apply()
	w.requests(0, 0)
	var secret string
	w.output("new_contacts_secret", &secret)
	if secret != "known to the receiver" {
		t.Errorf("the output is %q", secret)
	}
	// A webhook that was created has a secret of its own, which comes first.
	w.run(0, "apply", "-auto-approve", "-replace=kanbert_webhook.new_contacts")
	w.output("new_contacts_secret", &secret)
	if want := w.sandbox.Webhooks()[0].Secret; secret != want {
		t.Error("the output is not the secret of the new webhook")
	}
}

func testAdoptionByQuery(t *testing.T) {
	needs(t, "query command", "1.14.0", "")
	w := newWorkspace(t, "guides/adopting-existing-webhooks/query")
	before := w.sandbox.Seed(
		kanberttest.Webhook{URL: hook + "contacts"},
		kanberttest.Webhook{URL: hook + "tasks", Event: "task:create", ProjectID: "project-1"},
		kanberttest.Webhook{URL: hook + "client?token=1", Event: "company:update", ClientID: "client-1"},
	)
	w.run(0, "query", "-generate-config-out=webhooks.tf")
	if out := w.run(2, "plan", "-detailed-exitcode"); !strings.Contains(out, "3 to import, 0 to add, 0 to change, 0 to destroy") {
		t.Errorf("the plan is:\n%s", out)
	}
	w.apply()
	w.requests(0, 0)
	if after := w.sandbox.Webhooks(); len(after) != len(before) {
		t.Errorf("the server has %+v", after)
	}
}

func testUnmanaged(t *testing.T) {
	w := newWorkspace(t, "guides/adopting-existing-webhooks/unmanaged")
	plan := func(code int, status string) string {
		t.Helper()
		out := w.run(code, "plan", "-detailed-exitcode", "-out=plan.tfplan")
		var saved struct {
			Checks []struct{ Status string }
		}
		w.answer(&saved, "show", "-json", "plan.tfplan")
		if len(saved.Checks) != 1 || saved.Checks[0].Status != status {
			t.Errorf("the saved plan has the checks %v, want one with the status %q", saved.Checks, status)
		}
		if printed, ok := w.script("status.sh"); ok && !strings.HasSuffix(printed, status+"\n") {
			t.Errorf("status.sh does not end with %q:\n%s", status, printed)
		}
		return out
	}
	const warning = "This configuration does not manage these webhooks"
	plan(2, "unknown")
	if out := w.run(0, "apply", "-auto-approve"); strings.Contains(out, warning) {
		t.Errorf("a warning although all are managed:\n%s", out)
	}
	plan(0, "pass")
	w.sandbox.Seed(kanberttest.Webhook{ID: "webhook-2", URL: hook + "by-hand", Event: "company:delete"})
	out := plan(0, "fail")
	if !strings.Contains(out, warning+": webhook-2 (company:delete).") {
		t.Errorf("no warning of the webhook that is not managed:\n%s", out)
	}
	// The list of all webhooks is long, and says nothing that the warning does not.
	if strings.Contains(out, "by-hand") {
		t.Errorf("the plan prints the list:\n%s", out)
	}
}

func testMoveFromRestAPI(t *testing.T) {
	testMove(t, "restapi", "mastercard/restapi", "restapi_object", func(webhook kanberttest.Webhook) map[string]any {
		answer := jsonText(t, map[string]any{
			"id": webhook.ID, "url": webhook.URL, "event": webhook.Event, "signature_secret_key": webhook.Secret,
		})
		return map[string]any{"id": webhook.ID, "path": "/webhooks", "create_response": answer, "data": answer}
	})
}

func testMoveFromRestful(t *testing.T) {
	testMove(t, "restful", "magodo/restful", "restful_resource", func(webhook kanberttest.Webhook) map[string]any {
		return map[string]any{"id": "/webhooks/" + webhook.ID, "path": "/webhooks", "output": map[string]any{
			"type": []any{"object", map[string]any{"id": "string", "url": "string", "event": "string", "signature_secret_key": "string"}},
			"value": map[string]any{
				"id": webhook.ID, "url": webhook.URL, "event": webhook.Event, "signature_secret_key": webhook.Secret,
			},
		}}
	})
}

// testMove lets the example take over a webhook that a state of another provider
// holds. The attributes are those that the guide is about; that states as the
// providers really write them can be read is tested beside the code that does.
func testMove(t *testing.T, folder, provider, resource string, attributes func(kanberttest.Webhook) map[string]any) {
	needs(t, "moves between providers", "1.8.0", "1.10.0")
	w := newWorkspace(t, "guides/moving-from-a-generic-rest-provider/"+folder)
	webhook := w.sandbox.Seed(kanberttest.Webhook{URL: "https://hooks.example.com/moved/new-contacts"})[0]
	w.write("terraform.tfstate", jsonText(t, map[string]any{
		"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "00000000-0000-0000-0000-000000000000",
		"resources": []any{map[string]any{
			"mode": "managed", "type": resource, "name": "new_contacts",
			"provider":  fmt.Sprintf("provider[%q]", shared.CLI.RegistryHost()+"/"+provider),
			"instances": []any{map[string]any{"schema_version": 0, "attributes": attributes(webhook)}},
		}},
	}))
	out := w.run(2, "plan", "-detailed-exitcode")
	if !strings.Contains(out, resource+".new_contacts has moved to kanbert_webhook.new_contacts") ||
		!strings.Contains(out, "0 to add, 0 to change, 0 to destroy") {
		t.Errorf("the plan is:\n%s", out)
	}
	w.apply()
	w.requests(0, 0)
	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(state), webhook.Secret) || strings.Contains(string(state), resource) {
		t.Error("the secret is not in state, or the old resource still is")
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
