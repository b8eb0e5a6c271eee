// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// longWait is the shortest wait that is reported to a person.
const longWait = 10 * time.Second

// watchWaiting is called when an operation begins, and returns what is to be
// called when it ends. The first operation of the process that has waited for
// long ends with a warning, so that a person learns why the run is slow. The
// waits of all are in the log, at INFO.
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
		return fmt.Sprintf("Connections to Kanbert cannot be made at times, which slows this run down: this operation waited %s. "+
			"Check the network.", waited) + log
	default:
		return fmt.Sprintf("Kanbert's rate limit (429) slows this run down: this operation waited %s. "+
			"Other programs with the same token count too.", waited) + log
	}
}
