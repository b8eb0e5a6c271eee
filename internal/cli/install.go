// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// The registries that the two CLIs mean when a source address names no host.
const (
	TerraformRegistry = "registry.terraform.io"
	OpenTofuRegistry  = "registry.opentofu.org"
)

// InstallProvider copies binary into a filesystem mirror, as the given version of
// host/kanbert/kanbert for a platform such as linux_amd64, and returns the file.
// A file that is there is replaced and never written into: a CLI may be running
// it.
func InstallProvider(mirror, host, version, platform, binary string) (string, error) {
	directory := filepath.Join(mirror, host, "kanbert", "kanbert", version, platform)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(directory, "terraform-provider-kanbert_v"+version)
	if strings.HasPrefix(platform, "windows_") {
		file += ".exe"
	}
	if err := replaceFile(file, binary); err != nil {
		return "", fmt.Errorf("installing %s: %w", file, err)
	}
	return file, nil
}

// Platform is that of the machine, as the CLIs write it: linux_amd64.
func Platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

func replaceFile(file, with string) error {
	source, err := os.Open(with)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	temporary, err := os.CreateTemp(filepath.Dir(file), ".install-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	if _, err := io.Copy(temporary, source); err != nil {
		_ = temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Chmod(temporary.Name(), 0o755); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
