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

func TestReport(t *testing.T) {
	took := func(seconds float64, requests int) sample {
		return sample{took: time.Duration(seconds * float64(time.Second)), requests: requests, memory: 20 << 10}
	}
	r := &report{latency: 100 * time.Millisecond, head: []string{"A machine."}, results: []result{
		{size{500, 500, 30}, "plan", map[string]sample{"nothing": took(2, 0), "kanbert": took(2.5, 27), "unshared": took(10, 500)}},
		{size{500, 500, 30}, "destroy", map[string]sample{"nothing": took(2, 0), "kanbert": took(3, 527), "unshared": took(10, 1000)}},
	}}
	want := "| 500 of 500, pages of 30 | plan | 2.00 s | 2.50 s | 1.25 | 27 | 1.70 s | 10.00 s | 0.25 | 500 | 20.0 MiB | 20.0 MiB | 1.00 |"
	if text := r.markdown(); !strings.Contains(text, want) || !strings.Contains(text, "A machine.") {
		t.Errorf("the report lacks\n%s\n%s", want, text)
	}
	chart := r.chart()
	for d := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v\n%s", err, chart)
		}
	}
	if strings.Count(chart, "requests</text>") != 3 {
		t.Errorf("the chart does not show the three plans:\n%s", chart)
	}
}

func TestMedian(t *testing.T) {
	got := median([]sample{{took: 3, memory: 1}, {took: 1, memory: 7}, {took: 2, memory: 2}})
	if got.took != 2 || got.memory != 7 {
		t.Errorf("median = %+v, want the middle time and the greatest memory", got)
	}
}
