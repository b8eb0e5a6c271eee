terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

variable "receiver" {
  description = "The address of the receiver, without a slash at its end."
  type        = string
  default     = "https://hooks.example.com/receiver"
}

variable "project_id" {
  description = "The project whose tasks and comments are delivered."
  type        = string
  default     = "project-1"
}

locals {
  # Events of the whole workspace.
  workspace_events = [
    "contact:create", "contact:update", "contact:delete",
    "company:create", "company:update", "company:delete",
  ]
  # Events that require a project.
  project_events = [
    "task:create", "task:update", "task:delete",
    "comment:create",
  ]
  events = toset(concat(local.workspace_events, local.project_events))
}

resource "kanbert_webhook" "receiver" {
  for_each = local.events

  event      = each.key
  url        = "${var.receiver}/${replace(each.key, ":", "/")}"
  project_id = contains(local.project_events, each.key) ? var.project_id : null

  lifecycle {
    precondition {
      condition     = length("${var.receiver}/${replace(each.key, ":", "/")}") <= 180
      error_message = "A URL has at most 180 characters: shorten var.receiver."
    }
  }
}

# The secret of each path: every webhook has its own.
output "receiver_secrets" {
  value = {
    for event, webhook in kanbert_webhook.receiver :
    regex("^https?://[^/]+(/.*)$", webhook.url)[0] => webhook.signature_secret_key
  }
  sensitive = true
}
