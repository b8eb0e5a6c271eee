// SPDX-License-Identifier: MPL-2.0

// Package directory is the one read path over an API that can only list: it
// answers for one webhook, by id or by URL, out of what the list gives, and lets
// many such reads share few requests.
//
// # How reads are shared
//
// Nothing is sent before the first read. Then two things run side by side.
//
// A look-up asks for the webhooks at the URLs of all reads that wait, in one
// request. It goes at once when ten reads wait, or as many as the caller was
// ever seen to have open; else after a short quiet time. One look-up is under
// way at a time, so that the reads behind it gather again.
//
// A listing, sorted by URL, is read page by page from both ends, and is complete
// when the two ends have seen one same id. A webhook that a page has shown costs
// nothing to read. The listing is rented before it is bought: each ten reads
// earn a page beside their look-up, and reads that a page answered earn more.
// So a walk that reads ten at a time sends, for N reads among M webhooks, at most
//
//	2 × min(⌈N/10⌉, ⌈M/page⌉) + 1
//
// requests, where a workspace without webhooks counts as one page. That holds
// where the reads of one wave come within [MaxQuietTime] of each other, since
// nobody waits longer for more, and where the walk ends within [Freshness], since
// what is older is asked for again. Not in this count, each at most once per named
// time: the listing that proves a webhook gone, the look-ups of webhooks that turn
// out to be gone, the listing that a read by id needs (ids cannot be filtered by),
// and what the source sends again.
//
// # What always holds
//
// Each of these has a test that fails without it.
//
//  1. Lazy. A directory sends nothing until it is asked, and a page is not
//     fetched for [Directory.List] before its caller has used up the one before.
//  2. Gone takes two signals. [ErrGone] is returned only when a look-up by URL
//     that began after the read did not find the id, and a complete listing does
//     not hold it that began after the read or at most [GoneWithin] ago. One
//     such listing serves all reads that miss something.
//  3. An error is no answer. It says nothing about a webhook, it is never kept,
//     and it reaches each read that waited for the failed load once. A read that
//     did not wait for that load does not see it. A repeated cursor is an error,
//     and so is a list that has not ended after [kanbert.MaxPages] pages.
//  4. Nobody's cancellation hurts another. A load runs on until nobody waits
//     for it.
//  5. What this process did is newer than what it was reading meanwhile. A load
//     that began before one of our own deletes does not bring the webhook back;
//     one that began before one of our own creates does not hide it. Creates and
//     deletes patch what is known and drop none of it.
//  6. Nothing stale. No answer is older than [Freshness], counted from the
//     start of the request that gave it, unless that request began after the
//     read.
//  7. Later news wins. Of two webhooks seen at one URL, letter for letter, the one
//     that the younger request showed is the holder. Two spellings of one address
//     are two URLs: a server that compares texts lets both stand.
//  8. The two ends meet at an id. Strings are never compared: how the server
//     sorts is its own affair. A server that ignores the direction is noticed,
//     and then one end does the work alone.
//  9. A filter that the API refuses (400, 422), or that is too long for it (414,
//     431), is not a failure: the reads are answered in smaller look-ups or out of
//     the listing. That filters are refused is remembered, the refusal is not: who
//     cannot be answered otherwise asks anew.
//
// It must never report a webhook as gone on one signal, and never take an error
// for an answer.
package directory
