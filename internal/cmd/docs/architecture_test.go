// SPDX-License-Identifier: MPL-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testSources returns the text of all test files: a name that a page gives to a
// test must be declared there.
func testSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestArchitectureIsTrue holds ARCHITECTURE.md to the tests, files and decisions
// that it names.
func TestArchitectureIsTrue(t *testing.T) {
	page := readFile(t, "ARCHITECTURE.md")
	sources := testSources(t)
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(page, -1) {
		if !strings.Contains(sources, "func "+name+"(t *testing.T)") {
			t.Errorf("ARCHITECTURE.md names %s, which is no test", name)
		}
	}
	// A file without a package is in the package of the file before it.
	dir := ""
	for _, name := range regexp.MustCompile(`[\w/]+\.go\b`).FindAllString(page, -1) {
		if at := filepath.Dir(name); at != "." {
			dir = at
		}
		found := false
		for _, path := range []string{name, "internal/" + name, "internal/" + dir + "/" + name, "internal/provider/" + name} {
			_, err := os.Stat(filepath.Join(root, path))
			found = found || err == nil
		}
		if !found {
			t.Errorf("ARCHITECTURE.md names %s, which is no file", name)
		}
	}
}

func TestEveryDecisionIsListed(t *testing.T) {
	page := readFile(t, "ARCHITECTURE.md")
	files, err := filepath.Glob(root + "/decisions/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("decisions: %v, %v", files, err)
	}
	for _, file := range files {
		if link := "](decisions/" + filepath.Base(file) + ")"; !strings.Contains(page, link) {
			t.Errorf("ARCHITECTURE.md does not link to %s", filepath.Base(file))
		}
	}
	for _, match := range regexp.MustCompile(`\]\((decisions/[^)]+)\)`).FindAllStringSubmatch(page, -1) {
		readFile(t, match[1])
	}
}

// TestEveryDependencyHasAReason holds decisions/dependencies.md to go.mod.
func TestEveryDependencyHasAReason(t *testing.T) {
	reasons := readFile(t, "decisions/dependencies.md")
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	modules := direct.FindAllStringSubmatch(readFile(t, "go.mod"), -1)
	if len(modules) == 0 {
		t.Fatal("go.mod has no direct dependency")
	}
	for _, match := range modules {
		name := regexp.MustCompile(`^github\.com/|/v\d+$`).ReplaceAllString(match[1], "")
		if !strings.Contains(reasons, "| "+name+" |") {
			t.Errorf("decisions/dependencies.md gives no reason for %s", match[1])
		}
	}
}
