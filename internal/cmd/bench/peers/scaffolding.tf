# SPDX-License-Identifier: MPL-2.0

terraform {
  required_providers {
    scaffolding = { source = "hashicorp/scaffolding" }
  }
}

resource "scaffolding_example" "ours" {
  count                  = var.webhooks
  configurable_attribute = local.urls[count.index]
}
