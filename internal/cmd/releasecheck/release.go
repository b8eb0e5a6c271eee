// SPDX-License-Identifier: MPL-2.0

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const project = "terraform-provider-kanbert"

// platforms are those that a release is for.
var platforms = []string{
	"darwin_amd64", "darwin_arm64",
	"freebsd_386", "freebsd_amd64", "freebsd_arm", "freebsd_arm64",
	"linux_386", "linux_amd64", "linux_arm", "linux_arm64",
	"windows_386", "windows_amd64", "windows_arm64",
}

var archiveName = regexp.MustCompile(`^` + project + `_(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)_([a-z0-9]+_[a-z0-9]+)\.zip$`)

// release is a directory with the files of one version.
type release struct {
	directory string
	version   string
	// archives are the zips, by platform.
	archives map[string]string
}

func readRelease(directory string) (*release, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.zip"))
	if err != nil {
		return nil, err
	}
	found := &release{directory: directory, archives: map[string]string{}}
	for _, file := range files {
		parts := archiveName.FindStringSubmatch(filepath.Base(file))
		if parts == nil {
			return nil, fmt.Errorf("the registries do not know an archive called %s", filepath.Base(file))
		}
		if found.version != "" && found.version != parts[1] {
			return nil, fmt.Errorf("%s holds the versions %s and %s", directory, found.version, parts[1])
		}
		found.version = parts[1]
		found.archives[parts[2]] = file
	}
	if found.version == "" {
		return nil, fmt.Errorf("there is no archive in %s", directory)
	}
	return found, nil
}

func (r *release) checkPlatforms(want []string) error {
	if have := slices.Sorted(maps.Keys(r.archives)); !slices.Equal(have, want) {
		return fmt.Errorf("there are archives for %v, and %v are wanted", have, want)
	}
	return nil
}

// checkSums holds the file of sums to the archives and the manifest.
func (r *release) checkSums() error {
	stem := filepath.Join(r.directory, project+"_"+r.version)
	var want []string
	for _, file := range append(slices.Collect(maps.Values(r.archives)), stem+"_manifest.json") {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		want = append(want, fmt.Sprintf("%x  %s", sha256.Sum256(content), filepath.Base(file)))
	}
	content, err := os.ReadFile(stem + "_SHA256SUMS")
	if err != nil {
		return err
	}
	have := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		return fmt.Errorf("the file of sums holds\n%s\nand not\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	return nil
}

func (r *release) checkArchives() error {
	for _, platform := range slices.Sorted(maps.Keys(r.archives)) {
		if err := r.checkArchive(platform); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	return nil
}

func (r *release) checkArchive(platform string) error {
	reader, err := zip.OpenReader(r.archives[platform])
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()

	binary := project + "_v" + r.version
	if strings.HasPrefix(platform, "windows_") {
		binary += ".exe"
	}
	var names []string
	for _, file := range reader.File {
		names = append(names, file.Name)
	}
	slices.Sort(names)
	if want := []string{"CHANGELOG.md", "LICENSE", binary}; !slices.Equal(names, want) {
		return fmt.Errorf("it holds %v, not %v", names, want)
	}
	for _, file := range reader.File {
		if file.Name != binary {
			continue
		}
		if file.Mode().Perm() != 0o755 {
			return fmt.Errorf("%s has the mode %v", binary, file.Mode())
		}
		return checkBinary(file, platform)
	}
	return nil
}

// checkBinary reads from the binary itself how it was built.
func checkBinary(file *zip.File, platform string) error {
	stream, err := file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	content, err := io.ReadAll(stream)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	system, architecture, _ := strings.Cut(platform, "_")
	for key, want := range map[string]string{
		"GOOS":        system,
		"GOARCH":      architecture,
		"CGO_ENABLED": "0",
		"-trimpath":   "true",
		// A release is built from what is committed.
		"vcs.modified": "false",
	} {
		if settings[key] != want {
			return fmt.Errorf("the binary was built with %s=%s, not %s", key, settings[key], want)
		}
	}
	return nil
}

// checkSBOMs holds the list of each archive to the modules in its binary that a
// provider cannot be without.
func (r *release) checkSBOMs() error {
	for _, platform := range slices.Sorted(maps.Keys(r.archives)) {
		content, err := os.ReadFile(r.archives[platform] + ".cdx.json")
		if err != nil {
			return err
		}
		var sbom struct {
			Format     string `json:"bomFormat"`
			Components []struct {
				Name string `json:"name"`
			} `json:"components"`
		}
		if err := json.Unmarshal(content, &sbom); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		var names []string
		for _, component := range sbom.Components {
			names = append(names, component.Name)
		}
		for _, module := range []string{"std", "github.com/hashicorp/terraform-plugin-framework"} {
			if sbom.Format != "CycloneDX" || !slices.Contains(names, module) {
				return fmt.Errorf("the SBOM for %s does not list %s", platform, module)
			}
		}
	}
	return nil
}
