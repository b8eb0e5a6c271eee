// SPDX-License-Identifier: MPL-2.0

// Package directory is the one read path over an API that can only list: it
// answers for one webhook, by id or by URL, and for lists, and lets many such
// calls share few requests, as dataloader and singleflight do. It must never report
// a webhook as gone on one signal, and never take an error for an answer.
//
// # How reads are shared
//
// Calls that cannot be answered from the cache wait, until ten wait, or as many as
// ever waited at a time, or no other came within [BatchWindow]. Where the calls of a
// wave come slowly, the window is six times the greatest gap lately, and no longer
// than [MaxBatchWindow]. What the waiting calls need and is not in flight is then sent.
//
// The first page of the listing is asked for alone, in one attempt: a workspace
// that fits into it costs one request. Look-ups wait for it until it fails, and no
// longer than [PageWait]. Then each batch sends one look-up, for the URLs of all
// its calls, and beside it one page at each open end of the one listing, which is
// sorted by URL and read from both ends until they meet; the first time it is the
// far end alone. A single call at the beginning of a walk may be all there is: no
// page is sent beside its look-up.
//
// So a walk that reads ten at a time sends, for N reads among M webhooks that do
// not fit into one page, at most
//
//	3 × min(⌈N/10⌉, ⌈(M+1)/(2·page)⌉) + 1
//
// requests: M+1, since a list gives no total, and a full page may be the last. That
// holds where the reads of one wave come within the batch window of each other, and
// where the walk ends within [Freshness]. Not in this count: the listing that proves
// a webhook gone and the look-ups of webhooks that turn out to be gone, calls that
// are answered by fresh requests alone, and what the source sends again.
//
// A list without filter and limit is the listing, in the server's order or sorted
// by created_at. Every other list has pages of its own, which equal lists share if
// they come within one batch window, and which are never more than the API would
// take for it.
//
// # What always holds
//
// Each of these has a test that fails without it.
//
//  1. Lazy. A directory sends nothing until it is asked, and a page of a limited
//     or filtered list is not fetched before its caller has used up the one before.
//  2. Gone takes a look-up and a listing. [ErrGone] is returned only when a look-up
//     by URL that began after the read did not find the id, and a complete listing
//     does not hold it that began after the read or at most [GoneWithin] ago; both
//     not before the time that the caller names. One listing serves all reads that
//     miss something.
//  3. An error is not an answer. It says nothing about a webhook, it is never
//     cached, and it reaches each call that waited for the failed request once. A
//     call that did not wait for that request does not see it. A repeated cursor is
//     an error, and so is a list beyond the bounds of [kanbert.Extent].
//  4. Cancellation is the caller's own. A request runs on until no call waits for
//     it; a page of the listing, until no call waits at all.
//  5. What this process did is newer than what it was reading meanwhile. A webhook
//     that it has deleted is never shown again, whatever a list shows that lags; a
//     request that began before one of its creates does not hide the webhook.
//     Creates and deletes patch the cache and drop none of it.
//  6. Fresh by order. Lists, [Directory.ByID], [Directory.ByEquivalentURL] and
//     [Directory.ConfirmGone] are answered only by requests that began after the
//     call. [Directory.Read] and [Directory.ByURL] serve a walk, and may be answered
//     by a request that began at most [Freshness] ago.
//  7. The later request wins. Of two webhooks seen at one URL, letter for letter,
//     the one that the younger request showed is the holder. Two spellings of one
//     address are two URLs: a server that compares texts lets both exist.
//  8. The two ends meet at ids: what one shows last, the other shows the other way
//     round. Strings are never compared: how the server sorts is its own affair.
//     Where the ends overlap in another way, as on a server that ignores the
//     direction, one end does the work alone.
//  9. A filter that the API refuses (400, 422), or that is too long for it (414,
//     431, a broken connection), is not a failure: the reads are answered by smaller
//     look-ups or by the listing. That filters are refused is remembered, the
//     refusal is not.
package directory
