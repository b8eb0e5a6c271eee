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

	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

func main() {
	ctx, stop := live.Interruptible()
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
	target, ledgers, err := live.Begin(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	settings.Out, settings.Ledgers = out, ledgers
	return live.Sweep(ctx, target, settings)
}
