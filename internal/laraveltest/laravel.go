// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"
)

// basePath is the path of the API on its host, as on the real one.
const basePath = "/api/v1"

// The application, and the configuration of its servers.
//
//go:embed testdata/kanbert.php testdata/nginx.conf testdata/php-fpm.conf
var files embed.FS

// Options configure a [Laravel]. The zero value limits nothing.
type Options struct {
	// Workers is the number of parallel requests in PHP; 8 if unset.
	Workers int
	// RequestRate makes nginx refuse (limit_req) more requests, such as "10r/s",
	// after RequestBurst more.
	RequestRate  string
	RequestBurst int
	// GatewayTimeout is the time that nginx waits for PHP before it returns 504.
	// PHP still finishes its work.
	GatewayTimeout time.Duration
	// NextPageURL spells meta.next_cursor_url as next_page_url.
	NextPageURL bool
	// Debug is APP_DEBUG.
	Debug bool
}

// Laravel is a running application with two workspaces.
type Laravel struct {
	options  Options
	programs programs
	dir      string
	address  string
	secret   string

	token, unscopedToken, otherToken string

	mu       sync.Mutex
	settings map[string]any
	sequence int
}

// The ids of the workspaces, as in /whoami.
const (
	Workspace      = "spc_first"
	OtherWorkspace = "spc_other"
)

// Start serves the application on a free loopback port until the test ends. It
// skips the test without -laravel, and fails it if something is missing.
func Start(tb testing.TB, options Options) *Laravel {
	tb.Helper()
	found := require(tb)
	if options.Workers == 0 {
		options.Workers = 8
	}
	l := &Laravel{
		options:       options,
		programs:      found,
		secret:        rand.Text(),
		token:         rand.Text(),
		unscopedToken: rand.Text(),
		otherToken:    rand.Text(),
	}
	if err := l.start(tb); err != nil {
		tb.Fatalf("starting Laravel: %v\n%s", err, l.logs())
	}
	return l
}

func (l *Laravel) start(tb testing.TB) (err error) {
	// The path of a socket is short: no tb.TempDir.
	if l.dir, err = os.MkdirTemp("", "laravel-"); err != nil { //nolint:usetesting // see above
		return err
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("Laravel:\n%s", l.logs())
		}
		if err := os.RemoveAll(l.dir); err != nil {
			tb.Error(err)
		}
	})
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	l.address = listener.Addr().String()
	if err := l.writeFiles(); err != nil {
		return err
	}
	if err := l.artisan(tb.Context(), "kanbert:install"); err != nil {
		return err
	}
	if *database != "" {
		tb.Cleanup(func() {
			if err := l.artisan(context.Background(), "kanbert:drop"); err != nil {
				tb.Error(err)
			}
		})
	}
	if err := l.serve(tb, exec.CommandContext(context.Background(), l.programs.fpm, "--fpm-config", l.path("php-fpm.conf"))); err != nil {
		return err
	}
	if err := await(tb.Context(), func() bool { _, err := os.Stat(l.path("fpm.sock")); return err == nil }); err != nil {
		return fmt.Errorf("php-fpm does not listen: %w", err)
	}
	return l.startNginx(tb, listener)
}

// startNginx passes the open listener to nginx, as nginx does to its own successor.
func (l *Laravel) startNginx(tb testing.TB, listener net.Listener) error {
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return fmt.Errorf("%T is no TCP listener", listener)
	}
	socket, err := tcp.File()
	if err != nil {
		return err
	}
	defer func() { _ = socket.Close() }()
	cmd := exec.CommandContext(context.Background(), l.programs.nginx, "-e", l.path("nginx.log"), "-p", l.dir, "-c", l.path("nginx.conf"))
	cmd.Env = append(os.Environ(), "NGINX=3;")
	cmd.ExtraFiles = []*os.File{socket}
	if err := l.serve(tb, cmd); err != nil {
		return err
	}
	_, err = l.webhooks(tb.Context())
	return err
}

// serve runs cmd until the test ends.
func (l *Laravel) serve(tb testing.TB, cmd *exec.Cmd) error {
	confine(cmd)
	cmd.Dir = l.dir
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // Its output contains the reason.
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(terminate)
		select {
		case <-ended:
			if tb.Failed() {
				tb.Logf("%s: %s\n%s", cmd.Path, cmd.ProcessState, output.String())
			}
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
			tb.Errorf("%s did not end within 10 seconds after the signal", cmd.Path)
		}
	})
	return nil
}

