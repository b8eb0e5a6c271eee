# Sends no request and needs no token. Terraform 1.7 or newer, OpenTofu 1.8 or newer.

mock_provider "kanbert" {
  # Without these, a computed attribute is a random string.
  mock_resource "kanbert_webhook" {
    defaults = {
      created_at           = "2026-01-01T00:00:00Z"
      signature_secret_key = "secret-of-the-mock"
    }
  }
}

variables {
  receiver = "https://hooks.example.com/testing"
}

run "each_event_has_a_path" {
  assert {
    condition     = output.urls["contact:create"] == "https://hooks.example.com/testing/contact/create"
    error_message = "The URL is ${output.urls["contact:create"]}."
  }

  assert {
    condition     = output.secrets["contact:update"] == "secret-of-the-mock"
    error_message = "The output secrets does not have the secret of contact:update."
  }
}

run "reports_existing_webhooks" {
  override_data {
    target = module.existing.data.kanbert_webhooks.existing
    values = {
      urls = ["https://hooks.example.com/testing-others/tasks"]
    }
  }

  assert {
    condition     = length(output.existing_urls) == 1
    error_message = "The output existing_urls does not have the URL of the other webhook."
  }
}

run "refuses_plain_http" {
  command = plan

  variables {
    receiver = "http://hooks.example.com/testing"
  }

  expect_failures = [var.receiver]
}
