import json
from urllib.request import Request, urlopen

request = Request(
    "http://127.0.0.1:8087/comet/api/publish",
    json.dumps({"name": "web_demo", "event": "message", "message": "Hello from urllib"}).encode(),
    {"Authorization": "Bearer PASSWORD", "Content-Type": "application/json"},
)
with urlopen(request, timeout=10) as answer:
    print(json.load(answer))  # {'accepted': 1}
