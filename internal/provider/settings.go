// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/net/http/httpproxy"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// maxMaxRetries, maxRequestTimeout and maxMaxWait are the largest values
	// accepted. Larger ones would let a failing apply run for days.
	maxMaxRetries     = 100
	maxRequestTimeout = 10 * time.Minute
	maxMaxWait        = 24 * time.Hour
)

// setting is an argument of the provider, with the environment variable that it
// defaults to.
type setting struct {
	argument, variable string
	// advice says what to set. It ends every error.
	advice string
	// option turns the text of a value into an option of the client. The error
	// is a [*kanbert.OptionError], and so is the option's own.
	option func(text string) (kanbert.Option, error)
}

var (
	tokenSetting = setting{
		argument: "token",
		variable: "KANBERT_TOKEN",
		advice:   "Set a token with the scope integration, exactly as Kanbert issues it under Settings → Apps & API.",
		option: func(text string) (kanbert.Option, error) {
			return kanbert.WithToken(kanbert.NewSecret(text)), nil
		},
	}
	baseURLSetting = setting{
		argument: "base_url",
		variable: "KANBERT_BASE_URL",
		advice:   "The default is " + kanbert.DefaultBaseURL + ".",
		option:   func(text string) (kanbert.Option, error) { return kanbert.WithBaseURL(text), nil },
	}
	maxRetriesSetting = setting{
		argument: "max_retries",
		variable: "KANBERT_MAX_RETRIES",
		advice:   fmt.Sprintf("Set a number from 0 to %d. The default is %d.", maxMaxRetries, kanbert.DefaultMaxRetries),
		option:   maxRetriesOption,
	}
	requestTimeoutSetting = setting{
		argument: "request_timeout",
		variable: "KANBERT_REQUEST_TIMEOUT",
		advice:   fmt.Sprintf("Set a number with a unit, such as 45s or 1m30s. The default is %s.", kanbert.DefaultRequestTimeout),
		option:   durationOption("request_timeout", maxRequestTimeout, kanbert.WithRequestTimeout),
	}
	maxWaitSetting = setting{
		argument: "max_wait",
		variable: "KANBERT_MAX_WAIT",
		advice:   fmt.Sprintf("Set a number with a unit, such as 30s or 10m, or 0s to never wait. The default is %s.", shortDuration(kanbert.DefaultMaxWait)),
		option:   durationOption("max_wait", maxMaxWait, kanbert.WithMaxWait),
	}
)

func maxRetriesOption(text string) (kanbert.Option, error) {
	n, err := strconv.Atoi(text) // Beyond all numbers it gives the last of them.
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, &kanbert.OptionError{Option: "max_retries", Problem: fmt.Sprintf("must be a whole number, but is %q", text)}
	}
	if n > maxMaxRetries {
		return nil, &kanbert.OptionError{Option: "max_retries", Problem: fmt.Sprintf("must be %d or less, but is %s", maxMaxRetries, text)}
	}
	return kanbert.WithMaxRetries(n), nil
}

func durationOption(argument string, most time.Duration, with func(time.Duration) kanbert.Option) func(string) (kanbert.Option, error) {
	return func(text string) (kanbert.Option, error) {
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, &kanbert.OptionError{Option: argument, Problem: fmt.Sprintf("must be a number with a unit, but is %q", text)}
		}
		if d > most {
			return nil, &kanbert.OptionError{Option: argument, Problem: fmt.Sprintf("must be %s or less, but is %s", shortDuration(most), shortDuration(d))}
		}
		return with(d), nil
	}
}

// shortDuration writes a duration without units of which there are none: 5m, not
// 5m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, unit := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, unit) {
			text = text[:len(text)-len("0s")]
		}
	}
	return text
}

// read returns the option for text, after it has applied it to a temporary client.
func (s setting) read(text string) (kanbert.Option, error) {
	option, err := s.option(text)
	if err != nil {
		return nil, err
	}
	return option, option(new(kanbert.Client))
}

// fromConfiguration begins an error about a value in the provider block.
func (s setting) fromConfiguration() string { return "The provider's argument " + s.argument }

// fromEnvironment begins an error about a value of the environment variable.
func (s setting) fromEnvironment() string { return "The environment variable " + s.variable }

// addDiagnostic adds the error that a value from subject is invalid. subject begins
// the sentence.
func (s setting) addDiagnostic(diags *diag.Diagnostics, subject string, err error) {
	problem := err.Error()
	var optionError *kanbert.OptionError
	if errors.As(err, &optionError) {
		problem = optionError.Problem
	}
	advice := s.advice
	// Only a configuration has functions. A shell's $(cat FILE) trims by itself.
	if strings.Contains(problem, "line break") && subject == s.fromConfiguration() {
		advice = "If the value comes from a file, use trimspace(). " + advice
	}
	diags.AddAttributeError(path.Root(s.argument), "Invalid "+s.argument, fmt.Sprintf("%s %s. %s", subject, problem, advice))
}

// settings is the result of reading the provider's configuration.
type settings struct {
	// options are for the client. A missing option has the client's default.
	options []kanbert.Option
	// unknown names the arguments that a request needs and that Terraform does not
	// know yet.
	unknown []string
}

// readSettings reads each setting from the configuration, or else from the
// environment. An empty environment variable counts as not set.
func readSettings(config providerModel, lookupEnv func(string) (string, bool), diags *diag.Diagnostics) settings {
	r := settingsReader{lookupEnv: lookupEnv, diags: diags}
	if !r.read(tokenSetting, config.Token, config.Token.ValueString()) {
		r.missingToken()
	}
	r.read(baseURLSetting, config.BaseURL, config.BaseURL.ValueString())
	r.read(maxRetriesSetting, config.MaxRetries, strconv.FormatInt(config.MaxRetries.ValueInt64(), 10))
	r.read(requestTimeoutSetting, config.RequestTimeout, config.RequestTimeout.ValueString())
	r.read(maxWaitSetting, config.MaxWait, config.MaxWait.ValueString())
	r.describeBaseURL(config.BaseURL)
	r.checkProxy()
	return r.settings
}

