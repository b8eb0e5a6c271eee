// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
)

// filterValidator checks a filter before it is sent. A filter that the API reference
// excludes is an error. One that it does not specify is a warning.
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
	errs, warnings := filter.Check(req.ConfigValue.ValueString())
	for _, p := range errs {
		resp.Diagnostics.AddAttributeError(req.Path, p.Summary, p.Detail)
	}
	for _, p := range warnings {
		resp.Diagnostics.AddAttributeWarning(req.Path, p.Summary, p.Detail)
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
		entry, _ := element.(types.String)
		if entry.IsUnknown() {
			continue
		}
		at := req.Path.AtListIndex(i)
		if p := filter.CheckSort(entry.ValueString()); p != nil { // a null is as empty as ""
			resp.Diagnostics.AddAttributeError(at, p.Summary, p.Detail)
			continue
		}
		name := strings.TrimPrefix(entry.ValueString(), "-")
		if seen[name] {
			resp.Diagnostics.AddAttributeWarning(at, "Repeated sort",
				"The list is sorted by "+name+" already. Remove this entry, which changes nothing. It is sent as written.")
		}
		seen[name] = true
	}
}

// eventsValidator checks a list of events to select. Each is checked as the
// resource's event is.
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
		// It could mean no webhook or every webhook.
		resp.Diagnostics.AddAttributeError(req.Path, "Empty list of events",
			"The list has no event. Add at least one. To list webhooks of every event, leave out the argument or set it to null.")
	}
	for i, element := range elements {
		at := req.Path.AtListIndex(i)
		if element.IsNull() {
			resp.Diagnostics.AddAttributeError(at, "Unknown event", "This event is null. The events are "+eventNames()+".")
		}
		event, _ := element.(types.String)
		one := &validator.StringResponse{}
		eventValidator{}.ValidateString(ctx, validator.StringRequest{Path: at, ConfigValue: event}, one)
		resp.Diagnostics.Append(one.Diagnostics...)
	}
}
