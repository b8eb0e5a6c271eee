// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// round is one round that took so many seconds.
func round(seconds float64, requests int) sample {
	took := time.Duration(seconds * float64(time.Second))
	return sample{took: took, requests: requests, usage: usage{cpu: took / 2, memory: 20 << 10}}
}

func plansOf(s size) result {
	return result{size: s, command: plan, of: map[string][]sample{
		"nothing":  {round(2, 0), round(4, 0), round(2, 0)},
		"tuned":    {round(1.9, 0), round(3.8, 0), round(1.9, 0)},
		"kanbert":  {round(2.5, 27), round(4.4, 27), round(2.2, 27)},
		"unshared": {round(10, 500)},
	}}
}

func TestReport(t *testing.T) {
	applies := plansOf(size{n: 500, m: 500, page: 100})
	applies.command = apply
	listed := plansOf(size{n: 5, m: 10000, page: 100})
	listed.command = listing
	r := &report{latency: 100 * time.Millisecond, head: []string{"A machine."}, results: []result{
		plansOf(size{n: 500, m: 500, page: 100}), plansOf(size{n: 500, m: 500, page: 30}), applies, listed,
	}}
	text := r.markdown()
	for _, want := range []string{
		"A machine.",
		"| 500 of 500, pages of 30 | plan | nothing | 2.00 s | – | 1.00 s | – | 20.0 MiB | – | 0 |",
		// The ratios of the rounds are 1.25, 1.1 and 1.1.
		"| 500 of 500, pages of 30 | plan | this | 2.50 s | 1.10 | 1.25 s | 1.10 | 20.0 MiB | 1.00 | 27 |",
		"| 500 of 500, pages of 30 | plan | unshared | 10.00 s | 5.00 | 5.00 s | 5.00 | 20.0 MiB | 1.00 | 500 |",
		"time of nothing and of one answer | 2.50 s | 2.10 s | **no** |",
		"1.6 times the time of nothing | 2.50 s | 3.20 s | yes |",
		"or of the answers and one second | 2.50 s | 6.60 s | yes |",
		"1.5 times the memory of nothing | 20.0 MiB | 30.0 MiB | yes |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks\n%s\n%s", want, text)
		}
	}
	if strings.Contains(text, "Other providers") {
		t.Error("the report speaks of other providers, and none took part")
	}
}

func TestReportOfPeers(t *testing.T) {
	text := (&report{trials: []trial{
		{peer{label: "restapi v3"}, tally{60, 45, 44}, tally{20, 20, 20}, 500, round(10, 500)},
		{peer{label: "restapi v3, retries on"}, tally{60, 45, 45}, tally{60, 60, 60}, 0, sample{}},
		{peer{label: "scaffolding v1"}, tally{}, tally{}, 500, round(1, 0)},
	}}).markdown()
	for _, want := range []string{
		"| restapi v3 | 60 | 45 | 44 | 40 | 500 | 500 | 10.00 s | 20.0 MiB |",
		"| restapi v3, retries on | 60 | 45 | 45 | 0 | – | – | – | – |",
		"| scaffolding v1 | – | – | – | – | 500 | 0 | 1.00 s | 20.0 MiB |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks\n%s\n%s", want, text)
		}
	}
}

// TestChart draws the plans, of at most four sizes.
func TestChart(t *testing.T) {
	r := &report{latency: 100 * time.Millisecond}
	for _, n := range []int{1, 2, 3, 4, 5} {
		r.results = append(r.results, plansOf(size{n: n, m: n, page: 100}))
	}
	r.results[0].command = destroy
	r.results = append(r.results, plansOf(size{n: 6, m: 6, page: 100}))
	chart := r.chart()
	for d := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v\n%s", err, chart)
		}
	}
	if strings.Count(chart, "requests</text>") != 4*3 {
		t.Errorf("the chart does not show three providers at four sizes:\n%s", chart)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		all  []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 1}, {[]float64{3, 1, 2}, 2}} {
		if got := median(test.all); got != test.want {
			t.Errorf("median(%v) = %v, want %v", test.all, got, test.want)
		}
	}
}
