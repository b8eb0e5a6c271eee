// SPDX-License-Identifier: MPL-2.0

package kanberttest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// BenchmarkList measures the sandbox's own share in measurements of the provider: a
// look-up of ten among 10,000, and a page of 100.
func BenchmarkList(b *testing.B) {
	s := kanberttest.New(kanberttest.WithMaxPageSize(100))
	s.Seed(numbered(10_000)...)
	call := overMemory(b, s)
	lookup := `[{"field":"url","op":"in","value":["https://r.example/0001","https://r.example/1001","https://r.example/2001",` +
		`"https://r.example/3001","https://r.example/4001","https://r.example/5001","https://r.example/6001",` +
		`"https://r.example/7001","https://r.example/8001","https://r.example/9001"]}]`
	for name, query := range map[string]url.Values{
		"LookUp": {"filter": {lookup}, "sort": {"url"}, "page[size]": {"100"}},
		"Page":   {"sort": {"url"}, "page[size]": {"100"}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if a := call.must(http.MethodGet, "/webhooks?"+query.Encode(), ""); a.status != http.StatusOK {
					b.Fatal(a.body)
				}
			}
		})
	}
}
