// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// The reference page of the documentation repeats what the tables of this
// package say. These tests hold it to them.

func readPage(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../templates/guides/filters.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tableRows gives the cells of the page's table that begins with this column,
// without its two head lines and without code marks.
func tableRows(t *testing.T, page, firstColumn string) [][]string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n| "+firstColumn+" |")
	if !found {
		t.Fatalf("the page has no table with the first column %q", firstColumn)
	}
	var rows [][]string
	for _, line := range strings.Split(rest, "\n")[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cell), "`", "")
		}
		rows = append(rows, cells)
	}
	return rows
}

func firstCells(rows [][]string) []string {
	var cells []string
	for _, row := range rows {
		cells = append(cells, row[0])
	}
	return cells
}

func TestPageListsTheFields(t *testing.T) {
	var want [][]string
	for _, f := range filter.Fields() {
		want = append(want, []string{f.Name, f.Type, strings.Join(f.Operators, ", ")})
	}
	if got := tableRows(t, readPage(t), "Field"); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the page lists %q, want %q", got, want)
	}
}

// TestPageListsTheOperators uses each operator of the page as the page says.
func TestPageListsTheOperators(t *testing.T) {
	var missing []string
	for _, f := range filter.Fields() {
		missing = append(missing, f.Operators...)
	}
	for _, row := range tableRows(t, readPage(t), "Operator") {
		name, values := row[0], map[string]string{"a value": ` today`, "a list": ` [today]`, "nothing": ``}[row[3]]
		for _, spelling := range row[:3] {
			if spelling == "" {
				continue
			}
			missing = slices.DeleteFunc(missing, func(s string) bool { return s == spelling })
			text := "created_at " + spelling + values
			if slices.Contains(filter.Fields()[0].Operators, name) {
				text = "url " + spelling + strings.ReplaceAll(values, "today", `"a"`)
			}
			if errs, _ := filter.Check(text); len(errs) > 0 {
				t.Errorf("%s: %v", text, errs)
			}
			if !slices.Contains(append(spellings[name], "is null"), spelling) {
				t.Errorf("the page lists %s as %s", spelling, name)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("the page does not list the operators %q", missing)
	}
}

func TestPageListsTheSpecialValues(t *testing.T) {
	var listed []string
	for _, cell := range firstCells(tableRows(t, readPage(t), "Value")) {
		listed = append(listed, strings.Split(cell, ", ")...)
	}
	want := []string{"now", "today", "today-30d", "today+5d", "sow", "eow", "som", "eom"}
	if !slices.Equal(listed, want) {
		t.Errorf("the page lists %q, want %q", listed, want)
	}
	for _, value := range listed {
		if errs, warnings := filter.Check("created_at > " + value); len(errs)+len(warnings) > 0 {
			t.Errorf("%s: %v, %v", value, errs, warnings)
		}
	}
}

func TestPageListsTheSorts(t *testing.T) {
	if got := firstCells(tableRows(t, readPage(t), "Name")); !slices.Equal(got, filter.Sorts()) {
		t.Errorf("the page lists %q, want %q", got, filter.Sorts())
	}
}

// TestPageListsTheWarnings wants a row for each kind of warning that a test has
// seen, and none else.
func TestPageListsTheWarnings(t *testing.T) {
	listed := firstCells(tableRows(t, readPage(t), "Warning"))
	seen := map[string]bool{}
	for _, c := range warned {
		_, warnings := filter.Check(c.text)
		for _, w := range warnings {
			seen[w.Summary] = true
			if !slices.Contains(listed, w.Summary) {
				t.Errorf("the page does not list the warning %q", w.Summary)
			}
		}
	}
	for _, summary := range listed {
		if !seen[summary] {
			t.Errorf("the page lists the warning %q, which no filter of the tests brings up", summary)
		}
	}
}

func TestPageNamesTheBounds(t *testing.T) {
	page := readPage(t)
	for _, bound := range []string{"65536 bytes", "64 groups"} {
		if !strings.Contains(page, bound) {
			t.Errorf("the page does not say %q", bound)
		}
	}
}

// TestPageShowsErrors holds the errors at the top of the page to the filter in
// the first one, and to one in the JSON form.
func TestPageShowsErrors(t *testing.T) {
	page := readPage(t)
	text := regexp.MustCompile(` 2: +filter = "(.*)"`).FindStringSubmatch(page)
	if text == nil {
		t.Fatal("the page shows no error")
	}
	unwrapped := strings.Join(strings.Fields(page), " ")
	for _, text := range []string{text[1], `{"or":[{"field":"url","op":"isnull"},{"field":"url","op":"matches","value":"acme"}]}`} {
		p := errorsOf(t, text)[0]
		for _, part := range []string{"Error: " + p.Summary, p.Detail} {
			if !strings.Contains(unwrapped, strings.Join(strings.Fields(part), " ")) {
				t.Errorf("the page does not show\n%s", part)
			}
		}
	}
}
