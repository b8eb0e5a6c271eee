// SPDX-License-Identifier: MPL-2.0

package contract_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kanbert/terraform-provider-kanbert"

// goPackage is what "go list -json" tells of a package.
type goPackage struct {
	ImportPath, Name                   string
	Imports, TestImports, XTestImports []string
}

// goList runs go list at the root of the module.
func goList(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Name,Imports,TestImports,XTestImports"}, args...)...)
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	decoder := json.NewDecoder(out)
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return packages
}

// room shortens the path of one of the module's packages to what stands behind
// internal/, and returns nothing for any other package.
func room(path string) string {
	name, ok := strings.CutPrefix(path, module+"/internal/")
	if !ok {
		return ""
	}
	return name
}

// within reports whether path is the package or begins with the prefix, which
// ends in "/" or "-".
func within(path, packageOrPrefix string) bool {
	isPrefix := strings.HasSuffix(packageOrPrefix, "/") || strings.HasSuffix(packageOrPrefix, "-")
	return path == packageOrPrefix || isPrefix && strings.HasPrefix(path, packageOrPrefix)
}

// rooms says what of this module the code of each package may import, and what
// it may import of nobody's.
var rooms = map[string]struct {
	may   []string
	never []string
}{
	"kanbert":     {never: []string{"github.com/hashicorp/terraform-plugin-", "github.com/hashicorp/terraform-json"}},
	"filter":      {never: []string{"github.com/hashicorp/", "net/http", "os", "context"}},
	"directory":   {may: []string{"kanbert"}, never: []string{"github.com/hashicorp/"}},
	"provider":    {may: []string{"directory", "filter", "kanbert"}, never: []string{"github.com/hashicorp/terraform-plugin-testing/"}},
	"kanberttest": {may: []string{"filter"}, never: []string{"github.com/hashicorp/"}},
	"gc":          {never: []string{"github.com/"}},
	"contract":    {never: []string{"github.com/"}},
	"cli":         {},
	"live":        {may: []string{"cli", "kanbert"}, never: []string{"github.com/hashicorp/"}},
	"laraveltest": {never: []string{"github.com/hashicorp/"}},
}

// TestImportsPointOneWay compares the imports of every package with the table.
// Programs and what belongs to them are not bound by it.
func TestImportsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range goList(t, "./...") {
		name := room(p.ImportPath)
		rules, known := rooms[name]
		seen[name] = true
		if p.Name == "main" || strings.HasPrefix(name, "cmd/") {
			continue
		}
		if name != "" && !known {
			t.Errorf("%s has no place in the table", p.ImportPath)
		}
		for _, path := range p.Imports {
			if other := room(path); other != "" && !slices.Contains(rules.may, other) {
				t.Errorf("%s must not import %s", p.ImportPath, path)
			}
			if slices.ContainsFunc(rules.never, func(never string) bool { return within(path, never) }) {
				t.Errorf("%s must not import %s", p.ImportPath, path)
			}
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("there is no package %s", name)
		}
	}
}

// TestSandboxAndClientShareNothing finds that not even the sandbox's tests know
// the client: a shared type would let one mistake pass on both sides.
func TestSandboxAndClientShareNothing(t *testing.T) {
	for _, p := range goList(t, "./internal/kanberttest") {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if path == module+"/internal/kanbert" {
				t.Errorf("%s imports %s", p.ImportPath, path)
			}
		}
	}
	for _, p := range goList(t, "-deps", "./internal/kanberttest") {
		if room(p.ImportPath) == "kanbert" {
			t.Errorf("%s is behind the sandbox", p.ImportPath)
		}
	}
}

// TestBinaryHoldsNoTestCode looks at everything that is linked into the
// provider.
func TestBinaryHoldsNoTestCode(t *testing.T) {
	packages := goList(t, "-deps", ".")
	if !slices.ContainsFunc(packages, func(p goPackage) bool { return room(p.ImportPath) == "provider" }) {
		t.Fatal("the provider is not in its own binary")
	}
	forbidden := []string{
		module + "/internal/kanberttest", module + "/internal/contract", module + "/internal/cli", module + "/internal/live", module + "/internal/cmd", module + "/examples",
		"net/http/httptest",
		"github.com/getkin/kin-openapi", "github.com/hashicorp/terraform-plugin-testing", "github.com/hashicorp/terraform-plugin-docs",
		"github.com/hashicorp/terraform-plugin-sdk",
	}
	for _, p := range packages {
		for _, prefix := range forbidden {
			if p.ImportPath == prefix || strings.HasPrefix(p.ImportPath, prefix+"/") {
				t.Errorf("%s is in the binary", p.ImportPath)
			}
		}
	}
}
