// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// whoamiTimeout bounds the one request that asks for the workspace. Nothing
// depends on its answer that could not go on without it.
const whoamiTimeout = 5 * time.Second

// workspace is what is known of the workspace that the token belongs to.
type workspace struct {
	mu sync.Mutex
	// asking is closed when the request under way has ended.
	asking chan struct{}
	// attempts counts the requests that have ended.
	attempts int
	// settled says that an answer came that would come again, or that there were
	// enough attempts.
	settled bool
	id      string
}

// WorkspaceAttempts is how often at most a client asks for its workspace.
const WorkspaceAttempts = 3

// WorkspaceID returns the id of the Kanbert workspace that the token belongs to
// (GET /whoami, space.id), or "" if the API does not say. It is asked once per
// client, in one attempt of at most 5 seconds, and never fails: whatever is no
// answer means unknown. Only after a failure that may pass (429, 5xx, a broken
// connection) the next call asks again, twice at most. Nothing else of the answer, which is
// personal data, is kept or logged.
func (c *Client) WorkspaceID(ctx context.Context) string {
	w := &c.workspace
	w.mu.Lock()
	if w.settled {
		defer w.mu.Unlock()
		return w.id
	}
	asking := w.asking
	if asking == nil {
		asking = make(chan struct{})
		w.asking = asking
		go c.askWorkspace(context.WithoutCancel(ctx), asking)
	}
	w.mu.Unlock()
	select {
	case <-asking:
		return c.KnownWorkspaceID()
	case <-ctx.Done():
		return ""
	}
}

func (c *Client) askWorkspace(ctx context.Context, asking chan struct{}) {
	id, settled := c.whoami(ctx)
	w := &c.workspace
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attempts++
	w.id, w.settled, w.asking = id, settled || w.attempts >= WorkspaceAttempts, nil
	close(asking)
}

// askWorkspaceOnce waits for the first answer to [Client.WorkspaceID], and asks
// for it if that was not done before.
func (c *Client) askWorkspaceOnce(ctx context.Context) {
	c.workspace.mu.Lock()
	asked := c.workspace.attempts > 0
	c.workspace.mu.Unlock()
	if !asked {
		c.WorkspaceID(ctx)
	}
}

// KnownWorkspaceID is [Client.WorkspaceID] if that has been asked and answered,
// and "" otherwise. It sends nothing.
func (c *Client) KnownWorkspaceID() string {
	c.workspace.mu.Lock()
	defer c.workspace.mu.Unlock()
	return c.workspace.id
}

// whoami reports as well whether the answer would be the same if it were asked
// again.
func (c *Client) whoami(ctx context.Context) (id string, settled bool) {
	ctx, cancel := context.WithTimeout(ctx, whoamiTimeout)
	defer cancel()
	id, err := doOnce(ctx, c, &call{method: http.MethodGet, template: "/whoami", path: "/whoami"}, readSpaceID)
	if err != nil {
		return "", outcomeOf(err) == refused
	}
	return id, true
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
	default:
		return "", nil
	}
}
