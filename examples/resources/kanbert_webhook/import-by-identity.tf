import {
  to = kanbert_webhook.new_contacts
  identity = {
    id = "webhook-1"
  }
}
