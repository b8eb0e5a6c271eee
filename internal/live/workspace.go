// SPDX-License-Identifier: MPL-2.0

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// UnknownWorkspace is the workspace id that a user names if the API does not return
// the workspace of a token.
const UnknownWorkspace = "unknown"

// WorkspaceError says that the user did not name the workspace of the token.
// Nothing was written.
type WorkspaceError struct{ text string }

func (e *WorkspaceError) Error() string { return e.text }

// space is the workspace of a token. Both fields are empty if the API does not
// return it.
type space struct{ id, name string }

// readSpace reads only the workspace from a response to GET /whoami: the rest is
// personal data.
func readSpace(a answer) space {
	var body struct {
		Space struct {
			ID   any    `json:"id"`
			Name string `json:"name"`
		} `json:"space"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(a.body)))
	decoder.UseNumber()
	if a.status != http.StatusOK || decoder.Decode(&body) != nil {
		return space{}
	}
	switch id := body.Space.ID.(type) {
	case string:
		return space{id: id, name: body.Space.Name}
	case json.Number:
		return space{id: id.String(), name: body.Space.Name}
	}
	return space{}
}

func (a *api) space(ctx context.Context) (space, error) {
	got, err := a.do(ctx, request{method: http.MethodGet, path: whoamiPath})
	if err != nil {
		return space{}, err
	}
	if got.status == http.StatusUnauthorized {
		return space{}, fmt.Errorf("the API does not accept the token (401)")
	}
	return readSpace(got), nil
}

// confirmWorkspace prints the workspace of the token, and returns its id if the
// user named it. Before that, nothing is written.
func (a *api) confirmWorkspace(ctx context.Context, named string, out io.Writer) (string, error) {
	s, err := a.space(ctx)
	if err != nil {
		return "", err
	}
	id := s.id
	if id == "" {
		id = UnknownWorkspace
		fmt.Fprintln(out, "Workspace: the API does not say which one the token belongs to.")
	} else {
		fmt.Fprintf(out, "Workspace: %q, id %q\n", s.name, s.id)
	}
	if named == id {
		return id, nil
	}
	problem := "Name the workspace in which webhooks may be created and deleted."
	if named != "" {
		problem = "The token does not belong to the workspace that -workspace names."
	}
	return "", &WorkspaceError{text: fmt.Sprintf("%s Nothing was written. If the workspace above is the right one, add: -workspace %s", problem, id)}
}
