// SPDX-License-Identifier: MPL-2.0

package main

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const textsFolder = "internal/provider/testdata/texts/"

var included = regexp.MustCompile(`\{\{ codefile "text" "([^"]+)" \}\}`)

// TestTroubleshootingHasEveryText finds each text of the provider in the guide,
// once, and no text in it that does not exist.
func TestTroubleshootingHasEveryText(t *testing.T) {
	guide, err := os.ReadFile(root + "/templates/guides/troubleshooting.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, m := range included.FindAllStringSubmatch(string(guide), -1) {
		shown = append(shown, m[1])
	}
	if n := strings.Count(string(guide), "codefile"); n != len(shown) {
		t.Errorf("the guide includes %d files, of which %d are texts", n, len(shown))
	}
	var texts []string
	err = fs.WalkDir(os.DirFS(root), strings.TrimSuffix(textsFolder, "/"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			texts = append(texts, path)
		}
		return err
	})
	if err != nil || len(texts) < 100 {
		t.Fatalf("%d texts, and the error %v", len(texts), err)
	}
	slices.Sort(shown)
	for i, path := range shown {
		if !slices.Contains(texts, path) {
			t.Errorf("the guide includes %s, which does not exist", path)
		}
		if i > 0 && path == shown[i-1] {
			t.Errorf("the guide includes %s twice", path)
		}
	}
	for _, path := range texts {
		if !slices.Contains(shown, path) {
			t.Errorf("the guide lacks the text {{ codefile \"text\" %q }}", path)
		}
	}
}
