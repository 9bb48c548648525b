"""Recordings that the twin's authors never used: github3.py's cassettes and ogr's.

Most are old. What GitHub's description of today rejects is left out. So are refusals that lack the
`status` of today, since nearly any object is described as an error. Of one operation and status
those recorded since 2023 count alone if there are any: an older answer may be valid and yet lack
members that have been added since.
"""

import gzip
import json
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from twins.conformance.parity import Declared
from twins.conformance.record import shape
from twins.conformance.recordings import OLDEST, Exchange
from twins.contract.contract import Contract
from twins.contract.fetch import GITHUB3, OGR, TOOLS, ensure

HOST = "api.github.com"
FIRST_MOVED = 300
STAMP = re.compile(r'"(20\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d')
Dated = tuple[Exchange, int]


def chosen(contract: Contract, declared: Declared, tools: Path = TOOLS) -> list[Exchange]:
    """Return the exchanges worth comparing with, one of each shape."""
    groups: dict[tuple[str, int], list[Dated]] = defaultdict(list)
    for exchange, year in (*_github3(tools), *_ogr(tools)):
        operation = declared(exchange)
        if operation is not None and _is_of_today(contract, operation, exchange):
            groups[operation, exchange.status].append((exchange, year))
    found: dict[tuple[str, int, str], Exchange] = {}
    for (operation, status), dated in groups.items():
        recent = [exchange for exchange, year in dated if year >= OLDEST]
        for one in recent or [exchange for exchange, _ in dated]:
            found.setdefault((operation, status, shape(one.json)), one)
    return list(found.values())


def _is_of_today(contract: Contract, operation: str, one: Exchange) -> bool:
    if one.status >= FIRST_MOVED:
        return isinstance(one.json, dict) and "status" in one.json
    return contract.response_fault(operation, one.status, "application/json", one.json) is None


def _github3(tools: Path) -> Iterator[Dated]:
    folder = ensure(GITHUB3, tools) / "tests" / "cassettes"
    for path in sorted(folder.glob("*.json")):
        for one in json.loads(path.read_bytes())["http_interactions"]:
            status = one["response"].get("status", {}).get("code", 0)
            uri, method = urlsplit(one["request"]["uri"]), one["request"]["method"]
            known, body = _body(one["response"]["body"])
            if uri.netloc.partition(":")[0] == HOST and status and known:
                exchange = Exchange(f"github3.py {path.stem}", method, uri.path, status, body)
                yield exchange, int(one["recorded_at"][:4])


def _body(told: dict[str, str]) -> tuple[bool, Any]:
    """Return whether a body is JSON or nothing, and which."""
    raw = b64decode(told.get("base64_string", "")) or told.get("string", "").encode()
    try:
        raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        return True, json.loads(raw) if raw else None
    except (ValueError, OSError):
        return False, None


def _ogr(tools: Path) -> Iterator[Dated]:
    folder = ensure(OGR, tools) / "tests" / "integration" / "github" / "test_data"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.rglob("*.yaml")):
        calls = yaml.load(path.read_bytes(), loader)  # noqa: S506  # both are safe loaders
        found = list(_sent(f"ogr {path.stem}", calls.get("requests.sessions", {})))
        # Its dates are made up; no body is older than the youngest time in its file.
        years = [int(year) for one in found for year in STAMP.findall(json.dumps(one.json))]
        yield from ((one, max(years, default=0)) for one in found)


def _sent(source: str, calls: dict[str, Any]) -> Iterator[Exchange]:
    for method, targets in calls.get("send", {}).items():
        for url, items in targets.items():
            uri = urlsplit(url)
            if uri.netloc.partition(":")[0] != HOST:
                continue
            for item in items:
                told = item["output"]
                body = told["_content"] or None
                if body is None or isinstance(body, dict | list):
                    yield Exchange(source, method, uri.path, told["status_code"], body)
