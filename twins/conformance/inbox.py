"""A receiver of webhooks in a thread of its own."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery as it came in."""

    headers: dict[str, str]
    raw: bytes
    payload: dict[str, Any]

    @property
    def event(self) -> str:
        """Return the event's name."""
        return self.headers.get("x-github-event", "")

    @property
    def action(self) -> str | None:
        """Return the event's action, if it has one."""
        action = self.payload.get("action")
        return action if isinstance(action, str) else None

    @property
    def name(self) -> str:
        """Return `event.action`."""
        return ".".join(filter(None, (self.event, self.action)))

    def is_signed_with(self, secret: str) -> bool:
        """Tell whether the signature is right over the raw bytes."""
        mac = hmac.new(secret.encode(), self.raw, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers.get("x-hub-signature-256", ""), f"sha256={mac}")


@dataclass(slots=True)
class Inbox:
    """Everything that has arrived, oldest first."""

    url: str
    arrivals: list[Arrival] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Stay silent: a twin that ends lets go of its connections."""


@contextmanager
def receiving() -> Iterator[Inbox]:
    """Listen on a free port of loopback."""
    arrivals: list[Arrival] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            arrivals.append(Arrival(headers, raw, json.loads(raw)))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Inbox(f"http://127.0.0.1:{server.server_port}/", arrivals)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
