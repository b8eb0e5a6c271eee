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
    "/kanbert/new-contacts"     = "contact:create"
    "/kanbert/changed-contacts" = "contact:update"
  }

  url   = "https://hooks.example.com${each.key}"
  event = each.value
}

# Written to the receiver's file by:
#   terraform output -json receiver_secrets > secrets.json
output "receiver_secrets" {
  value     = { for path, webhook in kanbert_webhook.contacts : path => webhook.signature_secret_key }
  sensitive = true
}
