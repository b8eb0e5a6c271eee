// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"fmt"
	"net/http"
	"time"
)

// Paths of the API on the sandbox's host, for [Match].
const (
	WebhooksPath = BasePath + "/webhooks"
	WhoamiPath   = BasePath + "/whoami"
)

// Workspace is one workspace of a sandbox.
type Workspace struct {
	ID, Name string
	// Token is a token of the workspace, with the scope integration.
	Token string
}

// principal is the user and workspace of a token.
type principal struct {
	space Workspace
	// key is [Webhook.SpaceID] of the workspace's webhooks.
	key    string
	scoped bool
	userID string
}

func newPrincipal(space Workspace, key string, scoped bool) principal {
	return principal{space: space, key: key, scoped: scoped, userID: "user-of-" + space.ID}
}

// Workspace returns the first workspace, that of [Sandbox.Token].
func (s *Sandbox) Workspace() Workspace { return s.home }

// AddWorkspace adds a workspace with its own token. The token of one workspace
// neither lists nor deletes the webhooks of another. A URL is unique across all
// workspaces, unless [WithURLsUniquePerWorkspace] is set.
func (s *Sandbox) AddWorkspace(name string) Workspace {
	s.mu.Lock()
	defer s.mu.Unlock()
	space := Workspace{ID: "space-" + letters(s.principal, 12), Name: name, Token: letters(s.principal, 40)}
	s.tokens[space.Token] = newPrincipal(space, space.ID, true)
	return space
}

// AddToken returns one more token of a workspace. It panics if there is no such
// workspace.
func (s *Sandbox) AddToken(spaceID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.tokens {
		if p.scoped && p.space.ID == spaceID {
			token := letters(s.principal, 40)
			s.tokens[token] = p
			return token
		}
	}
	panic(fmt.Sprintf("kanberttest: there is no workspace %q", spaceID))
}

// spaceKey returns the value of [Webhook.SpaceID] for a workspace.
func (s *Sandbox) spaceKey(spaceID string) string {
	if spaceID == s.home.ID {
		return ""
	}
	return spaceID
}

// whoami handles GET /whoami.
func (s *Sandbox) whoami(r *Request, _ time.Time) reply {
	p := r.principal
	body := map[string]any{
		"id":         p.userID,
		"first_name": "Ada",
		"last_name":  "Example",
		"email":      "ada@kanbert.example",
		"type":       "user",
		"space":      map[string]any{"id": p.space.ID, "name": p.space.Name},
	}
	if s.config().extraFields {
		body["locale"] = "en"
		body["permissions"] = []any{"all", 1, nil}
	}
	return jsonReply(http.StatusOK, body)
}
