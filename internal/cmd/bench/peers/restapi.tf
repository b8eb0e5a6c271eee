# SPDX-License-Identifier: MPL-2.0

terraform {
  required_providers {
    restapi = { source = "mastercard/restapi" }
  }
}

provider "restapi" {
  uri                   = var.base_url
  bearer_token          = var.token
  headers               = { Accept = "application/json", Content-Type = "application/json" }
  create_returns_object = true

  dynamic "retries" {
    for_each = var.retries ? [1] : []
    content {
      max_retries = 5
    }
  }
}

resource "restapi_object" "ours" {
  count                   = var.webhooks
  path                    = "/webhooks"
  data                    = jsonencode({ url = local.urls[count.index], event = "contact:create" })
  force_new               = ["url", "event"]
  ignore_server_additions = true
  read_search = {
    search_key   = "id"
    search_value = "{id}"
    results_key  = "data"
    query_string = "filter=${urlencode(local.filters[count.index])}"
  }
}
