moved {
  from = kanbert_webhook.old_name
  to   = kanbert_webhook.new_contacts
}
