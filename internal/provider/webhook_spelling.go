// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// An API may store another text than requested: a host in punycode, escapes in a
// path, no slash at the end. State must keep the planned value, and a difference
// between the two would replace the webhook at each apply. Private state therefore
// keeps the value that the API stored at creation. While the API returns that value,
// nothing has changed. A later change by another program is still detected.

// spelling is the value of an argument in the create request, and in the response.
// "" is null.
type spelling struct {
	Asked    string `json:"asked"`
	Answered string `json:"answered"`
}

// spellings are the arguments, by name, for which the API stored another text. They
// are never changed in place.
type spellings map[string]spelling

func (s spellings) with(name string, one spelling) spellings {
	all := maps.Clone(s)
	if all == nil {
		all = spellings{}
	}
	all[name] = one
	return all
}

// spellingsOf compares the request with the response.
func spellingsOf(asked kanbert.NewWebhook, made kanbert.Webhook) spellings {
	var all spellings
	for _, a := range arguments {
		if pair := (spelling{Asked: *a.asked(&asked), Answered: *a.made(&made)}); pair.Asked != pair.Answered {
			all = all.with(a.name, pair)
		}
	}
	return all
}

// answered returns the API's text for the argument's value in state.
func (s spellings) answered(a argument, text string) string {
	if pair, ok := s[a.name]; ok && a.same(pair.Asked, text) {
		return pair.Answered
	}
	return text
}

// equivalent reports whether the API has the same value for both texts.
func (s spellings) equivalent(a argument, from, to string) bool {
	return a.same(s.answered(a, from), s.answered(a, to))
}

// changed returns the arguments whose value at the API the plan changes.
func (s spellings) changed(prior, planned webhookResourceModel) []argument {
	return slices.DeleteFunc(changedArguments(prior, planned), func(a argument) bool {
		to := *a.value(&planned.webhookModel)
		return !to.IsUnknown() && s.equivalent(a, a.value(&prior.webhookModel).ValueString(), to.ValueString())
	})
}

// warnOfSpellings warns if the API stored another value than planned. It may be
// another spelling, or another meaning.
func warnOfSpellings(all spellings, diags *diag.Diagnostics) {
	for _, a := range arguments {
		pair, ok := all[a.name]
		if !ok || a.same(pair.Asked, pair.Answered) {
			continue
		}
		kept := a.shown(pair.Answered)
		if planned := a.shown(pair.Asked); planned != kept {
			kept += " instead of " + planned
		}
		diags.AddAttributeWarning(path.Root(a.name), "Kanbert changed an argument", fmt.Sprintf(
			"Kanbert stored another %[1]s than planned: %[2]s. If the two do not mean the same, change %[1]s. "+
				"State keeps the planned value, and plans show no difference while Kanbert returns its own.", a.name, kept))
	}
}

// useStateForEquivalent plans the state's text of an argument if the configured text
// means the same, or is the value that the API stored at creation. It must come before
// the modifier that requires replacement. Terraform lets a plan keep the prior value
// of an argument, unless one of the two is null.
type useStateForEquivalent struct{ argument }

var _ planmodifier.String = useStateForEquivalent{}

func (useStateForEquivalent) Description(context.Context) string {
	return "Another text that means the same to Kanbert is no change."
}

func (m useStateForEquivalent) MarkdownDescription(ctx context.Context) string {
	return m.Description(ctx)
}

func (m useStateForEquivalent) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.StateValue.IsNull() && !req.PlanValue.IsNull() && m.isEquivalent(ctx, req) {
		resp.PlanValue = req.StateValue
	}
}

func (a argument) isEquivalent(ctx context.Context, req planmodifier.StringRequest) bool {
	private := loadPrivate(ctx, req.Private)
	return !req.PlanValue.IsUnknown() && private.Spellings.equivalent(a, req.StateValue.ValueString(), req.PlanValue.ValueString())
}

// modifiers are the plan modifiers of the argument. A change replaces the webhook. A
// change between null and the value that the API stored is planned as an update that
// sends no request.
func (a argument) modifiers() []planmodifier.String {
	return []planmodifier.String{
		useStateForEquivalent{a},
		stringplanmodifier.RequiresReplaceIf(func(ctx context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = !a.isEquivalent(ctx, req)
		}, "a change replaces the webhook", "a change replaces the webhook"),
	}
}

// adopt returns the spellings after state has the planned texts. It reports false if
// one of them changes a value at the API.
func (s spellings) adopt(prior, planned webhookResourceModel) (adopted spellings, ok bool) {
	if len(s.changed(prior, planned)) > 0 {
		return nil, false
	}
	for _, a := range changedArguments(prior, planned) {
		from, to := a.value(&prior.webhookModel).ValueString(), a.value(&planned.webhookModel).ValueString()
		s = s.with(a.name, spelling{Asked: to, Answered: s.answered(a, from)})
	}
	return s, true
}

// lookupURL is the API's URL of a webhook in state.
func (p webhookPrivate) lookupURL(inState types.String) string {
	return p.Spellings.answered(argumentNamed("url"), inState.ValueString())
}
