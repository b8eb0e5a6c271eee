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

# The fingerprint changes with the secret and does not reveal it. Use it where a
# sensitive value is not allowed, such as in a trigger or an annotation.
locals {
  secret_fingerprint = nonsensitive(sha256(kanbert_webhook.new_contacts.signature_secret_key))
}

# Replaced when the secret changes. Replace it with a resource that restarts your
# receiver.
resource "terraform_data" "restart_receiver" {
  triggers_replace = local.secret_fingerprint
}
