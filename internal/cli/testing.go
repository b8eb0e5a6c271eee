// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Tests is what the tests of a package share: a CLI, and the provider, which is
// built at the first need.
type Tests struct {
	CLI CLI
	// Scratch is a folder that is removed after the tests.
	Scratch string

	provider func() (string, error)
}

// RunTests runs the tests of a package, for its TestMain, and returns the exit
// code. Variables of the person at the machine that Terraform or the provider would
// read are gone while they run. setUp is called before the tests. With -short there
// is no CLI, and tests that ask for one or for the provider are skipped.
func RunTests(m *testing.M, setUp func(*Tests) error) int {
	code, err := runTests(m, setUp)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func runTests(m *testing.M, setUp func(*Tests) error) (_ int, err error) {
	flag.Parse()
	shared := &Tests{}
	if !testing.Short() {
		if shared.CLI, err = Find(context.Background(), os.Stderr); err != nil {
			return 0, err
		}
	}
	if shared.Scratch, err = os.MkdirTemp("", "kanbert-test-"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(shared.Scratch)) }()
	ForgetEnvironment()
	shared.provider = sync.OnceValues(func() (string, error) {
		file := filepath.Join(shared.Scratch, "provider", ProviderName)
		return file, BuildProvider(context.Background(), file)
	})
	if err := setUp(shared); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// ForgetEnvironment removes the variables by which the person at the machine
// configures Terraform and the provider, but for those of terraform-plugin-testing
// and of logs.
func ForgetEnvironment() {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		kept := strings.HasPrefix(name, "TF_ACC_") || strings.HasPrefix(name, "TF_LOG")
		if strings.HasPrefix(name, "TF_") && !kept || strings.HasPrefix(name, "KANBERT_") {
			_ = os.Unsetenv(name)
		}
	}
}

// Provider returns the file of the provider, built from the working tree.
func (s *Tests) Provider(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: it builds the provider")
	}
	file, err := s.provider()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Workspace returns a workspace of the test that runs the built provider, and
// needs no init. The provider also serves for the sources in standIns: a state that
// another provider has written makes the CLI ask for that provider.
func (s *Tests) Workspace(t testing.TB, standIns ...string) *Workspace {
	t.Helper()
	provider := s.Provider(t)
	w, err := s.CLI.NewWorkspace(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Override("kanbert/kanbert", filepath.Dir(provider)); err != nil {
		t.Fatal(err)
	}
	for _, source := range standIns {
		name := source[strings.LastIndex(source, "/")+1:]
		folder := t.TempDir()
		if err := os.Symlink(provider, filepath.Join(folder, "terraform-provider-"+name)); err != nil {
			t.Fatal(err)
		}
		if err := w.Override(source, folder); err != nil {
			t.Fatal(err)
		}
	}
	return w
}
