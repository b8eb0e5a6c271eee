// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ProviderName is what the file of the provider is called.
const ProviderName = "terraform-provider-kanbert"

// ModuleRoot returns the directory of the go.mod above the working directory.
func ModuleRoot() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("run this inside the repository: there is no go.mod above the working directory")
		}
		directory = parent
	}
}

// BuildProvider builds the provider from the working tree as file, with flags for
// `go build` besides.
func BuildProvider(ctx context.Context, file string, flags ...string) error {
	root, err := ModuleRoot()
	if err != nil {
		return err
	}
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	args := append([]string{"build", "-o", file}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}
