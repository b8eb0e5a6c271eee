// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"fmt"
	"net/http"
	"time"
)

// MaxURLLength is the longest URL a webhook may have, in characters (not
// bytes): API reference, POST /webhooks, "<= 180 characters".
const MaxURLLength = 180

// Webhook is one subscription as the list gives it (API reference, schema
// WebhookData): everything but its secret.
type Webhook struct {
	// ID is opaque. It is escaped wherever it becomes part of a path.
	ID string
	// URL is where deliveries go, in the server's own spelling. It is unique
	// among the webhooks of a workspace.
	URL   string
	Event Event
	// ProjectID is empty for a webhook that is scoped to no project (null on
	// the wire).
	ProjectID string
	// ClientID is empty for a webhook that is scoped to no client (null on
	// the wire).
	ClientID string
	// CreatedAt is the server's time, in UTC, to the fraction of a second that
	// the server gave.
	CreatedAt time.Time

	// missing has a bit for each of the arguments that the answer lacked, and
	// missingCreatedAt.
	missing uint64
}

const missingCreatedAt = 1 << 63

// missingFields returns the names of the fields that the answer lacked.
func (w *Webhook) missingFields() []string {
	var names []string
	for i, a := range arguments {
		if w.missing&(1<<i) != 0 {
			names = append(names, a.name)
		}
	}
	if w.missing&missingCreatedAt != 0 {
		names = append(names, "created_at")
	}
	return names
}

// Complete returns an error, an [*APIError], if the list gave the webhook without
// one of its fields, or with a value that cannot be read. Lists return such
// webhooks too: the webhook of another program must not stop those who list. A
// caller that needs the whole webhook has to ask.
func (w Webhook) Complete() error {
	if w.missing == 0 {
		return nil
	}
	return &APIError{
		StatusCode: http.StatusOK,
		Message:    fmt.Sprintf("the list contains webhook %q without a valid %s", w.ID, quotedNames("", w.missingFields())),
		Method:     http.MethodGet,
		Path:       webhooksPath,
		Kind:       ErrMalformed,
	}
}

// NewWebhook is what a create asks for (API reference, POST /webhooks). An
// empty ProjectID or ClientID is left out of the request.
type NewWebhook struct {
	URL       string
	Event     Event
	ProjectID string
	ClientID  string
}

// CreatedWebhook is the answer to a create (API reference, schema
// WebhookCreateData), the only one that ever holds the signing secret.
type CreatedWebhook struct {
	Webhook
	// SignatureSecretKey signs the deliveries. It is empty only beside a
	// [SecretLostError].
	SignatureSecretKey Secret
	// AnsweredAt is the Date of the answer, or zero if it had none within a day
	// of the local clock. Lists may lag behind: that a webhook is not listed says
	// something only some time after this.
	AnsweredAt time.Time
}
