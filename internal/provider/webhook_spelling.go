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

// An API may keep another text than it was asked for: a host in punycode, escapes
// in a path, no slash at the end. State has to keep what was planned, and a
// difference between the two would replace the webhook at each apply. So private
// state keeps what the API made of each argument at creation, and as long as the
// API says that, nothing has changed. A later change by another program is still
// seen.

// spelling is what the API answered when it was asked for something at creation.
// "" is null.
type spelling struct {
	Asked    string `json:"asked"`
	Answered string `json:"answered"`
}

// spellings are the arguments, by name, of which the API made another text. They
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

// spellingsOf compares what was asked for with what the API made of it.
func spellingsOf(asked kanbert.NewWebhook, made kanbert.Webhook) spellings {
	var all spellings
	for _, a := range arguments {
		if pair := (spelling{Asked: *a.asked(&asked), Answered: *a.made(&made)}); pair.Asked != pair.Answered {
			all = all.with(a.name, pair)
		}
	}
	return all
}

// answered returns what the API calls text, which is the argument's value in
// state.
func (s spellings) answered(a argument, text string) string {
	if pair, ok := s[a.name]; ok && a.same(pair.Asked, text) {
		return pair.Answered
	}
	return text
}

// equivalent reports whether a change of the argument from one text to another
// changes nothing at the API.
func (s spellings) equivalent(a argument, from, to string) bool {
	return a.same(s.answered(a, from), s.answered(a, to))
}

// changed returns the arguments of which a plan changes what the API has.
func (s spellings) changed(prior, planned webhookResourceModel) []argument {
	return slices.DeleteFunc(changedArguments(prior, planned), func(a argument) bool {
		to := *a.value(&planned.webhookModel)
		return !to.IsUnknown() && s.equivalent(a, a.value(&prior.webhookModel).ValueString(), to.ValueString())
	})
}

// warnOfSpellings warns where the API made something else than was planned. It may
// be another spelling, or something else.
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
			"Kanbert keeps another %[1]s than was planned: %[2]s. If it does not mean the same, change %[1]s. "+
				"State keeps what was planned, and plans show no difference as long as Kanbert keeps its own.", a.name, kept))
	}
}

// useStateForEquivalent makes another text of an argument no change, if it means
// the same, or is what the API made of it at creation: it plans the state's text.
// It must stand before the modifier that asks for a replacement. Terraform lets a
// plan keep the prior value of an argument, unless one of the two is null.
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

// modifiers are the plan modifiers of the argument. A change replaces the webhook,
// unless it is one between null and what the API made of it, or back, which is
// planned as an update that sends nothing.
func (a argument) modifiers() []planmodifier.String {
	return []planmodifier.String{
		useStateForEquivalent{a},
		stringplanmodifier.RequiresReplaceIf(func(ctx context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = !a.isEquivalent(ctx, req)
		}, "a change replaces the webhook", "a change replaces the webhook"),
	}
}

// adopt returns the spellings after state has taken over the planned texts. It
// reports false if one of them changes what the API has.
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

// lookupURL is the URL that the API has of a webhook in state.
func (p webhookPrivate) lookupURL(inState types.String) string {
	return p.Spellings.answered(argumentNamed("url"), inState.ValueString())
}
