// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// size is n webhooks of ours among m, on a server whose pages hold page.
type size struct{ n, m, page int }

func (s size) String() string { return fmt.Sprintf("%d of %d, pages of %d", s.n, s.m, s.page) }

func (s size) pages() int { return (s.m + s.page - 1) / s.page }

func (b *bench) sizes() []size {
	if b.quick {
		return []size{{10, 10, 100}}
	}
	all := []size{
		{10, 10, 100}, {100, 100, 100}, {500, 500, 100}, {1000, 1000, 100}, {5, 10000, 100},
		{10, 10, 30}, {100, 100, 30}, {500, 500, 30}, {1000, 1000, 30}, {5, 10000, 30},
	}
	return slices.DeleteFunc(all, func(s size) bool { return s.n > b.most || !b.only.MatchString(s.String()) })
}

// sample is one command that was measured.
type sample struct {
	took     time.Duration
	requests int
	// memory is the provider's greatest resident size in KiB, or 0 if the
	// system does not say.
	memory int
}

// result is one row: what each contender took.
type result struct {
	size    size
	command string
	of      map[string]sample
}

// listing is the command that needs a complete listing: a plan in which one
// webhook is missing.
const listing = "plan, one missing"

func (b *bench) measure(ctx context.Context) ([]result, error) {
	var all []result
	for _, s := range b.sizes() {
		rows, err := b.race(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// race takes all contenders through their lives with one size. They take turns
// at each command, so that what else the machine does hits them alike.
func (b *bench) race(ctx context.Context, s size) ([]result, error) {
	workspaces := make(map[string]*workspace)
	defer func() {
		for _, w := range workspaces {
			w.close()
		}
	}()
	for _, c := range contenders {
		w, err := b.newWorkspace(s, c)
		if err != nil {
			return nil, err
		}
		workspaces[c.name] = w
	}
	var rows []result
	for _, command := range b.commands(s) {
		samples := make(map[string][]sample)
		for range command.runs {
			for _, c := range contenders {
				one, err := workspaces[c.name].time(ctx, command.name)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.name, err)
				}
				fmt.Fprintf(os.Stderr, "%s: %s by %s took %s\n", s, command.name, c.name, seconds(one.took))
				samples[c.name] = append(samples[c.name], one)
			}
		}
		row := result{size: s, command: command.name, of: make(map[string]sample)}
		for name, got := range samples {
			row.of[name] = median(got)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

type command struct {
	name string
	runs int
}

// commands are those that a size is measured with, in the order of a life. A
// plan changes nothing and can be repeated.
func (b *bench) commands(s size) []command {
	runs := b.runs
	if b.quick {
		runs = 1
	}
	all := []command{{"apply", 1}, {"plan", runs}}
	if s.m > s.n {
		all = append(all, command{listing, 1})
	}
	return append(all, command{"destroy", 1})
}

// forget lets the server lose one of ours.
func forget(sandbox *kanberttest.Sandbox) {
	for _, w := range sandbox.Webhooks() {
		if strings.HasSuffix(w.URL, "/ours") {
			sandbox.Remove(w.ID)
			return
		}
	}
}

func median(all []sample) sample {
	slices.SortFunc(all, func(a, b sample) int { return int(a.took - b.took) })
	mid := all[len(all)/2]
	for _, one := range all {
		mid.memory = max(mid.memory, one.memory)
	}
	return mid
}

type workspace struct {
	directory string
	binary    string
	cli       cli.CLI
	sandbox   *kanberttest.Sandbox
	settings  map[string]string
}

// newWorkspace starts a sandbox with strangers in it, and writes the
// configuration of ours.
func (b *bench) newWorkspace(s size, c contender) (*workspace, error) {
	sandbox := kanberttest.New(kanberttest.WithMaxPageSize(s.page), kanberttest.WithLatency(b.latency))
	if err := sandbox.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	strangers := make([]kanberttest.Webhook, s.m-s.n)
	for i := range strangers {
		strangers[i] = kanberttest.Webhook{URL: fmt.Sprintf("https://hooks.example.com/%05d/theirs", i*7919%100000), Event: "contact:create"}
	}
	sandbox.Seed(strangers...)
	directory, err := os.MkdirTemp(b.scratch, "workspace")
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`terraform {
  required_providers {
    kanbert = { source = "kanbert/kanbert" }
  }
}

resource "kanbert_webhook" "ours" {
  count = %d
  url   = format("https://hooks.example.com/%%05d/ours", count.index * 7919 %% 100000)
  event = "contact:create"
}
`, s.n)
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"kanbert/kanbert\" = %q\n  }\n  direct {}\n}\n", filepath.Dir(b.binary(c)))
	for name, text := range map[string]string{"main.tf": config, "cli.tfrc": overrides} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return &workspace{
		directory: directory, binary: b.binary(c), cli: b.cli, sandbox: sandbox,
		settings: map[string]string{
			"TF_CLI_CONFIG_FILE": filepath.Join(directory, "cli.tfrc"),
			"KANBERT_BASE_URL":   sandbox.BaseURL(),
			"KANBERT_TOKEN":      sandbox.Token(),
		},
	}, nil
}

func (w *workspace) close() {
	w.sandbox.Close()
	_ = os.RemoveAll(w.directory)
}

// time runs one command and measures it.
func (w *workspace) time(ctx context.Context, command string) (sample, error) {
	if command == listing {
		forget(w.sandbox)
	}
	verb, _, _ := strings.Cut(command, ",")
	args := []string{verb, "-no-color"}
	if verb != "plan" {
		args = append(args, "-auto-approve")
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, w.cli.Path, args...)
	cmd.Dir, cmd.Env = w.directory, cli.Environment(w.settings)
	cmd.Stdout, cmd.Stderr = &output, &output
	w.sandbox.ResetRequests()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	stop := make(chan struct{})
	peak := make(chan int)
	go func() { peak <- watchMemory(cmd.Process.Pid, w.binary, stop) }()
	err := cmd.Wait()
	took := time.Since(began)
	close(stop)
	memory := <-peak
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", command, err, output.String())
	}
	return sample{took: took, requests: w.sandbox.Count(""), memory: memory}, nil
}

// watchMemory returns the greatest resident size, in KiB, that a process of
// binary below pid ever had. The kernel keeps it, so that looking seldom is
// enough to see it.
func watchMemory(pid int, binary string, stop <-chan struct{}) int {
	peak := 0
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return peak
		case <-ticker.C:
			for _, child := range children(pid) {
				if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", child)); err == nil && exe == binary {
					peak = max(peak, highWater(child))
				}
			}
		}
	}
}

func children(pid int) []int {
	var all []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

func highWater(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, ok := strings.Cut(string(text), "VmHWM:")
	if !ok {
		return 0
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	size, _ := strconv.Atoi(fields[0])
	return size
}
