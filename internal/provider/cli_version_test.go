// SPDX-License-Identifier: MPL-2.0

package provider

import "testing"

// needsCLI skips a test that needs a feature which the CLI at hand does not have:
// terraform and tofu are the first versions with it, and an empty one stands for
// never. instead names the tests that show the same without the CLI.
func needsCLI(t *testing.T, feature, terraform, tofu, instead string) {
	t.Helper()
	if !shared.CLI.AtLeast(terraform, tofu) {
		t.Skipf("%s has no %s. Not tested through it, but in process: %s", shared.CLI, feature, instead)
	}
}
