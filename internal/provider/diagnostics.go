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

// Only this file turns errors into diagnostics. A summary names the operation that
// failed. A detail says in sentences what is wrong and what to do. Every text has a
// golden file in testdata/texts, which the troubleshooting guide includes.

// operation is the operation that failed. It is the summary of the diagnostic.
type operation string

const (
	createWebhook operation = "Unable to create webhook"
	readWebhook   operation = "Unable to read webhook"
	deleteWebhook operation = "Unable to delete webhook"
	listWebhooks  operation = "Unable to list webhooks"
	importWebhook operation = "Unable to import webhook"
	checkURL      operation = "Unable to check whether the URL is free"
)

// addError adds the diagnostics that explain err. An error about one of attributes is
// added to that attribute: a field that the API refused, a URL that is taken.
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
	// Matched by type and not by errors.As: an error that states the outcome of a
	// create says more than the response that it wraps.
	if answer, ok := err.(*kanbert.APIError); ok {
		others := addFieldErrors(diags, op, answer, attributes)
		if len(answer.Fields) > 0 && len(others) == 0 {
			return // Each field has its own error.
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
// responded to its DELETE.
func addUnconfirmedDelete(diags *diag.Diagnostics, id string, answer, why error) {
	text := "The response to the delete says that webhook " + strconv.Quote(redactID(id)) + " does not exist, but "
	if !kanbert.IsNotFound(answer) {
		text = "The response to the delete of webhook " + strconv.Quote(redactID(id)) + " is not a Kanbert response, and "
	}
	if errors.Is(why, directory.ErrStillListed) {
		diags.AddError(string(deleteWebhook), text+"Kanbert still lists it. It stays in state. "+
			checkGateway+" The response may come from there. Then apply again."+detail("The response to the delete", answer))
		return
	}
	diags.AddError(string(deleteWebhook), text+"the provider could not list the webhooks to confirm this. It stays in state. "+
		explainOnce(why, tellError)+detail("The response to the delete", answer))
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
			"Kanbert refused the value of %s: %s Set a value that Kanbert accepts.%s",
			field, sentences(answer.Fields[field]), requestLine(answer)))
	}
	return others
}

// addListError adds the diagnostics that explain why the webhooks that userFilter
// selects could not be listed. sorted is true if the user set a sort. The client does
// not know the arguments, so it cannot say which of them may be wrong.
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
			"The Kanbert API reference does not specify parts of the filter language. The guide \"Filters and sorting\" lists them, and what to write instead."
	case answer.StatusCode == http.StatusBadRequest && sorted:
		argument, text = "sort", "Kanbert refused the request, most likely because of the sort. Sort by url, is_active or created_at, or leave out the argument."
	case !userFilter.IsNull() && (answer.StatusCode == http.StatusRequestURITooLong || answer.StatusCode == http.StatusRequestHeaderFieldsTooLarge):
		text = "The filter is too long for Kanbert, or for a proxy in front of it. " +
			"Use fewer values, or list more webhooks and select from them with a for expression."
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
		return "The operation was interrupted before it was complete. Run the command again." + detail("Last error", err)
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &transport):
		return "The operation exceeded the time limit of all its retries. Run the command again when Kanbert responds." + detail("Last error", err)
	case errors.As(err, &answer):
		return explainAnswer(answer, attributes)
	case errors.As(err, &transport):
		return explainTransport(transport)
	default:
		return sentence(err.Error())
	}
}

// explainTaken has one wording for each case that the create can distinguish. The
// create does not know what the plan knew, so the text is true whether Terraform
// manages the holder or not.
func explainTaken(e *kanbert.URLTakenError) string {
	var answer *kanbert.APIError
	request := detail("The refusal", e.Err)
	if errors.As(e.Err, &answer) {
		request = requestLine(answer)
	}
	switch {
	case e.Holder != nil && e.MadeHere:
		return "The URL is taken: this run created " + identify(*e.Holder) + " with it. Nothing else was created. " +
			"Give each webhook its own URL: see " + guideURL("one-receiver-for-many-events") + request
	case e.Holder != nil:
		return "The URL is taken: " + identify(*e.Holder) + " has it. Nothing was created. " +
			"If Terraform manages that webhook, here or elsewhere, give this resource another URL. " +
			"If this resource replaces it, you can remove create_before_destroy instead, from this resource and those that depend on it, unless that webhook is deposed. " +
			"Otherwise import it, with the address of this resource:\n\n" + importBlock(e.Holder.ID) + request
	case e.Lookup != nil:
		return "The URL is taken, and the provider could not look up the webhook that has it. Nothing was created. " +
			"Apply again to see the webhook in the error, or choose another URL." + detail("The look-up", e.Lookup) + request
	default:
		return "Kanbert refuses the URL, although the API lists no webhook with it. Nothing was created. Choose another URL." +
			serversWords(answer) + request
	}
}

