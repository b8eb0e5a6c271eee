// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestServersAgree sends the same requests to Laravel and to the test server. The
// visible parts of the responses must be equal, or listed in the table of
// differences with the reason. A listed difference must still exist.
func TestServersAgree(t *testing.T) {
	require(t)
	calls := slices.Concat(listCalls(), createCalls(), deleteCalls(), refusedCalls())
	names := map[string]bool{}
	for _, c := range calls {
		if names[c.name] {
			t.Fatalf("two calls are named %q", c.name)
		}
		names[c.name] = true
	}

	laravel := observeAll(t, laravelServer(t), calls)
	sandbox := observeAll(t, sandboxServer(t), calls)

	for _, name := range slices.Sorted(maps.Keys(laravel)) {
		compare(t, name, laravel[name], sandbox[name])
	}
	for _, d := range differences {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(laravel)), d.names.MatchString) {
			t.Errorf("the table of differences has %s, which is not asked", d.names)
		}
	}
}

func compare(t *testing.T, name, laravel, sandbox string) {
	t.Helper()
	i := slices.IndexFunc(differences, func(d difference) bool { return (d.only == "" || d.only == driver()) && d.names.MatchString(name) })
	switch {
	case i < 0 && laravel != sandbox:
		t.Errorf("%s: the servers differ\nLaravel: %s\nsandbox: %s", name, laravel, sandbox)
	case i < 0:
	case laravel == sandbox:
		t.Errorf("%s: the servers agree, so that it must leave the table of differences:\n%s", name, laravel)
	case !strings.HasPrefix(laravel, differences[i].laravel) || !strings.HasPrefix(sandbox, differences[i].sandbox):
		t.Errorf("%s: the servers differ otherwise than the table says\nLaravel: %s\nsandbox: %s", name, laravel, sandbox)
	}
}

// observeAll returns a line for each name.
func observeAll(t *testing.T, on server, calls []call) map[string]string {
	t.Helper()
	on.seed(t, seeds())
	s := &session{server: on}
	seen := map[string]string{}
	for _, c := range calls {
		seen[c.name] = s.do(t, c).String()
	}
	s.observeOverlap(t, seen)
	s.observeLostAnswers(t, seen)
	s.observeMaintenance(t, seen)
	s.observeThrottle(t, seen) // The last, because it cannot be removed.
	return seen
}

// observeOverlap sends two creates of one URL at once.
func (s *session) observeOverlap(t *testing.T, seen map[string]string) {
	t.Helper()
	end := s.server.overlap(t)
	lines := make([]string, 2)
	var both sync.WaitGroup
	for i := range lines {
		both.Go(func() {
			lines[i] = (&session{server: s.server}).do(t, create("", "https://new.example/overlap")).String()
		})
	}
	both.Wait()
	end()
	slices.Sort(lines)
	seen["overlapping creates, the winner"], seen["overlapping creates, the loser"] = lines[0], lines[1]
	seen["list after overlapping creates"] = s.do(t, lookUp("", "https://new.example/overlap")).String()
}

// observeLostAnswers kills workers before and after their work.
func (s *session) observeLostAnswers(t *testing.T, seen map[string]string) {
	t.Helper()
	for _, phase := range []Phase{Before, After} {
		what := "worker killed " + string(phase) + " "
		address := "https://new.example/killed-" + string(phase)
		s.server.kill(t, phase, http.MethodPost)
		seen[what+"the insert"] = s.do(t, create("", address)).String()
		seen[what+"the insert, list"] = s.do(t, lookUp("", address)).String()
		victim := string(phase) + " victim"
		s.do(t, create(victim, address+"-delete"))
		s.server.kill(t, phase, http.MethodDelete)
		seen[what+"the delete"] = s.do(t, call{method: http.MethodDelete, path: "/webhooks/{" + victim + "}"}).String()
		seen[what+"the delete, again"] = s.do(t, call{method: http.MethodDelete, path: "/webhooks/{" + victim + "}"}).String()
	}
}

func (s *session) observeMaintenance(t *testing.T, seen map[string]string) {
	t.Helper()
	for _, html := range []bool{false, true} {
		for _, retry := range []int{0, 7} {
			end := s.server.maintain(t, html, retry)
			what := fmt.Sprintf("maintenance, HTML %t, retry %d, ", html, retry)
			seen[what+"list"] = s.do(t, call{path: "/webhooks"}).String()
			seen[what+"create"] = s.do(t, create("", "https://new.example/maintenance")).String()
			seen[what+"delete"] = s.do(t, call{method: http.MethodDelete, path: "/webhooks/1"}).String()
			seen[what+"wrong token"] = s.do(t, call{path: "/webhooks", header: map[string]string{"Authorization": "Bearer wrong"}}).String()
			end()
		}
	}
}

// observeThrottle sends a burst of which only the first three are accepted.
func (s *session) observeThrottle(t *testing.T, seen map[string]string) {
	t.Helper()
	s.server.throttle(t, 3, 30*time.Second)
	for i, c := range []call{
		{name: "list", path: "/webhooks", query: oneOfTheSeeds()},
		{name: "refused create", method: http.MethodPost, path: "/webhooks", body: "{}"},
		{name: "missing webhook", method: http.MethodDelete, path: "/webhooks/1"},
		{name: "list", path: "/webhooks"},
		create("create", "https://new.example/throttled"),
		{name: "missing route", path: "/nothing"},
		{name: "wrong token", path: "/webhooks", header: map[string]string{"Authorization": "Bearer wrong"}},
		{name: "another user", path: "/webhooks", query: oneOfTheSeeds(), header: map[string]string{"Authorization": "Bearer {stranger}"}},
		{name: "unscoped token", path: "/webhooks", header: map[string]string{"Authorization": "Bearer {unscoped}"}},
	} {
		seen[fmt.Sprintf("throttled burst %d, %s", i+1, c.name)] = s.do(t, c).String()
	}
}

func create(name, address string) call {
	return call{name: name, method: http.MethodPost, path: "/webhooks", body: fmt.Sprintf(`{"url":%q,"event":"contact:create"}`, address)}
}

func lookUp(name, address string) call {
	return call{name: name, path: "/webhooks", query: url.Values{"filter": {fmt.Sprintf(`[{"field":"url","op":"in","value":[%q]}]`, address)}}}
}
