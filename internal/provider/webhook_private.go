// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// privateKey is under which a webhook's private state is kept. Terraform stores
// it with the resource and shows it nowhere.
const privateKey = "webhook"

// webhookPrivate is what the provider remembers of a webhook beside its
// attributes. Each field may be missing: an older version wrote none, a tainted
// resource comes to Delete without it, and so does one that was moved from
// another provider.
type webhookPrivate struct {
	// WorkspaceID is the Kanbert workspace that the webhook was made or seen in.
	// Its absence means something in this workspace alone.
	WorkspaceID string `json:"workspace_id,omitempty"`
	// CreatedAt is when the API answered the create, by its own Date. It is not
	// created_at, which databases keep in other time zones.
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// seenIn notes that the webhook was found in a workspace, if that is known. What
// is recorded already stays: it is where the webhook was made.
func (p webhookPrivate) seenIn(workspaceID string) webhookPrivate {
	if p.WorkspaceID == "" {
		p.WorkspaceID = workspaceID
	}
	return p
}

// privateState is the private state of a request or a response.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// loadPrivate returns what is there. What cannot be read counts as missing: it is
// evidence that may be absent, and never a reason to fail.
func loadPrivate(ctx context.Context, from privateState) webhookPrivate {
	var p webhookPrivate
	raw, _ := from.GetKey(ctx, privateKey)
	if json.Unmarshal(raw, &p) != nil {
		return webhookPrivate{}
	}
	return p
}

// save writes p, which replaces what is there.
func (p webhookPrivate) save(ctx context.Context, to privateState, diags *diag.Diagnostics) {
	if p == (webhookPrivate{}) {
		return
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return // It is evidence, and no reason to fail.
	}
	diags.Append(to.SetKey(ctx, privateKey, raw)...)
}
