variable "receiver_url" {
  description = "URL that receives the deliveries. Each event gets a path below it."
  type        = string
  default     = "https://hooks.example.com/kanbert"
}

variable "project_id" {
  description = "ID of the project whose new tasks are delivered."
  type        = string
  default     = "project-1"
}
