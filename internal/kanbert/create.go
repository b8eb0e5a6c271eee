// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	// lookUps is how often a URL is looked up, with growing pauses, before an
	// unanswered create counts as not done: a server may do its work after it
	// broke off the answer, and a list may lag behind.
	lookUps = 3
	// clockTolerance is how much earlier than our request a webhook may claim to
	// have been created and still be ours: created_at may have whole seconds,
	// and the servers behind one name need not agree on the time.
	clockTolerance = 3 * time.Second
)

// CreateWebhook creates a webhook and returns it with its secret.
//
// A webhook whose secret nobody has is worthless, so an answer that got lost is
// not left at that. If the URL then turns out to be held by a webhook that is
// provably this call's, that one is deleted and the create begins anew; if it is
// held by nobody, the create is sent again.
//
// The result is not nil whenever a webhook of this call stands, with or without
// an error: keep its id. The error wraps, or is
//
//   - an [*APIError] or a [*TransportError], if nothing was created: or, beside
//     a result, if the answer had id and secret, and another field of it was
//     missing or could not be read;
//   - a [*URLTakenError], if somebody holds the URL, and nothing was created;
//   - an [*UnprovenError], if a webhook holds the URL that may be this call's;
//   - an [*UncertainError], if a webhook may exist and none was seen;
//   - a [*SecretLostError], beside a result without a secret.
//
// ctx should be one of [Client.Uninterrupted].
func (c *Client) CreateWebhook(ctx context.Context, w NewWebhook) (*CreatedWebhook, error) {
	body, err := json.Marshal(newWebhookData{URL: w.URL, ProjectID: w.ProjectID, ClientID: w.ClientID, Event: w.Event})
	if err != nil {
		return nil, fmt.Errorf("creating a webhook: %w", err)
	}
	cr := &creation{
		client: c,
		asked:  w,
		call:   &call{method: http.MethodPost, template: webhooksPath, path: webhooksPath, body: body},
	}
	created, err := retry(ctx, c, func() (*CreatedWebhook, error) { return cr.try(ctx) })
	return created, cr.conclude(err)
}

// creation is one CreateWebhook on its way.
type creation struct {
	client *Client
	asked  NewWebhook
	call   *call

	// open counts the requests whose work is unaccounted for: they were not
	// answered, and no webhook was found that they made. One of them may yet be
	// done.
	open int
	// since is when the first of them was sent.
	since time.Time
	// lost is why the last of them was not answered.
	lost error

	// wait is the one wait for the holder of the URL, once it has begun.
	wait *holderWait
}

// try sends the create once and settles what came of it. An error that is not
// final says that nothing stands, or was seen, and that it may be sent again.
func (cr *creation) try(ctx context.Context) (*CreatedWebhook, error) {
	for {
		created, err := exchange(ctx, cr.client, cr.call, cr.read)
		switch {
		case err == nil:
			return created, nil
		case created != nil:
			return created, final(err)
		case cr.mayBeTaken(err):
			if again := cr.settleTaken(ctx, err); again != nil {
				return cr.stands(again)
			}
			continue
		}
		switch fateOf(err) {
		case undone:
			return nil, err
		case unknown:
			cr.lose(err)
			return cr.stands(cr.settleLost(ctx, err))
		default:
			return nil, final(err)
		}
	}
}

// stands returns the webhook that err leaves standing without its secret, if it
// does.
func (cr *creation) stands(err error) (*CreatedWebhook, error) {
	var secretLost *SecretLostError
	if errors.As(err, &secretLost) {
		return &CreatedWebhook{Webhook: secretLost.Webhook}, err
	}
	return nil, err
}

// conclude says of a failed create whether a request of it is still open.
func (cr *creation) conclude(err error) error {
	if err == nil || cr.open == 0 {
		return err
	}
	var secretLost *SecretLostError
	var unproven *UnprovenError
	var uncertain *UncertainError
	if errors.As(err, &secretLost) || errors.As(err, &unproven) || errors.As(err, &uncertain) {
		return err
	}
	return &UncertainError{URL: cr.asked.URL, Err: err, Lost: cr.lost}
}

