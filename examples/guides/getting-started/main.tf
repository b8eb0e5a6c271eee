terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

# The provider reads the token from the environment variable KANBERT_TOKEN.
provider "kanbert" {}

# The value comes from the environment variable TF_VAR_receiver.
variable "receiver" {
  description = "The address at which Kanbert reaches your receiver, without a path."
  type        = string
}

resource "kanbert_webhook" "new_contacts" {
  url   = "${var.receiver}/getting-started/new-contacts"
  event = "contact:create"
}

# The receiver verifies deliveries with the secret of each path.
output "receiver_secrets" {
  value     = { "/getting-started/new-contacts" = kanbert_webhook.new_contacts.signature_secret_key }
  sensitive = true
}
