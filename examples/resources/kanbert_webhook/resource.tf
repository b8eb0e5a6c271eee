# Delivers each new contact of the workspace.
resource "kanbert_webhook" "new_contacts" {
  url   = "https://hooks.example.com/kanbert/new-contacts"
  event = "contact:create"
}

# Events about tasks and comments require a project.
resource "kanbert_webhook" "new_tasks" {
  url        = "https://hooks.example.com/kanbert/new-tasks"
  event      = "task:create"
  project_id = "project-1"
}

# Delivers the events of one client only.
resource "kanbert_webhook" "client_updates" {
  url       = "https://hooks.example.com/kanbert/client-updates"
  event     = "company:update"
  client_id = "client-1"
}

# The receiver verifies deliveries with this secret. State contains it in plain text.
output "new_contacts_secret" {
  value     = kanbert_webhook.new_contacts.signature_secret_key
  sensitive = true
}
