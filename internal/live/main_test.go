// SPDX-License-Identifier: MPL-2.0

//go:build !live

package live_test

import (
	"os"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// TestMain removes the user's token and server from the environment of the tests.
func TestMain(m *testing.M) {
	cli.ForgetEnvironment()
	os.Exit(m.Run())
}
