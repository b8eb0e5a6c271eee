// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
)

const (
	defaultBaseURL        = "https://api.kanbert.com/api/v1"
	defaultMaxRetries     = 8
	defaultRequestTimeout = 30 * time.Second
)

// settings is what the provider was configured with, the environment and the
// defaults included.
type settings struct {
	token          kanbert.Secret
	baseURL        string
	maxRetries     int
	requestTimeout time.Duration
	userAgent      string
	// unknown names the attributes that a call needs and that Terraform does not
	// know yet. The environment never stands in for them: it may hold another
	// workspace's token, or another host.
	unknown []string
}

// readSettings takes each setting from the configuration, else from the
// environment, else from its default.
func readSettings(config providerModel, lookupEnv func(string) (string, bool), diags *diag.Diagnostics) settings {
	s := settings{baseURL: defaultBaseURL, maxRetries: defaultMaxRetries, requestTimeout: defaultRequestTimeout}
	if text, ok := s.pick("token", config.Token, "KANBERT_TOKEN", lookupEnv); ok {
		s.token = kanbert.NewSecret(text)
	}
	if text, ok := s.pick("base_url", config.BaseURL, "KANBERT_BASE_URL", lookupEnv); ok {
		s.baseURL = text
	}
	if text, ok := s.pick("max_retries", config.MaxRetries, "KANBERT_MAX_RETRIES", lookupEnv); ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			diags.AddAttributeError(path.Root("max_retries"), "Invalid max_retries", err.Error())
		}
		s.maxRetries = n
	}
	if text, ok := s.pick("request_timeout", config.RequestTimeout, "KANBERT_REQUEST_TIMEOUT", lookupEnv); ok {
		d, err := time.ParseDuration(text)
		if err != nil {
			diags.AddAttributeError(path.Root("request_timeout"), "Invalid request_timeout", err.Error())
		}
		s.requestTimeout = d
	}
	return s
}

func (s *settings) pick(name string, value attr.Value, env string, lookupEnv func(string) (string, bool)) (string, bool) {
	if value.IsUnknown() {
		s.unknown = append(s.unknown, name)
		return "", false
	}
	if !value.IsNull() {
		if text, ok := value.(interface{ ValueString() string }); ok {
			return text.ValueString(), true
		}
		return value.String(), true
	}
	text, _ := lookupEnv(env)
	return text, text != ""
}

// userAgent names provider and CLI as the API's log shows them, and ends with
// what TF_APPEND_USER_AGENT holds.
func userAgent(version, terraformVersion, more string) string {
	ua := fmt.Sprintf("terraform-provider-kanbert/%s Terraform/%s", version, terraformVersion)
	if more = strings.TrimSpace(more); more != "" {
		ua += " " + more
	}
	return ua
}
