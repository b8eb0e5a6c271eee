// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// registry holds what this process saw of Terraform's state and plan. The zero
// value is empty. It is safe for concurrent use.
type registry struct {
	mu sync.Mutex
	// managed holds, for each webhook that this process saw in Terraform's state,
	// how it stands there and how it was planned to be.
	managed map[string][]kanbert.NewWebhook

	// applying is set by the first Create or Delete.
	applying atomic.Bool
}

// trackManaged remembers that the webhook with this id is in Terraform's state, and
// how it stands there or is planned to be.
func (r *registry) trackManaged(id string, as ...kanbert.NewWebhook) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.managed[id]
	for _, w := range as {
		w.URL = kanbert.CanonicalURL(w.URL)
		if !slices.Contains(seen, w) {
			seen = append(seen, w)
		}
	}
	if r.managed == nil {
		r.managed = make(map[string][]kanbert.NewWebhook)
	}
	r.managed[id] = seen
}

// isManaged reports whether the webhook with this id is in Terraform's state, as far
// as this process has seen, and whether it stands there as w or is planned to be
// replaced by w.
func (r *registry) isManaged(id string, w kanbert.NewWebhook) (managed, predecessor bool) {
	w.URL = kanbert.CanonicalURL(w.URL)
	r.mu.Lock()
	defer r.mu.Unlock()
	as, managed := r.managed[id]
	return managed, slices.Contains(as, w)
}
