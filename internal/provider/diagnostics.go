// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/directory"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// This file alone turns errors into diagnostics. A summary says what could not be
// done. A detail says, in whole sentences, what is known and what to do. Every
// text is kept in testdata/texts, which the troubleshooting guide includes.

// operation is what was being done when an error came up. It is the summary of
// the diagnostic.
type operation string

const (
	createWebhook operation = "Unable to create webhook"
	readWebhook   operation = "Unable to read webhook"
	deleteWebhook operation = "Unable to delete webhook"
	listWebhooks  operation = "Unable to list webhooks"
	importWebhook operation = "Unable to import webhook"
	checkURL      operation = "Unable to check whether the URL is free"
)

// addError adds the diagnostics that explain err. What concerns one of attributes
// becomes an error on it: a field that the API refused, a URL that is taken.
func addError(diags *diag.Diagnostics, op operation, err error, attributes ...string) {
	var interrupted *kanbert.InterruptedError
	if errors.As(err, &interrupted) {
		diags.AddError(string(op), explainInterrupted(op, interrupted))
		return
	}
	var taken *kanbert.URLTakenError
	if errors.As(err, &taken) && slices.Contains(attributes, "url") {
		diags.AddAttributeError(path.Root("url"), string(op), explain(err))
		return
	}
	// Matched by type and not by errors.As: an error that says what became of a
	// create says more than the answer in it.
	if answer, ok := err.(*kanbert.APIError); ok {
		others := addFieldErrors(diags, op, answer, attributes)
		if len(answer.Fields) > 0 && len(others) == 0 {
			return // Each field has told its part.
		}
	}
	if isRepeated(err, tellError) {
		diags.AddError(string(op), repeatedText(op, err))
		return
	}
	diags.AddError(string(op), explain(err, attributes...))
}

// explainInterrupted says what an interrupt left undone.
func explainInterrupted(op operation, e *kanbert.InterruptedError) string {
	nothing := map[operation]string{createWebhook: " Nothing was created.", deleteWebhook: " Nothing was deleted."}[op]
	if e.Waiting == "" {
		return "Interrupted before a request was sent." + nothing
	}
	return "Interrupted while waiting for " + e.Waiting + "." + nothing
}

// addUnconfirmedDelete explains that a webhook stays in state although a server
// answered its DELETE.
func addUnconfirmedDelete(diags *diag.Diagnostics, id string, answer, why error) {
	text := "The server answered that webhook " + strconv.Quote(redactID(id)) + " does not exist, but "
	if !kanbert.IsNotFound(answer) {
		text = "The answer to the delete of webhook " + strconv.Quote(redactID(id)) + " is not one that Kanbert gives, and "
	}
	if errors.Is(why, directory.ErrStillListed) {
		diags.AddError(string(deleteWebhook), text+"Kanbert still lists it. It stays in state."+
			" Check base_url, and what is between this machine and Kanbert: the answer to the delete may not be Kanbert's. Then apply again."+detail("The answer to the delete", answer))
		return
	}
	diags.AddError(string(deleteWebhook), text+"the webhooks could not be listed to confirm that it is gone. It stays in state. "+
		explainOnce(why, tellError)+detail("The answer to the delete", answer))
}

// addFieldErrors adds an error for each refused field that is one of attributes,
// and returns the names of the others.
func addFieldErrors(diags *diag.Diagnostics, op operation, answer *kanbert.APIError, attributes []string) (others []string) {
	for _, field := range sortedFields(answer) {
		if !slices.Contains(attributes, field) {
			others = append(others, field)
			continue
		}
		diags.AddAttributeError(path.Root(field), string(op), fmt.Sprintf(
			"Kanbert refused the value of %s: %s Change it to what Kanbert asks for.%s",
			field, sentences(answer.Fields[field]), requestLine(answer)))
	}
	return others
}

