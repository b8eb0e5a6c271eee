terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

variable "known_secret" {
  description = "The secret that the receiver of the imported webhook has."
  type        = string
  sensitive   = true
  default     = null
}

import {
  to = kanbert_webhook.new_contacts
  id = "https://hooks.example.com/existing/new-contacts"
}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/existing/new-contacts"
  event = "contact:create"
}

# The secret in state, or the known one where state has none. If both are null,
# the plan fails.
output "new_contacts_secret" {
  value     = coalesce(kanbert_webhook.new_contacts.signature_secret_key, var.known_secret)
  sensitive = true
}
