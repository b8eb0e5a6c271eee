// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// report is what was measured, ready to be shown.
type report struct {
	results []result
	head    []string
	latency time.Duration
}

func newReport(b *bench, results []result) *report {
	head := []string{
		fmt.Sprintf("%s, Go %s, %s/%s, %d cores, %s of memory, %s.", b.cli, strings.TrimPrefix(runtime.Version(), "go"),
			runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory(), time.Now().UTC().Format(time.DateOnly)),
		fmt.Sprintf("The sandbox takes %s for each answer. Of %d plans the median counts.", b.latency, b.runs),
	}
	if busy := load(); busy > 1 {
		head = append(head, fmt.Sprintf("The load average of the machine was %.1f at the end, the benchmark itself included.", busy))
	}
	if b.note != "" {
		head = append(head, b.note)
	}
	return &report{results: results, head: head, latency: b.latency}
}

// memory is that of the machine, or unknown.
func memory() string {
	text, _ := os.ReadFile("/proc/meminfo")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return "an unknown size"
	}
	kilobytes, _ := strconv.Atoi(fields[1])
	return fmt.Sprintf("%d GiB", kilobytes>>20)
}

// load is the load average of the last five minutes for each core, or 0 if the
// system does not say.
func load() float64 {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	average, _ := strconv.ParseFloat(fields[1], 64)
	return average / float64(runtime.NumCPU())
}

// markdown is the whole report.
func (r *report) markdown() string {
	var text strings.Builder
	text.WriteString("# Benchmark\n\nWritten by `make bench BENCHFLAGS=-write`.\n\n")
	for _, line := range r.head {
		text.WriteString(line + "\n")
	}
	text.WriteString(`
Three providers take turns in one run: one that has the same schema and the same
logging and does nothing, this one, and this one with the sharing of reads
switched off (one look-up for each webhook). The floor is the time that the pages
of the whole workspace take one after the other. Memory is the greatest resident
size of the provider process.

| webhooks | command | nothing | this | ratio | requests | floor | unshared | this to unshared | requests unshared | memory of nothing | memory of this | ratio |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`)
	for _, row := range r.results {
		nothing, ours, unshared := row.of["nothing"], row.of["kanbert"], row.of["unshared"]
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %d | %s | %s | %s | %d | %s | %s | %s |\n",
			row.size, row.command,
			seconds(nothing.took), seconds(ours.took), ratio(float64(ours.took), float64(nothing.took)), ours.requests,
			seconds(time.Duration(row.size.pages())*r.latency),
			seconds(unshared.took), ratio(float64(ours.took), float64(unshared.took)), unshared.requests,
			mebibytes(nothing.memory), mebibytes(ours.memory), ratio(float64(ours.memory), float64(nothing.memory)))
	}
	return text.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mebibytes(kibibytes int) string {
	if kibibytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f MiB", float64(kibibytes)/1024)
}

func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// write keeps the report in directory.
func (r *report) write(directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{"RESULTS.md": r.markdown(), "plan.svg": r.chart()} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const (
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
		if row.command != "plan" {
			continue
		}
		plans = append(plans, row)
		for _, got := range row.of {
			longest = max(longest, got.took)
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
			got := row.of[l.name]
			width := int(int64(chartWidth-chartLeft-chartLabels) * int64(got.took) / int64(longest))
			y := top + k*chartBar
			fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, chartLeft, y, max(1, width), chartBar-2, l.colour)
			fmt.Fprintf(&svg, `<text x="%d" y="%d" fill="#222">%s, %d requests</text>`+"\n", chartLeft+width+6, y+chartBar-5, seconds(got.took), got.requests)
		}
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}
