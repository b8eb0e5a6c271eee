terraform {
  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}

# The environment of the run has KANBERT_TOKEN, which the HCP Terraform workspace
# stores as a sensitive environment variable.
provider "kanbert" {}

resource "kanbert_webhook" "new_companies" {
  url   = "https://hooks.example.com/hcp-terraform/new-companies"
  event = "company:create"
}

output "new_companies_secret" {
  value     = kanbert_webhook.new_companies.signature_secret_key
  sensitive = true
}
