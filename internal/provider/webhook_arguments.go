// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// argument is one argument of a webhook. A create sends it, and it cannot be
// changed later. Its rules in the plan are in webhook_plan_checks.go, its
// description is in the schema. All code that treats arguments alike uses
// [arguments].
type argument struct {
	// name is that of the attribute, and of the field of the API.
	name string
	// value, asked and made return the argument of a model, of a create request and
	// of the API's webhook. In the last two, "" means null.
	value func(*webhookModel) *types.String
	asked func(*kanbert.NewWebhook) *string
	made  func(*kanbert.Webhook) *string
	// same reports whether two texts mean the same to every server.
	same func(a, b string) bool
	// shown is a text as a diagnostic may show it.
	shown func(text string) string
}

// arguments are all arguments of a webhook, in the order in which they are named.
var arguments = []argument{
	{
		name:  "url",
		value: func(m *webhookModel) *types.String { return &m.URL },
		asked: func(w *kanbert.NewWebhook) *string { return &w.URL },
		made:  func(w *kanbert.Webhook) *string { return &w.URL },
		same:  kanbert.SameURL,
		shown: func(url string) string { return "one at the host " + hostOf(url) }, // The rest may hold a password.
	},
	{
		name:  "event",
		value: func(m *webhookModel) *types.String { return &m.Event },
		asked: func(w *kanbert.NewWebhook) *string { return (*string)(&w.Event) },
		made:  func(w *kanbert.Webhook) *string { return (*string)(&w.Event) },
		same:  sameText,
		shown: quoteOrNull,
	},
	{
		name:  "project_id",
		value: func(m *webhookModel) *types.String { return &m.ProjectID },
		asked: func(w *kanbert.NewWebhook) *string { return &w.ProjectID },
		made:  func(w *kanbert.Webhook) *string { return &w.ProjectID },
		same:  sameText,
		shown: quoteOrNull,
	},
	{
		name:  "client_id",
		value: func(m *webhookModel) *types.String { return &m.ClientID },
		asked: func(w *kanbert.NewWebhook) *string { return &w.ClientID },
		made:  func(w *kanbert.Webhook) *string { return &w.ClientID },
		same:  sameText,
		shown: quoteOrNull,
	},
}

// argumentNames are the names of [arguments].
func argumentNames() []string {
	names := make([]string, len(arguments))
	for i, a := range arguments {
		names[i] = a.name
	}
	return names
}

// argumentNamed returns the argument of this name. There must be one.
func argumentNamed(name string) argument {
	for _, a := range arguments {
		if a.name == name {
			return a
		}
	}
	panic("no argument " + name)
}

func sameText(a, b string) bool { return a == b }

func quoteOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return strconv.Quote(s)
}
