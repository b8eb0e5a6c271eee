terraform {
  cloud {
    organization = "example"

    workspaces {
      name = "kanbert-webhooks"
    }
  }
}
