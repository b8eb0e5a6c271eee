// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// stateFile is what of a state file the tests need.
type stateFile struct {
	Resources []struct {
		Type      string `json:"type"`
		Name      string `json:"name"`
		Provider  string `json:"provider"`
		Instances []struct {
			SchemaVersion int64           `json:"schema_version"`
			Attributes    json.RawMessage `json:"attributes"`
			Identity      json.RawMessage `json:"identity"`
		} `json:"instances"`
	} `json:"resources"`
}

// sources are the resources of the state file, by name.
func (f stateFile) sources() map[string]moveSource {
	sources := map[string]moveSource{}
	for _, r := range f.Resources {
		_, address, _ := strings.Cut(r.Provider, `"`)
		sources[r.Name] = moveSource{
			provider:      strings.TrimSuffix(address, `"]`),
			resourceType:  r.Type,
			schemaVersion: r.Instances[0].SchemaVersion,
			state:         r.Instances[0].Attributes,
			identity:      r.Instances[0].Identity,
		}
	}
	return sources
}

func readStateFile(t *testing.T, name string) stateFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "moved", name))
	if err != nil {
		t.Fatal(err)
	}
	var f stateFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// recorded says what the state files in testdata/moved hold. The released
// providers wrote them when they managed two webhooks of the sandbox: those that
// end with -created right after the create, the others after a refresh.
var recorded = []struct {
	file, folder string
	// secret says whether the state has the secrets. A refresh of a
	// restful_resource, which belongs to its create, drops them.
	secret bool
}{
	{"restapi-2.0.1-created.json", "restapi2b", true},
	{"restapi-2.0.1.json", "restapi2b", true},
	{"restapi-3.0.0-created.json", "restapi3", true},
	{"restapi-3.0.0.json", "restapi3", true},
	{"restful-0.13.3.json", "restful13", false},
	{"restful-0.15.0.json", "restful15", false},
	{"restful-0.25.1.json", "restful25", false},
}

// webhooksOf are the webhooks that a recorded state is about. Ids, secrets and
// times are those of the state.
func webhooksOf(t *testing.T, file, folder string) map[string]kanberttest.Webhook {
	t.Helper()
	webhooks := map[string]kanberttest.Webhook{
		"contact": {URL: "https://receiver.example/" + folder + "/contact", Event: "contact:create"},
		"task":    {URL: "https://receiver.example/" + folder + "/task?key=abc", Event: "task:update", ProjectID: "project-7", ClientID: "client-3"},
	}
	for name, source := range readStateFile(t, file).sources() {
		w := webhooks[name]
		w.ID = answerField(t, source, "id")
		w.Secret = answerField(t, source, "signature_secret_key")
		created, err := time.Parse(time.RFC3339, answerField(t, source, "created_at"))
		if err != nil {
			t.Fatal(err)
		}
		w.CreatedAt = created
		webhooks[name] = w
	}
	return webhooks
}

// answerField finds a field of the webhook by its name in the text of the state,
// in whatever form the state has the answer, and nothing if there is none.
func answerField(t *testing.T, source moveSource, field string) string {
	t.Helper()
	plain := strings.ReplaceAll(string(source.state), `\"`, `"`)
	for _, after := range strings.Split(plain, `"`+field+`":`)[1:] {
		value, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(after), `"`), `"`)
		// The id of a restful_resource is a path, and types are no values.
		if !strings.HasPrefix(value, "/") && value != "string" && value != field {
			return value
		}
	}
	return ""
}

// The states that the released providers wrote are taken over without a request,
// with the secret where they hold it, and the plan that follows is empty.
func TestMoveOfRecordedStates(t *testing.T) {
	t.Parallel()
	for _, r := range recorded {
		bubble(t, r.file, func(t *testing.T) {
			webhooks := webhooksOf(t, r.file, r.folder)
			for name, source := range readStateFile(t, r.file).sources() {
				w := webhooks[name]
				// Each move has a sandbox of its own: the reads of one may still
				// have a page under way when the next begins.
				s := kanberttest.New()
				s.Seed(webhooks["contact"], webhooks["task"])
				if (w.Secret != "") != r.secret {
					t.Fatalf("the recorded state has the secret %q", w.Secret)
				}
				p := newProtocolFor(t, s)
				moved, diags := p.move(source)
				wantNoneBut(t, secretSummary, diags)
				if n := s.Count(""); n != 0 {
					t.Errorf("the move of %s sent %d requests", name, n)
				}
				want := attrs{
					"id": w.ID, "url": w.URL, "event": w.Event, "project_id": orNil(w.ProjectID), "client_id": orNil(w.ClientID),
					"created_at": w.CreatedAt.Format("2006-01-02T15:04:05Z"), "signature_secret_key": orNil(w.Secret),
				}
				if !maps.Equal(moved.values, want) {
					t.Errorf("%s moved to %v\nwant %v", name, moved.values, want)
				}
				if !maps.Equal(moved.identity, attrs{"id": w.ID}) {
					t.Errorf("%s moved to the identity %v", name, moved.identity)
				}
				wantMoveLeavesNoPlan(t, p, moved, w)
				wantNoWrites(t, s)
			}
		})
	}
}