// explainTakenAgain is for a URL that another error of this run explains.
func explainTakenAgain(e *kanbert.URLTakenError) string {
	if e.Holder == nil {
		return "Kanbert refuses the URL, as another error of this run explains. Nothing was created."
	}
	return "The URL is taken by webhook " + strconv.Quote(redactID(e.Holder.ID)) + ", as another error of this run explains. Nothing was created."
}

// serversWords quotes the server's reason to refuse the url.
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

// guideURL is the address of a guide in the registry.
func guideURL(name string) string {
	return "https://registry.terraform.io/providers/kanbert/kanbert/latest/docs/guides/" + name
}

func explainUnproven(e *kanbert.UnprovenError) string {
	return "The create got no usable response. Now " + describe(e.Holder) + " has this URL, and the provider cannot prove that this create made it. " +
		"The webhook still exists and is not in state. If no other program created it, delete it in Kanbert and apply again, " +
		"or import it without its signing secret, " + inPlaceOf + ":\n\n" + importBlock(e.Holder.ID) +
		detail("The create", e.Err)
}

func explainUncertain(e *kanbert.UncertainError) string {
	text := "The provider could not determine whether the webhook was created. It (" + shownEvent(e.Event) + ", host " + hostOf(e.URL) + ") is not in state. " +
		"Apply again when Kanbert responds: this creates the webhook, or names the one with the URL.\n\n" +
		explainOnce(e.Err, tellError)
	if e.Lost != nil && e.Lost.Error() != e.Err.Error() {
		text += detail("The create", e.Lost)
	}
	return text
}

func explainSecretLost(e *kanbert.SecretLostError) string {
	return "The webhook was created, but the provider did not receive its signing secret, and Kanbert does not return it again. " +
		"Terraform has " + describe(e.Webhook) + " in state as tainted. " +
		"Apply again: Terraform replaces it, and the new webhook has its secret in state." + detail("The cause", e.Err)
}

// inPlaceOf explains an import block: a provider does not know the address of a
// resource.
const inPlaceOf = "with the address of this resource instead of " + webhookResourceType + ".example"

// detail ends a text with the error behind it, as the client words it.
func detail(lead string, err error) string {
	if err == nil {
		return ""
	}
	return "\n\n" + lead + ": " + sentence(err.Error())
}

// describe identifies a webhook to the reader. The reader knows its URL, which is
// left out because its query may contain a password.
func describe(w kanbert.Webhook) string {
	text := identify(w)
	if w.CreatedAt.IsZero() {
		return text
	}
	return strings.TrimSuffix(text, ")") + ", created at " + w.CreatedAt.UTC().Format(time.RFC3339) + ")"
}

// identify is describe without the time of creation, for long texts.
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

// shownEvent formats an event from the server. A malformed one is quoted, so that
// its control characters do not reach the terminal.
func shownEvent(e kanbert.Event) string {
	if e.WellFormed() {
		return string(e)
	}
	return strconv.Quote(string(e))
}

// importBlock is ready to be copied, except for the address of the resource, which a
// provider does not know.
func importBlock(id string) string {
	return fmt.Sprintf("  import {\n    to = %s.example\n    id = %s\n  }", webhookResourceType, hclString(id))
}

// hclString quotes s for a configuration, where "${" and "%{" would begin a
// template.
func hclString(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(s))
}

// hostOf returns the host of a user's URL, the only part that a text may show:
// paths may contain passwords too.
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

// sentence ends text with a full stop, unless it has a final punctuation mark.
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

// enumerate joins names for a sentence: "a", "a and b", "a, b and c".
func enumerate(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
