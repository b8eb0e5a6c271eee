// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// DeleteWebhook deletes a webhook. The error wraps [ErrNotFound] if there was
// none of this id; found gone by a retry, the webhook counts as deleted, because
// the attempt before may have done it.
//
// ctx should be one of [Client.Uninterrupted].
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	if id == "" {
		// The path would be that of the whole collection.
		return errors.New("deleting a webhook: its id is empty")
	}
	call := &call{method: http.MethodDelete, template: "/webhooks/{id}", path: webhooksPath + "/" + escapeID(id)}
	_, err := sendIdempotent(ctx, c, call, readDeleted)
	if errors.Is(err, ErrNotFound) && call.attempts > 1 {
		return nil
	}
	return err
}

// readDeleted takes any 2xx of the API for a success, with or without a body. A
// page of HTML is not the API's.
func readDeleted(a *answer) (struct{}, error) {
	if len(a.body) == 0 || looksLikeJSON(a.header) {
		return struct{}{}, nil
	}
	e := a.malformed("")
	e.Kind = ErrNotJSON
	return struct{}{}, e
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