func wantMoveLeavesNoPlan(t *testing.T, p *protocol, moved instance, w kanberttest.Webhook) {
	t.Helper()
	read, diags := p.read(moved)
	wantNone(t, diags)
	if !maps.Equal(read.values, moved.values) {
		t.Errorf("the refresh after the move gave %v", read.values)
	}
	planned := p.plan(read, configOf(w))
	wantNone(t, planned.diagnostics)
	if !maps.Equal(planned.values, read.values) || len(planned.replaces) > 0 {
		t.Errorf("the plan after the move is not empty: %v", planned.values)
	}
}

const webhookJSON = `{"id":"abc","url":"https://receiver.example/x","event":"contact:create","project_id":null,"created_at":"2026-01-02T03:04:05.678+01:00","signature_secret_key":"s3cret"}`

func quoted(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// The states hold webhooks in more forms than were recorded.
func TestMoveOfOtherForms(t *testing.T) {
	t.Parallel()
	whole := attrs{
		"id": "abc", "url": "https://receiver.example/x", "event": "contact:create", "project_id": nil, "client_id": nil,
		"created_at": "2026-01-02T02:04:05.678Z", "signature_secret_key": "s3cret",
	}
	without := func(name string, value any) attrs {
		a := maps.Clone(whole)
		a[name] = value
		return a
	}
	const noSecret = `{"id":"abc","url":"https://receiver.example/x","event":"contact:create","created_at":"2026-01-02T03:04:05.678+01:00"}`
	p := newProtocol(t)
	for name, test := range map[string]struct {
		kind, state string
		want        attrs
	}{
		"output as text":       {"restful_resource", `{"id":"/webhooks","output":` + quoted(webhookJSON) + `}`, whole},
		"dynamic output":       {"restful_resource", `{"id":"/webhooks","output":{"type":["object",{}],"value":` + webhookJSON + `}}`, whole},
		"sensitive output":     {"restful_resource", `{"id":"/webhooks","output":null,"sensitive_output":{"type":["object",{}],"value":` + webhookJSON + `}}`, whole},
		"id in the path alone": {"restful_resource", `{"id":"/api/v1/webhooks/a%2Fc?x=1","output":{"type":["object",{}],"value":{"event":"contact:create"}},"body":{"type":["object",{}],"value":{"url":"https://receiver.example/x"}}}`, attrs{"id": "a/c", "url": "https://receiver.example/x", "event": "contact:create", "project_id": nil, "client_id": nil, "created_at": nil, "signature_secret_key": nil}},
		"path with a slash":    {"restful_resource", `{"id":"/webhooks/abc/","output":` + quoted(strings.Replace(webhookJSON, `"id":"abc",`, "", 1)) + `}`, whole},
		"null beside body":     {"restful_resource", `{"id":"/webhooks/abc","sensitive_output":"null","output":{"type":"x","value":null},"body":` + webhookJSON + `}`, whole},
		"field named type":     {"restful_resource", `{"id":"/webhooks/abc","output":` + strings.Replace(webhookJSON, `{`, `{"type":"webhook",`, 1) + `}`, whole},
		"http":                 {"restapi_object", `{"id":"abc","data":` + quoted(strings.Replace(webhookJSON, "https", "HTTP", 1)) + `}`, without("url", "HTTP://receiver.example/x")},
		"client_id":            {"restapi_object", `{"id":"abc","data":` + quoted(strings.Replace(webhookJSON, `"project_id":null`, `"project_id":"p","client_id":"c"`, 1)) + `}`, with(whole, attrs{"project_id": "p", "client_id": "c"})},
		"create_response":      {"restapi_object", `{"id":"abc","create_response":` + quoted(webhookJSON) + `,"api_response":` + quoted(noSecret) + `}`, whole},
		"api_response":         {"restapi_object", `{"id":"abc","create_response":null,"api_response":` + quoted(webhookJSON) + `}`, whole},
		"no create_response":   {"restapi_object", `{"id":"abc","create_response":null,"api_response":` + quoted(noSecret) + `}`, without("signature_secret_key", nil)},
		"copied key in data":   {"restapi_object", `{"id":"abc","data":` + quoted(webhookJSON) + `}`, whole},
		"api_data alone":       {"restapi_object", `{"id":"abc","api_data":` + strings.Replace(webhookJSON, "null", `"<nil>"`, 1) + `,"data":"{\"project_id\":\"asked for\"}"}`, whole},
		"another's secret":     {"restapi_object", `{"id":"abc","api_response":` + quoted(noSecret) + `,"create_response":` + quoted(strings.Replace(webhookJSON, "abc", "old", 1)) + `}`, without("signature_secret_key", nil)},
		"time of another form": {"restapi_object", `{"id":"abc","data":` + quoted(strings.Replace(webhookJSON, "2026-01-02T03:04:05.678+01:00", "yesterday", 1)) + `}`, without("created_at", nil)},
		"time of no year":      {"restapi_object", `{"id":"abc","data":` + quoted(strings.Replace(webhookJSON, "2026-01-02T03:04:05.678+01:00", "9999-12-31T23:59:59-01:00", 1)) + `}`, without("created_at", nil)},
		"id is the URL":        {"restapi_object", `{"id":"https://receiver.example/x","id_attribute":"url","api_response":` + quoted(webhookJSON) + `}`, whole},
	} {
		t.Run(name, func(t *testing.T) {
			provider := map[string]string{
				"restapi_object":   "registry.terraform.io/mastercard/restapi",
				"restful_resource": "registry.opentofu.org/magodo/restful",
			}[test.kind]
			moved, diags := p.move(moveSource{provider: provider, resourceType: test.kind, state: []byte(test.state)})
			wantNoneBut(t, secretSummary, diags)
			if !maps.Equal(moved.values, test.want) {
				t.Errorf("moved to %v\nwant %v", moved.values, test.want)
			}
			if !maps.Equal(moved.identity, attrs{"id": test.want["id"]}) {
				t.Errorf("identity %v", moved.identity)
			}
		})
	}
}

// A CLI may call it a move that the provider's address has changed, as from one
// registry to another. Nothing is lost by it.
func TestMoveOfOwnState(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	moved, diags := p.move(moveSource{provider: "registry.terraform.io/kanbert/kanbert", resourceType: "kanbert_webhook", state: []byte(
		`{"id":"abc","url":"https://receiver.example/x","event":"contact:create","project_id":null,"client_id":"c",` +
			`"created_at":"2026-01-02T03:04:05Z","signature_secret_key":"s3cret","of_another_version":true}`)})
	wantNone(t, diags)
	want := attrs{
		"id": "abc", "url": "https://receiver.example/x", "event": "contact:create", "project_id": nil, "client_id": "c",
		"created_at": "2026-01-02T03:04:05Z", "signature_secret_key": "s3cret",
	}
	if !maps.Equal(moved.values, want) || !maps.Equal(moved.identity, attrs{"id": "abc"}) {
		t.Errorf("moved to %v with identity %v", moved.values, moved.identity)
	}
}

// What is no Kanbert webhook is refused, and the state's content stays out of the
// error.
func TestMoveRefusals(t *testing.T) {
	t.Parallel()
	const restapi, restful = "registry.terraform.io/mastercard/restapi", "registry.terraform.io/magodo/restful"
	object := func(json string) string { return `{"id":"abc","api_response":` + quoted(json) + `}` }
	p := newProtocol(t)
	for name, test := range map[string]struct {
		provider, kind, state string
		parts                 []string
	}{
		"no webhook":       {restapi, "restapi_object", object(`{"id":"abc","name":"s3cret"}`), []string{"restapi_object", "has no url", "removed block"}},
		"no event":         {restapi, "restapi_object", object(`{"id":"abc","url":"https://receiver.example"}`), []string{"has no event"}},
		"another event":    {restapi, "restapi_object", object(`{"id":"abc","url":"https://receiver.example","event":"push"}`), []string{`"push"`, "noun:verb"}},
		"another URL":      {restapi, "restapi_object", object(`{"id":"abc","url":"/s3cret","event":"contact:create"}`), []string{"not an https or http URL"}},
		"no id":            {restful, "restful_resource", `{"id":"/webhooks","output":{"type":["object",{}],"value":{"url":"https://receiver.example","event":"contact:create"}}}`, []string{"its state has no id"}},
		"escape in the id": {restful, "restful_resource", `{"id":"/webhooks/%zz","output":{"url":"https://receiver.example","event":"contact:create"}}`, []string{"its state has no id"}},
		"no host":          {restapi, "restapi_object", object(`{"id":"abc","url":"https:///s3cret","event":"contact:create"}`), []string{"not an https or http URL"}},
		"unreadable URL":   {restapi, "restapi_object", object(`{"id":"abc","url":"https://%zz/s3cret","event":"contact:create"}`), []string{"not an https or http URL"}},
		"empty state":      {restful, "restful_resource", `{}`, []string{"its state has no id"}},
		"null state":       {restful, "restful_resource", `null`, []string{"its state has no id"}},
		"no JSON":          {restful, "restful_resource", `s3cret`, []string{"cannot be read as JSON"}},
		"odd types":        {restful, "restful_resource", `{"id":7,"output":[1],"body":true}`, []string{"its state has no id"}},
		"own, unreadable":  {"registry.terraform.io/kanbert/kanbert", "kanbert_webhook", `{"id":["s3cret"]}`, []string{"cannot be read"}},
		"another type":     {restful, "restful_operation", `{}`, []string{"restful_operation", restful, "can be moved"}},
		"another provider": {"registry.terraform.io/hashicorp/null", "null_resource", `{}`, []string{"null_resource", "can be moved"}},
		"a type's double":  {"registry.terraform.io/acme/other", "restapi_object", object(webhookJSON), []string{"acme/other", "can be moved"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := p.move(moveSource{provider: test.provider, resourceType: test.kind, state: []byte(test.state)})
			wantOneError(t, diags, "", append(test.parts, "Unable to move webhook")...)
			if strings.Contains(diags.String(), "s3cret") {
				t.Errorf("the error quotes the state:\n%s", diags)
			}
		})
	}
}
