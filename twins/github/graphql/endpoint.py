"""The one route of GraphQL."""

import asyncio
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from graphql import GraphQLSchema

from twins.core.admin import read_json
from twins.core.server import ENTRY
from twins.github.api import Call, Operation, Reply
from twins.github.graphql import engine, sdl
from twins.github.graphql.node import View
from twins.github.problem import Problem
from twins.github.transport import Transport

RESOURCE = "graphql"
PATHS = ("/graphql", "/api/graphql")
NO_QUERY = "A query attribute must be specified and must be a string."
NO_OBJECT = "Variables must be an object."


def routes(transport: Transport, schema: Path) -> list[web.AbstractRouteDef]:
    """Return the table of routes: one for github.com, one for hosts with a prefix."""
    handler = _handler(transport, schema)
    return [web.post(path, handler) for path in PATHS]


def _handler(transport: Transport, schema: Path) -> Handler:
    def answer(call: Call) -> Reply:
        known = sdl.load(schema) if schema.is_file() else sdl.least()
        return _answer(call, transport, known)

    ready = transport.handler(Operation("POST", PATHS[0], answer, RESOURCE))

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            await asyncio.to_thread(sdl.load, schema)
        except FileNotFoundError:
            if sdl.is_enough((await read_json(request)).get("query")):
                return await ready(request)
            request[ENTRY].unmodelled = True
            return web.json_response({"message": sdl.MISSING, "unmodelled": True}, status=501)
        return await ready(request)

    return handle


def _answer(call: Call, transport: Transport, schema: GraphQLSchema) -> Reply:
    if call.actor.user is None:
        raise Problem(401, "This endpoint requires you to be authenticated.")
    body = call.json()
    text = body.get("query") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(text, str):
        return _complaint(NO_QUERY)
    variables, name = body.get("variables") or {}, body.get("operationName")
    if not isinstance(variables, dict):
        return _complaint(NO_OBJECT)

    def write() -> None:
        refused = transport.limits.too_fast(call.actor, call.hub.core.clock.now())
        if refused is not None:
            raise refused

    left = transport.limits.of(call.actor, call.hub.core.clock.now(), RESOURCE)
    view = View(call, left, write)
    name = name if isinstance(name, str) and name else None
    told = engine.run(schema, view, text, variables, name)
    return Reply(body=told, cost=view.price.cost)


def _complaint(message: str) -> Reply:
    return Reply(body={"errors": [{"message": message}]})
