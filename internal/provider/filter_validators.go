// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// filterValidator reads a filter before the API does: what the API reference
// rules out is an error, what it leaves open a warning.
type filterValidator struct{}

var _ validator.String = filterValidator{}

func (filterValidator) Description(context.Context) string {
	return "value must be a filter in the string form or in the JSON form"
}

func (v filterValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (filterValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	_, warnings, err := filter.Parse(req.ConfigValue.ValueString())
	for _, w := range warnings {
		resp.Diagnostics.AddAttributeWarning(req.Path, w.Summary, w.Detail)
	}
	var problems filter.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			resp.Diagnostics.AddAttributeError(req.Path, p.Summary, p.Detail)
		}
	}
}

// sortValidator checks each entry of a sort list by itself, so that an error
// names the entry.
type sortValidator struct{}

var _ validator.List = sortValidator{}

func (sortValidator) Description(context.Context) string {
	return `values must be url, is_active or created_at, with an optional "-" in front`
}

func (v sortValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (sortValidator) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	seen := make(map[string]bool)
	for i, element := range req.ConfigValue.Elements() {
		entry, ok := element.(types.String)
		if !ok || entry.IsUnknown() {
			continue
		}
		at := req.Path.AtListIndex(i)
		var p *filter.Problem
		if errors.As(filter.CheckSort(entry.ValueString()), &p) { // a null is as empty as ""
			resp.Diagnostics.AddAttributeError(at, p.Summary, p.Detail)
			continue
		}
		name := strings.TrimPrefix(entry.ValueString(), "-")
		if seen[name] {
			resp.Diagnostics.AddAttributeWarning(at, "Repeated sort",
				"The list is sorted by "+name+" already, so that this entry changes nothing. It is passed to the API as written.")
		}
		seen[name] = true
	}
}

// eventsValidator checks a list of events to select. Each is held to what the
// resource's event is held to.
type eventsValidator struct{}

var _ validator.List = eventsValidator{}

func (eventsValidator) Description(context.Context) string {
	return "must be one event of Kanbert or more: " + eventNames()
}

func (v eventsValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (eventsValidator) ValidateList(ctx context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	elements := req.ConfigValue.Elements()
	if len(elements) == 0 {
		// It would select nothing, or everything: which was meant cannot be told.
		resp.Diagnostics.AddAttributeError(req.Path, "Empty list of events",
			"There is no event in the list. Name one at least, or leave the argument out, or set it to null, for webhooks of every event.")
	}
	for i, element := range elements {
		at := req.Path.AtListIndex(i)
		if element.IsNull() {
			resp.Diagnostics.AddAttributeError(at, "Unknown event", "This event is null. The events are "+eventNames()+".")
			continue
		}
		if event, ok := element.(types.String); ok {
			one := validator.StringRequest{Path: at, Config: req.Config, ConfigValue: event}
			result := &validator.StringResponse{}
			eventValidator{}.ValidateString(ctx, one, result)
			resp.Diagnostics.Append(result.Diagnostics...)
		}
	}
}
