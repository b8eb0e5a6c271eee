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

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

const resourceType = "kanbert_webhook"

// webhook is what a plan or a state holds of one webhook.
type webhook struct {
	id, url, event, projectID, secret string
}

// changes are the changes of a plan to webhooks, by address.
type changes map[string]*tfjson.Change

func changesOf(plan *tfjson.Plan) changes {
	found := changes{}
	for _, change := range plan.ResourceChanges {
		if change.Type == resourceType && change.Mode == tfjson.ManagedResourceMode {
			found[change.Address] = change.Change
		}
	}
	return found
}

// onlyCreates returns the webhooks that the plan creates; it is an error if there
// are none, or if it does anything else.
func (c changes) onlyCreates() (map[string]webhook, error) {
	if len(c) == 0 {
		return nil, errors.New("the plan creates no webhook")
	}
	created := map[string]webhook{}
	for _, address := range slices.Sorted(maps.Keys(c)) {
		if !c[address].Actions.Create() {
			return nil, fmt.Errorf("the plan for %s is %v, not to create it", address, c[address].Actions)
		}
		created[address] = webhookOf(c[address].After)
	}
	return created, nil
}

// onlyCreate is an error if the plan does anything but create what is at address.
func (c changes) onlyCreate(address string) error {
	for _, other := range slices.Sorted(maps.Keys(c)) {
		actions := c[other].Actions
		if other == address && !actions.Create() {
			return fmt.Errorf("the plan for %s is %v, not to create it", other, actions)
		}
		if other != address && !actions.NoOp() {
			return fmt.Errorf("the plan for %s is %v, although nothing happened to it", other, actions)
		}
	}
	if c[address] == nil {
		return fmt.Errorf("the plan does not mention %s", address)
	}
	return nil
}

// none is an error if the plan changes any webhook.
func (c changes) none() error {
	for _, address := range slices.Sorted(maps.Keys(c)) {
		if !c[address].Actions.NoOp() {
			return fmt.Errorf("the plan for %s is %v, although nothing is to change", address, c[address].Actions)
		}
	}
	return nil
}

func webhooksOf(state *tfjson.State) map[string]webhook {
	found := map[string]webhook{}
	if state.Values == nil || state.Values.RootModule == nil {
		return found
	}
	for _, resource := range state.Values.RootModule.Resources {
		if resource.Type == resourceType && resource.Mode == tfjson.ManagedResourceMode {
			found[resource.Address] = webhookOf(resource.AttributeValues)
		}
	}
	return found
}

// webhookOf reads an object of a plan or a state. What is null or unknown is
// empty.
func webhookOf(object any) webhook {
	values, _ := object.(map[string]any)
	text := func(name string) string {
		value, _ := values[name].(string)
		return value
	}
	return webhook{
		id:        text("id"),
		url:       text("url"),
		event:     text("event"),
		projectID: text("project_id"),
		secret:    text("signature_secret_key"),
	}
}

// expectServer is an error if the server does not hold exactly what was planned.
func (d *demo) expectServer() error {
	have := d.sandbox.Webhooks()
	for address, want := range d.planned {
		got, ok := find(have, want.url)
		if !ok {
			return fmt.Errorf("the server has no webhook at %s, which %s plans", want.url, address)
		}
		if got.Event != want.event || got.ProjectID != want.projectID {
			return fmt.Errorf("the server's webhook at %s is for %s of project %q, which is not what %s plans",
				got.URL, got.Event, got.ProjectID, address)
		}
	}
	if len(have) != len(d.planned) {
		return fmt.Errorf("the server has %d webhooks, and %d were planned", len(have), len(d.planned))
	}
	return nil
}

// expectSecrets is an error if state does not hold id and secret of each webhook
// as the server has them. It prints no secret.
func (d *demo) expectSecrets(ctx context.Context) error {
	state, err := d.state(ctx)
	if err != nil {
		return err
	}
	have := d.sandbox.Webhooks()
	for _, address := range slices.Sorted(maps.Keys(d.planned)) {
		server, ok := find(have, d.planned[address].url)
		if !ok || server.Secret == "" {
			return fmt.Errorf("the server has no secret for %s", address)
		}
		if state[address].id != server.ID {
			return fmt.Errorf("state has the id %q for %s, and the server has %q", state[address].id, address, server.ID)
		}
		if state[address].secret != server.Secret {
			return fmt.Errorf("the secret in state for %s is not the server's", address)
		}
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

// expectSameBut is an error if a webhook other than the one at url is not the
// same before and after.
func expectSameBut(url string, before, after []kanberttest.Webhook) error {
	for _, was := range before {
		if was.URL == url {
			continue
		}
		if is, ok := find(after, was.URL); !ok || is.ID != was.ID {
			return fmt.Errorf("the webhook at %s is another one than before", was.URL)
		}
	}
	if len(after) != len(before) {
		return fmt.Errorf("the server has %d webhooks, and had %d", len(after), len(before))
	}
	return nil
}

func find(webhooks []kanberttest.Webhook, url string) (kanberttest.Webhook, bool) {
	i := slices.IndexFunc(webhooks, func(w kanberttest.Webhook) bool { return w.URL == url })
	if i < 0 {
		return kanberttest.Webhook{}, false
	}
	return webhooks[i], true
}
