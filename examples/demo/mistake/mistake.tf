# Other APIs allow one URL for several events. Kanbert does not. The plan returns an
# error that says what to write instead.
resource "kanbert_webhook" "companies" {
  for_each = toset(["company:create", "company:update", "company:delete"])

  event = each.key
  url   = "https://hooks.example.com/kanbert/companies"
}
