terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

# Replaces: resource "restapi_object" "new_contacts"
moved {
  from = restapi_object.new_contacts
  to   = kanbert_webhook.new_contacts
}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/moved/new-contacts"
  event = "contact:create"
}
