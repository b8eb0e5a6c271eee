// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/examples/receiver/webhook"
)

func TestServeAnswersAndEndsWithItsContext(t *testing.T) {
	receiver, err := webhook.New(map[string]string{"/hook": "secret"})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, receiver) }()

	body := `{"event":"contact:create","data":{}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listener.Addr().String()+"/hook", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(webhook.DefaultHeader, webhook.Sign([]byte(body), "secret"))
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("answered %s", answer.Status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

func TestRunRefusesBadSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":       "secret-text",
		"no text":       `{"/hook": 17}`,
		"null secret":   `{"/hook": null}`,
		"empty object":  `{}`,
		"list of texts": `["secret-text"]`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "secrets.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := run(t.Context(), []string{"-listen", "127.0.0.1:0", "-secrets", file})
			if err == nil || strings.Contains(err.Error(), "secret-text") {
				t.Errorf("got error %v", err)
			}
		})
	}
	if err := run(t.Context(), []string{"-secrets", filepath.Join(t.TempDir(), "none.json")}); err == nil {
		t.Error("a missing file is no error")
	}
}
