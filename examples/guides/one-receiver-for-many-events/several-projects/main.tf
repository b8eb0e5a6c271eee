terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

provider "kanbert" {}

# A receiver for each project, under a path of its own.
module "project" {
  source   = "git::https://github.com/kanbert/terraform-provider-kanbert.git//examples/modules/receiver?ref=v0.1.0"
  for_each = toset(["project-1", "project-2"])

  receiver   = "https://hooks.example.com/projects/${each.key}"
  project_id = each.key
  events     = ["task:create", "task:update", "task:delete", "comment:create"]
}

output "receiver_secrets" {
  value     = merge([for project in module.project : project.secrets]...)
  sensitive = true
}
