// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// lookUps is how often a URL is looked up, with growing pauses, before an
	// ambiguous create counts as not done: a server may do its work after it
	// broke off the answer, and a list may lag behind.
	lookUps = 3
	// clockTolerance is by how much created_at may lie outside of the time that
	// the request took: created_at and Date may have whole seconds, and the
	// servers behind one name need not agree on the time.
	clockTolerance = 3 * time.Second
	// seenFreeTolerance is by how much created_at may lie after the end of a request
	// once look-ups have seen the URL free since: as much as whole seconds need.
	seenFreeTolerance = time.Second
)

// CreateWebhook creates a webhook and returns it with its secret.
//
// A webhook whose secret is lost is worthless, so a lost answer is not left at
// that. If the URL then turns out to be held by a webhook that is provably this
// call's ([createOp.isOurs] has the whole rule), that one is deleted and the
// create begins anew; if no webhook holds the URL, the create is sent again. A
// webhook that is not proven is left alone, and the error names it.
//
// seenFree reports whether this process has seen the URL without a holder,
// before this call. It is part of the proof; nil is never. Creates of one URL run
// one after the other, in whatever spelling, so that a webhook that appears
// meanwhile cannot be another create's of this client.
//
// The result is not nil whenever a webhook of this call exists, with or without
// an error: keep its id. The error wraps, or is
//
//   - an [*APIError] or a [*TransportError], if nothing was created, as far as
//     the API shows: or, beside a result, if the answer had id and secret, and
//     another field of it was missing or could not be read;
//   - an [*InterruptedError], if ctx ended while nothing was in flight. Nothing
//     was created;
//   - a [*URLTakenError], if another webhook holds the URL, and nothing was
//     created;
//   - an [*UnprovenError], if a webhook holds the URL that may be this call's;
//   - an [*UncertainError], if a webhook may exist and none was seen;
//   - a [*SecretLostError], beside a result without a secret.
//
// The end of ctx ends only waits: what is in flight is finished and settled.
func (c *Client) CreateWebhook(ctx context.Context, w NewWebhook, seenFree func() bool) (*CreatedWebhook, error) {
	body, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("creating a webhook: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, &InterruptedError{Err: err}
	}
	unlock, err := c.creates.lock(ctx, urlKey(w.URL))
	if err != nil {
		return nil, &InterruptedError{Err: err, Waiting: "another create of the same URL"}
	}
	defer unlock()
	// Asked now, because nothing may be asked between the answer and the
	// caller's record of it, and that record should name the workspace.
	c.askWorkspaceOnce(ctx)
	if err := ctx.Err(); err != nil {
		return nil, &InterruptedError{Err: err}
	}

	// A create that is cut off between its request and the response would leave a
	// webhook behind whose secret is lost. No deadline: all that a call does has a
	// bound of its own, an attempt request_timeout, the attempts max_retries, the
	// waits max_wait.
	detached := context.WithoutCancel(ctx)
	op := &createOp{client: c, asked: w, seenFree: seenFree, call: &call{
		method: http.MethodPost, template: webhooksPath, path: webhooksPath, body: body, waitCtx: ctx,
	}}
	op.call.unaccounted = op.recordAmbiguous
	created, err := retry(detached, c, op.call, func() (*CreatedWebhook, error) { return op.try(detached) })
	err = op.conclude(err)
	if created == nil {
		created = webhookWithoutSecret(err)
	}
	if created != nil {
		c.claims.made(created.ID)
	}
	return created, err
}

// createOp is one CreateWebhook on its way.
type createOp struct {
	client *Client
	asked  NewWebhook
	call   *call
	// seenFree reports whether the URL was seen free: by the caller, until this
	// create has looked itself.
	seenFree func() bool

	// unresolved are the requests whose work is unaccounted for: they got no
	// answer that says what they did, and no webhook was found that they made.
	// One of them may yet be done.
	unresolved []ambiguousRequest
	// freeBefore says that the URL was seen free before the first of them went
	// out.
	freeBefore bool
	// apiFailed says that the API answered a request with a 5xx of its own.
	// Laravel answers the loser of two overlapping creates so, and the URL is
	// then another program's.
	apiFailed bool
	// lost is why the last of them is unresolved.
	lost error

	// unconfirmed is a webhook of this create whose DELETE was answered by "not
	// found", which proves nothing.
	unconfirmed *Webhook
	// postedAgain says that a create was repeated although the URL was refused,
	// because no look-up shows its holder.
	postedAgain bool
	// wait is the one wait for the holder of the URL, once it has begun.
	wait *holderWait
}

// ambiguousRequest is a request that may have made a webhook.
type ambiguousRequest struct {
	// sent and ended are local times. What the request made was made between.
	sent, ended time.Time
	// unanswered is true if no API answered: the connection broke, or a proxy
	// gave up on it. Only then may a webhook be deleted as this request's.
	unanswered bool
	// seenFree is true if all look-ups after it have seen the URL free. What appears
	// then is most likely another program's.
	seenFree bool
}

