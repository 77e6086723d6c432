curl -sS --fail-with-body http://127.0.0.1:8087/comet/api/publish \
  -H "Authorization: Bearer PASSWORD" -H "Content-Type: application/json" -d '
{"messages": [
  {"name": "web_demo", "event": "message", "message": "The first"},
  {"name": "web_demo", "event": "message", "message": "The second"}
]}'
