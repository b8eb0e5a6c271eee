output "webhooks" {
  description = "The event that each URL receives."
  value       = { for webhook in data.kanbert_webhooks.receiver.webhooks : webhook.url => webhook.event }
}

output "signing_secrets" {
  description = "The secret that signs the deliveries of each event."
  sensitive   = true
  value = merge(
    { for event, webhook in kanbert_webhook.contacts : event => webhook.signature_secret_key },
    { "task:create" = kanbert_webhook.tasks.signature_secret_key },
  )
}
