# By id:
terraform import kanbert_webhook.new_contacts webhook-1

# By URL:
terraform import kanbert_webhook.new_contacts https://hooks.example.com/kanbert/new-contacts
