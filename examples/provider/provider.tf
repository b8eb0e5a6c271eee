terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

# The token comes from the environment variable KANBERT_TOKEN, so that it is
# written in no file.
provider "kanbert" {}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/kanbert/new-contacts"
  event = "contact:create"
}
