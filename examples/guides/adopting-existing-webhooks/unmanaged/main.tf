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
  # Every webhook of this configuration goes here.
  managed = [kanbert_webhook.new_contacts]
}

# Warns at every plan and apply, and stops neither.
check "every_webhook_is_managed" {
  data "kanbert_webhooks" "all" {
    # Read after what this run creates and deletes.
    depends_on = [kanbert_webhook.new_contacts]
  }

  assert {
    condition = length(setsubtract(
      data.kanbert_webhooks.all.webhooks[*].id,
      local.managed[*].id,
    )) == 0
    error_message = format("Nobody manages these webhooks: %s.", join(", ", [
      for webhook in data.kanbert_webhooks.all.webhooks :
      "${webhook.id} (${webhook.event})" if !contains(local.managed[*].id, webhook.id)
    ]))
  }
}
