// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

// This file explains why a request failed: what the API responded, or why there was
// no response. What that means for a create is in diagnostics.go.

// The kinds of diagnostic that explain an incident once each. A CLI may hide a
// warning, so an error never refers to one.
const (
	tellError   = "error"
	tellWarning = "warning"
)

// isRepeated reports whether another error of this run has explained the cause of
// err, and no request has succeeded since. The outcome of each create is reported.
func isRepeated(err error, purpose string) bool {
	var taken *kanbert.URLTakenError
	var unproven *kanbert.UnprovenError
	var uncertain *kanbert.UncertainError
	var secretLost *kanbert.SecretLostError
	if errors.As(err, &taken) || errors.As(err, &unproven) || errors.As(err, &uncertain) || errors.As(err, &secretLost) {
		return false
	}
	return !kanbert.IncidentOf(err).First(purpose)
}

// repeatedText is one line that refers to the error that explains the cause.
func repeatedText(op operation, err error) string {
	return pointer(map[operation]string{
		createWebhook: "Not created", readWebhook: "Not read", deleteWebhook: "Not deleted",
		listWebhooks: "Not listed", importWebhook: "Not imported", checkURL: "Not checked",
	}[op], err, tellError)
}

// explainOnce is explain, or one sentence if another text has explained the cause.
func explainOnce(err error, purpose string) string {
	if isRepeated(err, purpose) {
		return pointer("Failed", err, purpose)
	}
	return explain(err)
}

// pointer is a sentence that names the cause of err in a few words, and refers to
// the text that explains it.
func pointer(lead string, err error, to string) string {
	var answer *kanbert.APIError
	switch {
	case !errors.As(err, &answer):
		return fmt.Sprintf("%s: Kanbert cannot be reached, see the first %s.", lead, to)
	case errors.Is(err, kanbert.ErrUnauthorized):
		return fmt.Sprintf("%s: Kanbert did not accept the token (401), see the first %s.", lead, to)
	case errors.Is(err, kanbert.ErrForbidden):
		return fmt.Sprintf("%s: the token does not permit the request (403), see the first %s.", lead, to)
	case errors.Is(err, kanbert.ErrRateLimited):
		return fmt.Sprintf("%s: Kanbert's rate limit is exceeded (429), see the first %s.", lead, to)
	case answer.StatusCode == http.StatusServiceUnavailable:
		return fmt.Sprintf("%s: Kanbert is unavailable (503), see the first %s.", lead, to)
	case errors.Is(err, kanbert.ErrServer):
		return fmt.Sprintf("%s: Kanbert failed to handle the request (%d), see the first %s.", lead, answer.StatusCode, to)
	case errors.Is(err, kanbert.ErrRedirect):
		return fmt.Sprintf("%s: the server returned a redirect (%d), see the first %s.", lead, answer.StatusCode, to)
	default:
		return fmt.Sprintf("%s: the response is not JSON, see the first %s.", lead, to)
	}
}

// checkGateway is the advice if the response may come from another server.
const checkGateway = "Check base_url, and any proxy or gateway between this machine and Kanbert."

// checkBaseURL is the advice if the URL is most likely wrong.
const checkBaseURL = "Check base_url: it ends with the version of the API, as in " + kanbert.DefaultBaseURL + "."

// answerTexts returns what is wrong, and what to do.
func answerTexts(answer *kanbert.APIError) (lead, advice string) {
	code := answer.StatusCode
	switch {
	case errors.Is(answer, kanbert.ErrUnauthorized):
		return "Kanbert did not accept the token.",
			"Set the provider's argument token, or the environment variable KANBERT_TOKEN, to a valid token of the server that base_url names. " +
				"Kanbert issues tokens under Settings → Apps & API."
	case errors.Is(answer, kanbert.ErrForbidden):
		return "The token is valid, but does not permit this request. It most likely lacks the scope integration.",
			"Issue a token with that scope under Settings → Apps & API."
	case errors.Is(answer, kanbert.ErrNotFound):
		return "The API endpoint was not found (404).", checkBaseURL
	case errors.Is(answer, kanbert.ErrConflict):
		return "The URL is taken: another webhook of the workspace has it.", "Choose another URL, or import that webhook."
	case errors.Is(answer, kanbert.ErrInvalid):
		return "Kanbert refused a field of the request.", "Change the field that the server names."
	case errors.Is(answer, kanbert.ErrRateLimited):
		return "Kanbert's rate limit is exceeded (429).", comeBack(answer) + " Requests of other programs with the same token count too."
	case code == http.StatusServiceUnavailable:
		return "Kanbert is unavailable (503).", comeBack(answer)
	case errors.Is(answer, kanbert.ErrServer):
		advice := "Run the command again later."
		if answer.RequestID != "" {
			advice += " If it keeps failing, give the request id to Kanbert's support."
		}
		return fmt.Sprintf("Kanbert failed to handle the request (%d).", code), advice
	case errors.Is(answer, kanbert.ErrRedirect):
		if answer.RedirectHost == "" {
			return "The server returned a redirect. The provider does not follow redirects.", checkBaseURL
		}
		return fmt.Sprintf("The server returned a redirect to %s. The provider does not follow redirects.", answer.RedirectHost), checkBaseURL
	case errors.Is(answer, kanbert.ErrNotJSON):
		return "The response is not JSON, so it does not come from Kanbert.",
			"Check base_url, and whether a proxy, a firewall or a maintenance page responds instead: open the URL below in a browser on this machine."
	case errors.Is(answer, kanbert.ErrMalformed):
		return "The response does not match the API reference.",
			checkGateway + " If neither is the cause, report this as an error in the provider."
	default:
		return refusalTexts(code)
	}
}

