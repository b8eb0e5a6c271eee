secret=$(terraform output -json receiver_secrets | jq -r '."/getting-started/new-contacts"')
body='{"event":"contact:create","data":{"id":"contact-1"}}'
signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)

curl -i http://127.0.0.1:8080/getting-started/new-contacts \
  -H 'Content-Type: application/json' \
  -H "Signature: $signature" \
  --data-binary "$body"
