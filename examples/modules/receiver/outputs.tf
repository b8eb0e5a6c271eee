output "webhooks" {
  description = "Id and URL of the webhook of each event."
  value       = { for event, webhook in kanbert_webhook.this : event => { id = webhook.id, url = webhook.url } }
}

output "secrets" {
  description = "Signing secret of each webhook, by the path of its URL."
  sensitive   = true
  value = {
    for webhook in kanbert_webhook.this :
    regex("^https?://[^/]+(/.*)$", webhook.url)[0] => webhook.signature_secret_key
  }
}