// refusalTexts are for a 4xx that the API reference does not specify.
func refusalTexts(code int) (lead, advice string) {
	switch code {
	case http.StatusBadRequest:
		return "Kanbert refused the request (400).", "Change the value that the server names. If it names none, check base_url."
	case http.StatusPaymentRequired:
		return "Kanbert requires a payment (402).", "Check the subscription of the Kanbert workspace."
	case http.StatusMethodNotAllowed:
		return "The server does not allow this method for this URL (405).", checkBaseURL
	case http.StatusGone:
		return "The API endpoint is gone (410).", checkBaseURL + " If it is correct, install a newer version of the provider."
	default:
		return fmt.Sprintf("The server refused the request (%d).", code),
			checkGateway
	}
}

// comeBack says when to try again.
func comeBack(answer *kanbert.APIError) string {
	if answer.RetryAt.IsZero() {
		return "Run the command again later, or raise the provider's argument max_wait."
	}
	return fmt.Sprintf("Run the command again at %s, in %s, or raise the provider's argument max_wait.",
		answer.RetryAt.UTC().Format(time.RFC3339), time.Until(answer.RetryAt).Round(time.Second))
}

func explainAnswer(answer *kanbert.APIError, attributes []string) string {
	lead, advice := answerTexts(answer)
	parts := []string{lead, advice}
	if errors.Is(answer, kanbert.ErrMalformed) {
		if answer.Message != "" {
			parts = append(parts, "Details: "+sentence(answer.Message)) // The client's words, not the server's.
		}
	} else if answer.Message != "" {
		parts = append(parts, "The server said: "+sentence(answer.Message))
	}
	for _, field := range sortedFields(answer) {
		if !slices.Contains(attributes, field) {
			parts = append(parts, fmt.Sprintf("About %s, the server said: %s", field, sentences(answer.Fields[field])))
		}
	}
	parts = append(parts, tried(answer.Attempts, answer.Elapsed))
	return join(parts) + requestLine(answer)
}

// tried says how often the provider tried, and for how long.
func tried(attempts int, elapsed time.Duration) string {
	if attempts < 2 {
		return ""
	}
	return fmt.Sprintf("The provider tried %d times in %s.", attempts, elapsed.Round(time.Second))
}

// join puts a space between the parts that are not empty.
func join(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}

// requestLine ends a detail with what the API's support needs to find the request.
func requestLine(answer *kanbert.APIError) string {
	line := fmt.Sprintf("%s, status %d %s", asked(answer.Method, answer.Path, answer.URL, answer.BaseURLSource), answer.StatusCode, http.StatusText(answer.StatusCode))
	line = strings.TrimRight(line, " ")
	if answer.RequestID != "" {
		line += ", request id " + answer.RequestID
	}
	return line + "."
}

// asked names a request by its URL, and where the URL comes from.
func asked(method, path, url, source string) string {
	if url == "" {
		url = path
	}
	if source != "" {
		source = " (" + source + ")"
	}
	return fmt.Sprintf("\n\nRequest: %s %s%s", method, url, source)
}

func explainTransport(e *kanbert.TransportError) string {
	lead, advice := transportTexts(e)
	if e.Proxy != "" {
		lead, advice = proxyTexts(e)
	}
	nothing := ""
	if e.Unsent {
		nothing = "Nothing was sent."
	}
	return join([]string{lead, nothing, advice, tried(e.Attempts, e.Elapsed)}) +
		asked(e.Method, e.Path, e.URL, e.BaseURLSource) + ": " + sentence(e.Err.Error())
}

