// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// run shows the command as a person would type it, runs it, shows what it
// prints, and checks its exit code.
func (d *demo) run(ctx context.Context, wantCode int, args ...string) error {
	_, err := d.runShown(ctx, wantCode, args...)
	return err
}

// runShown is run that returns what was printed.
func (d *demo) runShown(ctx context.Context, wantCode int, args ...string) (string, error) {
	d.sayf("      $ %s %s", d.cli.Command(), typed(args))
	output := &transcript{to: d.out}
	var printed bytes.Buffer
	both := io.MultiWriter(output, &printed)
	code, err := d.cli.Run(ctx, cli.Run{
		Directory: d.workspace,
		Args:      append(args, "-no-color"),
		Settings:  d.settings(),
		Stdout:    both,
		Stderr:    both,
	})
	output.flush()
	if err != nil {
		return "", err
	}
	if code != wantCode {
		return "", fmt.Errorf("%s %s ended with exit code %d, not %d", d.cli.Command(), args[0], code, wantCode)
	}
	return printed.String(), nil
}

// typed quotes what a shell would read otherwise.
func typed(args []string) string {
	shown := make([]string, len(args))
	for i, arg := range args {
		if strings.ContainsAny(arg, `["`) {
			arg = "'" + arg + "'"
		}
		shown[i] = arg
	}
	return strings.Join(shown, " ")
}

func (d *demo) settings() map[string]string {
	return map[string]string{
		"TF_CLI_CONFIG_FILE": d.cliConfiguration,
		"KANBERT_BASE_URL":   d.sandbox.BaseURL(),
		"KANBERT_TOKEN":      d.sandbox.Token(),
	}
}

// showJSON reads a saved plan, or the state if file is empty, through the CLI,
// whose JSON form is stable.
func (d *demo) showJSON(ctx context.Context, file string, into json.Unmarshaler) error {
	args := []string{"show", "-json"}
	if file != "" {
		args = append(args, file)
	}
	var stdout, stderr bytes.Buffer
	code, err := d.cli.Run(ctx, cli.Run{
		Directory: d.workspace,
		Args:      args,
		Settings:  d.settings(),
		Stdout:    &stdout,
		Stderr:    &stderr,
	})
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("%s show -json ended with exit code %d: %s", d.cli.Command(), code, stderr.String())
	}
	return into.UnmarshalJSON(stdout.Bytes())
}

func (d *demo) changes(ctx context.Context, file string) (changes, error) {
	var plan tfjson.Plan
	if err := d.showJSON(ctx, file, &plan); err != nil {
		return nil, err
	}
	return changesOf(&plan), nil
}

func (d *demo) state(ctx context.Context) (map[string]webhook, error) {
	var state tfjson.State
	if err := d.showJSON(ctx, "", &state); err != nil {
		return nil, err
	}
	return webhooksOf(&state), nil
}