// lose takes note that the last request was not answered. It counts from its own
// beginning and not from that of a wait before it: what somebody else created
// meanwhile is not ours.
func (cr *creation) lose(err error) {
	if cr.open == 0 {
		cr.since = cr.call.sent
	}
	cr.open++
	cr.lost = err
}

// mayBeTaken reports whether a refusal can mean that somebody holds the URL. If
// its words did not arrive, or if a request is open, so that the holder may be
// ours, then the bare possibility is reason enough to look.
func (cr *creation) mayBeTaken(err error) bool {
	var api *APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.StatusCode {
	case http.StatusConflict:
		return api.Kind == ErrConflict || api.unread
	case http.StatusUnprocessableEntity:
		return api.Kind == ErrConflict || api.unread || cr.open > 0 && (len(api.Fields) == 0 || len(api.Fields["url"]) > 0)
	}
	return false
}

// settleLost finds out what became of a create that was not answered. The error
// is final unless it is lost itself, which says: send it again.
func (cr *creation) settleLost(ctx context.Context, lost error) error {
	pauses := cr.client.pauses.growing(cr.client.pauses.Look)
	for range lookUps {
		if err := sleep(ctx, pauses.NextBackOff()); err != nil {
			return final(cr.uncertain(err))
		}
		holder, err := cr.find(ctx)
		if err != nil {
			return final(cr.uncertain(err))
		}
		if holder == nil {
			continue
		}
		if cr.isOurs(holder) {
			if err := cr.undo(ctx, holder); err != nil {
				return err
			}
			return lost
		}
		if err := cr.awaitHolder(ctx, holder, lost); err != nil {
			return err
		}
		return lost
	}
	return lost
}

// settleTaken finds out who holds the URL of a create that was refused for it.
// It returns nil if the create may be sent again.
func (cr *creation) settleTaken(ctx context.Context, refusal error) error {
	if cr.open == 0 {
		return cr.awaitHolder(ctx, nil, refusal)
	}
	holder, err := cr.find(ctx)
	if err != nil {
		return final(cr.uncertain(err))
	}
	if holder != nil && cr.isOurs(holder) {
		return cr.undo(ctx, holder)
	}
	return cr.awaitHolder(ctx, holder, refusal)
}

// undo deletes a webhook that is ours and whose secret was lost. The request
// that made it is then accounted for.
func (cr *creation) undo(ctx context.Context, ours *Webhook) error {
	cr.client.log(ctx, slog.LevelInfo, "Deleting a webhook that this create made and whose secret was lost",
		slog.String("id", ours.ID))
	err := cr.client.DeleteWebhook(ctx, ours.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return final(&SecretLostError{Webhook: *ours, Err: err})
	}
	cr.open--
	cr.wait = nil
	return nil
}

// holderWait bounds the wait for the holder of a URL over all requests of one
// create.
type holderWait struct {
	until  time.Time
	pauses interface{ NextBackOff() time.Duration }
	// seen is the holder as it was last seen.
	seen *Webhook
}

// awaitHolder waits until nobody holds the URL any more. It is for a webhook
// that is being destroyed beside this create, as Terraform does when a resource
// was renamed. The error is final, and names the holder if it was seen.
func (cr *creation) awaitHolder(ctx context.Context, holder *Webhook, why error) error {
	if cr.wait == nil {
		cr.wait = &holderWait{
			until:  time.Now().Add(cr.client.pauses.Holder),
			pauses: cr.client.pauses.growing(cr.client.pauses.Look),
		}
		cr.client.log(ctx, slog.LevelInfo, "The URL is taken: waiting for its holder to go",
			slog.String("wait", cr.client.pauses.Holder.String()))
	}
	if holder != nil {
		cr.wait.seen = holder
	}
	for {
		pause := cr.wait.pauses.NextBackOff()
		if time.Now().Add(pause).After(cr.wait.until) {
			return final(cr.held(why))
		}
		if err := sleep(ctx, pause); err != nil {
			return final(cr.held(errors.Join(why, err)))
		}
		found, err := cr.find(ctx)
		switch {
		case err != nil && cr.open > 0:
			return final(cr.uncertain(err))
		case err != nil:
			return final(cr.held(errors.Join(why, err)))
		case found == nil:
			return nil
		case cr.open > 0 && cr.isOurs(found):
			return cr.undo(ctx, found)
		}
		cr.wait.seen = found
	}
}

