// SPDX-License-Identifier: MPL-2.0

//go:build live

package live_test

import (
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

var workspace = flag.String("workspace", "", "the id of the workspace in which webhooks may be created and deleted")

// person contains the variables that the user has exported. Many users export both,
// so they alone are not a consent: the build tag and -workspace are.
var person struct {
	consent        bool
	baseURL, token string
}

func TestMain(m *testing.M) {
	person.consent = os.Getenv("TF_ACC") == "1"
	person.baseURL, person.token = os.Getenv("KANBERT_BASE_URL"), os.Getenv("KANBERT_TOKEN")
	cli.ForgetEnvironment()
	os.Exit(m.Run())
}

// TestLiveAPI runs the provider against the real API.
func TestLiveAPI(t *testing.T) {
	if !person.consent || person.token == "" {
		t.Fatal("nothing was sent: export TF_ACC=1 and KANBERT_TOKEN")
	}
	// An interrupted run deletes its webhooks.
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := cli.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	settings := live.Settings{Workspace: *workspace, Ledgers: filepath.Join(root, live.LedgerFolder), Out: os.Stdout}
	if err := acceptance(t, settings).Run(ctx, live.Target{BaseURL: person.baseURL, Token: kanbert.NewSecret(person.token)}); err != nil {
		t.Fatal(err)
	}
}
