"""The routes about a twin, which the service it plays does not have."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from twins.core.clock import Clock
from twins.core.core import Core
from twins.core.faults import BadFault
from twins.core.journal import as_json

JsonObject = dict[str, Any]

ADMIN = "/_twin"


def is_admin(request: web.Request) -> bool:
    """Tell whether a request is about the twin and not for it."""
    return request.path == ADMIN or request.path.startswith(ADMIN + "/")


async def read_json(request: web.Request) -> JsonObject:
    """Return the request's JSON object; an empty body is an empty object, anything else is 400."""
    raw = await request.read()
    try:
        value = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise web.HTTPBadRequest(text=json.dumps({"message": f"not JSON: {error}"})) from error
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text=json.dumps({"message": "the body must be a JSON object"}))
    return value


@dataclass(frozen=True, slots=True)
class Admin:
    """Health, reset, clock, faults and journal."""

    core: Core
    on_reset: Callable[[], Awaitable[None]] | None

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the table of routes."""
        return [
            web.get(f"{ADMIN}/health", self.health),
            web.post(f"{ADMIN}/reset", self.reset),
            web.post(f"{ADMIN}/clock", self.move_clock),
            web.post(f"{ADMIN}/faults", self.plan_faults),
            web.get(f"{ADMIN}/faults", self.list_faults),
            web.delete(f"{ADMIN}/faults", self.clear_faults),
            web.get(f"{ADMIN}/journal", self.read_journal),
        ]

    async def health(self, _: web.Request) -> web.Response:
        """Say that the twin is up, and its time."""
        return web.json_response({"twin": self.core.name, "ok": True, "now": self.core.clock.iso()})

    async def reset(self, _: web.Request) -> web.Response:
        """Make the twin as good as new."""
        if self.on_reset is not None:
            await self.on_reset()
        self.core.reset()
        return web.json_response({"ok": True})

    async def move_clock(self, request: web.Request) -> web.Response:
        """Obey `freeze`, `resume` and `advance`; return the time."""
        clock = self.core.clock
        try:
            _move(clock, await read_json(request))
        except (TypeError, ValueError) as error:
            return web.json_response({"message": str(error)}, status=422)
        return web.json_response({"now": clock.now(), "iso": clock.iso()})

    async def plan_faults(self, request: web.Request) -> web.Response:
        """Add one rule, or all of `rules`; return the plan."""
        body = await read_json(request)
        try:
            for rule in body.get("rules", [body]):
                self.core.faults.add(rule)
        except BadFault as error:
            return web.json_response({"message": str(error)}, status=422)
        return web.json_response(self.core.faults.rules(), status=201)

    async def list_faults(self, _: web.Request) -> web.Response:
        """Return the plan."""
        return web.json_response(self.core.faults.rules())

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Forget the plan."""
        self.core.faults.clear()
        return web.json_response([])

    async def read_journal(self, request: web.Request) -> web.Response:
        """Return entries by `method`, part of `path`, `unmodelled` (0, 1), `since` (number)."""
        query = request.query
        since = query.get("since", "0")
        entries = self.core.journal.entries(
            method=query.get("method", ""),
            path=query.get("path", ""),
            unmodelled={"1": True, "0": False}.get(query.get("unmodelled", "")),
            since=int(since) if since.isdigit() else 0,
        )
        return web.json_response(as_json(entries))


def _move(clock: Clock, order: JsonObject) -> None:
    freeze = order.get("freeze")
    if freeze is not None and freeze is not False:
        clock.freeze(None if freeze is True else float(freeze))
    if order.get("resume"):
        clock.resume()
    clock.advance(float(order.get("advance", 0)))
