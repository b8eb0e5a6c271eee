// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

const (
	// chartSizes is how many sizes the chart has at most.
	chartSizes  = 4
	chartWidth  = 760
	chartLeft   = 190
	chartBar    = 16
	chartGroup  = 3*chartBar + 22
	chartTop    = 64
	chartLabels = 150
)

// chart draws the plans as horizontal bars.
func (r *report) chart() string {
	var plans []result
	longest := time.Duration(1)
	for _, row := range r.results {
		if row.command != plan || len(plans) == chartSizes {
			continue
		}
		plans = append(plans, row)
		for name := range row.of {
			longest = max(longest, row.median(name).took)
		}
	}
	height := chartTop + chartGroup*len(plans) + 8
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">`+"\n", chartWidth, height)
	fmt.Fprintf(&svg, `<title>Wall time of terraform plan</title><rect width="%d" height="%d" fill="#fff"/>`+"\n", chartWidth, height)
	fmt.Fprintf(&svg, `<text x="12" y="22" font-size="15" font-weight="bold" fill="#222">Wall time of a plan, %s of latency</text>`+"\n", r.latency)
	legend := []struct{ name, label, colour string }{
		{"nothing", "a provider that does nothing", "#b5b5b5"},
		{"kanbert", "this provider", "#2a78b8"},
		{"unshared", "one look-up for each webhook", "#d99058"},
	}
	for i, l := range legend {
		x := 12 + 230*i
		fmt.Fprintf(&svg, `<rect x="%d" y="34" width="12" height="12" fill="%s"/><text x="%d" y="44" fill="#222">%s</text>`+"\n", x, l.colour, x+18, l.label)
	}
	for i, row := range plans {
		top := chartTop + chartGroup*i
		fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="end" fill="#222">%s</text>`+"\n", chartLeft-10, top+chartBar+chartBar*3/4, row.size)
		for k, l := range legend {
			got := row.median(l.name)
			width := int(int64(chartWidth-chartLeft-chartLabels) * int64(got.took) / int64(longest))
			y := top + k*chartBar
			fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, chartLeft, y, max(1, width), chartBar-2, l.colour)
			fmt.Fprintf(&svg, `<text x="%d" y="%d" fill="#222">%s, %d requests</text>`+"\n", chartLeft+width+6, y+chartBar-5, seconds(got.took), got.requests)
		}
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}
