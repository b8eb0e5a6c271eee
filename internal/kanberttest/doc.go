// SPDX-License-Identifier: MPL-2.0

// Package kanberttest is a test server for the Kanbert API: a webhooks API in
// memory that records requests, responds according to the API reference, and
// injects faults on demand.
//
// It serves over real HTTP ([Start], [Sandbox.Listen], [StartHTTP2]) and in memory
// ([Sandbox.Transport]). In memory, a test can run in a bubble of testing/synctest,
// where minutes of waiting take no time. An [Option] exists for each detail that
// the reference does not specify (the status of a conflict, the largest page, the
// format of a time, …), so a client can be tested with every variant.
//
// A test builds a fault and assigns it to requests:
//
//	s := kanberttest.New()
//	post := kanberttest.Match{Method: http.MethodPost}
//	s.FailNth(1, post, kanberttest.Reset().AfterWork())
//	s.FailNth(2, post, kanberttest.Timeout().LateBy(time.Minute))
//	s.FailShare(0.25, seed, kanberttest.Match{}, kanberttest.Status(500), kanberttest.CutBody())
//
// The sandbox also imitates problems of real servers: two creates of one URL race
// ([WithInsertDelay], [Sandbox.OnInsert]), lists lag behind writes
// ([WithReplicaLag]), clocks are wrong ([WithDate], [WithCreatedAt]), a gateway
// responds instead of the API ([Answer]), a token belongs to another workspace
// ([Sandbox.AddWorkspace]), and an HTTP/2 connection resets streams ([StartHTTP2]).
// Another program can create and delete webhooks at any time ([Sandbox.Before],
// [Sandbox.After], [Sandbox.CreateAs], [Sandbox.DeleteAs]).
//
// Afterwards [Sandbox.Requests] returns the requests with the applied faults, and
// [Sandbox.Webhooks] returns the resulting webhooks.
//
// The package must never import the client: with a shared type, one mistake would
// pass on both sides. It must never be part of the provider's binary.
package kanberttest
