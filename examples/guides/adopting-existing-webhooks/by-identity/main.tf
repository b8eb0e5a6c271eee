terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

# Requires Terraform 1.12 or newer.
import {
  to = kanbert_webhook.new_contacts
  identity = {
    id = "webhook-4"
  }
}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/existing/new-contacts"
  event = "contact:create"
}
