locals {
  webhooks = jsondecode(file("${path.module}/webhooks.json"))
}

# Remove this block after the apply.
import {
  for_each = local.webhooks

  to = kanbert_webhook.receiver[each.key]
  identity = {
    id = each.value.id
  }
}

resource "kanbert_webhook" "receiver" {
  for_each = local.webhooks

  url        = each.value.url
  event      = each.value.event
  project_id = each.value.project_id
  client_id  = each.value.client_id
}
