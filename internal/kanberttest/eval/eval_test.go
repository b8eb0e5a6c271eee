// SPDX-License-Identifier: MPL-2.0

package eval_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest/eval"
)

// selects reports whether text selects r at now.
func selects(t *testing.T, text string, r eval.Record, now time.Time) bool {
	t.Helper()
	f, err := eval.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f.Match(r, now)
}

func TestMatchString(t *testing.T) {
	const acme = "https://hooks.acme.example/a_b"
	tests := []struct {
		op, value string // as in JSON
		want      bool
	}{
		{"eq", `"https://hooks.acme.example/a_b"`, true},
		{"eq", `"https://hooks.acme.example/A_B"`, false},
		{"eq", `"https://hooks.acme.example/"`, false},
		{"ne", `"https://hooks.acme.example/a_b"`, false},
		{"ne", `"https://hooks.acme.example/"`, true},
		{"in", `["x", "https://hooks.acme.example/a_b"]`, true},
		{"in", `["x", "y"]`, false},
		{"nin", `["x", "y"]`, true},
		{"nin", `["x", "https://hooks.acme.example/a_b"]`, false},
		{"contains", `"acme"`, true},
		{"contains", `"globex"`, false},
		{"contains", `"a%b"`, false},
		{"contains", `""`, true},
		{"startswith", `"https://hooks"`, true},
		{"startswith", `"hooks"`, false},
		{"endswith", `"/a_b"`, true},
		{"endswith", `"acme"`, false},
		{"like", `"https://hooks.acme.example/a_b"`, true},
		{"like", `"acme"`, false},
		{"like", `"%acme%"`, true},
		{"like", `"%acme"`, false},
		{"like", `"https://%/a_b"`, true},
		{"like", `"https://%.example/___"`, true},
		{"like", `"https://%.example/____"`, false},
		{"like", `"%%"`, true},
		{"like", `"%a%e%b%"`, true},
		{"isnull", ``, false},
		{"isnotnull", ``, true},
	}
	for _, test := range tests {
		t.Run(test.op+" "+test.value, func(t *testing.T) {
			record := eval.Record{URL: acme, CreatedAt: time.Unix(0, 0)}
			for _, text := range forms("url", test.op, test.value) {
				if got := selects(t, text, record, time.Unix(0, 0)); got != test.want {
					t.Errorf("%s: %t, want %t", text, got, test.want)
				}
			}
		})
	}
}

// forms gives a condition in both forms. The value is JSON, which for a string
// without backslashes and for a list of them is the string form as well.
func forms(field, op, value string) []string {
	object := fmt.Sprintf(`{"field":%q,"op":%q}`, field, op)
	if value != "" {
		object = fmt.Sprintf(`{"field":%q,"op":%q,"value":%s}`, field, op, value)
	}
	return []string{field + " " + op + " " + value, object, "[" + object + "]", `{"and":[` + object + `]}`}
}

// wednesday is a time in the middle of a week, a month and a day.
var wednesday = time.Date(2024, time.May, 15, 12, 30, 0, 0, time.UTC)

func TestMatchSpecialValues(t *testing.T) {
	tests := []struct {
		value         string
		begin, end    string // what the value stands for; equal for an instant
		before, after string // the nearest times outside
	}{
		{"now", "2024-05-15T12:30:00Z", "2024-05-15T12:30:00Z", "2024-05-15T12:29:59.999999Z", "2024-05-15T12:30:00.000001Z"},
		{"today", "2024-05-15T00:00:00Z", "2024-05-15T23:59:59.999999Z", "2024-05-14T23:59:59.999999Z", "2024-05-16T00:00:00Z"},
		{"today-30d", "2024-04-15T00:00:00Z", "2024-04-15T23:59:59.999999Z", "2024-04-14T23:59:59.999999Z", "2024-04-16T00:00:00Z"},
		{"today+5d", "2024-05-20T00:00:00Z", "2024-05-20T23:59:59.999999Z", "2024-05-19T23:59:59.999999Z", "2024-05-21T00:00:00Z"},
		{"today+0d", "2024-05-15T00:00:00Z", "2024-05-15T23:59:59.999999Z", "2024-05-14T23:59:59.999999Z", "2024-05-16T00:00:00Z"},
		{"sow", "2024-05-13T00:00:00Z", "2024-05-13T00:00:00Z", "2024-05-12T23:59:59.999999Z", "2024-05-13T00:00:00.000001Z"},
		{"eow", "2024-05-19T23:59:59.999999Z", "2024-05-19T23:59:59.999999Z", "2024-05-19T23:59:59.999998Z", "2024-05-20T00:00:00Z"},
		{"som", "2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z", "2024-04-30T23:59:59.999999Z", "2024-05-01T00:00:00.000001Z"},
		{"eom", "2024-05-31T23:59:59.999999Z", "2024-05-31T23:59:59.999999Z", "2024-05-31T23:59:59.999998Z", "2024-06-01T00:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.value, func(t *testing.T) {
			// For each operator: what it says of a time before, at the begin, at
			// the end and after.
			for op, want := range map[string][4]bool{
				"eq":  {false, true, true, false},
				"ne":  {true, false, false, true},
				"lt":  {true, false, false, false},
				"lte": {true, true, test.begin == test.end, false},
				"gt":  {false, false, test.begin != test.end, true},
				"gte": {false, true, true, true},
				"in":  {false, true, true, false},
				"nin": {true, false, false, true},
			} {
				for i, at := range []string{test.before, test.begin, test.end, test.after} {
					record := eval.Record{URL: "https://a.example", CreatedAt: instant(t, at)}
					for _, text := range specialForms(op, test.value) {
						if got := selects(t, text, record, wednesday); got != want[i] {
							t.Errorf("%s at %s: %t, want %t", text, at, got, want[i])
						}
					}
				}
			}
		})
	}
}

