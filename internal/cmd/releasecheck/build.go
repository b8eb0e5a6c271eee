// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// snapshotVersion is what the builds are called. It must be no pre-release,
// which `init` would pass over, and not 0.0.0, which it takes for none at all.
const snapshotVersion = "0.0.1"

// buildTwice builds the commit that is checked out two times, so that nothing
// but the commit is the same, compares the results, and returns the directory of
// the first.
func buildTwice(ctx context.Context, out io.Writer, root, scratch, platform string) (string, error) {
	for _, tool := range []string{"goreleaser", "cyclonedx-gomod", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%s is not on PATH: make release-check installs what it needs", tool)
		}
	}
	if changes, err := git(ctx, root, "status", "--porcelain"); err != nil {
		return "", err
	} else if changes != "" {
		fmt.Fprintf(out, "Note: what is not committed is not in the builds:\n%s\n", changes)
	}

	configuration := filepath.Join(root, ".goreleaser.yml")
	if platform != "" {
		only := filepath.Join(scratch, "goreleaser.yml")
		if err := narrow(configuration, only, platform); err != nil {
			return "", err
		}
		configuration = only
	}
	first, second := filepath.Join(scratch, "first"), filepath.Join(scratch, "somewhere", "else")
	// The second build takes nothing from the first, nor from the machine's own
	// build cache: a cache would answer with the bytes of before.
	commit, err := git(ctx, root, "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	if err := build(ctx, out, root, commit, first, configuration, nil); err != nil {
		return "", err
	}
	emptyCache := []string{"GOCACHE=" + filepath.Join(scratch, "cache")}
	if err := build(ctx, out, root, commit, second, configuration, emptyCache); err != nil {
		return "", err
	}
	names, err := compare(filepath.Join(first, "dist"), filepath.Join(second, "dist"))
	if err != nil {
		return "", err
	}
	fmt.Fprintf(out, "✓ two builds, in two directories and with two build caches, gave the same %d files byte for byte\n", len(names))
	return filepath.Join(first, "dist"), nil
}

// narrow writes the configuration of a release for one platform. It stands beside
// the clones and not in them: a changed tree would show in the binary.
func narrow(from, to, platform string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	const line = "  - id: provider\n"
	before, after, found := strings.Cut(string(content), line)
	if !found {
		return fmt.Errorf("%s has no build called provider", from)
	}
	text := before + line + "    targets: [" + platform + "]\n" + after
	return os.WriteFile(to, []byte(text), 0o600)
}

// build clones the commit into a directory and builds a release there. The commit
// is named, since a new one may be made between two builds.
func build(ctx context.Context, out io.Writer, root, commit, directory, configuration string, env []string) error {
	if _, err := git(ctx, root, "clone", "--quiet", "--no-hardlinks", root, directory); err != nil {
		return err
	}
	if _, err := git(ctx, directory, "checkout", "--quiet", "--detach", commit); err != nil {
		return err
	}
	fmt.Fprintf(out, "Building %s in %s\n", commit, directory)
	started := time.Now()
	cmd := exec.CommandContext(ctx, "goreleaser", "release", "--config", configuration, "--snapshot", "--clean", "--skip=sign,publish")
	cmd.Dir = directory
	// A GOFLAGS of the machine would change the build.
	cmd.Env = append(os.Environ(), "GOFLAGS=", "SNAPSHOT_VERSION="+snapshotVersion)
	cmd.Env = append(cmd.Env, env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("goreleaser: %w\n%s", err, text)
	}
	fmt.Fprintf(out, "built in %v\n", time.Since(started).Round(time.Second))
	return nil
}

func git(ctx context.Context, directory string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = directory
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, stderr.String())
	}
	return string(bytes.TrimSpace(stdout.Bytes())), nil
}

// compare returns the names of the files of a release, if both directories hold
// the same ones with the same bytes.
func compare(first, second string) ([]string, error) {
	a, err := sums(first)
	if err != nil {
		return nil, err
	}
	b, err := sums(second)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(a))
	if !slices.Equal(names, slices.Sorted(maps.Keys(b))) {
		return nil, fmt.Errorf("one build gave %v, the other %v", names, slices.Sorted(maps.Keys(b)))
	}
	if len(names) == 0 {
		return nil, errors.New("the builds gave no file")
	}
	var differ []string
	for _, name := range names {
		if a[name] != b[name] {
			differ = append(differ, name)
		}
	}
	if differ != nil {
		return nil, fmt.Errorf("the builds differ in %v", differ)
	}
	return names, nil
}

// sums returns the SHA-256 of what is published from a dist directory, by name.
func sums(directory string) (map[string][sha256.Size]byte, error) {
	found := map[string][sha256.Size]byte{}
	for _, pattern := range []string{"*.zip", "*.cdx.json", "*_SHA256SUMS"} {
		files, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			found[filepath.Base(file)] = sha256.Sum256(content)
		}
	}
	return found, nil
}
