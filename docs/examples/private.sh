curl -sS --fail-with-body http://127.0.0.1:8087/comet/api/private \
  -H "Authorization: Bearer PASSWORD" -H "Content-Type: application/json" \
  -d '{"id": 7, "event": "greeting", "message": "For you alone", "expires": 3600}'
