// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"errors"
	"strings"
	"time"
)

// read reads the answer to a create. Beside an error the result is not nil if
// the answer had an id.
func (op *createOp) read(a *response) (*CreatedWebhook, error) {
	created, err := op.decode(a)
	if created != nil {
		created.AnsweredAt, _ = believableDate(a.header, time.Now())
	}
	return created, err
}

func (op *createOp) decode(a *response) (*CreatedWebhook, error) {
	var data createdData
	if err := a.decode(&data); err != nil {
		return op.decodePartial(a, err)
	}
	missing := data.missing()
	if err := op.refuseID(a, data.ID); err != nil {
		return nil, err
	}
	created := &CreatedWebhook{Webhook: data.webhook(), SignatureSecretKey: data.SignatureSecretKey}
	if len(missing) > 0 {
		op.fill(&created.Webhook)
	}
	switch {
	case created.SignatureSecretKey.IsZero():
		return created, &SecretLostError{Webhook: created.Webhook, Err: a.missing("", []string{"signature_secret_key"})}
	case len(missing) > 0:
		return created, a.missing("", missing)
	}
	return created, nil
}

// refuseID returns an error for an id that cannot be that of a new webhook: none,
// a blank one, or one that is known from elsewhere, as a proxy gives that answers
// a create with an earlier answer. Such an answer is none.
func (op *createOp) refuseID(a *response, id *string) error {
	switch {
	case id == nil || strings.TrimSpace(*id) == "":
		return a.missing("", []string{"id"})
	case op.client.claims.isClaimed(*id) && !op.client.claims.isDeleted(*id):
		return a.malformed("the answer has the id of a webhook that existed before")
	}
	return nil
}

// decodePartial takes id and secret out of an answer that could not be decoded
// as a whole: the secret comes this once, and must not be lost to an odd date
// beside it. What cannot be read is filled with what was asked for, and CreatedAt
// may be zero. The result is nil if there is no id, so that the create counts as
// not answered.
func (op *createOp) decodePartial(a *response, why error) (*CreatedWebhook, error) {
	// What does not call itself JSON need not come from the API.
	if errors.Is(why, ErrNotJSON) {
		return nil, why
	}
	data := decodeFields(a.body)
	if data == nil || op.refuseID(a, data.ID) != nil {
		return nil, why
	}
	created := &CreatedWebhook{Webhook: data.webhook(), SignatureSecretKey: data.SignatureSecretKey}
	op.fill(&created.Webhook)
	if created.SignatureSecretKey.IsZero() {
		return created, &SecretLostError{Webhook: created.Webhook, Err: why}
	}
	return created, why
}

// fill completes an answer that lacks a field with what was asked for.
func (op *createOp) fill(w *Webhook) {
	if w.URL == "" {
		w.URL = op.asked.URL
	}
	if w.Event == "" {
		w.Event = op.asked.Event
	}
	if w.ProjectID == "" {
		w.ProjectID = op.asked.ProjectID
	}
	if w.ClientID == "" {
		w.ClientID = op.asked.ClientID
	}
}
