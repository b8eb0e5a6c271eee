// SPDX-License-Identifier: MPL-2.0

package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// script writes a program that answers `version` as a CLI does.
func script(t *testing.T, directory, name, plain string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins are shell scripts")
	}
	path := filepath.Join(directory, name)
	text := "#!/bin/sh\nif [ \"$2\" = -json ]; then echo '{\"terraform_version\": \"1.9.8\"}'; else echo '" + plain + "'; fi\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// onlyOnPath leaves nothing on PATH but directory, and no CLI named.
func onlyOnPath(t *testing.T, directory string) {
	t.Helper()
	t.Setenv("PATH", directory)
	t.Setenv(PathVariable, "")
}

func TestFindTakesWhatIsOnPath(t *testing.T) {
	both, tofuOnly := t.TempDir(), t.TempDir()
	terraform := script(t, both, "terraform", "Terraform v1.9.8")
	tofuBesides := script(t, both, "tofu", "OpenTofu v1.9.8")
	tofu := script(t, tofuOnly, "tofu", "OpenTofu v1.9.8")

	for name, test := range map[string]struct {
		path string
		want CLI
	}{
		"terraform first": {both, CLI{Path: terraform, Version: "1.9.8"}},
		"tofu else":       {tofuOnly, CLI{Path: tofu, OpenTofu: true, Version: "1.9.8"}},
	} {
		t.Run(name, func(t *testing.T) {
			onlyOnPath(t, test.path)
			got, err := Finder{}.Find(t.Context())
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}

	t.Run("the one that is named before all", func(t *testing.T) {
		onlyOnPath(t, both)
		t.Setenv(PathVariable, tofuBesides)
		got, err := Finder{}.Find(t.Context())
		if err != nil || got.Path != tofuBesides || !got.OpenTofu {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a named one that is none is an error, whatever is on PATH", func(t *testing.T) {
		onlyOnPath(t, both)
		t.Setenv(PathVariable, filepath.Join(both, "missing"))
		if got, err := (Finder{}).Find(t.Context()); err == nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("none, and nothing is fetched", func(t *testing.T) {
		onlyOnPath(t, t.TempDir())
		if _, err := (Finder{}).Find(t.Context()); !errors.Is(err, ErrNone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFindLooksPastAProgramThatDoesNotAnswer(t *testing.T) {
	directory := t.TempDir()
	tofu := script(t, directory, "tofu", "OpenTofu v1.9.8")
	if err := os.WriteFile(filepath.Join(directory, "terraform"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	onlyOnPath(t, directory)
	got, err := Finder{}.Find(t.Context())
	if err != nil || got.Path != tofu {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFindFetches(t *testing.T) {
	fetch := func(t *testing.T) func(context.Context, string) error {
		return func(_ context.Context, directory string) error {
			script(t, directory, "terraform", "Terraform v1.9.8")
			return nil
		}
	}
	fail := func(context.Context, string) error { return errors.New("out of reach") }
	never := func(t *testing.T) func(context.Context, string) error {
		return func(context.Context, string) error {
			t.Error("asked for without need")
			return nil
		}
	}

	t.Run("by download", func(t *testing.T) {
		onlyOnPath(t, t.TempDir())
		f := Finder{Directory: filepath.Join(t.TempDir(), "new"), download: fetch(t), build: never(t)}
		first, err := f.Find(t.Context())
		if err != nil || first.Path != filepath.Join(f.Directory, "terraform") {
			t.Fatalf("got %+v, %v", first, err)
		}
		if entries, err := os.ReadDir(f.Directory); err != nil || len(entries) != 1 {
			t.Errorf("the directory holds %v, %v", entries, err)
		}
		// The second time it is there.
		f.download = never(t)
		if second, err := f.Find(t.Context()); err != nil || second != first {
			t.Errorf("got %+v, %v", second, err)
		}
	})
	t.Run("by building it where it cannot be downloaded", func(t *testing.T) {
		onlyOnPath(t, t.TempDir())
		var log strings.Builder
		f := Finder{Directory: t.TempDir(), Log: &log, download: fail, build: fetch(t)}
		if _, err := f.Find(t.Context()); err != nil {
			t.Error(err)
		}
		if !strings.Contains(log.String(), "some minutes") {
			t.Errorf("the log does not say that it takes long:\n%s", log.String())
		}
	})
	t.Run("or says in one sentence what to install", func(t *testing.T) {
		onlyOnPath(t, t.TempDir())
		_, err := Finder{Directory: t.TempDir(), download: fail, build: fail}.Find(t.Context())
		if !errors.Is(err, ErrNone) {
			t.Fatalf("got %v", err)
		}
		if text := err.Error(); !strings.Contains(text, "install Terraform") || strings.Contains(text, "\n") {
			t.Errorf("that is not one sentence that says what to install: %s", text)
		}
	})
	t.Run("but nothing after Ctrl-C", func(t *testing.T) {
		onlyOnPath(t, t.TempDir())
		ctx, cancel := context.WithCancel(t.Context())
		interrupted := func(ctx context.Context, _ string) error {
			cancel()
			return ctx.Err()
		}
		_, err := Finder{Directory: t.TempDir(), download: interrupted, build: never(t)}.Find(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEnvironmentKeepsOutWhatThePersonHasSet(t *testing.T) {
	for _, name := range []string{"TF_CLI_ARGS_plan", "TF_VAR_receiver_url", "TF_LOG", "KANBERT_TOKEN"} {
		t.Setenv(name, "theirs")
	}
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	env := Environment(map[string]string{"KANBERT_TOKEN": "ours"})
	text := strings.Join(env, "\n")
	if strings.Contains(text, "theirs") {
		t.Errorf("it has let through what was set:\n%s", text)
	}
	for _, want := range []string{"KANBERT_TOKEN=ours", "HTTPS_PROXY=http://127.0.0.1:1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestInstallProviderReplaces(t *testing.T) {
	mirror, source := t.TempDir(), filepath.Join(t.TempDir(), "built")
	for _, content := range []string{"first", "second"} {
		if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := InstallProvider(mirror, TerraformRegistry, "1.2.3", "windows_amd64", source)
		if err != nil {
			t.Fatal(err)
		}
		want := filepath.Join(mirror, "registry.terraform.io", "kanbert", "kanbert", "1.2.3", "windows_amd64",
			"terraform-provider-kanbert_v1.2.3.exe")
		if file != want {
			t.Errorf("installed %s, want %s", file, want)
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != content {
			t.Errorf("it holds %q, %v, want %q", got, err, content)
		}
		if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o755 {
			t.Errorf("its mode is %v, %v", info.Mode(), err)
		}
	}
	left, err := filepath.Glob(filepath.Join(mirror, "*", "*", "*", "*", "*", ".install-*"))
	if err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
