terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

resource "kanbert_webhook" "contacts" {
  for_each = {
    "new-contacts"     = "contact:create"
    "changed-contacts" = "contact:update"
  }

  url   = "https://hooks.example.com/verifying/${each.key}"
  event = each.value
}

# The receiver verifies deliveries with the secret of each path.
output "receiver_secrets" {
  value = {
    for name, webhook in kanbert_webhook.contacts : "/verifying/${name}" => webhook.signature_secret_key
  }
  sensitive = true
}
