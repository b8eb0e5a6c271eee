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
	// Spellings are what the API made of arguments at creation. An imported webhook
	// has none.
	Spellings spellings `json:"spellings,omitempty"`
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

// loadPrivate returns what is there. What cannot be read counts as missing, each
// field by itself: it is evidence that may be absent, and never a reason to fail.
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
