// SPDX-License-Identifier: MPL-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, directory, name, content string) string {
	t.Helper()
	path := filepath.Join(directory, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sumLine(content, name string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:]) + "  " + name + "\n"
}

func TestCompare(t *testing.T) {
	const zip, sbom = "terraform-provider-kanbert_1.0.0_linux_amd64.zip", "terraform-provider-kanbert_1.0.0_linux_amd64.zip.cdx.json"
	for name, test := range map[string]struct {
		second map[string]string
		want   string // in the error; empty for none
	}{
		"equal":            {map[string]string{zip: "a", sbom: "b"}, ""},
		"an archive apart": {map[string]string{zip: "x", sbom: "b"}, zip},
		"an SBOM apart":    {map[string]string{zip: "a", sbom: "x"}, sbom},
		"one missing":      {map[string]string{zip: "a"}, "the other"},
		// What is not published may differ.
		"a file beside": {map[string]string{zip: "a", sbom: "b", "config.yaml": "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := t.TempDir(), t.TempDir()
			write(t, first, zip, "a")
			write(t, first, sbom, "b")
			for file, content := range test.second {
				write(t, second, file, content)
			}
			names, err := compare(first, second)
			switch {
			case test.want == "" && (err != nil || len(names) != 2):
				t.Errorf("got %v, %v", names, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want an error about %s", err, test.want)
			}
		})
	}
	if _, err := compare(t.TempDir(), t.TempDir()); err == nil {
		t.Error("two builds of nothing were taken for equal")
	}
}

func TestReadRelease(t *testing.T) {
	for name, files := range map[string][]string{
		"nothing":             nil,
		"an unknown name":     {"provider.zip"},
		"the v of a tag":      {"terraform-provider-kanbert_v1.0.0_linux_amd64.zip"},
		"two versions":        {"terraform-provider-kanbert_1.0.0_linux_amd64.zip", "terraform-provider-kanbert_1.0.1_linux_arm64.zip"},
		"no platform, but OS": {"terraform-provider-kanbert_1.0.0_linux.zip"},
	} {
		directory := t.TempDir()
		for _, file := range files {
			write(t, directory, file, "")
		}
		if found, err := readRelease(directory); err == nil {
			t.Errorf("%s: got %+v", name, found)
		}
	}

	directory := t.TempDir()
	write(t, directory, "terraform-provider-kanbert_1.0.0-rc.1_linux_amd64.zip", "")
	found, err := readRelease(directory)
	if err != nil || found.version != "1.0.0-rc.1" || len(found.archives) != 1 {
		t.Fatalf("got %+v, %v", found, err)
	}
	if err := found.checkPlatforms(platforms); err == nil {
		t.Error("one archive was taken for all")
	}
}

func TestCheckSums(t *testing.T) {
	const (
		zip      = "terraform-provider-kanbert_1.0.0_linux_amd64.zip"
		manifest = "terraform-provider-kanbert_1.0.0_manifest.json"
		sumsFile = "terraform-provider-kanbert_1.0.0_SHA256SUMS"
	)
	for name, test := range map[string]struct{ sums, want string }{
		"all":              {sumLine("zip", zip) + sumLine("manifest", manifest), ""},
		"a wrong one":      {sumLine("other", zip) + sumLine("manifest", manifest), "is wrong"},
		"no manifest":      {sumLine("zip", zip), manifest},
		"no archive":       {sumLine("manifest", manifest), zip},
		"a stranger":       {sumLine("zip", zip) + sumLine("manifest", manifest) + sumLine("x", "x.json"), "x.json"},
		"one twice":        {sumLine("zip", zip) + sumLine("zip", zip) + sumLine("manifest", manifest), zip},
		"what is no sum":   {"hello\n", "hello"},
		"nothing whatever": {"", manifest},
	} {
		t.Run(name, func(t *testing.T) {
			root, directory := t.TempDir(), t.TempDir()
			// A snapshot has the manifest in the repository alone.
			write(t, root, "terraform-registry-manifest.json", "manifest")
			write(t, directory, zip, "zip")
			write(t, directory, sumsFile, test.sums)
			found, err := readRelease(directory)
			if err != nil {
				t.Fatal(err)
			}
			err = found.checkSums(root)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestCheckSBOMs(t *testing.T) {
	const zip = "terraform-provider-kanbert_1.0.0_linux_amd64.zip"
	for name, test := range map[string]struct {
		sbom string
		good bool
	}{
		"as it should be": {`{"bomFormat":"CycloneDX","components":[{"name":"std"},{"name":"github.com/hashicorp/terraform-plugin-framework"}]}`, true},
		"empty":           {`{"bomFormat":"CycloneDX"}`, false},
		"no JSON":         {``, false},
	} {
		directory := t.TempDir()
		write(t, directory, zip, "")
		write(t, directory, zip+".cdx.json", test.sbom)
		found, err := readRelease(directory)
		if err != nil {
			t.Fatal(err)
		}
		if err := found.checkSBOMs(); (err == nil) != test.good {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
