terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

# A sensitive Terraform variable of the workspace, or of a variable set.
variable "kanbert_token" {
  description = "Token of the Kanbert API, with the scope integration."
  type        = string
  sensitive   = true
}

provider "kanbert" {
  token = var.kanbert_token
}

resource "kanbert_webhook" "new_companies" {
  url   = "https://hooks.example.com/hcp-terraform/new-companies"
  event = "company:create"
}
