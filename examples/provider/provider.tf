terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

# The provider reads the token from the environment variable KANBERT_TOKEN, so
# that no file contains it.
provider "kanbert" {}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/kanbert/new-contacts"
  event = "contact:create"
}
