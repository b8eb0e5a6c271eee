terraform query -json |
  jq -s '
    [.[].list_resource_found.resource_object // empty]
    | map({
        key: (.url | ltrimstr("https://hooks.example.com/existing/")),
        value: {id, url, event, project_id, client_id}
      })
    | from_entries' > webhooks.json
