// SPDX-License-Identifier: MPL-2.0

package main

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/examples"
)

const output = `=== RUN   TestExamples
    --- PASS: TestExamples/demo (1.20s)
    --- FAIL: TestExamples/guides/adopting-existing-webhooks/query (0.20s)
        examples_test.go:7: no such command
    --- SKIP: TestExamples/provider (0.00s)
        --- PASS: TestExamples/resources/kanbert_webhook/import_by_command (2.00s)
`

func TestOutcomesAreRead(t *testing.T) {
	got := outcomes(output)
	for test, want := range map[string]bool{
		"demo": true,
		"guides/adopting-existing-webhooks/query": false,
		"provider": false,
		"resources/kanbert_webhook/import_by_command": true,
	} {
		if passed, ran := got[test]; !ran || passed != want {
			t.Errorf("%s: passed %t, ran %t", test, passed, ran)
		}
	}
	if len(got) != 4 {
		t.Errorf("read %v", got)
	}
}

func TestTableSaysNoWhereOneTestFailed(t *testing.T) {
	all := make(map[string]bool)
	for _, feature := range features {
		for _, test := range feature.tests {
			all[test] = true
		}
	}
	old := make(map[string]bool)
	for test := range all {
		old[test] = test != "guides/adopting-existing-webhooks/query"
	}
	var text strings.Builder
	if err := writeTable(&text, []column{{"Terraform 1.14.0", all}, {"Terraform 1.5.7", old}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| | Terraform 1.14.0 | Terraform 1.5.7 |\n",
		"| `query` command and the list resource | yes | no |\n",
		"| Data sources | yes | yes |\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, text.String())
		}
	}
	delete(old, "demo")
	if err := writeTable(&text, []column{{"Terraform 1.5.7", old}}); err == nil {
		t.Error("a test that did not run is no error")
	}
}

// A row whose test was renamed would find no outcome.
func TestRowsNameFoldersThatExist(t *testing.T) {
	for _, feature := range features {
		for _, test := range feature.tests {
			folder := strings.TrimSuffix(test, "/import_by_command")
			if info, err := fs.Stat(examples.Files, folder); err != nil || !info.IsDir() {
				t.Errorf("%q names %s, which is no folder of the examples", feature.name, folder)
			}
		}
	}
}
