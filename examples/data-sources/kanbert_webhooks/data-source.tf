# Every webhook of the workspace, sorted by URL.
data "kanbert_webhooks" "all" {}

# The webhooks of one receiver that are older than a month, the newest first.
data "kanbert_webhooks" "receiver" {
  filter = "url startswith 'https://hooks.example.com/' and created_at < today-30d"
  sort   = ["-created_at"]
}

# For a filter that is built from values, use the JSON form.
data "kanbert_webhooks" "two_receivers" {
  filter = jsonencode({
    or = [for receiver in ["https://hooks.example.com/", "https://backup.example.com/"] :
      { field = "url", op = "startswith", value = receiver }
    ]
  })
}

# The API cannot filter by event, project or client. The provider selects from
# the webhooks that the API lists.
data "kanbert_webhooks" "project_tasks" {
  events     = ["task:create", "task:update", "task:delete"]
  project_id = "project-1"
}

# The three newest.
data "kanbert_webhooks" "newest" {
  sort  = ["-created_at"]
  limit = 3
}

output "receiver_events" {
  description = "The event that each URL of the receiver subscribes to."
  value       = { for webhook in data.kanbert_webhooks.receiver.webhooks : webhook.url => webhook.event }
}
