// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
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

func TestProjectIsRequired(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	for _, e := range kanbert.Events() {
		config := attrs{"url": "https://receiver.example/", "event": string(e)}
		diags := p.validateWebhook(config)
		if e.NeedsProject() {
			wantOneError(t, diags, "project_id", "Missing project", string(e))
		} else {
			wantNone(t, diags)
		}
		wantNone(t, p.validateWebhook(with(config, attrs{"project_id": "p"})))
	}
}
