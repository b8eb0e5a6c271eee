// SPDX-License-Identifier: MPL-2.0

// Command docs writes docs/ from the provider's schemas, templates/ and
// examples/, and checks what it wrote.
//
// It needs no Terraform: it asks the provider for its schemas in this process. A
// CLI on the machine may be older than a part of the protocol, and would leave
// that part's pages out without a word.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/kanbert/terraform-provider-kanbert/internal/provider"
)

//go:generate go run . -root ../../..

// schemaKey is where tfplugindocs looks for the provider in the file of schemas,
// whatever the provider's real address is.
const schemaKey = "kanbert"

func main() {
	root := flag.String("root", ".", "`folder` of the repository")
	schemaOnly := flag.Bool("schema", false, "print the schemas as JSON and write nothing")
	flag.Parse()
	if err := run(context.Background(), *root, *schemaOnly, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, schemaOnly bool, out io.Writer) error {
	schemas, err := schemaJSON(ctx)
	if err != nil {
		return err
	}
	if schemaOnly {
		_, err := out.Write(schemas)
		return err
	}
	file, err := writeTemporary(schemas)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }()
	for _, command := range []string{"generate", "validate"} {
		if err := tfplugindocs(ctx, root, command, file); err != nil {
			return err
		}
	}
	return checkPages(os.DirFS(filepath.Join(root, "docs")))
}

// schemaJSON returns the provider's schemas as `terraform providers schema -json`
// prints them.
func schemaJSON(ctx context.Context) ([]byte, error) {
	server, err := providerserver.NewProtocol6WithError(provider.New("docs")())()
	if err != nil {
		return nil, err
	}
	schema, err := describe(ctx, server)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(tfjson.ProviderSchemas{
		FormatVersion: formatVersion,
		Schemas:       map[string]*tfjson.ProviderSchema{schemaKey: schema},
	}, "", "  ")
	return append(text, '\n'), err
}

func writeTemporary(text []byte) (string, error) {
	file, err := os.CreateTemp("", "kanbert-schema-*.json")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return file.Name(), err
}

// tfplugindocs runs the tool that go.mod pins. Its output is shown if it fails.
func tfplugindocs(ctx context.Context, root, command, schemas string) error {
	cmd := exec.CommandContext(ctx, "go", "tool", "tfplugindocs", command,
		"--provider-name", "terraform-provider-kanbert",
		"--providers-schema", schemas)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("tfplugindocs %s: %w\n%s", command, err, out)
	}
	return nil
}

// checkPages refuses a page with "<no value>" in it, which is what a template
// prints for something that the schema did not have. tfplugindocs takes it for
// text.
func checkPages(docs fs.FS) error {
	return fs.WalkDir(docs, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(docs, path)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte("<no value>")) || len(bytes.TrimSpace(text)) == 0 {
			return fmt.Errorf("docs/%s is empty or has a value missing: its template asks for something that the schema does not have", path)
		}
		return nil
	})
}
