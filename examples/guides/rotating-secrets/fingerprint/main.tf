terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/rotating/watched-contacts"
  event = "contact:create"
}

# The fingerprint changes with the secret and does not reveal it. Take it wherever
# a value is needed that is not sensitive, such as a trigger or an annotation.
locals {
  secret_fingerprint = nonsensitive(sha256(kanbert_webhook.new_contacts.signature_secret_key))
}

# Replaced whenever the secret changes. Put what restarts your receiver here.
resource "terraform_data" "restart_receiver" {
  triggers_replace = local.secret_fingerprint
}
