terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/unmanaged/new-contacts"
  event = "contact:create"
}

locals {
  # Add every webhook of this configuration here.
  managed_ids = [kanbert_webhook.new_contacts.id]

  unmanaged = [
    for webhook in data.kanbert_webhooks.all.webhooks :
    "${webhook.id} (${webhook.event})" if !contains(local.managed_ids, webhook.id)
  ]
}

data "kanbert_webhooks" "all" {
  # Read after this run has created and deleted webhooks.
  depends_on = [kanbert_webhook.new_contacts]
}

# A failed check is a warning of plan and apply. It does not stop them.
check "every_webhook_is_managed" {
  assert {
    condition     = length(local.unmanaged) == 0
    error_message = "This configuration does not manage these webhooks: ${join(", ", local.unmanaged)}."
  }
}
