// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"
)

const resourceType = "kanbert_webhook"

// webhook is what a plan, a state or the server holds of one webhook.
type webhook struct {
	id, url, event, projectID, secret string
}

// webhookOf reads an object of a plan or a state. What is null or unknown is
// empty.
func webhookOf(object any) webhook {
	values, _ := object.(map[string]any)
	text := func(name string) string {
		value, _ := values[name].(string)
		return value
	}
	return webhook{text("id"), text("url"), text("event"), text("project_id"), text("signature_secret_key")}
}

// created plans into a file and returns the webhooks that would be created, by
// address. It is an error if the plan does anything else to a webhook.
func (d *demo) created(ctx context.Context, file string, wantCode int, flags ...string) (map[string]webhook, error) {
	if _, err := d.run(ctx, wantCode, slices.Concat([]string{"plan"}, flags, []string{"-out=" + file})...); err != nil {
		return nil, err
	}
	var plan tfjson.Plan
	if err := d.workspace.ReadJSON(ctx, &plan, "show", "-json", file); err != nil {
		return nil, err
	}
	created := map[string]webhook{}
	for _, change := range plan.ResourceChanges {
		switch actions := change.Change.Actions; {
		case change.Type != resourceType || actions.NoOp():
		case actions.Create():
			created[change.Address] = webhookOf(change.Change.After)
		default:
			return nil, fmt.Errorf("the plan for %s is %v", change.Address, actions)
		}
	}
	return created, nil
}

// state returns the webhooks in state, by address.
func (d *demo) state(ctx context.Context) (map[string]webhook, error) {
	var state tfjson.State
	if err := d.workspace.ReadJSON(ctx, &state, "show", "-json"); err != nil {
		return nil, err
	}
	found := map[string]webhook{}
	if state.Values == nil || state.Values.RootModule == nil {
		return found, nil
	}
	for _, resource := range state.Values.RootModule.Resources {
		if resource.Type == resourceType {
			found[resource.Address] = webhookOf(resource.AttributeValues)
		}
	}
	return found, nil
}

// expectPlanned returns the webhooks in state. It is an error if they are not those
// that were planned, or not those that the server has, with their secrets if these
// are to be there. It prints no secret.
func (d *demo) expectPlanned(ctx context.Context, secrets bool) (map[string]webhook, error) {
	state, err := d.state(ctx)
	if err != nil {
		return nil, err
	}
	server := map[string]webhook{}
	for _, w := range d.sandbox.Webhooks() {
		server[w.ID] = webhook{w.ID, w.URL, w.Event, w.ProjectID, w.Secret}
	}
	if len(state) != len(d.planned) || len(server) != len(d.planned) {
		return nil, fmt.Errorf("%d webhooks were planned, %d are in state, and the server has %d", len(d.planned), len(state), len(server))
	}
	for _, address := range slices.Sorted(maps.Keys(d.planned)) {
		want, held, stands := d.planned[address], state[address], server[state[address].id]
		if want.url != stands.url || want.event != stands.event || want.projectID != stands.projectID {
			return nil, fmt.Errorf("the server has the webhook %q for %s of project %q, which is not what %s plans",
				stands.url, stands.event, stands.projectID, address)
		}
		if secrets && (held.secret == "" || held.secret != stands.secret) {
			return nil, fmt.Errorf("the secret in state for %s is not the server's", address)
		}
	}
	return state, nil
}

func expectSame(before, after map[string]webhook) error {
	if !maps.Equal(before, after) {
		return errors.New("a webhook is another one than before, although nothing happened to it")
	}
	return nil
}

// expectRequests is an error if the step created or deleted more or less than it
// says.
func (d *demo) expectRequests(posts, deletes int) error {
	if got := d.sandbox.Count(http.MethodPost); got != posts {
		return fmt.Errorf("the API was asked %d times to create, not %d", got, posts)
	}
	if got := d.sandbox.Count(http.MethodDelete); got != deletes {
		return fmt.Errorf("the API was asked %d times to delete, not %d", got, deletes)
	}
	return nil
}
