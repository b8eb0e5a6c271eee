# Requires Terraform 1.14 or newer.
list "kanbert_webhook" "receiver" {
  provider         = kanbert
  include_resource = true
  limit            = 10000

  config {
    filter = "url startswith 'https://hooks.example.com/existing/'"
  }
}
