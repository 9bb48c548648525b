"""The web service: the same answers as JSON over HTTP (`python -m parcel.web --port 8080`)."""

import argparse
import contextlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from parcel import manifest, quotes, tracking, zones

Reply = tuple[int, dict[str, object]]


def respond(method: str, target: str, body: str = "") -> Reply:
    """Answer one request: a status and the data to send."""
    url = urlsplit(target)
    path = unquote(url.path).rstrip("/")
    try:
        if method == "GET" and path == "/quote":
            return _quote(dict(parse_qsl(url.query)))
        if method == "GET" and path == "/zones":
            return 200, {str(zone): list(codes) for zone, codes in zones.ZONES.items()}
        if method == "GET" and path.startswith("/track/"):
            return _track(path.removeprefix("/track/"))
        if method == "POST" and path == "/manifest":
            return _manifest(body)
    except ValueError as error:
        return 422, {"error": str(error)}
    return 404, {"error": f"nothing answers {method} {path or '/'}"}


def _quote(query: dict[str, str]) -> Reply:
    fields = ("country", "weight", "size", "postcode", "service", "declared")
    for name in query:
        if name not in fields:
            raise ValueError(f"unknown parameter {name!r}")
    for name in ("country", "weight"):
        if name not in query:
            raise ValueError(f"{name} is missing")
    return 200, quotes.quote(**query)


def _track(number: str) -> Reply:
    what = tracking.problem(number)
    return 200, {"number": tracking.normal(number), "valid": not what, "problem": what}


def _manifest(body: str) -> Reply:
    priced = manifest.read(body)
    return 200, {
        "parcels": len(priced.rows),
        "totals": {row.reference: f"{row.quote.total:.2f}" for row in priced.rows},
        "discount": f"{priced.discount:.2f}",
        "total": f"{priced.total:.2f}",
    }


class Handler(BaseHTTPRequestHandler):
    """Carries requests to `respond` and its replies back."""

    def do_GET(self) -> None:
        """Answer a GET request."""
        self._answer(respond("GET", self.path))

    def do_POST(self) -> None:
        """Answer a POST request."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._answer((411, {"error": "Content-Length is missing"}))
            return
        body = self.rfile.read(int(length)).decode("utf-8", errors="replace")
        self._answer(respond("POST", self.path, body))

    def _answer(self, reply: Reply) -> None:
        status, data = reply
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="parcel.web")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    options = parser.parse_args()
    with ThreadingHTTPServer((options.host, options.port), Handler) as server:
        print(f"parcel listens on http://{options.host}:{server.server_port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
