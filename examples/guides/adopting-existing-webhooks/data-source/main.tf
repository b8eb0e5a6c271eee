terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

locals {
  receiver = "https://hooks.example.com/existing/"
  events   = ["contact:create", "contact:update"]
}

data "kanbert_webhooks" "receiver" {
  filter = "url startswith '${local.receiver}'"
}

import {
  for_each = { for webhook in data.kanbert_webhooks.receiver.webhooks : webhook.event => webhook.id }

  to = kanbert_webhook.receiver[each.key]
  id = each.value
}

resource "kanbert_webhook" "receiver" {
  for_each = toset(local.events)

  event = each.key
  url   = "${local.receiver}${replace(each.key, ":", "/")}"
}
