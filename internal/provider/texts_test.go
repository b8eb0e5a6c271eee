// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// absenceCases are the texts about webhooks that are gone, or elsewhere.
func absenceCases() []textCase {
	// gone reads a webhook in a new process after another program deleted it.
	gone := func(t *textTest, p *protocol, created instance) diagnostics {
		t.s.Remove(created.values["id"].(string))
		_, diags := p.read(created)
		return diags
	}
	answered := func(t *textTest, answer, list kanberttest.Fault) diagnostics {
		created := t.create(contact)
		t.s.FailEvery(kanberttest.Match{Method: http.MethodDelete}, answer)
		t.s.FailEvery(kanberttest.Match{Method: http.MethodGet}, list)
		_, diags := t.apply(created, t.plan(created, nil), nil)
		return diags
	}
	return []textCase{
		{"read: webhook gone", func(t *textTest) diagnostics { return gone(t, newProtocolFor(t, t.s), t.create(contact)) }},
		{"read: webhook gone, workspace not known", func(t *textTest) diagnostics {
			t.s.FailEvery(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}, kanberttest.Status(404))
			return gone(t, newProtocolFor(t, t.s), t.create(contact))
		}},
		{"read: sixth webhook gone", func(t *textTest) diagnostics {
			p := newProtocolFor(t, t.s)
			var last diagnostics
			for i := range 6 {
				last = gone(t, p, t.create(attrs{"url": fmt.Sprintf("https://receiver.example/%d", i), "event": "contact:create"}))
			}
			return last
		}},
		{"read: webhook of another Kanbert workspace", func(t *textTest) diagnostics {
			created := t.create(contact)
			p := newProtocol(t, WithClientOptions(kanbert.WithTransport(t.s.Transport())))
			wantNone(t, p.configure(attrs{"token": t.s.AddWorkspace("Other").Token, "base_url": t.s.BaseURL()}))
			_, diags := p.read(created)
			return diags
		}},
		{"delete: not found, and still listed", func(t *textTest) diagnostics {
			return answered(t, kanberttest.Status(404), kanberttest.Fault{})
		}},
		{"delete: not found, and not listed", func(t *textTest) diagnostics {
			return answered(t, kanberttest.Status(404), kanberttest.Status(403))
		}},
		{"delete: 200 with a body, and still listed", func(t *textTest) diagnostics {
			return answered(t, kanberttest.Answer(200, "application/json", `{"message":"Accepted."}`), kanberttest.Fault{})
		}},
	}
}

// importCases are the texts about imports and moves of what is no webhook.
func importCases() []textCase {
	var cases []textCase
	for name, id := range map[string]string{
		"import: white space around the id": " abc", "import: URL of another scheme": "ftp://receiver.example", "import: no URL": "https://",
		"import: id in quotes": `"abc"`, "import: address of a resource": "kanbert_webhook.this", "import: id with white space": "a b", "import: URL without a scheme": "receiver.example/a",
	} {
		cases = append(cases, textCase{name, func(t *textTest) diagnostics { _, diags := t.importByID(id); return diags }})
	}
	const restapi, restful = "registry.terraform.io/mastercard/restapi", "registry.terraform.io/magodo/restful"
	for name, source := range map[string]moveSource{
		"move: not a Kanbert webhook":   {provider: restful, resourceType: "restful_resource", state: []byte(`{}`)},
		"move: not JSON":                {provider: restful, resourceType: "restful_resource", state: []byte(`x`)},
		"move: own state, not readable": {provider: "registry.terraform.io/kanbert/kanbert", resourceType: "kanbert_webhook", state: []byte(`{"id":[]}`)},
		"move: another resource":        {provider: restapi, resourceType: "null_resource", state: []byte(`{}`)},
	} {
		cases = append(cases, textCase{name, func(t *textTest) diagnostics { _, diags := t.move(source); return diags }})
	}
	return append(cases,
		textCase{"import: identity without an id", func(t *textTest) diagnostics { _, diags := t.importByIdentity(attrs{"id": ""}); return diags }},
		textCase{"webhook: URL as an id", func(t *textTest) diagnostics {
			_, diags := t.readDataSource("kanbert_webhook", attrs{"id": "https://receiver.example/a"})
			return diags
		}},
	)
}

// otherCases are texts that are rare.
func otherCases() []textCase {
	explain := func(op operation, err error) func(*textTest) diagnostics {
		return func(*textTest) diagnostics {
			var diags diag.Diagnostics
			addError(&diags, op, err)
			return onWire(diags)
		}
	}
	return []textCase{
		{"delete: interrupted before a request", explain(deleteWebhook, &kanbert.InterruptedError{Err: context.Canceled})},
		{"create: 409", explain(createWebhook, &kanbert.APIError{StatusCode: 409, Method: "POST", Path: "/webhooks", RequestID: "req-1", Kind: kanbert.ErrConflict})},
		{"create: redirect to nowhere", explain(createWebhook, &kanbert.APIError{StatusCode: 304, Method: "POST", Path: "/webhooks", RequestID: "req-1", Kind: kanbert.ErrRedirect})},
		{"create: URL refused, for the second resource of a run", func(t *textTest) diagnostics {
			planned := t.plan(instance{}, contact)
			t.s.HoldURLs(contact["url"].(string))
			_, diags := t.apply(instance{}, planned, contact)
			wantOneError(t.T, diags, "url", "refuses the URL")
			_, diags = t.apply(instance{}, planned, contact)
			return diags
		}},
		{"provider: not configured", func(*textTest) diagnostics {
			var diags diag.Diagnostics
			(*providerData)(nil).api(&diags)
			return onWire(diags)
		}},
		{"webhooks: event not known", func(t *textTest) diagnostics {
			return t.validateDataSource(webhooksType, attrs{"events": []string{"invoice:create"}})
		}},
		{"webhooks: 400 with a sort", func(t *textTest) diagnostics {
			t.s.FailEvery(kanberttest.Match{}, kanberttest.Status(400))
			_, diags := t.readDataSource(webhooksType, attrs{"sort": []string{"url"}})
			return diags
		}},
		{"webhook: id and url", func(t *textTest) diagnostics {
			return t.validateDataSource("kanbert_webhook", attrs{"id": "a", "url": "https://receiver.example/a"})
		}},
		{"webhook: neither id nor url", func(t *textTest) diagnostics { return t.validateDataSource("kanbert_webhook", attrs{}) }},
	}
}

// TestTextOfTheCLI has no provider block and no token. The CLI adds an error of
// its own, which the guide shows.
func TestTextOfTheCLI(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, cli.RequiredProviders+`
		resource "kanbert_webhook" "this" {
		  url   = "https://receiver.example/a"
		  event = "contact:create"
		}`)
	out, err := w.run("plan", "-no-color")
	text := readFile(t, filepath.Join(textsFolder, "cli", "no-provider-block.txt"))
	for _, part := range strings.Split(text, `"registry.terraform.io/kanbert/kanbert"`) { // other CLIs have other registries
		if part := strings.Join(strings.Fields(part), " "); err == nil || !strings.Contains(strings.Join(strings.Fields(out), " "), part) {
			t.Errorf("the CLI does not say %q:\n%s", part, out)
		}
	}
}
