// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// DeleteWebhook deletes a webhook. An error for which [NeedsProof] holds says that
// a server answered, to the first attempt or to a later one, and not whether the
// webhook is gone: a gateway, a missing route and another workspace answer so as
// well. Look for the webhook before you believe it.
//
// The end of ctx ends only waits, with an [*InterruptedError]: a request that is
// in flight is finished, and so is a call whose last request may have done its
// work.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return &InterruptedError{Err: err}
	}
	return c.deleteWebhook(context.WithoutCancel(ctx), &call{waitCtx: ctx}, id)
}

// deleteWebhook completes call and makes it.
func (c *Client) deleteWebhook(ctx context.Context, call *call, id string) error {
	if id == "" {
		// The path would be that of the whole collection.
		return errors.New("deleting a webhook: its id is empty")
	}
	call.method, call.template, call.path = http.MethodDelete, "/webhooks/{id}", webhooksPath+"/"+escapeID(id)
	if _, err := sendIdempotent(ctx, c, call, readDeleted); err != nil {
		return err
	}
	c.claims.delete(id)
	return nil
}

// IsNotFound reports whether err is an answer of 404 or 410, from the API or from another server.
func IsNotFound(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone)
}

// NeedsProof reports whether err, of a delete, is an answer after which the webhook
// may be gone or not: 404 or 410, or a 2xx with JSON that the API does not send.
func NeedsProof(err error) bool { return IsNotFound(err) || errors.Is(err, ErrMalformed) }

// readDeleted takes a 2xx without a body for a success, or with JSON that holds
// nothing: the API answers a delete without a body. A page of HTML or an object
// with fields may be another server's. The delete is then sent again; see
// [NeedsProof].
func readDeleted(a *response) (struct{}, error) {
	switch body := string(bytes.TrimSpace(a.body)); {
	case body == "":
		return struct{}{}, nil
	case !looksLikeJSON(a.header):
		e := a.malformed("")
		e.Kind = ErrNotJSON
		return struct{}{}, e
	case body == "null" || body == "{}" || body == "[]":
		return struct{}{}, nil
	default:
		return struct{}{}, a.malformed("the response to a delete has a body")
	}
}

// escapeID makes one path element of an id. A dot stands for itself in a path
// element, unless the element has nothing else: then it would be a step in the
// path.
func escapeID(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}
