// SPDX-License-Identifier: MPL-2.0

package live_test

import (
	"path/filepath"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

// acceptance runs the provider, built from the working tree, with the available
// CLI.
func acceptance(t *testing.T, settings live.Settings) live.Acceptance {
	t.Helper()
	found, err := cli.Find(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	provider := filepath.Join(t.TempDir(), cli.ProviderName)
	if err := cli.BuildProvider(t.Context(), provider); err != nil {
		t.Fatal(err)
	}
	return live.Acceptance{Settings: settings, CLI: found, Provider: provider, Scratch: scratch}
}
