// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// asProgram is a variable with which the test binary is the program, so that main is
// tried as it runs and nothing has to be built for it.
const asProgram = "RECEIVER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the receiver with a file of secrets, not yet started.
func program(t *testing.T, secrets string) *exec.Cmd {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(file, []byte(secrets), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-listen", "127.0.0.1:0", "-secrets", file)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// startProgram starts the receiver, and returns its log and its address.
func startProgram(t *testing.T) (*exec.Cmd, *bufio.Reader, string) {
	t.Helper()
	cmd := program(t, `{"/hook": "secret"}`)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewReader(stderr)
	first, err := log.ReadString('\n')
	address := regexp.MustCompile(`waiting for deliveries address=(\S+) paths=1\n$`).FindStringSubmatch(first)
	if address == nil {
		t.Fatalf("it does not say where it listens: %q, %v", first, err)
	}
	return cmd, log, address[1]
}

// beginDelivery sends the head of a delivery, and returns the body. The receiver has
// begun with the request: it has asked for the body.
func beginDelivery(t *testing.T, address string) (sender net.Conn, body string) {
	t.Helper()
	sender, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	head, body := message("contact:create")
	_, _ = io.WriteString(sender, strings.Replace(head, "Host:", "Expect: 100-continue\r\nHost:", 1))
	if got := status(t, sender); got != http.StatusContinue {
		t.Fatalf("answered %d", got)
	}
	return sender, body
}

// Ctrl-C and SIGTERM, which service managers send, end the program as what it is
// meant to be: it answers and handles what it was receiving, and is no failure.
func TestProgramIsStopped(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd, log, address := startProgram(t)
			sender, body := beginDelivery(t, address)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(sender, body)
			if got := status(t, sender); got != http.StatusNoContent {
				t.Errorf("answered %d", got)
			}
			_ = sender.Close()
			rest, err := io.ReadAll(log)
			if err != nil || !strings.Contains(string(rest), "delivery verified") {
				t.Errorf("it logged %s, %v", rest, err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// A second signal does not wait for what the first one waits for.
func TestSecondSignalEndsTheProgramAtOnce(t *testing.T) {
	t.Parallel()
	cmd, _, address := startProgram(t)
	sender, _ := beginDelivery(t, address)
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // what it says is in ProcessState
		close(ended)
	}()
	for cmd.Process.Signal(os.Interrupt) == nil {
		// Until there is no such process any more.
	}
	<-ended
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != os.Interrupt {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
	_ = sender.Close()
}

// A failure is reported as an error and by the exit code.
func TestProgramFails(t *testing.T) {
	t.Parallel()
	cmd := program(t, `{}`)
	out, _ := cmd.CombinedOutput()
	if want := "receiver: there is no signing secret: nothing could be verified\n"; cmd.ProcessState.ExitCode() != 1 || string(out) != want {
		t.Errorf("it ended with %v: %s", cmd.ProcessState, out)
	}
}
