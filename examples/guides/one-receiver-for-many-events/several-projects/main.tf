terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

locals {
  project_events = ["task:create", "task:update", "task:delete", "comment:create"]
  projects       = ["project-1", "project-2"]

  # One for each event of each project, under the path of both.
  project_webhooks = {
    for pair in setproduct(local.project_events, local.projects) :
    "${pair[1]}/${replace(pair[0], ":", "/")}" => { event = pair[0], project_id = pair[1] }
  }
}

resource "kanbert_webhook" "projects" {
  for_each = local.project_webhooks

  event      = each.value.event
  url        = "https://hooks.example.com/kanbert/${each.key}"
  project_id = each.value.project_id
}
