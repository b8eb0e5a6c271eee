// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is what was measured, ready to be shown.
type report struct {
	results []result
	trials  []trial
	head    []string
	latency time.Duration
}

func newReport(b *bench, results []result, trials []trial) *report {
	head := []string{
		fmt.Sprintf("%s, Go %s, %s/%s, %d cores, %s of memory, %s.", b.cli, strings.TrimPrefix(runtime.Version(), "go"),
			runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory(), time.Now().UTC().Format(time.DateOnly)),
		fmt.Sprintf("The sandbox takes %s for each answer. Each plan was run %d times, each apply and destroy %d times, by one provider after the other.", b.latency, b.runs, (b.runs+1)/2),
	}
	if busy := load(); busy > 1 {
		head = append(head, fmt.Sprintf("The load average of the machine was %.1f at the end, the benchmark itself included.", busy))
	}
	if b.note != "" {
		head = append(head, b.note)
	}
	return &report{results: results, trials: trials, head: head, latency: b.latency}
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
"Nothing" has the schema of this provider, does nothing, and is built the ordinary
way: with Go's own garbage collection, and the plugin library logging as it does.
"Nothing, tuned" does nothing with this provider's settings of both. "Unshared" is this
provider with one look-up for each webhook. All plan with the same state.

`)
	if goals := r.goals(); len(goals) > 0 {
		text.WriteString("## Goals\n\n| goal | measured | allowed | holds |\n|---|--:|--:|---|\n")
		for _, g := range goals {
			fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", g.name, g.show(g.measured), g.show(g.allowed), yes(g.measured <= g.allowed))
		}
		text.WriteString("\nThat the binary has at most 1.1 times the size of the framework's scaffolding is checked by `make size`.\n\n")
	}
	text.WriteString(`## All figures

CPU and memory are those of the provider's processes: the time of all together, and
the greatest resident size of one. The figures are medians; × is the median of the
ratios to "nothing" in the same round.

| webhooks | command | provider | time | × | CPU | × | memory | × | requests |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|
`)
	for _, row := range r.results {
		for _, c := range []contender{nothing, tuned, ours, unshared} {
			if len(row.of[c.name]) == 0 {
				continue
			}
			got := row.median(c.name)
			fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %d |\n", row.size, row.command, c.label,
				seconds(got.took), row.ratio(c.name, took), seconds(got.cpu), row.ratio(c.name, cpu),
				mebibytes(float64(got.memory)), row.ratio(c.name, resident), got.requests)
		}
	}
	text.WriteString(peersMarkdown(r.trials))
	return text.String()
}

func took(s sample) float64     { return float64(s.took) }
func cpu(s sample) float64      { return float64(s.cpu) }
func resident(s sample) float64 { return float64(s.memory) }

// median has the median of each quantity by itself.
func (r result) median(name string) sample {
	of := func(quantity func(sample) float64) float64 {
		var all []float64
		for _, one := range r.of[name] {
			all = append(all, quantity(one))
		}
		return median(all)
	}
	return sample{
		took:     time.Duration(of(took)),
		requests: int(of(func(s sample) float64 { return float64(s.requests) })),
		usage:    usage{cpu: time.Duration(of(cpu)), memory: int(of(resident))},
	}
}

// ratio is the median of the ratios to nothing, round by round.
func (r result) ratio(name string, quantity func(sample) float64) string {
	var all []float64
	for round, one := range r.of[name] {
		base := r.of[nothing.name]
		if round >= len(base) || quantity(base[round]) == 0 || name == nothing.name {
			return "–"
		}
		all = append(all, quantity(one)/quantity(base[round]))
	}
	return fmt.Sprintf("%.2f", median(all))
}

// median of an even number is the lower one of the middle.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2]
}

// goal is what a release has to hold.
type goal struct {
	name              string
	measured, allowed float64
	show              func(float64) string
}

// goals are those that the sizes that were measured say something about.
func (r *report) goals() []goal {
	var all []goal
	for _, row := range r.results {
		base, got := row.median(nothing.name), row.median(ours.name)
		switch row.command + " of " + row.size.String() {
		case "plan of 500 of 500, pages of 100":
			all = append(all, goal{"a plan of 500 in pages of 100: the time of nothing and of one answer", took(got), took(base) + float64(r.latency), inSeconds})
		case "plan of 500 of 500, pages of 30":
			all = append(all, goal{"a plan of 500 in pages of 30: 1.6 times the time of nothing", took(got), 1.6 * took(base), inSeconds})
		case "apply of 500 of 500, pages of 100":
			// The CLI creates ten at a time.
			floor := float64(row.size.n/10)*float64(r.latency) + float64(time.Second)
			all = append(all, goal{"an apply of 500: 1.1 times the time of nothing, or of the answers and one second", took(got), 1.1 * max(took(base), floor), inSeconds})
		case listing + " of 5 of 10000, pages of 100":
			all = append(all, goal{"10,000 listed: 1.5 times the memory of nothing", resident(got), 1.5 * resident(base), mebibytes})
		}
	}
	return all
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "**no**"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func inSeconds(d float64) string { return seconds(time.Duration(d)) }

func mebibytes(kibibytes float64) string {
	if kibibytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f MiB", kibibytes/1024)
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
