// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"log/slog"
	"time"
)

// LogFunc takes the client's log lines. No line holds a body, a header's value
// (X-Request-Id apart) or the query of a URL.
type LogFunc func(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr)

func discardLog(context.Context, slog.Level, string, ...slog.Attr) {}

// longWait is the shortest wait that a person who looks at a still screen should
// find a reason for in the log at level INFO.
const longWait = 5 * time.Second

// logWait says that nothing is sent for d.
func (log LogFunc) logWait(ctx context.Context, msg string, d time.Duration, attrs ...slog.Attr) {
	level := slog.LevelDebug
	if d >= longWait {
		level = slog.LevelInfo
	}
	log(ctx, level, msg, append(attrs, slog.String("wait", d.Round(time.Millisecond).String()))...)
}
