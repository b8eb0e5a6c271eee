// SPDX-License-Identifier: MPL-2.0

// Command probe asks the live Kanbert API about every assumption that the
// provider rests on, and prints a table: assumption, what was observed, and what
// the provider does about it. It reads only, unless -write is given.
//
//	KANBERT_TOKEN=… go run ./internal/cmd/probe [-write -workspace ID] [-switch]
//
// The table holds no secret, no URL, no id and no personal data. The exit code is
// 0 if all is as assumed or a variant that the provider copes with, 2 if
// something is not, and 1 if the API could not be asked.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

// codeDiffers is the exit code if an assumption does not hold.
const codeDiffers = 2

func main() {
	ctx, stop := live.Interruptible()
	code, err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
	}
	os.Exit(code)
}

// run prints the table to out and everything else to log: out is what a person
// sends.
func run(ctx context.Context, args []string, in io.Reader, out, log io.Writer) (code int, err error) {
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(log)
	write := flags.Bool("write", false, fmt.Sprintf("create at most %d webhooks under %s, and delete them", live.MaxWebhooks, live.Prefix))
	workspace := flags.String("workspace", "", "the id of the workspace in which webhooks may be created and deleted")
	switching := flags.Bool("switch", false, "wait until you have switched to another workspace in Kanbert, and ask whether the token follows")
	target, ledgers, err := live.Begin(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return 0, nil
	}
	if err != nil {
		return 1, err
	}
	settings := live.ProbeSettings{
		Settings: live.Settings{Workspace: *workspace, Ledgers: ledgers, Out: log},
		Write:    *write,
	}
	if *switching {
		settings.Switch = waitForReturn(in, log)
	}
	rows, err := live.Probe(ctx, target, settings)
	if len(rows) > 0 {
		err = errors.Join(err, live.WriteTable(out, rows))
	}
	if err != nil {
		return 1, err
	}
	if slices.ContainsFunc(rows, func(r live.Row) bool { return r.Verdict == live.Differs }) {
		return codeDiffers, nil
	}
	return 0, nil
}

func waitForReturn(in io.Reader, log io.Writer) func(context.Context) error {
	return func(context.Context) error {
		fmt.Fprintln(log, "Switch to another workspace in Kanbert, in the browser, as the user of the token. Then press Return.")
		_, err := bufio.NewReader(in).ReadString('\n')
		return err
	}
}
