// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// doubtfulWebhooks are what a webhook that exists may have and a new one must not,
// with the argument that the plan's error is about.
var doubtfulWebhooks = map[string]struct {
	webhook  kanberttest.Webhook
	argument string
}{
	"user_info":      {kanberttest.Webhook{URL: "https://me:hunter2@receiver.example/a", Event: "contact:create"}, "url"},
	"task_without":   {kanberttest.Webhook{URL: "https://receiver.example/b", Event: "task:create"}, "project_id"},
	"event_of_form":  {kanberttest.Webhook{URL: "https://receiver.example/c", Event: "invoice.paid"}, "event"},
	"event_of_later": {kanberttest.Webhook{URL: "https://receiver.example/d", Event: "invoice:pay"}, "event"},
}

// What exists is adopted with a configuration that the CLI generates, whatever it
// has, leaves an empty plan, and can be destroyed. Beside it the plan of a good
// webhook goes on.
func TestDoubtfulWebhooksAreAdoptedThroughTheCLI(t *testing.T) {
	t.Parallel()
	s := kanberttest.Start(t)
	var blocks strings.Builder
	var webhooks []kanberttest.Webhook
	for name, c := range doubtfulWebhooks {
		w := s.Seed(c.webhook)[0]
		webhooks = append(webhooks, w)
		fmt.Fprintf(&blocks, "import {\n  to = kanbert_webhook.%s\n  id = %s\n%s}\n", name, hclQuote(w.ID), ofKanbert)
	}
	w := newPlainWorkspace(t, "")
	w.generate(t, configFor(s, blocks.String()))
	w.must(t, "validate")
	wantAdopted(t, w, s, webhooks)
	w.must(t, "destroy", "-auto-approve")
	if n := len(s.Webhooks()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
}

// To create one, or to change a webhook to it, is an error of the plan that names
// the argument, before anything is sent that changes something. It stops a destroy
// as well, and says how to destroy.
func TestDoubtfulWebhooksAreNotPlannedThroughTheCLI(t *testing.T) {
	t.Parallel()
	for name, c := range doubtfulWebhooks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := kanberttest.Start(t)
			config := func(url, event string) string {
				return configFor(s, fmt.Sprintf("resource \"kanbert_webhook\" \"a\" {\n  url        = %q\n  event      = %q\n  project_id = null\n}\n", url, event))
			}
			w := newPlainWorkspace(t, config(c.webhook.URL, c.webhook.Event))
			w.must(t, "validate")
			wantPlanError := func(args ...string) {
				t.Helper()
				out, err := w.run(args...)
				text := flat(out)
				if err == nil || !strings.Contains(text, "run terraform destroy -refresh=false") {
					t.Errorf("%v ended with %v:\n%s", args, err, out)
				}
				// The CLI shows the line of the argument, or the block if it is missing.
				if !regexp.MustCompile(`(?m)^[│ ]*\d+: +` + c.argument + ` `).MatchString(out) {
					t.Errorf("%v: the error does not show %s:\n%s", args, c.argument, out)
				}
			}
			wantPlanError("plan")
			wantPlanError("apply", "-auto-approve")
			wantNoWrites(t, s)

			w.write(t, config("https://receiver.example/good", "contact:create"))
			w.must(t, "apply", "-auto-approve")
			w.write(t, config(c.webhook.URL, c.webhook.Event))
			wantPlanError("plan")
			wantPlanError("apply", "-auto-approve")
			if n := len(s.Webhooks()); n != 1 {
				t.Errorf("%d webhooks exist, want the old one", n)
			}
			wantPlanError("destroy", "-auto-approve")
			w.must(t, "destroy", "-auto-approve", "-refresh=false")
			if n := len(s.Webhooks()); n != 0 {
				t.Errorf("%d webhooks are left", n)
			}
		})
	}
}
