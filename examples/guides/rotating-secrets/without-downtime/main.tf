terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

variable "generations" {
  description = "One webhook stands for each: two while the secret is rotated, one before and after."
  type        = set(string)
  default     = ["1"]
}

# The generation is part of the path, because a URL can be held by one webhook
# at a time.
resource "kanbert_webhook" "new_contacts" {
  for_each = var.generations

  url   = "https://hooks.example.com/rotating/new-contacts/${each.key}"
  event = "contact:create"
}

# The receiver knows the secret of every generation that stands.
output "receiver_secrets" {
  value = {
    for generation, webhook in kanbert_webhook.new_contacts :
    "/rotating/new-contacts/${generation}" => webhook.signature_secret_key
  }
  sensitive = true
}
