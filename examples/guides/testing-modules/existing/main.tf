terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

variable "receiver" {
  description = "Prefix of the URLs."
  type        = string
}

data "kanbert_webhooks" "existing" {
  filter = "url startswith '${var.receiver}'"
}

output "urls" {
  value = data.kanbert_webhooks.existing.urls
}
