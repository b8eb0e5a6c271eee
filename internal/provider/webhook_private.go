// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// privateKey is the key of a webhook's private state. Terraform stores it with the
// resource and does not show it.
const privateKey = "webhook"

// webhookPrivate is what the provider stores about a webhook besides its
// attributes. Each field may be missing: an older version wrote none, and a tainted
// resource and a resource that was moved from another provider have none.
type webhookPrivate struct {
	// WorkspaceID is the Kanbert workspace in which the webhook was created or
	// seen. Its absence is meaningful only in this workspace.
	WorkspaceID string `json:"workspace_id,omitempty"`
	// CreatedAt is the Date of the response to the create. It is not created_at,
	// which databases store in other time zones.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Spellings are the values that the API stored at creation, if they differ from
	// the request. An imported webhook has none.
	Spellings spellings `json:"spellings,omitempty"`
}

// seenIn records that the webhook was found in a workspace, if the workspace is
// known. A recorded workspace stays, because the webhook was created there.
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

// loadPrivate returns the private state. A field that cannot be read counts as
// missing: it is evidence that may be absent, and never a reason to fail.
func loadPrivate(ctx context.Context, from privateState) webhookPrivate {
	raw, _ := from.GetKey(ctx, privateKey)
	fields := fieldsOf(raw)
	p := webhookPrivate{
		WorkspaceID: readable[string](fields["workspace_id"]),
		CreatedAt:   readable[time.Time](fields["created_at"]),
	}
	for name, raw := range fieldsOf(fields["spellings"]) {
		if s := readable[spelling](raw); s != (spelling{}) {
			p.Spellings = p.Spellings.with(name, s)
		}
	}
	return p
}

func fieldsOf(raw []byte) map[string]json.RawMessage {
	return readable[map[string]json.RawMessage](raw)
}

// readable returns the value that raw encodes, or zero if it encodes no such.
func readable[T any](raw []byte) T {
	var value, none T
	if json.Unmarshal(raw, &value) != nil {
		return none
	}
	return value
}

// save writes p, which replaces what is there.
func (p webhookPrivate) save(ctx context.Context, to privateState, diags *diag.Diagnostics) {
	if p.WorkspaceID == "" && p.CreatedAt.IsZero() && len(p.Spellings) == 0 {
		return
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return // It is evidence, and no reason to fail.
	}
	diags.Append(to.SetKey(ctx, privateKey, raw)...)
}
