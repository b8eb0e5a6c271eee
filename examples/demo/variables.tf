variable "receiver_url" {
  description = "Where the deliveries go. Each event gets a path below it."
  type        = string
  default     = "https://hooks.example.com/kanbert"
}

variable "project_id" {
  description = "The project whose new tasks are delivered."
  type        = string
  default     = "project-1"
}
