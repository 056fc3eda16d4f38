"""Receives Wharf's events: verifies each, passes over what it has seen, prints the rest."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from standardwebhooks import Webhook, WebhookVerificationError

if not os.environ.get("WEBHOOK_SECRET"):
    sys.exit("WEBHOOK_SECRET: set it to the whsec_… of your webhook")
webhook = Webhook(os.environ["WEBHOOK_SECRET"])

# In memory, so until it ends. A program that acts on events keeps the ids in its database, in the transaction of what it does.
seen: set[str] = set()
lock = Lock()


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self) -> None:
        # Over the bytes as they came: a body that was parsed and written anew has another signature.
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.hook(body) if self.path == "/hook" else 404)
        self.send_header("content-length", "0")
        self.end_headers()

    def hook(self, body: bytes) -> int:
        try:
            event = webhook.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return 401
        # The same id comes again when an answer was late or lost.
        with lock:
            new = self.headers["webhook-id"] not in seen
            seen.add(self.headers["webhook-id"])
        if new:
            handle(event)
        return 204

    def log_message(self, *_: object) -> None:
        """A line a request would hide the events."""


def handle(event: dict) -> None:
    """The answer waits for this: what takes long belongs in a queue."""
    print(json.dumps(event, ensure_ascii=False), flush=True)


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}/hook", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
