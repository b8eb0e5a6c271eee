// SPDX-License-Identifier: MPL-2.0

// Command findcli prints the path of a Terraform or OpenTofu CLI. If there is
// none on PATH it downloads or builds Terraform into bin/, which git ignores.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	found, err := cli.Find(ctx, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(found.Path)
}
