// SPDX-License-Identifier: MPL-2.0

//go:build linux

package laraveltest

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestServersEndWhenTheTestIsKilled kills a test binary in the middle of a test.
// Its deferred calls do not run, and the servers must still end.
func TestServersEndWhenTheTestIsKilled(t *testing.T) {
	if os.Getenv(serveOnly) != "" {
		l := Start(t, Options{})
		_, _ = os.Stdout.WriteString("serving " + l.dir + "\n")
		<-t.Context().Done()
	}
	require(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-laravel", "-test.run=^TestServersEndWhenTheTestIsKilled$")
	cmd.Env = append(os.Environ(), serveOnly+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	dir, ok := strings.CutPrefix(strings.TrimSpace(line), "serving ")
	if !ok {
		t.Fatalf("the test said %q (%v)", line, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pids := []int{pidIn(t, filepath.Join(dir, "nginx.pid")), pidIn(t, filepath.Join(dir, "fpm.pid"))}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, pid := range pids {
		if err := await(t.Context(), func() bool { return syscall.Kill(-pid, 0) != nil }); err != nil {
			t.Errorf("process group %d is still there: %v", pid, err)
		}
	}
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestSeedIsWhatTheAPILists(t *testing.T) {
	t.Parallel()
	l := Start(t, Options{})
	seeded := l.Seed(t,
		Webhook{URL: "https://seed.example/1", ProjectID: "prj", Event: "task:create"},
		Webhook{URL: "https://seed.example/2", Workspace: OtherWorkspace},
	)

	body := get(t, l.BaseURL()+"/webhooks", l.Token())
	if !strings.Contains(body, seeded[0].ID) || strings.Contains(body, seeded[1].ID) {
		t.Errorf("the first workspace lists %s", body)
	}
	l.Remove(t, seeded[0].ID)
	left := l.Webhooks(t)
	if len(left) != 1 || left[0] != seeded[1] {
		t.Errorf("left over are %+v, not %+v", left, seeded[1])
	}
}

func get(t *testing.T, url, token string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
