// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

// sweep runs the program on a sandbox, and returns what it printed.
func sweep(t *testing.T, s *kanberttest.Sandbox, token string, args ...string) string {
	t.Helper()
	t.Setenv("KANBERT_BASE_URL", s.BaseURL())
	t.Setenv("KANBERT_TOKEN", token)
	var text bytes.Buffer
	if err := run(t.Context(), args, &text, &text); err != nil {
		text.WriteString(err.Error())
	}
	return text.String()
}

func TestSweepDeletesWhatIsNamed(t *testing.T) {
	s := kanberttest.Start(t)
	leftover := s.Seed(kanberttest.Webhook{URL: live.Prefix + "run/1", Event: "company:delete"})[0]
	theirs := s.Seed(kanberttest.Webhook{URL: "https://receiver.example/", Event: "company:delete"})[0]
	for _, c := range []struct {
		token, want string
		args        []string
	}{
		{"", "nothing was sent", nil},
		{s.Token(), "-workspace " + s.Workspace().ID, nil},
		{s.Token(), "-workspace " + s.Workspace().ID, []string{"-id", leftover.ID}},
		{s.Token(), "arguments", []string{leftover.ID}},
		{s.Token(), "-id " + leftover.ID, []string{"-workspace", s.Workspace().ID}},
		{s.Token(), "not deleted", []string{"-workspace", s.Workspace().ID, "-id", theirs.ID}},
	} {
		if text := sweep(t, s, c.token, c.args...); !strings.Contains(text, c.want) {
			t.Errorf("%q: %s", c.args, text)
		}
	}
	if n := s.Count(http.MethodDelete); n > 0 {
		t.Fatalf("%d deletes were sent", n)
	}
	if text := sweep(t, s, s.Token(), "-workspace", s.Workspace().ID, "-id", leftover.ID); !strings.Contains(text, "1 webhooks deleted") {
		t.Error(text)
	}
	if left := s.Webhooks(); len(left) != 1 || left[0].ID != theirs.ID {
		t.Errorf("%d webhooks are left", len(left))
	}
}
