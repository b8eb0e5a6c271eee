// SPDX-License-Identifier: MPL-2.0

// Package kanberttest is a Kanbert to test against: a webhooks API in memory
// that remembers what it was asked, answers as the API reference says, and fails
// when it is told to.
//
// It serves over real HTTP ([Start], [Sandbox.Listen]) and in memory
// ([Sandbox.Transport]), the latter so that a test can run in a bubble of
// testing/synctest, where minutes of waiting cost nothing. What the reference
// leaves open (the status of a conflict, the largest page, the spelling of a
// time, …) is an [Option] each, so that a client can be held to every variant.
//
// It must never import the client: a shared type would let one mistake pass on
// both sides. It must never be part of the provider's binary.
package kanberttest
