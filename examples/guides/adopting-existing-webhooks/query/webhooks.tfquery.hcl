# Requires Terraform 1.14 or newer.
list "kanbert_webhook" "all" {
  provider = kanbert

  # More than the CLI's default of 100.
  limit = 10000
}
