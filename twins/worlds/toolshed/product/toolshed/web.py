"""The web service: the desk as JSON over HTTP (`python -m toolshed.web --port 8080`)."""

import argparse
import contextlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from toolshed import reports, terms
from toolshed.cli import JOURNAL
from toolshed.shed import Refused, Shed, Unknown

Reply = tuple[int, object]
Fields = dict[str, str]


def respond(shed: Shed, method: str, target: str, body: str = "") -> Reply:
    """Answer one request: a status and the data to send."""
    url = urlsplit(target)
    path = [unquote(part) for part in url.path.split("/") if part]
    try:
        match method:
            case "GET":
                return _shows(shed, path, dict(parse_qsl(url.query)))
            case "POST":
                return _does(shed, path, _fields(body))
            case "DELETE" if path[:1] == ["reservations"] and len(path) == 3:
                shed.cancel(path[1], path[2])
                return 200, {"cancelled": path[1]}
    except Unknown as error:
        return 404, {"error": str(error)}
    except Refused as error:
        return 409, {"error": str(error)}
    except KeyError as error:
        return 422, {"error": f"{error.args[0]} is missing"}
    except ValueError as error:
        return 422, {"error": str(error)}
    return _nothing(path)


def _nothing(path: list[str]) -> Reply:
    return 404, {"error": f"nothing answers at /{'/'.join(path)}"}


def _fields(body: str) -> Fields:
    """Read an object of texts."""
    try:
        data = json.loads(body)
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(data, dict) or not all(isinstance(text, str) for text in data.values()):
        raise ValueError("the body is not an object of texts")
    return data


def _shows(shed: Shed, path: list[str], query: Fields) -> Reply:
    match path:
        case ["tools"]:
            return 200, reports.inventory(shed, query["on"], query.get("category", ""))
        case ["tools", number]:
            number = shed.tool(number).number
            rows = reports.inventory(shed, query["on"])
            row = next(row for row in rows if row["tool"] == number)
            return 200, {**row, "queue": shed.queue(number)}
        case ["members", number]:
            return 200, reports.account(shed, number)
        case ["members", number, "statement"]:
            return 200, reports.statement(shed, number)
        case ["overdue"]:
            return 200, reports.overdue(shed, query["on"])
        case ["due", category]:
            return 200, {"due": terms.due(category, query["on"])}
    return _nothing(path)


def _does(shed: Shed, path: list[str], fields: Fields) -> Reply:
    match path:
        case ["members"]:
            kind = fields.get("kind", "regular")
            return 201, {"member": shed.join(fields["name"], fields["on"], kind)}
        case ["tools"]:
            return 201, {"tool": shed.add(fields["name"], fields["category"], fields["value"])}
        case ["loans"]:
            return 201, shed.lend(fields["tool"], fields["member"], fields["on"])
        case ["renewals"]:
            return 200, {"due": shed.renew(fields["tool"], fields["on"])}
        case ["returns"]:
            return 200, {"fee": shed.give_back(fields["tool"], fields["on"])}
        case ["reservations"]:
            place = shed.reserve(fields["tool"], fields["member"], fields["on"])
            return 201, {"place": place}
        case ["charges"]:
            owes = shed.charge(fields["member"], fields["amount"], fields["reason"], fields["on"])
            return 201, {"owes": owes}
        case ["payments"]:
            return 201, {"owes": shed.pay(fields["member"], fields["amount"], fields["on"])}
    return _nothing(path)


class Desk(ThreadingHTTPServer):
    """The server: one shed, one request at a time at its desk."""

    def __init__(self, address: tuple[str, int], shed: Shed) -> None:
        super().__init__(address, Handler)
        self.shed = shed
        self.turn = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Carries requests to `respond` and its replies back."""

    server: Desk

    def do_GET(self) -> None:
        """Answer a GET request."""
        self._answer("")

    def do_DELETE(self) -> None:
        """Answer a DELETE request."""
        self._answer("")

    def do_POST(self) -> None:
        """Answer a POST request."""
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else 0
        self._answer(self.rfile.read(size).decode("utf-8", errors="replace"))

    def _answer(self, body: str) -> None:
        with self.server.turn:
            status, data = respond(self.server.shed, self.command, self.path, body)
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="toolshed.web")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    parser.add_argument("--journal", default=os.environ.get("TOOLSHED_JOURNAL", JOURNAL))
    options = parser.parse_args()
    try:
        shed = Shed(options.journal)
    except (ValueError, OSError) as error:
        sys.exit(f"toolshed: {error}")
    with Desk((options.host, options.port), shed) as server:
        print(f"toolshed listens on http://{options.host}:{server.server_port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
