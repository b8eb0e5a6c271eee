// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// This file settles what became of a create that was not answered, or that was
// refused for its URL.

// settleLost finds out what became of a create that was not answered. The error
// is final unless it is lost itself: then the create is to be sent again.
func (op *createOp) settleLost(ctx context.Context, lost error) error {
	pauses := op.client.backoff.growing(op.client.backoff.Lookup)
	// A refusal by another than the API ends the create. That it did nothing is
	// said only once lists have had the time to show what it may have made.
	until := time.Now()
	if outcomeOf(lost) == refused {
		until = until.Add(op.client.backoff.Lag)
	}
	for n := 0; n < lookUps || time.Now().Before(until); n++ {
		pause := pauses.NextBackOff()
		if left := time.Until(until); n >= lookUps {
			pause = min(pause, left)
		}
		_ = sleep(ctx, pause) // The detached context does not end.
		holder, err := op.find(ctx)
		switch {
		case err != nil:
			return final(op.uncertain(err))
		case holder == nil:
			continue
		case op.isOurs(holder):
			if err := op.deleteOwn(ctx, holder); err != nil {
				return err
			}
		default:
			if err := op.awaitHolder(ctx, holder, lost); err != nil {
				return err
			}
		}
		return op.sendAgain(lost)
	}
	for i := range op.unresolved {
		op.unresolved[i].seenFree = true
	}
	return op.sendAgain(lost)
}

// sendAgain returns lost, which is final if the same answer would come again. No
// look-up after it saw a webhook, so that a refusal counts as one, from the API or
// from another server.
func (op *createOp) sendAgain(lost error) error {
	if outcomeOf(lost) == refused && len(op.unresolved) > 0 {
		op.unresolved = op.unresolved[:len(op.unresolved)-1]
	}
	if op.isFinalAnswer(lost) {
		return final(lost)
	}
	return lost
}

// settleRefusal finds out who holds the URL of a create that was refused for it.
// It returns nil if the create may be sent again.
func (op *createOp) settleRefusal(ctx context.Context, refusal error) error {
	wasFree := op.seenFree != nil && op.seenFree()
	holder, err := op.find(ctx)
	switch {
	case err != nil && len(op.unresolved) > 0:
		return final(op.uncertain(err))
	case err != nil:
		return final(&URLTakenError{Lookup: err, Err: refusal})
	case op.unconfirmed != nil && (holder == nil || holder.ID == op.unconfirmed.ID):
		// It was not deleted after all, or still holds the URL unseen.
		return final(&SecretLostError{Webhook: *op.unconfirmed, Err: refusal})
	case holder != nil && op.isOurs(holder):
		return op.deleteOwn(ctx, holder)
	case holder == nil && len(op.unresolved) == 0:
		return op.postAgain(refusal)
	case wasFree && len(op.unresolved) == 0:
		// It came after the URL was seen free, and so is none that is being
		// destroyed beside this create: another resource's, or another run's.
		return final(op.held(holder, refusal))
	}
	return op.awaitHolder(ctx, holder, refusal)
}

// namesURL reports whether a refusal says that it is about the URL.
func namesURL(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusConflict || len(answer.Fields["url"]) > 0)
}

// postAgain lets a refused create be sent once more: its holder may have gone
// between the refusal and the look-up. No look-up shows a holder that is deleted
// softly, or is another tenant's, and then the refusal stays.
func (op *createOp) postAgain(refusal error) error {
	switch {
	case !namesURL(refusal):
		return final(refusal)
	case op.postedAgain:
		return final(&URLTakenError{Err: refusal})
	}
	op.postedAgain = true
	op.noteFree(false) // The refusal contradicts the look-up.
	return nil
}

// deleteOwn deletes a webhook that is ours and whose secret was lost. Which request
// made it is not known, so that all stay unresolved. An answer that there is no
// such webhook proves nothing; the next POST does, since the URL is unique.
func (op *createOp) deleteOwn(ctx context.Context, ours *Webhook) error {
	op.client.log(ctx, slog.LevelInfo, "Deleting a webhook that this create made and whose secret was lost",
		slog.String("id", ours.ID))
	op.client.Claim(ours.ID)
	err := op.client.deleteWebhook(ctx, &call{}, ours.ID)
	switch {
	case IsNotFound(err):
		op.unconfirmed = ours
	case err != nil:
		return final(&SecretLostError{Webhook: *ours, Err: err})
	default:
		op.unconfirmed = nil
	}
	op.wait = nil
	return nil
}

// holderWait bounds the wait for the holder of a URL over all requests of one
// create.
type holderWait struct {
	until  time.Time
	pauses *backoff.ExponentialBackOff
}

// awaitHolder waits until no webhook holds the URL any more. It is for a webhook
// that is being destroyed beside this create, as Terraform does when a resource
// was renamed, and for lists that lag behind. The error is final, and names the
// holder that was seen last, if it has not gone since.
func (op *createOp) awaitHolder(ctx context.Context, holder *Webhook, why error) error {
	if holder != nil && op.client.claims.isMadeHere(holder.ID) {
		return final(op.held(holder, why)) // It is to stay.
	}
	if op.wait == nil {
		op.beginWait(ctx, holder)
	}
	for {
		left := time.Until(op.wait.until)
		if left <= 0 {
			return final(op.held(holder, why))
		}
		pause := min(op.wait.pauses.NextBackOff(), left)
		if err := op.pause(ctx, pause); err != nil {
			return final(err)
		}
		found, err := op.find(ctx)
		switch {
		case err != nil && len(op.unresolved) > 0:
			return final(op.uncertain(err))
		case err != nil:
			return final(&URLTakenError{Holder: holder, Lookup: err, Err: why})
		case found == nil && (holder != nil || len(op.unresolved) == 0):
			return nil
		case found != nil && op.isOurs(found):
			return op.deleteOwn(ctx, found)
		}
		// Without a holder a request of this create may have made one that lists
		// do not show yet: they are given the time.
		holder = found
	}
}

