// SPDX-License-Identifier: MPL-2.0

// Command sweep deletes the webhooks that killed runs of `make testacc` and `make
// probe` left behind. Do not run it while one of those runs.
//
//	KANBERT_TOKEN=… go run ./internal/cmd/sweep -workspace ID [-id ID]…
//
// It deletes only what the API lists under https://terraform-acc.invalid/, and of
// that only what a ledger on this machine or -id names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	var settings live.SweepSettings
	flags := flag.NewFlagSet("sweep", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&settings.Workspace, "workspace", "", "the id of the workspace in which webhooks may be deleted")
	flags.Func("id", "a webhook to delete that an earlier sweep printed; may be repeated", func(id string) error {
		settings.IDs = append(settings.IDs, id)
		return nil
	})
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New("there are flags and no arguments")
	}
	token := os.Getenv("KANBERT_TOKEN")
	if token == "" {
		return errors.New("nothing was sent: export KANBERT_TOKEN")
	}
	root, err := cli.ModuleRoot()
	if err != nil {
		return err
	}
	settings.Out, settings.Ledgers = out, filepath.Join(root, live.LedgerFolder)
	return live.Sweep(ctx, live.Target{BaseURL: os.Getenv("KANBERT_BASE_URL"), Token: kanbert.NewSecret(token)}, settings)
}
