# Every webhook of the workspace.
list "kanbert_webhook" "all" {
  provider = kanbert
}

# The task webhooks of one project, with their attributes.
list "kanbert_webhook" "tasks" {
  provider         = kanbert
  include_resource = true
  limit            = 500

  config {
    filter     = "url startswith 'https://hooks.example.com/'"
    events     = ["task:create", "task:update", "task:delete"]
    project_id = "project-1"
  }
}
