// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

func TestLogLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &out)
	want := map[slog.Level]string{slog.LevelDebug - 4: "trace", slog.LevelDebug: "debug", slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "error"}
	for level, name := range want {
		logToTerraform(ctx, level, name, slog.Int("attempt", 2), slog.Any("token", kanbert.NewSecret("hunter2")))
	}
	if bytes.Contains(out.Bytes(), []byte("hunter2")) {
		t.Errorf("the log holds a secret:\n%s", out.String())
	}
	lines, err := tflogtest.MultilineJSONDecode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for _, line := range lines {
		if line["@level"] != line["@message"] || line["attempt"] != float64(2) || line["token"] != "[redacted]" {
			t.Errorf("line %v", line)
		}
	}
}
