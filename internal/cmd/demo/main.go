// SPDX-License-Identifier: MPL-2.0

// Command demo shows the provider at work: it builds it, starts a sandbox in this
// process, and takes examples/demo through init, plan, apply, an empty second plan,
// drift, import and destroy with a real Terraform or OpenTofu CLI.
//
// Each step says what it showed only after checking it, against the sandbox and
// not against what the CLI says. If one is not as it says, the program ends with
// a non-zero exit code. Whatever it writes is in a temporary directory that it
// removes, also on Ctrl-C; a CLI that it had to fetch stays in bin/, which git
// ignores.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	found, err := cli.Find(ctx, os.Stdout)
	if err == nil {
		err = show(ctx, os.Stdout, found, func(file string) error { return cli.BuildProvider(ctx, file) })
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}
