terraform {
  required_version = ">= 1.10"

  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

# The value is in no plan file and not in state. Each plan and each apply needs it.
variable "kanbert_token" {
  description = "Token of the Kanbert API, with the scope integration."
  type        = string
  sensitive   = true
  ephemeral   = true
}

provider "kanbert" {
  token = var.kanbert_token
}

resource "kanbert_webhook" "new_companies" {
  url   = "https://hooks.example.com/hcp-terraform/new-companies"
  event = "company:create"
}