type settingsReader struct {
	lookupEnv func(string) (string, bool)
	diags     *diag.Diagnostics
	settings  settings
	// baseURL is the configured one, or empty.
	baseURL string
}

// read reports whether the setting has a value, valid or not, or will have one.
func (r *settingsReader) read(s setting, value attr.Value, text string) bool {
	subject := s.fromConfiguration()
	switch {
	case value.IsUnknown():
		// The environment variable never replaces an unknown value: it may have the
		// token of another workspace, or another host. An unknown limit has its
		// default until it is known.
		if s.argument == tokenSetting.argument || s.argument == baseURLSetting.argument {
			r.settings.unknown = append(r.settings.unknown, s.argument)
		}
		return true
	case value.IsNull():
		text, _ = r.lookupEnv(s.variable)
		if text == "" {
			return false
		}
		subject = s.fromEnvironment()
	}
	option, err := s.read(text)
	if err != nil {
		s.addDiagnostic(r.diags, subject, err)
		return true
	}
	if s.argument == baseURLSetting.argument {
		r.baseURL = text
	}
	r.settings.options = append(r.settings.options, option)
	return true
}

// describeBaseURL lets errors say which setting the URL of a request comes from.
func (r *settingsReader) describeBaseURL(value types.String) {
	source := "base_url from the provider block"
	switch {
	case r.baseURL == "":
		source = "default base_url"
	case value.IsNull():
		source = "base_url from " + baseURLSetting.variable
	}
	r.settings.options = append(r.settings.options, kanbert.WithBaseURLSource(source))
}

// checkProxy adds an error if the proxy for base_url is invalid. Go ignores a variable
// that it cannot parse, and would connect without the proxy.
func (r *settingsReader) checkProxy() {
	base, _ := url.Parse(cmp.Or(r.baseURL, kanbert.DefaultBaseURL)) // It is valid: an option was made of it.
	name, value := r.firstSet("HTTPS_PROXY", "https_proxy")
	if value == "" {
		return
	}
	_, noProxy := r.firstSet("NO_PROXY", "no_proxy")
	proxyFor := (&httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: noProxy}).ProxyFunc()
	if proxy, err := proxyFor(base); err != nil || proxy == nil {
		return
	}
	if problem := proxyProblem(value); problem != "" {
		r.diags.AddError("Invalid proxy", fmt.Sprintf(problem, name)+
			" Write it as http://HOST:PORT, or unset it to connect without a proxy.")
	}
}

// proxyProblem says what is wrong with the address of a proxy, with %s for the
// variable, or returns "". It shows no part of the address, which may contain a
// password. Like Go, it reads an address without a scheme as http.
func proxyProblem(value string) string {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Hostname() == "":
		return "The environment variable %s is not a valid proxy address."
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		return "The environment variable %s has a scheme that the provider does not support for proxies."
	default:
		return ""
	}
}

// firstSet returns the first of the variables that is not empty.
func (r *settingsReader) firstSet(names ...string) (name, value string) {
	for _, name := range names {
		if value, _ := r.lookupEnv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

func (r *settingsReader) missingToken() {
	detail := "The provider has no token. Set the environment variable KANBERT_TOKEN or the provider's argument token " +
		"to a token with the scope integration. Kanbert issues tokens under Settings → Apps & API."
	if _, set := r.lookupEnv(tokenSetting.variable); set {
		detail += " The environment variable KANBERT_TOKEN is set, but empty."
	}
	r.diags.AddAttributeError(path.Root(tokenSetting.argument), "Missing token", detail)
}

// settingValidator checks a setting in the provider block, so that terraform
// validate finds what is wrong with it.
type settingValidator struct{ setting setting }

var (
	_ validator.String = settingValidator{}
	_ validator.Int64  = settingValidator{}
)

func (v settingValidator) Description(context.Context) string { return v.setting.advice }

func (v settingValidator) MarkdownDescription(context.Context) string { return v.setting.advice }

func (v settingValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	v.check(req.ConfigValue, req.ConfigValue.ValueString(), &resp.Diagnostics)
}

func (v settingValidator) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	v.check(req.ConfigValue, strconv.FormatInt(req.ConfigValue.ValueInt64(), 10), &resp.Diagnostics)
}

func (v settingValidator) check(value attr.Value, text string, diags *diag.Diagnostics) {
	if value.IsNull() || value.IsUnknown() {
		return
	}
	if _, err := v.setting.read(text); err != nil {
		v.setting.addDiagnostic(diags, v.setting.fromConfiguration(), err)
	}
}

// providerModel is the provider block.
type providerModel struct {
	Token          types.String `tfsdk:"token"`
	BaseURL        types.String `tfsdk:"base_url"`
	MaxRetries     types.Int64  `tfsdk:"max_retries"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
	MaxWait        types.String `tfsdk:"max_wait"`
}

// userAgent names the CLI and the provider for the API's log, followed by the value
// of TF_APPEND_USER_AGENT. The protocol does not distinguish Terraform from OpenTofu.
func userAgent(version, cliVersion, more string) string {
	ua := fmt.Sprintf("Terraform/%s terraform-provider-kanbert/%s", cliVersion, version)
	more = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' ' // A header cannot contain it, and the variable is no reason to fail.
		}
		return r
	}, more))
	if more != "" {
		ua += " " + more
	}
	return ua
}
