import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = b"SECRET"  # as [presence] webhook_secret


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        stamp = self.headers["Comet-Timestamp"]
        expected = "sha256=" + hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        is_good = hmac.compare_digest(expected, self.headers["Comet-Signature"])
        if not is_good or abs(time.time() - int(stamp)) > 300:
            self.send_error(403)
            return
        batch = json.loads(body)
        if batch["lost"]:
            print("missed", batch["lost"], "rows", flush=True)
        for row in batch["events"]:  # a row may come twice: its seq tells
            print(row["seq"], row["user_id"], row["event"], flush=True)
        self.send_response(204)
        self.end_headers()


HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
