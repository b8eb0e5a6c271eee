curl -X POST "$SANDBOX_URL/deliver?event=contact:create"
