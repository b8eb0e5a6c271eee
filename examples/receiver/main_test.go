// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/examples/receiver/webhook"
)

// logged is a log that can be waited for.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	close(l.more)
	l.more = make(chan struct{})
	return len(p), nil
}

// await waits until the log matches, and returns the first group. A program that has
// ended logs nothing more.
func (l *logged) await(t *testing.T, pattern string) string {
	t.Helper()
	for {
		l.mu.Lock()
		text, more := l.text.String(), l.more
		l.mu.Unlock()
		if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
			return found[1]
		}
		if strings.Contains(text, "\nended with ") {
			t.Fatal(text)
		}
		select {
		case <-more:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// The program takes what a person gives it, says where it listens and what came,
// and ends with its context.
func TestRun(t *testing.T) {
	log := &logged{more: make(chan struct{})}
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	file := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(file, []byte(`{"/hook": "secret", "/other": "secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0", "-header", "x-test", "-secrets", file})
		_, _ = fmt.Fprintf(log, "\nended with %v\n", err)
		ended <- err
	}()

	address := log.await(t, `msg="waiting for deliveries" address=(\S+) paths=2`)
	body := `{"event":"contact:create","data":{}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/hook", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Test", webhook.Sign([]byte(body), "secret"))
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("answered %s", answer.Status)
	}
	log.await(t, `msg="(delivery verified)" event=contact:create path=/hook bytes=2\n`)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// An address that is taken, and a listener that breaks, are errors.
func TestServeFails(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(file, []byte(`{"/hook": "secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-listen", listener.Addr().String(), "-secrets", file}); err == nil {
		t.Error("a taken address is no error")
	}
	_ = listener.Close()
	receiver, err := webhook.New(map[string]string{"/hook": "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := serve(t.Context(), listener, receiver, handle); !errors.Is(err, net.ErrClosed) {
		t.Errorf("it ended with %v", err)
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
			// What encoding/json says of it may quote it.
			readable := name == "null secret" || name == "empty object"
			if err == nil || strings.Contains(err.Error(), "secret-text") || !readable && err.Error() != file+" is not a JSON object of texts" {
				t.Errorf("got error %v", err)
			}
		})
	}
	if err := run(t.Context(), []string{"-unknown"}); err == nil || !strings.Contains(err.Error(), "unknown") {
		t.Errorf("an unknown flag ends with %v", err)
	}
	if err := run(t.Context(), []string{"-secrets", filepath.Join(t.TempDir(), "none.json")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file ends with %v", err)
	}
}
