// SPDX-License-Identifier: MPL-2.0

// Command releasecheck builds what a release holds, without signing or
// publishing anything, and proves it: two builds, from two directories and with
// two build caches, are the same byte for byte; names, sums, contents and SBOMs
// are what the registries expect; and the archives install by `terraform init`
// from a filesystem mirror, with no development override, and apply the demo's
// configuration against a sandbox.
//
// With -platform it builds for one platform alone, which takes a tenth of the
// time and proves that much less.
//
// With -verify it builds nothing and proves the release in a directory instead:
// that is how a draft is checked before it is published.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

func main() {
	directory := flag.String("verify", "", "build nothing, and prove the release in this `directory`")
	platform := flag.String("platform", "", "build for this `platform` alone, such as linux_amd64")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, *directory, *platform)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nrelease-check: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, directory, platform string) error {
	root, err := cli.ModuleRoot()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "kanbert-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()

	if directory == "" {
		if directory, err = buildTwice(ctx, out, root, scratch, platform); err != nil {
			return err
		}
	}
	found, err := readRelease(directory)
	if err != nil {
		return err
	}
	want := platforms
	if platform != "" {
		want = []string{platform}
		fmt.Fprintf(out, "Note: this proves %s, and no other platform.\n", platform)
	}
	for _, check := range []struct {
		title string
		run   func() error
	}{
		{"every platform has its archive, and no other is there", func() error { return found.checkPlatforms(want) }},
		{"the sums are those of the archives and the manifest, and of nothing else", func() error { return found.checkSums(root) }},
		{"each archive holds a static binary of its platform, the licence and the changelog", found.checkArchives},
		{"each archive has an SBOM of what its binary was linked from", found.checkSBOMs},
	} {
		if err := check.run(); err != nil {
			return fmt.Errorf("not so: %s: %w", check.title, err)
		}
		fmt.Fprintf(out, "✓ %s\n", check.title)
	}
	return install(ctx, out, found, root, filepath.Join(scratch, "install"))
}
