// SPDX-License-Identifier: MPL-2.0

package live_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/laraveltest"
	"github.com/kanbert/terraform-provider-kanbert/internal/live"
)

// onLaravel is a run against the application.
func onLaravel(t *testing.T, out *bytes.Buffer) (*laraveltest.Laravel, live.Target, live.Settings) {
	t.Helper()
	laravel := laraveltest.Start(t, laraveltest.Options{})
	target := live.Target{
		BaseURL: laravel.BaseURL(), Token: kanbert.NewSecret(laravel.Token()),
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return laravel, target, live.Settings{Workspace: laraveltest.Workspace, Ledgers: t.TempDir(), Out: out}
}

// expectNothing checks that a run has deleted its webhooks.
func expectNothing(t *testing.T, laravel *laraveltest.Laravel) {
	t.Helper()
	if left := laravel.Webhooks(t); len(left) > 0 {
		t.Errorf("%d webhooks are left", len(left))
	}
}

// The provider's assumptions are true for the framework.
func TestProbeOfLaravel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	laravel, target, settings := onLaravel(t, &out)
	rows, err := live.Probe(t.Context(), target, live.ProbeSettings{Settings: settings, Write: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(table(t, rows))
	for _, row := range rows {
		if row.Verdict == live.Differs {
			t.Errorf("%+v", row)
		}
	}
	expectNothing(t, laravel)
}

// TestAcceptanceOnLaravel runs the test of `make testacc`.
func TestAcceptanceOnLaravel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	laravel, target, settings := onLaravel(t, &out)
	if err := acceptance(t, settings).Run(t.Context(), target); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	expectNothing(t, laravel)
}
