// SPDX-License-Identifier: MPL-2.0

// Command releasecheck proves the release in a directory: names, sums, contents and
// SBOMs are what the registries expect, and the archives install by `terraform
// init` from a filesystem mirror, with no development override, and apply the demo's
// configuration against a sandbox.
//
//	go run ./internal/cmd/releasecheck [-platform linux_amd64] DIRECTORY
//
// scripts/release-check builds such a directory; the release workflow takes a draft
// before it is published. With -platform that platform alone is expected.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	platform := flag.String("platform", "", "the one `platform` that is there, such as linux_amd64")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := errors.New("name the directory of the release")
	if flag.NArg() == 1 {
		err = run(ctx, os.Stdout, flag.Arg(0), *platform)
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nrelease-check: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, directory, platform string) error {
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
		{"the sums are those of the archives and the manifest, and of nothing else", found.checkSums},
		{"each archive holds a static binary of its platform, the licence and the changelog", found.checkArchives},
		{"each archive has an SBOM of what its binary was linked from", found.checkSBOMs},
	} {
		if err := check.run(); err != nil {
			return fmt.Errorf("not so: %s: %w", check.title, err)
		}
		fmt.Fprintf(out, "✓ %s\n", check.title)
	}
	return install(ctx, out, found)
}
