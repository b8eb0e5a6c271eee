# By id, to get the other attributes.
data "kanbert_webhook" "by_id" {
  id = "webhook-1"
}

output "delivers" {
  value = "${data.kanbert_webhook.by_id.event} to ${data.kanbert_webhook.by_id.url}"
}
