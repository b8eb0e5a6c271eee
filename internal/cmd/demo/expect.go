// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"
)

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
		case change.Mode != tfjson.ManagedResourceMode || actions.NoOp():
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
		if resource.Mode == tfjson.ManagedResourceMode {
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

// expectRequests is an error if the step sent more or fewer than it says.
func (d *demo) expectRequests(method string, want int) error {
	if got := d.sandbox.Count(method); got != want {
		return fmt.Errorf("the API received %d × %s, not %d", got, method, want)
	}
	return nil
}