// specialForms gives a condition on a special value, which has no quotes in the
// string form.
func specialForms(op, value string) []string {
	if op == "in" || op == "nin" {
		all := forms("created_at", op, `["`+value+`"]`)
		all[0] = "created_at " + op + " [" + value + "]"
		return all
	}
	all := forms("created_at", op, `"`+value+`"`)
	all[0] = "created_at " + op + " " + value
	return all
}

// TestMatchWeek holds each day of a week to the same Monday and Sunday: Sunday,
// which the time package counts as day 0, is the last one.
func TestMatchWeek(t *testing.T) {
	begin := eval.Record{URL: "u", CreatedAt: instant(t, "2024-04-29T00:00:00Z")}
	end := eval.Record{URL: "u", CreatedAt: instant(t, "2024-05-05T23:59:59.999999Z")}
	for day := range 7 {
		now := begin.CreatedAt.AddDate(0, 0, day).Add(time.Hour)
		if !selects(t, "created_at = sow", begin, now) || !selects(t, "created_at = eow", end, now) {
			t.Errorf("%s: the week is not 29 April to 5 May", now.Format(time.RFC1123))
		}
	}
}

// TestMatchZone asks at a local time that has another day than UTC.
func TestMatchZone(t *testing.T) {
	now := wednesday.In(time.FixedZone("east", 14*60*60))
	record := eval.Record{URL: "u", CreatedAt: instant(t, "2024-05-15T23:00:00+00:00")}
	if !selects(t, "created_at = today", record, now) {
		t.Error("today is the day in UTC, whatever the zone of the clock")
	}
}

func TestMatchDate(t *testing.T) {
	record := eval.Record{URL: "u", CreatedAt: instant(t, "2024-01-31T12:00:00Z")}
	for _, date := range []string{
		"2024-01-31T12:00:00Z", "2024-01-31T13:00:00+01:00", "2024-01-31T12:00:00.000Z", "2024-01-31 12:00:00",
		"2024-01-31 12:00:00.000000", "2024-01-31T12:00:00", "2024-01-31 12:00", "2024-01-31T12:00", "2024-01-31 13:00:00+01:00",
	} {
		for op, want := range map[string]bool{"eq": true, "ne": false, "lt": false, "lte": true, "gt": false, "gte": true} {
			for _, text := range forms("created_at", op, `"`+date+`"`) {
				if got := selects(t, text, record, wednesday); got != want {
					t.Errorf("%s: %t, want %t", text, got, want)
				}
			}
		}
	}
	for text, want := range map[string]bool{
		`created_at > "2024-01-31"`:                   true,
		`created_at < "2024-02-01"`:                   true,
		`created_at = "2024-01-31"`:                   false, // the midnight
		`created_at in ["2024-01-31 12:00:00", now]`:  true,
		`created_at nin ["2024-01-31 12:00:00", now]`: false,
		`created_at isnull`:                           false,
		`created_at notnull`:                          true,
	} {
		if got := selects(t, text, record, wednesday); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

// TestMatchNull holds every operator to what SQL says of null.
func TestMatchNull(t *testing.T) {
	for _, f := range filter.Fields() {
		for _, op := range f.Operators {
			value := map[string]string{"in": `["2024-01-01T00:00:00Z"]`, "nin": `["2024-01-01T00:00:00Z"]`, "notin": `["2024-01-01T00:00:00Z"]`}[op]
			if value == "" && !slices.Contains([]string{"isnull", "isnotnull", "notnull"}, op) {
				value = `"2024-01-01T00:00:00Z"`
			}
			for _, text := range forms(f.Name, op, value) {
				if got := selects(t, text, eval.Record{}, wednesday); got != (op == "isnull") {
					t.Errorf("%s on null: %t", text, got)
				}
			}
		}
	}
}

func TestMatchGroups(t *testing.T) {
	record := eval.Record{URL: "b", CreatedAt: wednesday}
	for text, want := range map[string]bool{
		`url = "b" and created_at = today`:                       true,
		`url = "b" and created_at < today`:                       false,
		`url = "a" or created_at = today`:                        true,
		`url = "a" or created_at < today`:                        false,
		`url = "b" or url = "a" and url = "a"`:                   true, // "and" first
		`(url = "b" or url = "a") and url = "a"`:                 false,
		`url = "a" and (url = "b" or url = "b")`:                 false,
		`url = "b" and (url = "a" or (url = "b" and url = "b"))`: true,
		`{"or":[{"and":[{"field":"url","op":"eq","value":"b"},{"field":"url","op":"eq","value":"a"}]},{"field":"url","op":"eq","value":"b"}]}`: true,
	} {
		if got := selects(t, text, record, wednesday); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}
