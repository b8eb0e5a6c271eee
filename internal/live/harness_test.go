// SPDX-License-Identifier: MPL-2.0

package live_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// forgetKanbert removes the variables that the provider reads.
func forgetKanbert() {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "KANBERT_") || name == "TF_ACC" {
			_ = os.Unsetenv(name)
		}
	}
}

// buildProvider builds the provider and returns its path.
func buildProvider(t *testing.T) string {
	t.Helper()
	root, err := cli.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "terraform-provider-kanbert")
	if err := cli.BuildProvider(t.Context(), root, binary); err != nil {
		t.Fatal(err)
	}
	return binary
}
