terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

module "receiver" {
  source = "git::https://github.com/kanbert/terraform-provider-kanbert.git//examples/modules/receiver?ref=v0.1.0"

  receiver   = "https://hooks.example.com/receiver"
  project_id = "project-1"
  events = [
    "contact:create", "contact:update", "contact:delete",
    "company:create", "company:update", "company:delete",
    "task:create", "task:update", "task:delete",
    "comment:create",
  ]
}

# The secret of each path: every webhook has its own.
output "receiver_secrets" {
  value     = module.receiver.secrets
  sensitive = true
}
