// SPDX-License-Identifier: MPL-2.0

package main

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../../.."

// registryDocs is where the registry shows the page index.md. Its address has no
// slash at its end, so that a relative link on that page would lead nowhere:
// there links have to be whole.
const registryDocs = "https://registry.terraform.io/providers/kanbert/kanbert/latest/docs/"

func pages(t *testing.T) map[string]string {
	t.Helper()
	docs := os.DirFS(root + "/docs")
	all := make(map[string]string)
	err := fs.WalkDir(docs, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(docs, file)
		all[strings.TrimSuffix(file, ".md")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryPageIsThere(t *testing.T) {
	all := pages(t)
	for _, page := range []string{
		"index",
		"resources/webhook",
		"data-sources/webhook",
		"data-sources/webhooks",
		"list-resources/webhook",
		"guides/getting-started",
		"guides/hcp-terraform-workspaces",
		"guides/one-receiver-for-many-events",
		"guides/adopting-existing-webhooks",
		"guides/rotating-secrets",
		"guides/moving-from-a-generic-rest-provider",
		"guides/verifying-signatures",
		"guides/testing-modules",
		"guides/filters",
		"guides/guarantees",
		"guides/troubleshooting",
	} {
		if all[page] == "" {
			t.Errorf("docs/%s.md is missing or empty", page)
		}
	}
}

func TestPagesHaveNoMissingValue(t *testing.T) {
	if err := checkPages(os.DirFS(root + "/docs")); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{"missing value": "# <no value> (Resource)\n", "nothing": "\n"} {
		if err := checkPages(fstest.MapFS{"resources/webhook.md": {Data: []byte(text)}}); err == nil {
			t.Errorf("%s is let through", name)
		}
	}
}

var (
	codeBlock = regexp.MustCompile("(?s)```.*?```")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// Each link leads to a page that exists, and to a heading that was not renamed.
func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for page, text := range all {
		for _, match := range link.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
			target, own := strings.CutPrefix(match[1], registryDocs)
			switch {
			case own:
			case strings.Contains(target, "://"):
				continue
			case page == "index" && !strings.HasPrefix(target, "#"):
				t.Errorf("index links to %s: a link of that page must begin with %s", target, registryDocs)
				continue
			case !strings.HasPrefix(target, "#"):
				target = path.Join(path.Dir(page), target)
			}
			name, fragment, hasFragment := strings.Cut(target, "#")
			if name == "" {
				name = page
			}
			if all[name] == "" {
				t.Errorf("%s links to %s, and there is no page %s", page, match[1], name)
				continue
			}
			if hasFragment && !anchors(all[name])[fragment] {
				t.Errorf("%s links to %s, and that page has no such heading", page, match[1])
			}
		}
	}
}

func TestReadmeLinksLeadSomewhere(t *testing.T) {
	text, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, match := range link.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
		if strings.Contains(match[1], "://") {
			continue
		}
		count++
		if _, err := os.Stat(root + "/" + match[1]); err != nil {
			t.Errorf("README.md links to %s: %v", match[1], err)
		}
	}
	if count < 10 {
		t.Errorf("only %d links were found", count)
	}
}

// anchors are the fragments of a page's headings, as the registry and GitHub make
// them.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, match := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		words := strings.ToLower(strings.ReplaceAll(match[1], "`", ""))
		words = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(words, "")
		all[strings.ReplaceAll(words, " ", "-")] = true
	}
	for _, match := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllStringSubmatch(text, -1) {
		all[match[1]] = true
	}
	return all
}
