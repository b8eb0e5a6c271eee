resource "kanbert_webhook" "guarded" {
  url   = "https://hooks.example.com/kanbert/guarded"
  event = "contact:update"

  lifecycle {
    # A plan that would delete or replace the webhook fails.
    prevent_destroy = true

    # An import without a secret fails.
    postcondition {
      condition     = self.signature_secret_key != null
      error_message = "The signing secret of this webhook is not in state."
    }
  }
}
