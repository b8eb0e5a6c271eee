// SPDX-License-Identifier: MPL-2.0

// Command climatrix runs the documented examples with each of several Terraform
// and OpenTofu CLIs, and prints what works with which as the table that the
// documentation shows.
//
//	go run ./internal/cmd/climatrix PATH…
//
// It runs the examples' own tests, and lets them try what a CLI is too old for
// instead of skipping it: every cell is the outcome of a run.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// features are the rows. A feature works if all of its tests pass.
var features = []struct {
	name  string
	tests []string
}{
	{"Create, replace and destroy webhooks", []string{"demo", "guides/one-receiver-for-many-events", "guides/rotating-secrets/on-purpose"}},
	{"Data sources", []string{"data-sources/kanbert_webhook", "data-sources/kanbert_webhooks"}},
	{"`check` block that finds unmanaged webhooks", []string{"guides/adopting-existing-webhooks/unmanaged"}},
	{"`import` command, by id and by URL", []string{"resources/kanbert_webhook/import_by_command"}},
	{"`import` block, by id and by URL", []string{"guides/adopting-existing-webhooks/by-id", "guides/adopting-existing-webhooks/by-url"}},
	{"`import` block with `for_each`", []string{"guides/adopting-existing-webhooks/data-source"}},
	{"Configuration generated for `import` blocks", []string{"guides/adopting-existing-webhooks/generated"}},
	{"`import` block, by identity", []string{"guides/adopting-existing-webhooks/by-identity"}},
	{"`moved` block from a generic REST provider", []string{"guides/moving-from-a-generic-rest-provider/restapi", "guides/moving-from-a-generic-rest-provider/restful"}},
	{"`query` command and the list resource", []string{"list-resources/kanbert_webhook", "guides/adopting-existing-webhooks/query", "guides/adopting-existing-webhooks/for-each"}},
	{"`test` command with mocks", []string{"guides/testing-modules"}},
	{"Token in an `ephemeral` variable", []string{"guides/hcp-terraform-workspaces/ephemeral-variable"}},
}

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: climatrix PATH…\n\nPATH is a terraform or tofu program.")
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, flag.Args(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "climatrix:", err)
		os.Exit(1)
	}
}

// column is what one CLI did: its name, and whether each test passed.
type column struct {
	name   string
	passed map[string]bool
}

func run(ctx context.Context, paths []string, out, log io.Writer) error {
	if len(paths) == 0 {
		return errors.New("name the CLIs to run: make cli-matrix CLIS=\"PATH…\"")
	}
	root, err := cli.ModuleRoot()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "kanbert-climatrix-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	binary := filepath.Join(scratch, "examples.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./examples")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the tests: %w\n%s", err, text)
	}
	var columns []column
	for _, path := range paths {
		c, err := try(ctx, binary, filepath.Join(root, "examples"), path, log)
		if err != nil {
			return err
		}
		columns = append(columns, c)
	}
	return writeTable(out, columns)
}

// try runs the tests with one CLI. That some of them fail is an outcome and no
// error.
func try(ctx context.Context, binary, dir, path string, log io.Writer) (column, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return column{}, err
	}
	if err := os.Setenv(cli.PathVariable, path); err != nil {
		return column{}, err
	}
	found, err := cli.Finder{}.Find(ctx)
	if err != nil {
		return column{}, err
	}
	_, _ = fmt.Fprintf(log, "=== %s\n", found)
	var text bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, "-test.v", "-test.run=^TestExamples$", "-attempt")
	cmd.Dir = dir
	cmd.Stdout = io.MultiWriter(&text, log)
	cmd.Stderr = cmd.Stdout
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return column{}, err
	}
	c := column{name: found.String(), passed: outcomes(text.String())}
	if len(c.passed) == 0 {
		return column{}, fmt.Errorf("%s: no test ran", found)
	}
	return c, nil
}

var outcome = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): TestExamples/(\S+)`)

// outcomes reads which tests passed. A skipped one did not.
func outcomes(text string) map[string]bool {
	passed := make(map[string]bool)
	for _, match := range outcome.FindAllStringSubmatch(text, -1) {
		passed[match[2]] = match[1] == "PASS"
	}
	return passed
}

// writeTable writes the table as Markdown. It is an error if a test did not run at
// all, since its cell would then say "no" for a reason that is none.
func writeTable(out io.Writer, columns []column) error {
	var text strings.Builder
	text.WriteString("|")
	for _, c := range columns {
		text.WriteString(" | " + c.name)
	}
	text.WriteString(" |\n|---" + strings.Repeat("|:---:", len(columns)) + "|\n")
	for _, feature := range features {
		text.WriteString("| " + feature.name)
		for _, c := range columns {
			cell := "yes"
			for _, test := range feature.tests {
				passed, ran := c.passed[test]
				if !ran {
					return fmt.Errorf("%s: the test %s did not run", c.name, test)
				}
				if !passed {
					cell = "no"
				}
			}
			text.WriteString(" | " + cell)
		}
		text.WriteString(" |\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}
