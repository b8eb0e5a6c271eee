terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

# Terraform 1.16 needs the argument provider to generate the resource block. Remove
# it afterwards.
import {
  to       = kanbert_webhook.new_contacts
  provider = kanbert
  id       = "https://hooks.example.com/existing/new-contacts"
}