// transportTexts returns what is wrong, and what to do.
func transportTexts(e *kanbert.TransportError) (lead, advice string) {
	var dns *net.DNSError
	var notTLS tls.RecordHeaderError
	switch {
	case e.Timeout > 0 && e.Unsent:
		return fmt.Sprintf("The provider could not connect to %s within %s.", e.Host, e.Timeout), checkNetwork
	case e.Timeout > 0:
		return fmt.Sprintf("%s did not respond within %s.", e.Host, e.Timeout),
			"Run the command again. If responses always take that long, raise the provider's argument request_timeout."
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("The host %s was not found.", e.Host), "Check base_url, and the DNS of this machine."
	case errors.As(e.Err, &dns):
		return fmt.Sprintf("The host %s could not be looked up.", e.Host), "Check the network and the DNS of this machine."
	case errors.As(e.Err, &notTLS), errors.Is(e.Err, http.ErrSchemeMismatch):
		return fmt.Sprintf("%s does not speak TLS.", e.Host), "Check the port in base_url, and the proxy that HTTPS_PROXY names."
	}
	if lead, advice, ok := certificateTexts(e); ok {
		return lead, advice
	}
	if e.Unsent {
		return fmt.Sprintf("The provider could not connect to %s.", e.Host), "Check base_url, the network, a firewall, and the proxy that HTTPS_PROXY and NO_PROXY name."
	}
	return fmt.Sprintf("The connection to %s broke before the response arrived.", e.Host), "Run the command again."
}

const checkNetwork = "Check the network, a firewall, and the proxy that HTTPS_PROXY and NO_PROXY name."

// certificateTexts is for a certificate that is invalid or not trusted.
func certificateTexts(e *kanbert.TransportError) (lead, advice string, ok bool) {
	var invalid x509.CertificateInvalidError
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		return expiryTexts(e.Host, invalid.Cert)
	case errors.As(e.Err, &hostname):
		return fmt.Sprintf("The certificate of %s is for another host.", e.Host),
			"Check base_url. If a proxy responds instead, ask its administrator.", true
	case errors.As(e.Err, &authority), errors.As(e.Err, &certificate):
		return fmt.Sprintf("The certificate of %s is not trusted on this machine.", e.Host),
			trustAuthority(runtime.GOOS) + " Otherwise do not continue: the connection may be intercepted.", true
	}
	return "", "", false
}

func expiryTexts(host string, cert *x509.Certificate) (lead, advice string, ok bool) {
	const clock = "and check the clock of this machine."
	if cert != nil && time.Now().Before(cert.NotBefore) {
		return fmt.Sprintf("The certificate of %s is not valid before %s.", host, cert.NotBefore.UTC().Format(time.RFC3339)),
			"Wait until then, " + clock, true
	}
	lead = fmt.Sprintf("The certificate of %s has expired.", host)
	if cert != nil && !cert.NotAfter.IsZero() {
		lead = fmt.Sprintf("The certificate of %s expired at %s.", host, cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return lead, "Ask the administrator of the server to renew it, " + clock, true
}

// trustAuthority says how to trust a certificate authority on an operating system.
// Go reads SSL_CERT_FILE only where the system has no trust store of its own.
func trustAuthority(goos string) string {
	if slices.Contains([]string{"windows", "darwin", "ios"}, goos) {
		return "If a proxy of your organisation inspects TLS, add its authority to the trust store of this machine."
	}
	return "If a proxy of your organisation inspects TLS, add its authority to the trust store of this machine, or set SSL_CERT_FILE to its file."
}

// proxyTexts is for a proxy that could not be reached, or that refused.
func proxyTexts(e *kanbert.TransportError) (lead, advice string) {
	const variables = "Check the environment variables HTTPS_PROXY and NO_PROXY."
	var refused *kanbert.ProxyError
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &refused) && refused.StatusCode == http.StatusProxyAuthRequired:
		return fmt.Sprintf("The proxy %s requires a login (407).", e.Proxy), "Set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT."
	case errors.As(e.Err, &refused) && refused.StatusCode < 500:
		return fmt.Sprintf("The proxy %s refused to connect to %s (%d).", e.Proxy, e.Host, refused.StatusCode),
			"Ask the administrator of the proxy to permit this host, or add the host to NO_PROXY."
	case errors.As(e.Err, &refused):
		return fmt.Sprintf("The proxy %s could not connect to %s (%d).", e.Proxy, e.Host, refused.StatusCode), "Check base_url. " + variables
	case errors.As(e.Err, &dns):
		return fmt.Sprintf("The proxy %s was not found.", e.Proxy), variables
	default:
		return fmt.Sprintf("The provider could not connect to the proxy %s.", e.Proxy), variables
	}
}
