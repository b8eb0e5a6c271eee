// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// namedNear is how many webhooks with a similar URL an error names.
const namedNear = 3

// nearWebhook is a webhook whose URL is similar to the one looked up.
type nearWebhook struct {
	webhook     kanbert.Webhook
	differences []string
}

// whatIsNear says which of the webhooks have a similar URL, and how they differ. It
// does not show their URLs, which may contain passwords.
func whatIsNear(address string, webhooks []kanbert.Webhook) string {
	near := nearWebhooks(address, webhooks)
	if len(near) == 0 {
		return "The path and the query must be exactly those of the webhook. " + whereToFindIDs
	}
	text := "Similar URLs exist. Use the exact URL of the webhook, or its id."
	for _, n := range near {
		text += "\n  - " + identify(n.webhook) + " differs in the " + strings.Join(n.differences, " and the ")
	}
	return text
}

// nearWebhooks returns at most [namedNear] webhooks whose URLs are similar to address,
// the most similar first.
func nearWebhooks(address string, webhooks []kanbert.Webhook) []nearWebhook {
	asked, err := url.Parse(kanbert.CanonicalURL(address))
	if err != nil {
		return nil
	}
	var near []nearWebhook
	for _, w := range webhooks {
		u, err := url.Parse(kanbert.CanonicalURL(w.URL))
		if err != nil || !isNear(asked, u) {
			continue
		}
		if differences := differencesOf(asked, u); len(differences) > 0 {
			near = append(near, nearWebhook{w, differences})
		}
	}
	slices.SortFunc(near, func(a, b nearWebhook) int {
		return cmp.Or(cmp.Compare(len(a.differences), len(b.differences)), cmp.Compare(a.webhook.ID, b.webhook.ID))
	})
	return near[:min(len(near), namedNear)]
}

// isNear reports whether two URLs have the same host, and the same path apart from
// case, escapes and a slash at the end.
func isNear(a, b *url.URL) bool {
	return a.Hostname() == b.Hostname() &&
		strings.EqualFold(strings.TrimRight(a.Path, "/"), strings.TrimRight(b.Path, "/"))
}

// differencesOf names the parts in which two near URLs differ.
func differencesOf(a, b *url.URL) []string {
	pathA, pathB := strings.TrimRight(a.Path, "/"), strings.TrimRight(b.Path, "/")
	var differences []string
	for _, part := range []struct {
		name   string
		differ bool
	}{
		{"scheme", a.Scheme != b.Scheme},
		{"port", a.Port() != b.Port() && a.Scheme == b.Scheme},
		{"user info", a.User.String() != b.User.String()},
		{"case of the path", pathA != pathB},
		{"slash at the end of the path", a.Path[len(pathA):] != b.Path[len(pathB):]},
		{"escapes in the path", pathA == pathB && strings.TrimRight(a.EscapedPath(), "/") != strings.TrimRight(b.EscapedPath(), "/")},
		{"query", a.RawQuery != b.RawQuery || a.ForceQuery != b.ForceQuery},
		{"fragment", a.Fragment != b.Fragment},
	} {
		if part.differ {
			differences = append(differences, part.name)
		}
	}
	return differences
}