// beginWait gives the holder time to go, and one that no list shows yet the time
// by which lists may lag.
func (op *createOp) beginWait(ctx context.Context, holder *Webhook) {
	wait := op.client.backoff.URLConflict
	if holder == nil {
		wait = max(wait, op.client.backoff.Lag)
	}
	op.wait = &holderWait{
		until:  time.Now().Add(wait),
		pauses: op.client.backoff.growing(op.client.backoff.Lookup),
	}
	op.client.log(ctx, slog.LevelInfo, "The URL is taken: waiting until the webhook that has it is deleted",
		slog.String("wait", wait.String()))
}

// pause waits for d. While nothing is unresolved the caller's context ends it.
func (op *createOp) pause(ctx context.Context, d time.Duration) error {
	if op.call.waitCtx == nil {
		_ = sleep(ctx, d) // The detached context does not end.
		return nil
	}
	if err := sleep(op.call.waitCtx, d); err != nil {
		return &InterruptedError{Err: err, Waiting: "the deletion of the webhook that has the URL"}
	}
	return nil
}

// held makes the error for a URL that another webhook holds; nil is one that no
// look-up has shown.
func (op *createOp) held(holder *Webhook, why error) error {
	switch {
	case holder == nil:
		return op.uncertain(why)
	case op.unconfirmed != nil && holder.ID == op.unconfirmed.ID:
		return &SecretLostError{Webhook: *holder, Err: why}
	case len(op.unresolved) == 0 || op.client.claims.isMadeHere(holder.ID) && holder.URL == op.asked.URL:
		// Another create of this client was answered with it before this one
		// was sent, so that this one did nothing.
		op.unresolved = nil
		return &URLTakenError{Holder: holder, MadeHere: op.client.claims.isMadeHere(holder.ID), Err: why}
	default:
		return &UnprovenError{Holder: *holder, Err: why}
	}
}

func (op *createOp) uncertain(err error) error {
	return &UncertainError{URL: op.asked.URL, Event: op.asked.Event, Err: err, Lost: op.lost}
}

// isOurs reports whether a webhook at the URL is provably made by an unresolved
// request of this create. All of this must hold; each line is a way in which the
// webhook could be another program's:
//
//   - it is what was asked for;
//   - the URL was seen free before the first unresolved request was sent;
//   - its id is not known from elsewhere: from another create, from what the
//     caller has claimed, from a webhook that was deleted already;
//   - no request was answered with a 5xx by the API itself: another program's
//     create may have won over ours;
//   - it was created while a request was under way that ended unanswered, and
//     during no other.
func (op *createOp) isOurs(w *Webhook) bool {
	return w.Complete() == nil && w.isWhatWasAsked(&op.asked) &&
		op.freeBefore && !op.apiFailed && !op.client.claims.isClaimed(w.ID) && op.provenMaker(w)
}

// provenMaker reports whether w was created, by the server's own clock, during a
// request that ended unanswered, and during no other.
func (op *createOp) provenMaker(w *Webhook) bool {
	proven := false
	for _, r := range op.unresolved {
		if !op.during(r, w.CreatedAt) {
			continue
		}
		if !r.unanswered {
			return false
		}
		proven = true
	}
	return proven
}

// during reports whether the server's clock showed t while r was under way. It
// did not if that clock is unknown.
func (op *createOp) during(r ambiguousRequest, t time.Time) bool {
	sent, known := op.client.clock.at(r.sent)
	ended, _ := op.client.clock.at(r.ended)
	after := clockTolerance
	if r.seenFree {
		after = seenFreeTolerance
	}
	return known && !t.Before(sent.Add(-clockTolerance)) && !t.After(ended.Add(after))
}

// find looks for the webhook that holds the URL, in whatever spelling. One that
// is spelled as it was asked for goes before: a server that compares texts lets
// another spelling exist beside it. What this client has deleted is passed over:
// lists lag behind.
func (op *createOp) find(ctx context.Context) (*Webhook, error) {
	urls := []string{op.asked.URL}
	if canonical := CanonicalURL(op.asked.URL); canonical != op.asked.URL {
		urls = append(urls, canonical)
	}
	holder, err := op.findIn(ctx, ListOptions{Filter: FilterByURL(urls...), urgent: true})
	if refusesFilter(err) {
		holder, err = op.findIn(ctx, ListOptions{urgent: true})
	}
	if err == nil {
		op.noteFree(holder == nil)
	}
	return holder, err
}

// refusesFilter reports whether a list was refused for its filter, so that the
// webhooks can still be listed without one.
func refusesFilter(err error) bool {
	var answer *APIError
	if !errors.As(err, &answer) {
		return false
	}
	return answer.StatusCode == http.StatusBadRequest || answer.StatusCode == http.StatusUnprocessableEntity
}

func (op *createOp) findIn(ctx context.Context, opts ListOptions) (*Webhook, error) {
	var other *Webhook
	for w, err := range op.client.ListWebhooks(ctx, opts) {
		switch {
		case err != nil:
			return nil, err
		case op.client.claims.isDeleted(w.ID):
		case w.URL == op.asked.URL:
			return &w, nil
		// A database may compare without case, and then holds our URL taken by
		// one that differs from it in the path's case.
		case other == nil && urlKey(w.URL) == urlKey(op.asked.URL):
			other = &w
		}
	}
	return other, nil
}

// urlKey is the same for all spellings of a URL that some server takes for one.
func urlKey(url string) string { return strings.ToLower(CanonicalURL(url)) }
