// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// whoamiTimeout bounds the one request that asks for the workspace. Nothing
// depends on its answer that could not go on without it.
const whoamiTimeout = 5 * time.Second

// workspace asks once which workspace the token belongs to.
type workspace struct {
	once  sync.Once
	asked chan struct{}
	id    string
}

// WorkspaceID returns the id of the Kanbert workspace that the token belongs to
// (GET /whoami, space.id), or "" if the API does not say. It is asked once per
// client, in one attempt of at most 5 seconds, and never fails: whatever is no
// answer means unknown. Nothing else of the answer, which is personal data, is
// kept or logged.
func (c *Client) WorkspaceID(ctx context.Context) string {
	w := &c.workspace
	w.once.Do(func() {
		detached := context.WithoutCancel(ctx)
		go func() {
			defer close(w.asked)
			w.id = c.whoami(detached)
		}()
	})
	select {
	case <-w.asked:
		return w.id
	case <-ctx.Done():
		return ""
	}
}

// KnownWorkspaceID is [Client.WorkspaceID] if that has been asked and answered,
// and "" otherwise. It sends nothing.
func (c *Client) KnownWorkspaceID() string {
	select {
	case <-c.workspace.asked:
		return c.workspace.id
	default:
		return ""
	}
}

func (c *Client) whoami(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, whoamiTimeout)
	defer cancel()
	id, err := doOnce(ctx, c, &call{method: http.MethodGet, template: "/whoami", path: "/whoami"}, readSpaceID)
	if err != nil {
		return ""
	}
	return id
}

// readSpaceID takes a text or a number: the type of the id is not documented.
func readSpaceID(a *response) (string, error) {
	var data struct {
		Space struct {
			ID any `json:"id"`
		} `json:"space"`
	}
	if err := a.decode(&data); err != nil {
		return "", err
	}
	switch id := data.Space.ID.(type) {
	case string:
		return id, nil
	case float64:
		return strconv.FormatFloat(id, 'f', -1, 64), nil
	case json.Number:
		return id.String(), nil
	default:
		return "", nil
	}
}