// held makes the error for a URL that somebody else holds.
func (cr *creation) held(why error) error {
	switch holder := cr.wait.seen; {
	case cr.open == 0:
		return &URLTakenError{Holder: holder, Err: why}
	case holder == nil:
		return cr.uncertain(why)
	default:
		return &UnprovenError{Holder: *holder, Err: why}
	}
}

func (cr *creation) uncertain(err error) error {
	return &UncertainError{URL: cr.asked.URL, Err: err, Lost: cr.lost}
}

// isOurs reports whether a webhook at the URL is provably made by a request of
// this create: it is what was asked for, and was created no earlier than the
// first request that is open, by the server's own clock.
func (cr *creation) isOurs(w *Webhook) bool {
	sent, known := cr.client.clock.at(cr.since)
	return known && SameURL(w.URL, cr.asked.URL) &&
		w.Event == cr.asked.Event && w.ProjectID == cr.asked.ProjectID && w.ClientID == cr.asked.ClientID &&
		!w.CreatedAt.Before(sent.Add(-clockTolerance))
}

// find looks for the webhook that holds the URL, in whatever spelling. One that
// is spelled as it was asked for goes before: a server that compares texts lets
// another spelling stand beside it.
func (cr *creation) find(ctx context.Context) (*Webhook, error) {
	urls := []string{cr.asked.URL}
	if canonical := CanonicalURL(cr.asked.URL); canonical != cr.asked.URL {
		urls = append(urls, canonical)
	}
	var other *Webhook
	for w, err := range cr.client.ListWebhooks(ctx, ListOptions{Filter: FilterByURL(urls...)}) {
		if err != nil {
			return nil, err
		}
		if w.URL == cr.asked.URL {
			return &w, nil
		}
		// A database may compare without case, and then holds our URL taken by
		// one that differs from it in the path's case.
		if other == nil && strings.EqualFold(CanonicalURL(w.URL), CanonicalURL(cr.asked.URL)) {
			other = &w
		}
	}
	return other, nil
}

// read reads the answer to a create. Beside an error the result is not nil if
// the answer had an id.
func (cr *creation) read(a *answer) (*CreatedWebhook, error) {
	var data createdData
	if err := a.decode(&data); err != nil {
		return cr.salvage(a, err)
	}
	missing := data.missing()
	if data.ID == nil || *data.ID == "" {
		return nil, a.missing("", missing)
	}
	created := &CreatedWebhook{Webhook: data.webhook(), SignatureSecretKey: data.SignatureSecretKey}
	if len(missing) > 0 {
		cr.fill(&created.Webhook)
	}
	switch {
	case created.SignatureSecretKey.IsZero():
		return created, &SecretLostError{Webhook: created.Webhook, Err: a.missing("", []string{"signature_secret_key"})}
	case len(missing) > 0:
		return created, a.missing("", missing)
	}
	return created, nil
}

// salvage takes id and secret out of an answer that could not be decoded as a
// whole: the secret comes this once, and must not be lost to an odd date beside
// it. What cannot be read is filled with what was asked for, and CreatedAt may
// be zero. The result is nil if there is no id, so that the create counts as
// not answered.
func (cr *creation) salvage(a *answer, why error) (*CreatedWebhook, error) {
	// What does not call itself JSON need not come from the API.
	if errors.Is(why, ErrNotJSON) {
		return nil, why
	}
	data := decodeFields(a.body)
	if data == nil || data.ID == nil || *data.ID == "" {
		return nil, why
	}
	created := &CreatedWebhook{Webhook: data.webhook(), SignatureSecretKey: data.SignatureSecretKey}
	cr.fill(&created.Webhook)
	if created.SignatureSecretKey.IsZero() {
		return created, &SecretLostError{Webhook: created.Webhook, Err: why}
	}
	return created, why
}

// fill completes an answer that lacks a field with what was asked for.
func (cr *creation) fill(w *Webhook) {
	if w.URL == "" {
		w.URL = cr.asked.URL
	}
	if w.Event == "" {
		w.Event = cr.asked.Event
	}
	if w.ProjectID == "" {
		w.ProjectID = cr.asked.ProjectID
	}
	if w.ClientID == "" {
		w.ClientID = cr.asked.ClientID
	}
}
