terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

variable "secret_generation" {
  description = "Increase it by one to get a new signing secret."
  type        = number
  default     = 1
}

# Changes when the number changes.
resource "terraform_data" "secret_generation" {
  input = var.secret_generation
}

resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/rotating/new-contacts"
  event = "contact:create"

  lifecycle {
    replace_triggered_by = [terraform_data.secret_generation]
  }
}

output "new_contacts_secret" {
  value     = kanbert_webhook.new_contacts.signature_secret_key
  sensitive = true
}
