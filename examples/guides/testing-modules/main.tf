terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

variable "receiver" {
  description = "URL of the receiver, without a slash at its end."
  type        = string

  validation {
    condition     = startswith(var.receiver, "https://")
    error_message = "The receiver must be an https:// URL."
  }
}

variable "events" {
  description = "Events to deliver."
  type        = set(string)
  default     = ["contact:create", "contact:update"]
}

resource "kanbert_webhook" "receiver" {
  for_each = var.events

  event = each.key
  url   = "${var.receiver}/${replace(each.key, ":", "/")}"
}

module "existing" {
  source   = "./existing"
  receiver = "https://hooks.example.com/testing-others/"
}

output "urls" {
  value = { for event, webhook in kanbert_webhook.receiver : event => webhook.url }
}

output "secrets" {
  value     = { for event, webhook in kanbert_webhook.receiver : event => webhook.signature_secret_key }
  sensitive = true
}

output "existing_urls" {
  value = module.existing.urls
}
