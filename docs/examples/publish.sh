curl -sS --fail-with-body http://127.0.0.1:8087/comet/api/publish \
  -H "Authorization: Bearer PASSWORD" -H "Content-Type: application/json" \
  -d '{"name": "web_demo", "event": "message", "message": "Hello from curl"}'
