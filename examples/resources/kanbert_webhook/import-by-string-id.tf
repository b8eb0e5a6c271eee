# The id is Kanbert's own, or the webhook's URL.
import {
  to = kanbert_webhook.new_contacts
  id = "https://hooks.example.com/kanbert/new-contacts"
}
