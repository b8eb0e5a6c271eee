// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// peers has what a person would write for each of the other providers, by their
// documentation, for an API that can only list: the URL is the one field that
// identifies a webhook and that lists can be filtered by.
//
//go:embed peers
var peers embed.FS

const (
	// trialWebhooks are created where answers get lost or a limit is met.
	trialWebhooks = 60
	// plannedWebhooks are there when a plan is measured.
	plannedWebhooks = 500
)

// peer is a provider that is compared by what it does, and not only by its speed.
type peer struct {
	label, binary, configuration string
	// retries says that its own retries, which are off by default, are on.
	retries bool
}

// trial is what was counted of one peer.
type trial struct {
	peer
	lost, limited tally
	planned       int
	plan          sample
}

// tally is what came of a number of creates.
type tally struct {
	// exist counts the webhooks that the server has, known those of them that
	// state has, and secrets those whose secret it has.
	exist, known, secrets int
}

// comparePeers lets this provider, and those whose binaries are in the directory
// of peers, do what the README compares them by.
func (b *bench) comparePeers(ctx context.Context) ([]trial, error) {
	if b.peers == "" {
		return nil, nil
	}
	all := []peer{{label: "this", binary: b.binary(ours), configuration: configuration}}
	for _, name := range []string{"restapi", "restful", "scaffolding"} {
		found, err := b.findPeers(name)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	var trials []trial
	for _, p := range all {
		fmt.Fprintf(os.Stderr, "trying %s\n", p.label)
		one, err := b.try(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.label, err)
		}
		trials = append(trials, one)
	}
	return trials, nil
}

// findPeers returns a provider as often as there are versions of it, and again with
// its retries on. Their names are as in releases: terraform-provider-restapi_v3.0.0.
func (b *bench) findPeers(name string) ([]peer, error) {
	files, err := filepath.Glob(filepath.Join(b.peers, "terraform-provider-"+name+"_*"))
	if err != nil {
		return nil, err
	}
	variables, err := peers.ReadFile("peers/variables.tf")
	if err != nil {
		return nil, err
	}
	specific, err := peers.ReadFile("peers/" + name + ".tf")
	if err != nil {
		return nil, err
	}
	var all []peer
	for _, file := range files {
		binary, err := filepath.EvalSymlinks(file)
		if err != nil {
			return nil, err
		}
		_, version, _ := strings.Cut(filepath.Base(file), "_")
		p := peer{label: name + " " + version, binary: binary, configuration: string(variables) + string(specific)}
		all = append(all, p)
		if strings.Contains(p.configuration, "var.retries") {
			p.retries = true
			p.label += ", retries on"
			all = append(all, p)
		}
	}
	return all, nil
}

func (b *bench) try(ctx context.Context, p peer) (trial, error) {
	t := trial{peer: p}
	if err := b.tryPlan(ctx, &t); err != nil {
		return t, err
	}
	create := func(result *tally) func(*workspace) error {
		return func(w *workspace) (err error) {
			w.mayFail = true
			if _, err = w.time(ctx, p.binary, apply); err == nil {
				*result, err = w.tally()
			}
			return err
		}
	}
	err := b.inPeerWorkspace(p, trialWebhooks, nil, func(w *workspace) error {
		w.sandbox.FailShare(0.25, 1, kanberttest.Match{Method: http.MethodPost},
			kanberttest.Reset().AfterWork(), kanberttest.Closed().AfterWork(), kanberttest.HTML(http.StatusBadGateway).AfterWork())
		return create(&t.lost)(w)
	})
	if err != nil {
		return t, err
	}
	limit := []kanberttest.Option{kanberttest.WithRateLimit(20, 3*time.Second)}
	return t, b.inPeerWorkspace(p, trialWebhooks, limit, create(&t.limited))
}

// tryPlan measures one plan. Retries make no difference to it.
func (b *bench) tryPlan(ctx context.Context, t *trial) error {
	if t.retries {
		return nil
	}
	t.planned = plannedWebhooks
	if b.quick {
		t.planned = 20
	}
	return b.inPeerWorkspace(t.peer, t.planned, nil, func(w *workspace) error {
		if _, err := w.time(ctx, t.binary, apply); err != nil {
			return err
		}
		one, err := w.time(ctx, t.binary, plan)
		t.plan = one
		return err
	})
}

func (b *bench) inPeerWorkspace(p peer, n int, opts []kanberttest.Option, f func(*workspace) error) error {
	w, err := b.newWorkspace(size{n: n, m: n, page: 100}, p.configuration, opts...)
	if err != nil {
		return err
	}
	defer w.close()
	w.Settings["TF_VAR_base_url"], w.Settings["TF_VAR_token"] = w.sandbox.BaseURL(), w.sandbox.Token()
	w.Settings["TF_VAR_retries"] = fmt.Sprint(p.retries)
	return f(w)
}

// tally compares the server with state, in whatever form a provider keeps it.
func (w *workspace) tally() (t tally, err error) {
	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		return t, err
	}
	for _, webhook := range w.sandbox.Webhooks() {
		t.exist++
		if strings.Contains(string(state), webhook.ID) {
			t.known++
		}
		if strings.Contains(string(state), webhook.Secret) {
			t.secrets++
		}
	}
	return t, nil
}

// peersMarkdown is the part of the report on other providers.
func peersMarkdown(trials []trial) string {
	if len(trials) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, `
## Other providers

Written by `+"`make bench PEERS=DIRECTORY`"+`, with the providers whose binaries are there. Lost answers: %d webhooks
are created, and a quarter of the answers does not arrive although the server has done the work. Limit: %[1]d are
created under a limit of 20 requests in 3 s. Plan: nothing has changed, and pages hold 100.

| provider | lost answers: webhooks that exist | of these in state | of their secrets | limit: creates that failed | plan of | requests | time | memory |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
`, trialWebhooks)
	for _, t := range trials {
		creates := "– | – | – | –" // The scaffolding asks no server.
		if t.lost.exist > 0 {
			creates = fmt.Sprintf("%d | %d | %d | %d", t.lost.exist, t.lost.known, t.lost.secrets, trialWebhooks-t.limited.known)
		}
		planned := "– | – | – | –"
		if t.planned > 0 {
			planned = fmt.Sprintf("%d | %d | %s | %s", t.planned, t.plan.requests, seconds(t.plan.took), mebibytes(float64(t.plan.memory)))
		}
		fmt.Fprintf(&text, "| %s | %s | %s |\n", t.label, creates, planned)
	}
	return text.String()
}
