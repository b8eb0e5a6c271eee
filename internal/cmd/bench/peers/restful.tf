# SPDX-License-Identifier: MPL-2.0

terraform {
  required_providers {
    restful = { source = "magodo/restful" }
  }
}

provider "restful" {
  base_url = var.base_url
  security = { http = { token = { token = var.token } } }
  client   = var.retries ? { retry = { status_codes = [429, 502, 503, 504], count = 5 } } : null
}

resource "restful_resource" "ours" {
  count         = var.webhooks
  path          = "/webhooks"
  header        = { Accept = "application/json" }
  body          = { url = local.urls[count.index], event = "contact:create" }
  read_path     = "$(path)"
  read_query    = { filter = [local.filters[count.index]] }
  read_selector = "data.#(id==\"$(body.id)\")"
  delete_path   = "$(path)/$(body.id)"
}