func (l *Laravel) path(name ...string) string {
	return filepath.Join(append([]string{l.dir}, name...)...)
}

func (l *Laravel) writeFiles() error {
	for _, name := range []string{"faults", "nginx", "bootstrap/cache", "storage/logs", "storage/framework/cache", "storage/framework/views"} {
		if err := os.MkdirAll(l.path(name), 0o700); err != nil {
			return err
		}
	}
	l.settings = map[string]any{
		"control_secret": l.secret,
		"next_page_url":  l.options.NextPageURL,
		"debug":          l.options.Debug,
		"database":       l.database(),
		"tokens": []map[string]string{
			{"id": l.token, "user_id": "usr_first", "workspace_id": Workspace, "workspace_name": "First", "scopes": "profile integration"},
			{"id": l.unscopedToken, "user_id": "usr_first", "workspace_id": Workspace, "workspace_name": "First", "scopes": "profile"},
			{"id": l.otherToken, "user_id": "usr_other", "workspace_id": OtherWorkspace, "workspace_name": "Other", "scopes": "integration"},
		},
	}
	if err := l.writeSettings(); err != nil {
		return err
	}
	if err := os.WriteFile(l.path("database.sqlite"), nil, 0o600); err != nil {
		return err
	}
	for _, name := range []string{"kanbert.php", "nginx.conf", "php-fpm.conf"} {
		if err := l.writeTemplate(name); err != nil {
			return err
		}
	}
	return l.chown()
}

// writeTemplate writes one of the files. PHP files are not templates.
func (l *Laravel) writeTemplate(name string) error {
	text, err := files.ReadFile("testdata/" + name)
	if err != nil {
		return err
	}
	if filepath.Ext(name) == ".php" {
		return os.WriteFile(l.path(name), text, 0o600)
	}
	parsed, err := template.New(name).Parse(string(text))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, struct {
		Options
		Dir, Address string
	}{l.options, l.dir, l.address})
	if err != nil {
		return err
	}
	return os.WriteFile(l.path(name), out.Bytes(), 0o600)
}

// chown changes the owner of all files to the user of the servers.
func (l *Laravel) chown() error {
	uid, gid, ok := unprivileged()
	if !ok {
		return nil
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, root.Lchown(path, int(uid), int(gid)))
	})
}

// database is Laravel's configuration of the connection. Every application has its
// own tables, even in a shared database.
func (l *Laravel) database() map[string]string {
	if *database == "" {
		return map[string]string{"driver": driver(), "database": l.path("database.sqlite"), "prefix": ""}
	}
	return map[string]string{"driver": driver(), "url": *database, "prefix": "t" + strings.ToLower(rand.Text())[:8] + "_"}
}

// driver returns Laravel's name of the database: sqlite, mysql or pgsql.
func driver() string {
	if *database == "" {
		return "sqlite"
	}
	name, _, _ := strings.Cut(*database, ":")
	return name
}

// writeSettings replaces the file that every request reads.
func (l *Laravel) writeSettings() error {
	text, err := json.Marshal(l.settings)
	if err != nil {
		return err
	}
	// Other users cannot open the folder. The servers' user must read the file.
	draft := l.path("settings.draft")
	if err := os.WriteFile(draft, text, 0o644); err != nil {
		return err
	}
	return os.Rename(draft, l.path("settings.json"))
}

// artisan runs a command of the application.
func (l *Laravel) artisan(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.programs.php, append([]string{l.path("kanbert.php")}, args...)...)
	confine(cmd)
	cmd.Dir = l.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("artisan %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// logs returns the ends of the servers' logs.
func (l *Laravel) logs() string {
	const most = 4000
	var all strings.Builder
	for _, name := range []string{"nginx.log", "fpm.log", "storage/logs/laravel.log"} {
		text, err := os.ReadFile(l.path(name))
		if err != nil || len(text) == 0 {
			continue
		}
		fmt.Fprintf(&all, "--- %s\n%s\n", name, text[max(0, len(text)-most):])
	}
	return all.String()
}

// await polls until ready, for at most 20 seconds.
func await(ctx context.Context, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
