terraform plan -out=plan.tfplan
terraform show -json plan.tfplan |
  jq -r '.checks[] | select(.address.name == "every_webhook_is_managed") | .status'
