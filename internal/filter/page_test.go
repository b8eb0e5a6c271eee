// SPDX-License-Identifier: MPL-2.0

package filter_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// The reference page of the documentation repeats what the tables of this
// package say. These tests hold it to them. What its Terraform code selects is
// held to the worked examples beside the data source.

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
			f, _, err := filter.Parse(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
			} else if got := f.Operators(); !slices.Equal(got, []string{name}) {
				t.Errorf("%s uses %q, and the page says %q", text, got, name)
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
		if _, warnings, err := filter.Parse("created_at > " + value); err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", value, warnings, err)
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
		_, warnings, _ := filter.Parse(c.text)
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
	for _, bound := range []string{
		strconv.Itoa(filter.MaxLength) + " bytes", strconv.Itoa(filter.MaxDepth) + " groups",
	} {
		if !strings.Contains(page, bound) {
			t.Errorf("the page does not say %q", bound)
		}
	}
}

// TestPageShowsARefusal holds the error at the top of the page to the filter in
// it.
func TestPageShowsARefusal(t *testing.T) {
	page := readPage(t)
	text := regexp.MustCompile(` 2: +filter = "(.*)"`).FindStringSubmatch(page)
	if text == nil {
		t.Fatal("the page shows no error")
	}
	var problems filter.Problems
	if _, _, err := filter.Parse(text[1]); !errors.As(err, &problems) {
		t.Fatalf("%s is not refused", text[1])
	}
	unwrapped := strings.Join(strings.Fields(page), " ")
	for _, part := range []string{"Error: " + problems[0].Summary, problems[0].Detail} {
		if !strings.Contains(unwrapped, strings.Join(strings.Fields(part), " ")) {
			t.Errorf("the page does not show\n%s", part)
		}
	}
}

// TestPageShowsTheExamples holds the page's records and results to those of the
// worked examples.
func TestPageShowsTheExamples(t *testing.T) {
	page, all := readPage(t), readExamples(t)
	numbers := map[string]string{}
	rows := tableRows(t, page, "| `url`")
	if len(rows) != len(all.records) {
		t.Fatalf("the page shows %d webhooks, want %d", len(rows), len(all.records))
	}
	for i, r := range all.records {
		want := []string{strconv.Itoa(i + 1), r.URL, r.CreatedAt.Format(time.RFC3339)}
		if !slices.Equal(rows[i], want) {
			t.Errorf("the page shows the webhook %q, want %q", rows[i], want)
		}
		numbers[r.URL] = want[0]
	}
	if now := all.now.Format("Monday, 2 January 2006"); !strings.Contains(page, now) {
		t.Errorf("the page does not say that it is %s", now)
	}

	_, section, _ := strings.Cut(page, "\n## Worked examples\n")
	section, _, _ = strings.Cut(section, "\n## ")
	shown := strings.Split(section, "\n### ")[1:]
	if len(shown) != len(all.list) {
		t.Fatalf("the page shows %d examples, want %d", len(shown), len(all.list))
	}
	for i, e := range all.list {
		var selects []string
		for _, url := range e.urls {
			selects = append(selects, numbers[url])
		}
		slices.Sort(selects)
		result := "\nSelects " + strings.Join(selects, ", ") + "."
		if title, _, _ := strings.Cut(shown[i], "\n"); title != e.title {
			t.Errorf("example %d has the title %q, want %q", i+1, title, e.title)
		}
		if !strings.Contains(shown[i], result) {
			t.Errorf("example %q does not say %q", e.title, strings.TrimSpace(result))
		}
	}
}
