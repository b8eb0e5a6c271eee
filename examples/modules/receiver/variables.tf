variable "receiver" {
  description = "URL of the receiver, with or without a slash at its end. The path of each event is added to it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^/?#@\\s]+(/[^?#\\s]*)?$", var.receiver))
    error_message = "The receiver must be an https:// or http:// URL without user info, query and fragment, such as https://hooks.example.com/kanbert."
  }

  validation {
    condition     = length(var.receiver) <= 160
    error_message = "The receiver must have at most 160 characters: a URL has at most 180, and the path of the event is added."
  }
}

variable "events" {
  description = "Events to deliver, such as contact:create. Each event gets a webhook."
  type        = set(string)
  nullable    = false
}

variable "project_id" {
  description = "Project that the webhooks for task:* and comment:* are scoped to. The other webhooks are not scoped."
  type        = string
  default     = null
}
