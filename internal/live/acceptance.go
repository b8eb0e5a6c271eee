// SPDX-License-Identifier: MPL-2.0

package live

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/cli"
)

// Acceptance runs the provider against an API, through a real CLI.
type Acceptance struct {
	Settings

	// CLI is the program to run.
	CLI cli.CLI
	// Provider is the provider's binary.
	Provider string
	// Scratch is an empty folder.
	Scratch string
}

const (
	// acceptanceVersion is the version under which the CLI installs the provider.
	acceptanceVersion = "0.0.1"
	// managed is the number of webhooks in the configuration. With the one that
	// tests the domain, one replaced and one created again, they stay below
	// [MaxWebhooks].
	managed = 12

	planEmpty   = 0
	planChanges = 2
)

// Run runs all steps, and deletes the webhooks even if one fails. The provider
// reaches the API through a proxy on this machine, which is the session: the
// provider cannot break the session's rules, and neither it nor its state gets the
// token.
func (a Acceptance) Run(ctx context.Context, target Target) (err error) {
	s, err := OpenSession(ctx, target, a.Settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	if err := s.tryDomain(ctx); err != nil {
		return err
	}
	proxy, err := s.serve()
	if err != nil {
		return err
	}
	defer proxy.close()
	r := &acceptance{Acceptance: a, session: s, proxy: proxy}
	if err := r.prepare(); err != nil {
		return err
	}
	for _, step := range r.steps() {
		began := time.Now()
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(s.out, "ok: %s (%.1fs)\n", step.name, time.Since(began).Seconds())
	}
	return nil
}

type acceptance struct {
	Acceptance

	session   *Session
	proxy     *proxy
	workspace *cli.Workspace
}

type step struct {
	name string
	run  func(context.Context) error
}

func (r *acceptance) steps() []step {
	return []step{
		{"init", func(ctx context.Context) error { return r.expect(ctx, 0, "init") }},
		{"create", r.create},
		{"a second plan is empty", r.expectEmptyPlan},
		{"import by URL", r.importByURL},
		{"replace", r.replace},
		{"drift", r.drift},
		{"destroy", r.destroy},
	}
}

// configuration has no URL of the user and no token. Half of the webhooks have
// one event and half the other.
const configuration = `
variable "prefix" { type = string }
variable "first_event" {
  type    = string
  default = "company:delete"
}

resource "kanbert_webhook" "test" {
  count = %d
  url   = "${var.prefix}managed-${count.index}"
  event = count.index == 0 ? var.first_event : count.index %% 2 == 0 ? "company:delete" : "contact:delete"
}

data "kanbert_webhooks" "ours" {
  filter     = "url startswith '${var.prefix}managed-'"
  sort       = ["-created_at", "url"]
  depends_on = [kanbert_webhook.test]
}

data "kanbert_webhook" "one" {
  url = kanbert_webhook.test[3].url
}

output "listed" { value = length(data.kanbert_webhooks.ours.webhooks) }
output "found" { value = data.kanbert_webhook.one.id == kanbert_webhook.test[3].id }
output "secret" { value = nonsensitive(length(kanbert_webhook.test[0].signature_secret_key) > 0) }
`

func (r *acceptance) prepare() (err error) {
	if r.workspace, err = r.CLI.NewMirrorWorkspace(r.Scratch, acceptanceVersion, r.Provider); err != nil {
		return err
	}
	r.workspace.UseAPI(r.proxy.baseURL, r.proxy.token)
	r.workspace.Settings["TF_VAR_prefix"] = r.session.ledger.prefix()
	return r.workspace.Write("main.tf", cli.RequiredProviders+fmt.Sprintf(configuration, managed))
}

// expect runs the CLI and checks its exit code.
func (r *acceptance) expect(ctx context.Context, want int, args ...string) error {
	_, err := r.workspace.Run(ctx, want, args...)
	return err
}

func (r *acceptance) create(ctx context.Context) error {
	if err := r.expect(ctx, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	// The list of the data source may lag behind the creates.
	if err := r.expect(ctx, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	for name, want := range map[string]string{"listed": fmt.Sprint(managed), "found": "true", "secret": "true"} {
		out, err := r.workspace.Run(ctx, 0, "output", name)
		if err != nil {
			return err
		}
		if got := strings.TrimSpace(out); got != want {
			return fmt.Errorf("the output %s is %s, not %s", name, got, want)
		}
	}
	return r.expectListed(ctx, managed)
}

func (r *acceptance) expectEmptyPlan(ctx context.Context) error {
	return r.expect(ctx, planEmpty, "plan", "-detailed-exitcode")
}

func (r *acceptance) importByURL(ctx context.Context) error {
	const address = "kanbert_webhook.test[1]"
	if err := r.expect(ctx, 0, "state", "rm", address); err != nil {
		return err
	}
	if err := r.expect(ctx, 0, "import", address, r.session.ledger.prefix()+"managed-1"); err != nil {
		return err
	}
	return r.expectEmptyPlan(ctx)
}

func (r *acceptance) replace(ctx context.Context) error {
	const change = "-var=first_event=contact:delete"
	if err := r.expect(ctx, 0, "apply", "-auto-approve", change); err != nil {
		return err
	}
	if err := r.expect(ctx, planEmpty, "plan", "-detailed-exitcode", change); err != nil {
		return err
	}
	return r.expectListed(ctx, managed)
}

// drift deletes a webhook without Terraform.
func (r *acceptance) drift(ctx context.Context) error {
	records, err := r.ours(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(records, func(w record) bool { return strings.HasSuffix(w.URL, "managed-2") })
	if at < 0 {
		return errors.New("the list does not show the webhook that is to be deleted")
	}
	got, err := r.session.delete1(ctx, records[at].ID)
	if err != nil || !got.ok() {
		return fmt.Errorf("DELETE: status %d: %w", got.status, err)
	}
	if err := r.expectListed(ctx, managed-1); err != nil {
		return err
	}
	const same = "-var=first_event=contact:delete"
	if err := r.expect(ctx, planChanges, "plan", "-detailed-exitcode", same); err != nil {
		return err
	}
	if err := r.expect(ctx, 0, "apply", "-auto-approve", same); err != nil {
		return err
	}
	return r.expectListed(ctx, managed)
}

func (r *acceptance) destroy(ctx context.Context) error {
	if err := r.expect(ctx, 0, "destroy", "-auto-approve"); err != nil {
		return err
	}
	return r.session.expectNothing(ctx)
}

// ours lists the webhooks of the configuration.
func (r *acceptance) ours(ctx context.Context) ([]record, error) {
	records, err := r.session.all(ctx)
	return slices.DeleteFunc(records, func(w record) bool {
		return !strings.HasPrefix(w.URL, r.session.ledger.prefix()+"managed-")
	}), err
}

// expectListed lists until n of the configuration's webhooks appear.
func (r *acceptance) expectListed(ctx context.Context, n int) error {
	got := 0
	for _, pause := range lagPauses {
		records, err := r.ours(ctx)
		if err != nil {
			return err
		}
		if got = len(records); got == n {
			return nil
		}
		if err := r.session.wait(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("the API lists %d webhooks of the configuration, not %d", got, n)
}

// proxy serves the API on this machine, for a token of its own.
type proxy struct {
	baseURL, token string
	server         *http.Server
}

func (p *proxy) close() { _ = p.server.Close() }

// serve serves the session for the provider, on a free loopback port.
func (s *Session) serve() (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // The server closes it.
	if err != nil {
		return nil, err
	}
	p := &proxy{baseURL: "http://" + listener.Addr().String() + s.base.EscapedPath(), token: rand.Text()}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = s.base.Scheme, s.base.Host, ""
			r.Out.Header.Set("Authorization", "Bearer "+s.token.Reveal())
			// The session reads bodies.
			r.Out.Header.Del("Accept-Encoding")
		},
		Transport:    s,
		ErrorHandler: s.proxyError,
		ErrorLog:     nil,
	}
	p.server = &http.Server{ReadHeaderTimeout: requestTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+p.token {
			writeMessage(w, http.StatusUnauthorized, "This proxy serves one run only.")
			return
		}
		forward.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// proxyError ends the connection if the API sent no response, as it would end
// without a proxy.
func (s *Session) proxyError(w http.ResponseWriter, _ *http.Request, err error) {
	if errors.Is(err, ErrRefused) {
		fmt.Fprintf(s.out, "the provider sent a request that this run does not permit: %v\n", err)
		writeMessage(w, http.StatusForbidden, err.Error())
		return
	}
	panic(http.ErrAbortHandler)
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
