# What other APIs allow and Kanbert does not: one URL for several events. The plan
# says so, and what to write instead.
resource "kanbert_webhook" "companies" {
  for_each = toset(["company:create", "company:update", "company:delete"])

  event = each.key
  url   = "https://hooks.example.com/kanbert/companies"
}
