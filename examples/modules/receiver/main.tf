# One receiver for many events. A webhook has one event and its own URL, so each
# event gets a path below the receiver's.

locals {
  receiver = replace(var.receiver, "/[/]+$/", "")
}

resource "kanbert_webhook" "this" {
  for_each = var.events

  event      = each.key
  url        = "${local.receiver}/${replace(each.key, ":", "/")}"
  project_id = can(regex("^(task|comment):", each.key)) ? var.project_id : null
}
