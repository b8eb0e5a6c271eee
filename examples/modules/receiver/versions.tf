terraform {
  required_version = ">= 1.5"

  required_providers {
    kanbert = {
      source = "kanbert/kanbert"
    }
  }
}
