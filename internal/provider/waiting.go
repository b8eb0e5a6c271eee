// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// longWait is the shortest wait that causes a warning.
const longWait = 10 * time.Second

// watchWaiting is called when an operation begins, and returns the function to call
// when it ends. The first operation of the process that has waited for longWait ends
// with a warning that says why the run is slow. The log has all waits, at INFO.
func (a *api) watchWaiting(diags *diag.Diagnostics) (end func()) {
	before, _ := a.client.Waited()
	return func() {
		after, what := a.client.Waited()
		if waited := after - before; waited > longWait && a.warnedOfWaiting.CompareAndSwap(false, true) {
			diags.AddWarning("Waiting slows this run down", waitingText(what, waited))
		}
	}
}

func waitingText(what string, waited time.Duration) string {
	waited = waited.Round(time.Second)
	const log = " To see each wait, set TF_LOG_PROVIDER=INFO."
	switch {
	case strings.Contains(what, "503"):
		return fmt.Sprintf("Kanbert is unavailable at times (503), which slows this run down: this operation waited %s. "+
			"This may be maintenance, or a proxy that limits requests.", waited) + log
	case strings.Contains(what, "connection"):
		return fmt.Sprintf("Kanbert is unreachable at times, which slows this run down: this operation waited %s. "+
			"Check the network.", waited) + log
	default:
		return fmt.Sprintf("Kanbert's rate limit (429) slows this run down: this operation waited %s. "+
			"Requests of other programs with the same token count too.", waited) + log
	}
}