// try sends the create once and settles what came of it. An error that is not
// final says that no webhook of this create exists, or was seen, and that the
// create may be sent again.
func (op *createOp) try(ctx context.Context) (*CreatedWebhook, error) {
	for {
		created, err := doRateLimited(ctx, op.client, op.call, op.read)
		switch {
		case err == nil:
			return created, nil
		case created != nil:
			return created, final(err)
		case op.refusesURL(err):
			if err := op.settleRefusal(ctx, err); err != nil {
				return nil, err
			}
			continue
		}
		switch createOutcome(err) {
		case notSent:
			return nil, err
		case ambiguous:
			op.recordAmbiguous(err)
			return nil, op.settleLost(ctx, err)
		default:
			return nil, final(err)
		}
	}
}

// createOutcome judges the error of one POST. A POST needs more than other methods
// to count as refused: a redirect and a page of a proxy may come after the work.
func createOutcome(err error) outcome {
	var answer *APIError
	if !errors.As(err, &answer) {
		return outcomeOf(err)
	}
	switch code := answer.StatusCode; {
	case answer.isHeld:
		return refused // It is the answer to another call; this one was not sent.
	case code == http.StatusTooEarly:
		return ambiguous
	case code == http.StatusTooManyRequests, code >= 400 && answer.OwnJSON:
		return outcomeOf(err)
	default:
		return ambiguous
	}
}

// isFinalAnswer reports whether a create that was answered so is not sent again
// even if no webhook is found: the same answer would come again. A refusal of the
// URL whose words did not arrive is repeated once, as one that can be read is.
func (op *createOp) isFinalAnswer(err error) bool {
	var answer *APIError
	if !errors.As(err, &answer) || answer.StatusCode == http.StatusTooEarly || outcomeOf(err) != refused {
		return false
	}
	if answer.StatusCode != http.StatusConflict && answer.StatusCode != http.StatusUnprocessableEntity {
		return true
	}
	again := op.postedAgain
	op.postedAgain = true
	return again
}

// webhookWithoutSecret returns the webhook that err says exists without its
// secret, or nil.
func webhookWithoutSecret(err error) *CreatedWebhook {
	var secretLost *SecretLostError
	if !errors.As(err, &secretLost) {
		return nil
	}
	return &CreatedWebhook{Webhook: secretLost.Webhook}
}

// conclude says of a failed create whether a request of it is still unresolved.
func (op *createOp) conclude(err error) error {
	var secretLost *SecretLostError
	var unproven *UnprovenError
	var uncertain *UncertainError
	switch {
	case err == nil, errors.As(err, &secretLost), errors.As(err, &unproven), errors.As(err, &uncertain):
		return err
	case op.unconfirmed != nil:
		return &SecretLostError{Webhook: *op.unconfirmed, Err: err}
	case len(op.unresolved) > 0:
		return op.uncertain(err)
	default:
		return err
	}
}

// noteFree keeps what a look-up of this create has shown of the URL.
func (op *createOp) noteFree(free bool) { op.seenFree = func() bool { return free } }

// recordAmbiguous takes note that the last request may have done its work.
func (op *createOp) recordAmbiguous(err error) {
	if len(op.unresolved) == 0 {
		op.freeBefore = op.seenFree != nil && op.seenFree()
	}
	op.lost = err
	op.apiFailed = op.apiFailed || isOwnServerError(err)
	op.unresolved = append(op.unresolved, ambiguousRequest{
		sent: op.call.sent, ended: time.Now(), unanswered: isUnanswered(err),
	})
	// From now on the create has to be settled before it may end.
	op.call.waitCtx = nil
}

func isOwnServerError(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.StatusCode >= 500 && answer.OwnJSON
}

// isUnanswered reports whether a request ended without an answer of the API. A
// proxy's 503 is none of these: proxies answer so to limit rates, which makes it
// frequent, and a webhook that another program created in the same second would
// be taken for this create's.
func isUnanswered(err error) bool {
	var transport *TransportError
	if errors.As(err, &transport) {
		return !transport.Unsent
	}
	var answer *APIError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.StatusCode {
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return !answer.OwnJSON
	default:
		return answer.cut // A 2xx that broke off.
	}
}

// refusesURL reports whether a refusal can mean that another webhook holds the
// URL. Texts are translated: only status and field names are protocol.
func (op *createOp) refusesURL(err error) bool {
	var answer *APIError
	if !errors.As(err, &answer) || !answer.OwnJSON {
		return false
	}
	switch answer.StatusCode {
	case http.StatusConflict:
		return true
	case http.StatusUnprocessableEntity:
		return len(answer.Fields) == 0 || len(answer.Fields) == 1 && len(answer.Fields["url"]) > 0
	}
	return false
}
