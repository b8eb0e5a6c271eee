// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// probe runs the program on a sandbox.
func probe(t *testing.T, s *kanberttest.Sandbox, token, in string, args ...string) (code int, out, log string, err error) {
	t.Helper()
	t.Setenv("KANBERT_BASE_URL", s.BaseURL())
	t.Setenv("KANBERT_TOKEN", token)
	var table, text bytes.Buffer
	code, err = run(t.Context(), args, strings.NewReader(in), &table, &text)
	return code, table.String(), text.String(), err
}

func TestTableAlone(t *testing.T) {
	s := kanberttest.Start(t)
	code, out, log, err := probe(t, s, s.Token(), "")
	if code != 0 || err != nil {
		t.Errorf("%d %v\n%s", code, err, log)
	}
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "|-") {
			t.Errorf("no line of the table: %s", line)
		}
	}
	if n := s.Count(http.MethodPost) + s.Count(http.MethodDelete); n > 0 {
		t.Errorf("%d requests wrote", n)
	}
}

func TestExitCodes(t *testing.T) {
	s := kanberttest.Start(t, kanberttest.WithoutOperator("in"))
	for _, c := range []struct {
		name, token string
		args        []string
		code        int
		text        string
	}{
		{"an assumption differs", s.Token(), nil, codeDiffers, "DIFFERS"},
		{"a wrong token", "wrong", nil, 1, "does not accept the token"},
		{"a token without the scope", s.UnscopedToken(), nil, 1, "lacks the scope"},
		{"no token", "", nil, 1, "nothing was sent"},
		{"an unknown flag", s.Token(), []string{"-x"}, 1, "-x"},
		{"an argument", s.Token(), []string{"x"}, 1, "arguments"},
		{"help", s.Token(), []string{"-h"}, 0, "-workspace"},
		{"writes after a switch", s.Token(), []string{"-write", "-switch", "-workspace", s.Workspace().ID}, 1, "nothing was sent"},
		{"no workspace named", s.Token(), []string{"-write"}, 1, "-workspace " + s.Workspace().ID},
	} {
		code, out, log, err := probe(t, s, c.token, "", c.args...)
		text := out + log
		if err != nil {
			text += err.Error()
		}
		if code != c.code || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.name, code, text)
		}
	}
}

func TestSwitchWaitsForThePerson(t *testing.T) {
	s := kanberttest.Start(t)
	code, out, log, err := probe(t, s, s.Token(), "\n", "-switch")
	if code != 0 || err != nil || !strings.Contains(out, "the same after a switch") || !strings.Contains(log, "press Return") {
		t.Errorf("%d %v\n%s", code, err, log)
	}
}
