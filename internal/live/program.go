// SPDX-License-Identifier: MPL-2.0

package live

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// Interruptible returns a context that ends when the user interrupts the program,
// so the program can still delete its webhooks.
func Interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// Begin parses the flags of a program. It returns the API from the environment and
// the folder of the ledgers. The error is [flag.ErrHelp] if the user requested only
// help.
func Begin(flags *flag.FlagSet, args []string) (target Target, ledgers string, err error) {
	if err := flags.Parse(args); err != nil {
		return target, "", err
	}
	if flags.NArg() > 0 {
		return target, "", errors.New("unexpected arguments: use only flags")
	}
	token := os.Getenv("KANBERT_TOKEN")
	if token == "" {
		return target, "", errors.New("nothing was sent: export KANBERT_TOKEN")
	}
	root, err := cli.ModuleRoot()
	if err != nil {
		return target, "", err
	}
	target = Target{BaseURL: os.Getenv("KANBERT_BASE_URL"), Token: kanbert.NewSecret(token)}
	return target, filepath.Join(root, LedgerFolder), nil
}
