# The webhooks of one receiver, the newest first.
data "kanbert_webhooks" "receiver" {
  filter = "url startswith 'https://hooks.example.com/'"
  sort   = ["-created_at", "url"]
}

# What is delivered about the tasks of one project. The API cannot filter by
# event or project: the provider lists every webhook and selects.
data "kanbert_webhooks" "tasks" {
  events     = ["task:create", "task:update", "task:delete"]
  project_id = "project-1"
}

# Webhooks that were created in the last week, at most ten.
data "kanbert_webhooks" "recent" {
  filter = "created_at >= today-7d"
  limit  = 10
}

output "urls" {
  value = data.kanbert_webhooks.receiver.webhooks[*].url
}
