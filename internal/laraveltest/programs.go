// SPDX-License-Identifier: MPL-2.0

package laraveltest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The flags of every test binary that imports this package.
var (
	enabled  = flag.Bool("laravel", false, "run the tests that need Laravel, nginx and php-fpm")
	database = flag.String("laravel.database", "", "`URL` of a MariaDB or PostgreSQL database to use instead of SQLite: mysql://USER:PASSWORD@127.0.0.1/DATABASE, pgsql://…")
)

// programs contains the paths of the programs that the harness runs.
type programs struct {
	php, fpm, nginx string
}

// findPrograms looks for all required programs, once, and lists all that are
// missing.
var findPrograms = sync.OnceValues(func() (programs, error) {
	var p programs
	var missing []string
	find := func(name string, patterns ...string) string {
		path := findProgram(patterns...)
		if path == "" {
			missing = append(missing, name)
		}
		return path
	}
	p.php = find("php", "php")
	p.fpm = find("php-fpm", "php-fpm", "php-fpm[0-9]*")
	p.nginx = find("nginx", "nginx")
	if p.php != "" {
		missing = append(missing, missingInPHP(p.php)...)
	}
	if len(missing) == 0 {
		return p, nil
	}
	return p, fmt.Errorf("missing: %s. On Debian 12, scripts/install-laravel installs it", strings.Join(missing, ", "))
})

// require returns the programs. It skips the test without -laravel, and fails it if
// something is missing.
func require(tb testing.TB) programs {
	tb.Helper()
	if !*enabled {
		tb.Skip("needs Laravel: run make test-laravel")
	}
	found, err := findPrograms()
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// findProgram returns the first program of these names on PATH or in the folders of
// daemons, which many users do not have on PATH. A name may be a pattern.
func findProgram(patterns ...string) string {
	for _, pattern := range patterns {
		if path, err := exec.LookPath(pattern); err == nil {
			return path
		}
		if found, _ := filepath.Glob("/usr/sbin/" + pattern); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	return ""
}

// missingInPHP lists the missing extensions of PHP, and Laravel if it is missing.
func missingInPHP(php string) []string {
	const script = `
		$needed = ['mbstring', 'dom', 'pdo_sqlite', 'pdo_mysql', 'pdo_pgsql', 'posix', 'Zend OPcache'];
		foreach ($needed as $name) { extension_loaded($name) || print "PHP's extension $name\n"; }
		stream_resolve_include_path('Illuminate/autoload.php') || print "Laravel (Illuminate/autoload.php in PHP's include_path)\n";`
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, php, "-d", "opcache.enable_cli=0", "-r", script).Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return []string{fmt.Sprintf("a php that works (%v)", err)}
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}
