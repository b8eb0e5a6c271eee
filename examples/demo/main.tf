# `make demo` applies this configuration to the sandbox. The provider reads
# KANBERT_TOKEN and KANBERT_BASE_URL.

terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

# A webhook has one event and its own URL. A receiver of three events therefore
# has three paths.
resource "kanbert_webhook" "contacts" {
  for_each = toset(["contact:create", "contact:update", "contact:delete"])

  event = each.key
  url   = "${var.receiver_url}/${replace(each.key, ":", "-")}"
}

# Events about tasks and comments require a project.
resource "kanbert_webhook" "tasks" {
  event      = "task:create"
  url        = "${var.receiver_url}/task-create"
  project_id = var.project_id
}

# All webhooks of the receiver, whether Terraform manages them or not.
data "kanbert_webhooks" "receiver" {
  filter = "url startswith '${var.receiver_url}/'"
  sort   = ["url"]

  depends_on = [
    kanbert_webhook.contacts,
    kanbert_webhook.tasks,
  ]
}
