# Creates webhooks at KANBERT_BASE_URL, and deletes them at the end. Terraform 1.6 or
# newer, OpenTofu 1.8 or newer.

variables {
  receiver = "https://hooks.example.com/testing"
}

run "creates_a_webhook_for_each_event" {
  assert {
    condition     = alltrue([for secret in values(output.secrets) : length(secret) > 0])
    error_message = "A webhook has no secret."
  }
}

run "adds_an_event" {
  variables {
    events = ["contact:create", "contact:update", "company:create"]
  }

  assert {
    condition     = length(output.urls) == 3
    error_message = "There are ${length(output.urls)} webhooks, not 3."
  }
}
