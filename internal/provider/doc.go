// SPDX-License-Identifier: MPL-2.0

// Package provider is the Terraform side of Kanbert webhooks: schemas, models,
// plan rules and the texts of diagnostics.
//
// It must never speak HTTP. It uses [kanbert.Client] to create and delete, and
// [directory.Directory] for all reads.
package provider
