// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

var _ kanbert.LogFunc = logToTerraform

// logToTerraform passes a log line of the client on to the CLI's log. The context
// must come from the framework, which puts the logger into it; with any other the
// line is dropped.
func logToTerraform(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	fields := make(map[string]any, len(attrs))
	for _, a := range attrs {
		// Resolve makes a secret render itself as redacted.
		fields[a.Key] = a.Value.Resolve().Any()
	}
	switch {
	case level >= slog.LevelError:
		tflog.Error(ctx, msg, fields)
	case level >= slog.LevelWarn:
		tflog.Warn(ctx, msg, fields)
	case level >= slog.LevelInfo:
		tflog.Info(ctx, msg, fields)
	case level >= slog.LevelDebug:
		tflog.Debug(ctx, msg, fields)
	default:
		tflog.Trace(ctx, msg, fields)
	}
}
