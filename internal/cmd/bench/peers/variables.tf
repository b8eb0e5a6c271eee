# SPDX-License-Identifier: MPL-2.0

# What every peer is given.

variable "base_url" {}
variable "token" {}
variable "retries" { type = bool }
variable "webhooks" { type = number }

locals {
  urls    = [for i in range(var.webhooks) : format("https://hooks.example.com/%05d/ours", i * 7919 % 100000)]
  filters = [for url in local.urls : jsonencode([{ field = "url", op = "eq", value = url }])]
}
