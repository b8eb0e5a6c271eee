// SPDX-License-Identifier: MPL-2.0

// Command findcli prints the path of a Terraform or OpenTofu CLI. If there is
// none on PATH it downloads or builds Terraform into bin/, which git ignores.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

func main() {
	terraformOnly := flag.Bool("terraform", false, "pass OpenTofu over")
	flag.Parse()
	if err := run(*terraformOnly); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(terraformOnly bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root, err := cli.ModuleRoot()
	if err != nil {
		return err
	}
	finder := cli.Finder{
		TerraformOnly: terraformOnly,
		Directory:     filepath.Join(root, "bin", "cli"),
		Log:           os.Stderr,
	}
	found, err := finder.Find(ctx)
	if err != nil {
		return err
	}
	fmt.Println(found.Path)
	return nil
}
