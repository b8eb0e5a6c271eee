// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-version"
)

// cli is the CLI that the tests run.
type cli struct {
	// product is Terraform or OpenTofu.
	product string
	version *version.Version
}

// cliAtHand asks the CLI for its version, once for all tests.
var cliAtHand = sync.OnceValues(func() (cli, error) {
	path := os.Getenv("TF_ACC_TERRAFORM_PATH")
	heading, err := exec.Command(path, "version").Output()
	if err != nil {
		return cli{}, err
	}
	out, err := exec.Command(path, "version", "-json").Output()
	if err != nil {
		return cli{}, err
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return cli{}, err
	}
	at := cli{product: "Terraform"}
	if strings.HasPrefix(string(heading), "OpenTofu") {
		at.product = "OpenTofu"
	}
	at.version, err = version.NewVersion(answer.Version)
	return at, err
})

// needsCLI skips a test that needs a feature which the CLI at hand does not have:
// terraform and tofu are the first versions with it, and an empty one stands for
// never. instead names the tests that show the same without the CLI.
func needsCLI(t *testing.T, feature, terraform, tofu, instead string) {
	t.Helper()
	at, err := cliAtHand()
	if err != nil {
		t.Fatal(err)
	}
	needed := terraform
	if at.product == "OpenTofu" {
		needed = tofu
	}
	if needed == "" {
		t.Skipf("%s has no %s. Not tested through it, but in process: %s", at.product, feature, instead)
	}
	if at.version.Core().LessThan(version.Must(version.NewVersion(needed))) {
		t.Skipf("%s %s has no %s, which came with %s. Not tested through it, but in process: %s", at.product, at.version, feature, needed, instead)
	}
}
