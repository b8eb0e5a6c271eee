// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"net/http"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// as returns the caller with another token.
func (c *caller) as(token string) *caller {
	other := *c
	other.token = token
	return &other
}

// TestWhoami checks the workspace of each token, and the records of the requests.
func TestWhoami(t *testing.T) {
	s := kanberttest.New()
	other := s.AddWorkspace("Other")
	call := overMemory(t, s)
	for _, c := range []struct{ token, id, name string }{
		{s.Token(), s.Workspace().ID, "Sandbox"},
		{s.UnscopedToken(), s.Workspace().ID, "Sandbox"},
		{s.AddToken(s.Workspace().ID), s.Workspace().ID, "Sandbox"},
		{other.Token, other.ID, "Other"},
		{s.AddToken(other.ID), other.ID, "Other"},
	} {
		a := call.as(c.token).must(http.MethodGet, "/whoami", "")
		body := a.object(t)
		space, _ := body["space"].(map[string]any)
		if a.status != http.StatusOK || space["id"] != c.id || space["name"] != c.name {
			t.Errorf("%d %s, want the workspace %s", a.status, a.body, c.id)
		}
		for _, field := range []string{"id", "first_name", "last_name", "email", "type"} {
			if text, ok := body[field].(string); !ok || text == "" {
				t.Errorf("%s is %v", field, body[field])
			}
		}
	}
	if a := call.as("unknown").must(http.MethodGet, "/whoami", ""); a.status != http.StatusUnauthorized {
		t.Errorf("an unknown token: %d", a.status)
	}
	if a := call.must(http.MethodPost, "/whoami", ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.status)
	}
	if n := s.CountOf(kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}); n != 7 {
		t.Errorf("%d requests were recorded", n)
	}
	if n := s.CountOf(kanberttest.Match{Method: http.MethodGet, PathPrefix: kanberttest.WebhooksPath}); n != 0 {
		t.Errorf("%d lists were recorded", n)
	}
}

// TestWhoamiThatGivesNothing removes the operation, and makes it return wrong
// responses.
func TestWhoamiThatGivesNothing(t *testing.T) {
	s := kanberttest.New(kanberttest.WithoutWhoami())
	call := overMemory(t, s)
	if a := call.must(http.MethodGet, "/whoami", ""); a.status != http.StatusNotFound {
		t.Errorf("without whoami: %d", a.status)
	}
	match := kanberttest.Match{PathPrefix: kanberttest.WhoamiPath}
	for _, c := range []struct {
		fault  kanberttest.Fault
		status int
	}{
		{kanberttest.Status(403), 403},
		{kanberttest.HTML(404), 404},
		{kanberttest.Answer(200, "application/json", `{"space":{"id":17}}`), 200},
		{kanberttest.Answer(200, "text/html", "<p>"), 200},
	} {
		s.ClearFaults()
		s.FailEvery(match, c.fault)
		if a := call.must(http.MethodGet, "/whoami", ""); a.status != c.status {
			t.Errorf("%q: %d", c.fault, a.status)
		}
		if a := call.must(http.MethodGet, "/webhooks", ""); a.status != http.StatusOK {
			t.Errorf("%q was applied to a list: %d", c.fault, a.status)
		}
	}
}

// TestTwoWorkspaces checks that a token cannot access the webhooks of the other
// workspace, but that their URLs are taken.
func TestTwoWorkspaces(t *testing.T) {
	for _, perSpace := range []bool{false, true} {
		var opts []kanberttest.Option
		if perSpace {
			opts = append(opts, kanberttest.WithURLsUniquePerWorkspace())
		}
		s := kanberttest.New(opts...)
		other := s.AddWorkspace("Other")
		call := overMemory(t, s)
		theirs := call.as(other.Token).create(oneURL).object(t)
		id, _ := theirs["id"].(string)
		if n := len(call.page(nil).Data); n != 0 {
			t.Errorf("the first workspace lists %d webhooks", n)
		}
		if a := call.must(http.MethodDelete, "/webhooks/"+id, ""); a.status != http.StatusNotFound {
			t.Errorf("deleting from the other workspace: %d", a.status)
		}
		want := http.StatusUnprocessableEntity
		if perSpace {
			want = http.StatusCreated
		}
		if a := call.create(oneURL); a.status != want {
			t.Errorf("unique per workspace %v: creating their URL: %d, want %d", perSpace, a.status, want)
		}
		if all := s.WebhooksOf(other.ID); len(all) != 1 || all[0].ID != id || all[0].SpaceID != other.ID {
			t.Errorf("theirs are %v", all)
		}
		if a := call.as(other.Token).must(http.MethodDelete, "/webhooks/"+id, ""); a.status != http.StatusNoContent {
			t.Errorf("their own delete: %d", a.status)
		}
		if got, want := len(s.Webhooks()), 0; perSpace {
			if got != 1 {
				t.Errorf("their delete left us %d", got)
			}
		} else if got != want {
			t.Errorf("%d of ours", got)
		}
	}
}
