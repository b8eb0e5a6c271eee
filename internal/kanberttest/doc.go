// SPDX-License-Identifier: MPL-2.0

// Package kanberttest is a Kanbert to test against: a webhooks API in memory
// that remembers what it was asked, answers as the API reference says, and fails
// when it is told to.
//
// It serves over real HTTP ([Start], [Sandbox.Listen], [StartHTTP2]) and in
// memory ([Sandbox.Transport]), the latter so that a test can run in a bubble of
// testing/synctest, where minutes of waiting cost nothing. What the reference
// leaves open (the status of a conflict, the largest page, the spelling of a
// time, …) is an [Option] each, so that a client can be held to every variant.
//
// A fault is built, and placed on requests:
//
//	s := kanberttest.New()
//	post := kanberttest.Match{Method: http.MethodPost}
//	s.FailNth(1, post, kanberttest.Reset().AfterWork())
//	s.FailNth(2, post, kanberttest.Timeout().LateBy(time.Minute))
//	s.FailShare(0.25, seed, kanberttest.Match{}, kanberttest.Status(500), kanberttest.CutBody())
//
// It does what real servers do besides answering right: two creates of one URL
// race ([WithInsertDelay], [Sandbox.OnInsert]), lists lag behind writes
// ([WithReplicaLag]), clocks are wrong ([WithDate], [WithCreatedAt]), a gateway
// answers instead of the API ([Answer]), a token belongs to another workspace
// ([Sandbox.AddWorkspace]), and an HTTP/2 connection resets streams
// ([StartHTTP2]). And the client is not alone: another program creates and
// deletes at any time ([Sandbox.Before], [Sandbox.After], [Sandbox.CreateAs],
// [Sandbox.DeleteAs]).
//
// Afterwards [Sandbox.Requests] tells what was asked and which faults were applied,
// and [Sandbox.Webhooks] what came of it.
//
// It must never import the client: a shared type would let one mistake pass on
// both sides. It must never be part of the provider's binary.
package kanberttest
