// SPDX-License-Identifier: MPL-2.0

// Package kanbert is the client of the Kanbert webhooks API. It knows HTTP and
// JSON: how to list, create and delete webhooks, what may be sent again after a
// fault, and how long to wait for a rate limit.
//
// It must never know Terraform: no schema, no diagnostic, no plugin library is
// imported here, and no text speaks of state or plans.
package kanbert
