// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	// maxMaxRetries and maxRequestTimeout are the largest values taken. Above
	// them a failing apply would go on for days.
	maxMaxRetries     = 100
	maxRequestTimeout = 10 * time.Minute
)

// setting is an argument of the provider for which an environment variable can
// stand in.
type setting struct {
	argument, variable string
	// advice is a sentence that says what to give. It ends every complaint.
	advice string
	// option turns the text of a value into an option of the client. The error
	// is a [*kanbert.OptionError], and so is the option's own.
	option func(text string) (kanbert.Option, error)
}

var (
	tokenSetting = setting{
		argument: "token",
		variable: "KANBERT_TOKEN",
		advice:   "Kanbert issues tokens under Settings → Apps & API. Give one exactly as it was issued, with the scope integration.",
		option: func(text string) (kanbert.Option, error) {
			return kanbert.WithToken(kanbert.NewSecret(text)), nil
		},
	}
	baseURLSetting = setting{
		argument: "base_url",
		variable: "KANBERT_BASE_URL",
		advice:   "Leave it out to use Kanbert itself, which is at " + kanbert.DefaultBaseURL + ".",
		option:   func(text string) (kanbert.Option, error) { return kanbert.WithBaseURL(text), nil },
	}
	maxRetriesSetting = setting{
		argument: "max_retries",
		variable: "KANBERT_MAX_RETRIES",
		advice:   fmt.Sprintf("Give a number from 0 to %d, or leave it out for %d.", maxMaxRetries, kanbert.DefaultMaxRetries),
		option:   maxRetriesOption,
	}
	requestTimeoutSetting = setting{
		argument: "request_timeout",
		variable: "KANBERT_REQUEST_TIMEOUT",
		advice:   fmt.Sprintf("Give a time with its unit, like 45s or 1m30s, or leave it out for %s.", kanbert.DefaultRequestTimeout),
		option:   requestTimeoutOption,
	}
)

func maxRetriesOption(text string) (kanbert.Option, error) {
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		n = math.MaxInt
	} else if err != nil {
		return nil, &kanbert.OptionError{Option: "max_retries", Problem: fmt.Sprintf("must be a whole number, and is %q", text)}
	}
	if n > maxMaxRetries {
		return nil, &kanbert.OptionError{Option: "max_retries", Problem: fmt.Sprintf("must be %d or less, and is %s", maxMaxRetries, text)}
	}
	return kanbert.WithMaxRetries(n), nil
}

func requestTimeoutOption(text string) (kanbert.Option, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, &kanbert.OptionError{Option: "request_timeout", Problem: fmt.Sprintf("must be a time with its unit, and is %q", text)}
	}
	if d > maxRequestTimeout {
		return nil, &kanbert.OptionError{Option: "request_timeout", Problem: fmt.Sprintf("must be %s or less, and is %s", maxRequestTimeout, d)}
	}
	return kanbert.WithRequestTimeout(d), nil
}

// read returns the option for text, tried out on a client that is thrown away.
func (s setting) read(text string) (kanbert.Option, error) {
	option, err := s.option(text)
	if err != nil {
		return nil, err
	}
	return option, option(new(kanbert.Client))
}

// complain adds the error that a value from subject cannot be used. subject
// begins a sentence.
func (s setting) complain(diags *diag.Diagnostics, subject string, err error) {
	problem := err.Error()
	var optionError *kanbert.OptionError
	if errors.As(err, &optionError) {
		problem = optionError.Problem
	}
	diags.AddAttributeError(path.Root(s.argument), "Invalid "+s.argument, fmt.Sprintf("%s %s. %s", subject, problem, s.advice))
}

// settings is what the provider was configured with.
type settings struct {
	// options are for the client. What they leave out has the client's default.
	options []kanbert.Option
	// unknown names the arguments without which nothing can be sent and that
	// Terraform does not know yet.
	unknown []string
}

// readSettings takes each setting from the configuration, else from the
// environment. An environment variable that is empty counts as not set.
func readSettings(config providerModel, lookupEnv func(string) (string, bool), diags *diag.Diagnostics) settings {
	r := settingsReader{lookupEnv: lookupEnv, diags: diags}
	if !r.read(tokenSetting, config.Token, config.Token.ValueString()) {
		r.missingToken()
	}
	r.read(baseURLSetting, config.BaseURL, config.BaseURL.ValueString())
	r.read(maxRetriesSetting, config.MaxRetries, strconv.FormatInt(config.MaxRetries.ValueInt64(), 10))
	r.read(requestTimeoutSetting, config.RequestTimeout, config.RequestTimeout.ValueString())
	return r.settings
}

type settingsReader struct {
	lookupEnv func(string) (string, bool)
	diags     *diag.Diagnostics
	settings  settings
}

// read reports whether the setting has a value, good or bad, or will have one.
func (r *settingsReader) read(s setting, value attr.Value, text string) bool {
	subject := "The provider's argument " + s.argument
	switch {
	case value.IsUnknown():
		// The environment never stands in for a value to come: it may hold the
		// token of another workspace, or name another host. What only says how
		// to send has its default until it is known.
		if s.argument == tokenSetting.argument || s.argument == baseURLSetting.argument {
			r.settings.unknown = append(r.settings.unknown, s.argument)
		}
		return true
	case value.IsNull():
		text, _ = r.lookupEnv(s.variable)
		if text == "" {
			return false
		}
		subject = fmt.Sprintf("The environment variable %s, which stands in for the provider's argument %s,", s.variable, s.argument)
	}
	option, err := s.read(text)
	if err != nil {
		s.complain(r.diags, subject, err)
		return true
	}
	r.settings.options = append(r.settings.options, option)
	return true
}

func (r *settingsReader) missingToken() {
	detail := "The provider has no token to call Kanbert with. Set the environment variable KANBERT_TOKEN or the provider's argument token. " + tokenSetting.advice
	if _, set := r.lookupEnv(tokenSetting.variable); set {
		detail += " The environment variable KANBERT_TOKEN is set, but it is empty."
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
		v.setting.complain(diags, "The provider's argument "+v.setting.argument, err)
	}
}

// providerModel is the provider block.
type providerModel struct {
	Token          types.String `tfsdk:"token"`
	BaseURL        types.String `tfsdk:"base_url"`
	MaxRetries     types.Int64  `tfsdk:"max_retries"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
}

// userAgent names the CLI and the provider as the API's own log will show them,
// followed by what TF_APPEND_USER_AGENT holds. The protocol does not tell
// Terraform from OpenTofu.
func userAgent(version, cliVersion, more string) string {
	ua := fmt.Sprintf("Terraform/%s terraform-provider-kanbert/%s", cliVersion, version)
	more = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' ' // A header cannot hold it, and the variable is no reason to fail.
		}
		return r
	}, more))
	if more != "" {
		ua += " " + more
	}
	return ua
}
