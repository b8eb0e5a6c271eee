// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what the provider's processes of one command took, or nothing if the
// system does not say.
type usage struct {
	cpu time.Duration
	// memory is the greatest resident size in KiB.
	memory int
}

// watch returns what the processes of binary below pid took. The kernel keeps
// both, so that looking seldom is enough to see it.
func watch(pid int, binary string, stop <-chan struct{}) (total usage) {
	seen := make(map[string]usage)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			for _, one := range seen {
				total.cpu += one.cpu
				total.memory = max(total.memory, one.memory)
			}
			return total
		case <-ticker.C:
			for _, child := range children(pid) {
				if exe, err := os.Readlink("/proc/" + child + "/exe"); err == nil && exe == binary {
					now := usageOf(child)
					seen[child] = usage{max(seen[child].cpu, now.cpu), max(seen[child].memory, now.memory)}
				}
			}
		}
	}
}

func children(pid int) []string {
	var all []string
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}

// usageOf reads what a process took so far. The kernel counts its time in steps of
// a hundredth of a second.
func usageOf(pid string) (u usage) {
	stat, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(stat), ") ")
	if fields := strings.Fields(rest); len(fields) > 12 {
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		u.cpu = time.Duration(user+system) * 10 * time.Millisecond
	}
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = fmt.Sscan(peak, &u.memory)
	return u
}
