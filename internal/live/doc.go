// SPDX-License-Identifier: MPL-2.0

// Package live tests the provider's assumptions against the real Kanbert API, and
// runs the provider against it, for a user with a token.
//
// All writes go through a [Session]. It permits at most [MaxWebhooks] creates, only
// at URLs under the prefix of its own run, and deletes only webhooks that the run
// created. It writes the ids to a ledger, from which [Sweep] deletes what a killed
// run left.
//
// It must never print a token, a signing secret, a user's own URL or personal
// data, and must never be part of the provider's binary.
package live
