// SPDX-License-Identifier: MPL-2.0

// Package live asks the real Kanbert API what the provider assumes about it, and
// runs the provider against it, for a person who has a token.
//
// Whatever writes goes through a [Session], which permits at most [MaxWebhooks]
// creates, only at URLs under the prefix of its own run, and deletes only of
// webhooks that the run made. It writes down the ids that it sees in a ledger,
// from which [Sweep] removes what a run left that was killed.
//
// It must never print a token, a signing secret, a user's own URL or personal
// data, and must never be part of the provider's binary.
package live
