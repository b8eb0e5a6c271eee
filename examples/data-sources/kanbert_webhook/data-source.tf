# By URL, to get the id.
data "kanbert_webhook" "new_contacts" {
  url = "https://hooks.example.com/kanbert/new-contacts"
}

output "new_contacts_id" {
  value = data.kanbert_webhook.new_contacts.id
}
