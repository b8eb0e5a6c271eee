// SPDX-License-Identifier: MPL-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
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
	for name, test := range map[string]struct {
		sums string
		good bool
	}{
		"all":              {sumLine("zip", zip) + sumLine("manifest", manifest), true},
		"another order":    {sumLine("manifest", manifest) + sumLine("zip", zip), true},
		"a wrong one":      {sumLine("other", zip) + sumLine("manifest", manifest), false},
		"no manifest":      {sumLine("zip", zip), false},
		"no archive":       {sumLine("manifest", manifest), false},
		"a stranger":       {sumLine("zip", zip) + sumLine("manifest", manifest) + sumLine("x", "x.json"), false},
		"one twice":        {sumLine("zip", zip) + sumLine("zip", zip) + sumLine("manifest", manifest), false},
		"what is no sum":   {"hello\n", false},
		"nothing whatever": {"", false},
	} {
		directory := t.TempDir()
		write(t, directory, manifest, "manifest")
		write(t, directory, zip, "zip")
		write(t, directory, sumsFile, test.sums)
		found, err := readRelease(directory)
		if err != nil {
			t.Fatal(err)
		}
		if err := found.checkSums(); (err == nil) != test.good {
			t.Errorf("%s: got %v", name, err)
		}
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
