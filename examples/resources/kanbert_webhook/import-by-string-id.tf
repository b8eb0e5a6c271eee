# The id is the id of the webhook, or its URL.
import {
  to = kanbert_webhook.new_contacts
  id = "https://hooks.example.com/kanbert/new-contacts"
}