// addListError adds the diagnostics that explain why the webhooks that userFilter
// selects could not be listed. sorted is true if the user gave a sort. The client
// knows of neither, and so cannot tell what in them may be at fault.
func addListError(diags *diag.Diagnostics, err error, userFilter types.String, sorted bool) {
	var answer *kanbert.APIError
	if !errors.As(err, &answer) {
		addError(diags, listWebhooks, err)
		return
	}
	argument := "filter"
	var text string
	switch {
	case answer.StatusCode == http.StatusBadRequest && !userFilter.IsNull():
		text = "Kanbert refused the request, most likely because of the filter, which was sent as written. " +
			"Public documentation leaves parts of the filter language open: the guide \"Filters and sorting\" says which, and what to write instead."
	case answer.StatusCode == http.StatusBadRequest && sorted:
		argument, text = "sort", "Kanbert refused the request, most likely because of the sort. Sort by url, is_active or created_at, or leave the argument out."
	case !userFilter.IsNull() && (answer.StatusCode == http.StatusRequestURITooLong || answer.StatusCode == http.StatusRequestHeaderFieldsTooLarge):
		text = "The filter is longer than Kanbert, or a proxy in front of it, takes. " +
			"Name fewer values in it, or list more webhooks and select among them with a for expression."
	default:
		addError(diags, listWebhooks, err, "filter", "sort")
		return
	}
	if answer.Message != "" {
		text += " The server said: " + sentence(answer.Message)
	}
	diags.AddAttributeError(path.Root(argument), string(listWebhooks), text+requestLine(answer))
}

// explain returns the detail of the diagnostic for err.
func explain(err error, attributes ...string) string {
	var taken *kanbert.URLTakenError
	var unproven *kanbert.UnprovenError
	var uncertain *kanbert.UncertainError
	var secretLost *kanbert.SecretLostError
	var answer *kanbert.APIError
	var transport *kanbert.TransportError
	switch {
	case errors.As(err, &taken):
		return explainTaken(taken)
	case errors.As(err, &unproven):
		return explainUnproven(unproven)
	case errors.As(err, &uncertain):
		return explainUncertain(uncertain)
	case errors.As(err, &secretLost):
		return explainSecretLost(secretLost)
	case errors.Is(err, context.Canceled):
		return "The operation was interrupted before it was done. Run the command again." + detail("What was seen last", err)
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &transport):
		return "The operation took longer than all its retries may take. Run the command again when Kanbert is well." + detail("What was seen last", err)
	case errors.As(err, &answer):
		return explainAnswer(answer, attributes)
	case errors.As(err, &transport):
		return explainTransport(transport)
	default:
		return sentence(err.Error())
	}
}

// explainTaken has one wording for each thing that is known: what the plan knew
// does not reach a create, so that the text is true whether Terraform manages the
// holder or not.
func explainTaken(e *kanbert.URLTakenError) string {
	var answer *kanbert.APIError
	request := detail("The refusal", e.Err)
	if errors.As(e.Err, &answer) {
		request = requestLine(answer)
	}
	switch {
	case e.Holder != nil && e.MadeHere:
		return "The URL is taken: this run has created " + identify(*e.Holder) + " with it. Nothing else was created. " +
			"Give each webhook its own URL: see " + guideURL("one-receiver-for-many-events") + request
	case e.Holder != nil:
		return "The URL is taken: " + identify(*e.Holder) + " has it. Nothing was created. " +
			"If Terraform manages that webhook, here or elsewhere, give this resource another URL. " +
			"If this replaces that webhook, remove create_before_destroy, its own or that of a resource that depends on it, " +
			"or change the url as well; if that webhook is deposed, only another url helps. " +
			"Otherwise import it, with this resource's address:\n\n" + importBlock(e.Holder.ID) + request
	case e.Lookup != nil:
		return "The URL is taken, and the webhook that has it could not be looked up. Nothing was created. " +
			"Apply again: the error then names the webhook, or choose another URL." + detail("The look-up", e.Lookup) + request
	default:
		return "Kanbert refuses the URL, but no webhook that the API lists has this URL; only another URL helps. Nothing was created." +
			serversWords(answer) + request
	}
}

// explainTakenAgain is for a URL about which another error of this run tells more.
func explainTakenAgain(e *kanbert.URLTakenError) string {
	if e.Holder == nil {
		return "Another error of this run tells why this URL is refused. Nothing was created."
	}
	return "The URL is taken by webhook " + strconv.Quote(redactID(e.Holder.ID)) + ", as another error of this run explains. Nothing was created."
}

