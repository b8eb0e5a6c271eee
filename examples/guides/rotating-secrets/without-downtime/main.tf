terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

variable "generations" {
  description = "A webhook exists for each generation: two during a rotation, otherwise one."
  type        = set(string)
  default     = ["1"]
}

# The generation is part of the path, because only one webhook can have a URL.
resource "kanbert_webhook" "new_contacts" {
  for_each = var.generations

  url   = "https://hooks.example.com/rotating/new-contacts/${each.key}"
  event = "contact:create"
}

# The receiver needs the secret of each generation.
output "receiver_secrets" {
  value = {
    for generation, webhook in kanbert_webhook.new_contacts :
    "/rotating/new-contacts/${generation}" => webhook.signature_secret_key
  }
  sensitive = true
}
