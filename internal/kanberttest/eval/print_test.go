// SPDX-License-Identifier: MPL-2.0

package eval_test

import (
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest/eval"
)

func TestPrint(t *testing.T) {
	tests := []struct{ name, text, want, json string }{
		{
			"one condition", ` ( ( url  EQ 'a' ) ) `, `url = "a"`,
			`[{"field":"url","op":"eq","value":"a"}]`,
		},
		{
			"aliases", `created_at ge now and url NotIn ["a",'b']`, `created_at >= now and url nin ["a", "b"]`,
			`[{"field":"created_at","op":"gte","value":"now"},{"field":"url","op":"nin","value":["a","b"]}]`,
		},
		{
			"keywords in capitals", `url = "a" AND (url Is Null Or url = "b")`, `url = "a" and (url isnull or url = "b")`,
			`{"and":[{"field":"url","op":"eq","value":"a"},{"or":[{"field":"url","op":"isnull"},{"field":"url","op":"eq","value":"b"}]}]}`,
		},
		{
			"no value", `url is null or url notnull`, `url isnull or url isnotnull`,
			`{"or":[{"field":"url","op":"isnull"},{"field":"url","op":"isnotnull"}]}`,
		},
		{
			"needless parentheses", `(url = "a" and (url = "b" and url = "c"))`, `url = "a" and url = "b" and url = "c"`,
			`[{"field":"url","op":"eq","value":"a"},{"field":"url","op":"eq","value":"b"},{"field":"url","op":"eq","value":"c"}]`,
		},
		{
			"precedence", `url = "a" or url = "b" and url = "c"`, `url = "a" or (url = "b" and url = "c")`,
			`{"or":[{"field":"url","op":"eq","value":"a"},{"and":[{"field":"url","op":"eq","value":"b"},{"field":"url","op":"eq","value":"c"}]}]}`,
		},
		{
			"groups of one", `{"or":[{"and":[{"field":"url","op":"eq","value":"a"}]}]}`, `url = "a"`,
			`[{"field":"url","op":"eq","value":"a"}]`,
		},
		{
			"nothing of a URL is escaped", `url = "https://a.example/?a=<1>&b=2"`, `url = "https://a.example/?a=<1>&b=2"`,
			`[{"field":"url","op":"eq","value":"https://a.example/?a=<1>&b=2"}]`,
		},
		{
			"double quotes", `url contains 'say "hi"'`, `url contains 'say "hi"'`,
			`[{"field":"url","op":"contains","value":"say \"hi\""}]`,
		},
		{
			"quotes of the other kind, doubled", `url contains 'a""b'`, `url contains 'a""b'`,
			`[{"field":"url","op":"contains","value":"a\"\"b"}]`,
		},
		{
			"both kinds of quotes", `[{"field":"url","op":"contains","value":"'\""}]`,
			`[{"field":"url","op":"contains","value":"'\""}]`, `[{"field":"url","op":"contains","value":"'\""}]`,
		},
		{
			"backslash", `[{"field":"url","op":"in","value":["a","C:\\"]}]`,
			`[{"field":"url","op":"in","value":["a","C:\\"]}]`, `[{"field":"url","op":"in","value":["a","C:\\"]}]`,
		},
		{
			"backslash deep inside", `{"or":[{"field":"url","op":"isnull"},{"and":[{"field":"url","op":"eq","value":"\\"},{"field":"url","op":"notnull"}]}]}`,
			`{"or":[{"field":"url","op":"isnull"},{"and":[{"field":"url","op":"eq","value":"\\"},{"field":"url","op":"isnotnull"}]}]}`,
			`{"or":[{"field":"url","op":"isnull"},{"and":[{"field":"url","op":"eq","value":"\\"},{"field":"url","op":"isnotnull"}]}]}`,
		},
		{
			"words that mean something elsewhere", `{"field":"url","op":"in","value":["and","now","null","isnull","["]}`,
			`url in ["and", "now", "null", "isnull", "["]`, `[{"field":"url","op":"in","value":["and","now","null","isnull","["]}]`,
		},
		{
			"special values", `created_at in [TODAY, today+007d, "today-0d", eow]`, `created_at in [today, today+7d, today, eow]`,
			`[{"field":"created_at","op":"in","value":["today","today+7d","today","eow"]}]`,
		},
		{
			"null beside isnull", `[{"value":null,"op":"isnull","field":"url"}]`, `url isnull`,
			`[{"field":"url","op":"isnull"}]`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := eval.Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.String(); got != test.want {
				t.Errorf("String() = %s\nwant       %s", got, test.want)
			}
			if got := f.JSON(); got != test.json {
				t.Errorf("JSON() = %s\nwant     %s", got, test.json)
			}
		})
	}
}