// serversWords quotes why the server refused the url.
func serversWords(answer *kanbert.APIError) string {
	switch {
	case answer == nil:
		return ""
	case len(answer.Fields["url"]) > 0:
		return " The server said: " + sentences(answer.Fields["url"])
	case answer.Message != "":
		return " The server said: " + sentence(answer.Message)
	}
	return ""
}

// guideURL is where the registry has a guide.
func guideURL(name string) string {
	return "https://registry.terraform.io/providers/kanbert/kanbert/latest/docs/guides/" + name
}

func explainUnproven(e *kanbert.UnprovenError) string {
	return "The create got no usable answer. Now " + describe(e.Holder) + " has this URL, and the provider cannot prove that this create made it. " +
		"It was left alone and is not in state. If no other program created it, delete it in Kanbert and apply again, " +
		"or import it without its signing secret, " + inPlaceOf + ":\n\n" + importBlock(e.Holder.ID) +
		detail("The create", e.Err)
}

func explainUncertain(e *kanbert.UncertainError) string {
	text := "The provider could not determine whether the webhook was created. One for " + shownEvent(e.Event) + " may exist at the host " + hostOf(e.URL) + ". It is not in state. " +
		"Apply again when Kanbert answers: if the URL is free the webhook is created, and if it is not the error names the webhook that has it.\n\n" +
		explainOnce(e.Err, tellError)
	if e.Lost != nil && e.Lost.Error() != e.Err.Error() {
		text += detail("The create", e.Lost)
	}
	return text
}

func explainSecretLost(e *kanbert.SecretLostError) string {
	return "The webhook was created, but its signing secret did not arrive, and Kanbert does not return it again. " +
		"It is " + describe(e.Webhook) + ", and is in state as tainted. " +
		"Apply again: Terraform replaces it by a webhook whose secret is known." + detail("The cause", e.Err)
}

// inPlaceOf explains an import block, since a provider is not told the address of
// a resource.
const inPlaceOf = "with the address of this resource in place of " + webhookResourceType + ".example"

// detail ends a text with the error behind it, as the client words it.
func detail(lead string, err error) string {
	if err == nil {
		return ""
	}
	return "\n\n" + lead + ": " + sentence(err.Error())
}

// describe names a webhook by what a person can recognise it by. Its URL is known
// to the reader and is left out: it may hold a password in its query.
func describe(w kanbert.Webhook) string {
	text := identify(w)
	if w.CreatedAt.IsZero() {
		return text
	}
	return strings.TrimSuffix(text, ")") + ", created at " + w.CreatedAt.UTC().Format(time.RFC3339) + ")"
}

// identify is describe without the time of creation, for texts that are long
// already.
func identify(w kanbert.Webhook) string {
	scope := "no project"
	if w.ProjectID != "" {
		scope = "project " + strconv.Quote(w.ProjectID)
	}
	if w.ClientID != "" {
		scope += ", client " + strconv.Quote(w.ClientID)
	}
	return fmt.Sprintf("webhook %s (event %s, %s)", strconv.Quote(w.ID), shownEvent(w.Event), scope)
}

// shownEvent is an event of the server's as a text may show it. One that is none
// is quoted, so that nothing in it can move the cursor of a terminal.
func shownEvent(e kanbert.Event) string {
	if e.WellFormed() {
		return string(e)
	}
	return strconv.Quote(string(e))
}

// importBlock is ready to be copied, the resource's address apart, which a
// provider is not told.
func importBlock(id string) string {
	return fmt.Sprintf("  import {\n    to = %s.example\n    id = %s\n  }", webhookResourceType, hclString(id))
}

// hclString quotes s for a configuration, where "${" and "%{" would begin a
// template.
func hclString(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(s))
}

// hostOf is what of a user's own URL may be shown anywhere: receivers carry
// passwords in paths too.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "(unknown)"
	}
	return u.Host
}

func sortedFields(answer *kanbert.APIError) []string {
	return slices.Sorted(maps.Keys(answer.Fields))
}

// sentence ends text with a full stop, unless it ends a sentence already.
func sentence(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), ":;, ")
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

func sentences(texts []string) string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = sentence(t)
	}
	return strings.Join(all, " ")
}
