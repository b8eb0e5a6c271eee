// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
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
		return nil, err
	}
	if err := op.refuseID(a, data.ID.value); err != nil {
		return nil, err
	}
	// The secret comes this once, and must not be lost to an odd date beside it.
	// What cannot be read is filled with what was asked for.
	created := &CreatedWebhook{Webhook: data.webhook(), SignatureSecretKey: data.SignatureSecretKey.value}
	missing := created.missingFields()
	created.missing = 0
	if len(missing) > 0 {
		created.fill(&op.asked)
	}
	switch {
	case created.SignatureSecretKey.IsZero():
		return created, &SecretLostError{Webhook: created.Webhook, Err: a.missing("", []string{"signature_secret_key"})}
	case data.hasOdd():
		return created, a.malformed("the response lacks a valid %s", quotedNames("", missing))
	case len(missing) > 0:
		return created, a.missing("", missing)
	}
	return created, nil
}

// refuseID returns an error for an id that cannot be that of a new webhook: none,
// a blank one, or one that is known from elsewhere, as a proxy gives that answers
// a create with an earlier answer. Such an answer is none.
func (op *createOp) refuseID(a *response, id string) error {
	switch {
	case strings.TrimSpace(id) == "":
		return a.missing("", []string{"id"})
	case op.client.claims.isClaimed(id) && !op.client.claims.isDeleted(id):
		return a.malformed("the response has the id of a webhook that existed before")
	}
	return nil
}
