"""The routes of the Messages API, and what a planned fault does to them.

A fault rule (see `twins.core.faults`) may set `status`, `delay` and `cut` as for every twin. For
this twin its `params` know more:

    {"error": "overloaded_error", "status": 529, "message": "...", "headers": {"retry-after": "1"},
     "details": {...}}                 an error in the API's own shape (`status` may be left out)
    {"cut_after": 4}                   a stream that breaks off after so many events
    {"stream_error": "api_error"}      an `error` event in the middle of a stream, HTTP status 200
    {"stop_reason": "refusal"}         or max_tokens: the last block is cut short as well
    {"malformed_tool_input": true}     tool input without its first key; in a stream half its JSON
    {"body": {...}, "status": 200}     any other answer: a model that talks nonsense
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

from twins.anthropic import catalogue
from twins.anthropic.accounting import Input, PromptCache, estimate
from twins.anthropic.brains import Brain, JsonObject, NoAnswer, Reply
from twins.anthropic.check_request import check_request, signature_of
from twins.anthropic.problems import Problem, invalid
from twins.anthropic.stream import encode, events_of
from twins.core.core import Core
from twins.core.server import ENTRY, FAULT, Unmodelled

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
MAX_PAGE = 1000
BODY_BYTES = 32 * 2**20


@dataclass(slots=True)
class MessagesApi:
    """One brain behind the wire format, with its cache and its key."""

    core: Core
    brain: Brain
    key: str = ""
    cache: PromptCache = field(default_factory=PromptCache)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the table of routes."""
        return [
            web.post("/v1/messages", self.messages),
            web.post("/v1/messages/count_tokens", self.count_tokens),
            web.get("/v1/models", self.list_models),
            web.get("/v1/models/{model}", self.retrieve_model),
            web.head("/", self.probe),
        ]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give every call a request id, check its key, and word errors as the API does."""
        request[REQUEST_ID] = f"req_{self.core.ids.word(24)}"
        try:
            if request.match_info.http_exception is not None or request.path == "/":
                response = await handler(request)
            else:
                self._check_key(request)
                self._note(request)
                _planned_error(request)
                response = await handler(request)
        except Problem as problem:
            response = web.json_response(
                problem.body(request[REQUEST_ID]), status=problem.code, headers=problem.headers
            )
        if not response.prepared:
            response.headers["request-id"] = request[REQUEST_ID]
        return response

    def _check_key(self, request: web.Request) -> None:
        given = _key_of(request)
        if not given:
            raise Problem("authentication_error", "x-api-key header is required")
        if self.key and given != self.key:
            raise Problem("authentication_error", "invalid x-api-key")

    @staticmethod
    def _note(request: web.Request) -> None:
        names = ("anthropic-version", "anthropic-beta", "x-stainless-retry-count")
        found = {name: request.headers[name] for name in names if name in request.headers}
        request[ENTRY].notes |= found

    async def probe(self, _: web.Request) -> web.Response:
        """Answer the reachability probe of some clients."""
        return web.Response(status=404)

    async def list_models(self, request: web.Request) -> web.Response:
        """Return every model on one page, or the page that was asked for."""
        names = catalogue.listed(self.brain.models)
        after, before = request.query.get("after_id"), request.query.get("before_id")
        if after in names:
            names = names[names.index(after) + 1 :]
        elif before in names:
            names = names[: names.index(before)]
        wanted = request.query.get("limit", "20")
        if not wanted.isdigit() or not 1 <= int(wanted) <= MAX_PAGE:
            raise invalid(f"limit: Input should be between 1 and {MAX_PAGE}")
        limit = int(wanted)
        page = names[:limit]
        return web.json_response(
            {
                "data": [catalogue.describe(name) for name in page],
                "has_more": len(names) > limit,
                "first_id": page[0] if page else None,
                "last_id": page[-1] if page else None,
            }
        )

    async def retrieve_model(self, request: web.Request) -> web.Response:
        """Return one model."""
        name = request.match_info["model"]
        self._check_model(name)
        return web.json_response(catalogue.describe(name))

    def _check_model(self, name: str) -> None:
        if name not in catalogue.listed(self.brain.models):
            raise Problem("not_found_error", f"model: {name}")

    async def count_tokens(self, request: web.Request) -> web.Response:
        """Estimate the input of a request without answering it."""
        body = await _body(request)
        check_request(body, counting=True)
        self._check_model(body["model"])
        tokens = PromptCache().account(body, owner="", now=0.0).total
        return web.json_response({"input_tokens": tokens if self.brain.counts_tokens else 0})

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Answer a Messages request, plain or streamed."""
        body = await _body(request)
        check_request(body)
        self._check_model(body["model"])
        try:
            reply = await asyncio.to_thread(self.brain.reply, body)
        except NoAnswer as silence:
            request[ENTRY].notes["no_answer"] = str(silence)
            raise Unmodelled from silence
        message = self._message(request, body, reply)
        message = _spoiled(request, message)
        if body.get("stream"):
            return await _stream(request, message)
        return web.json_response(message)

    def _message(self, request: web.Request, body: JsonObject, reply: Reply) -> JsonObject:
        if reply.raw is not None:
            return reply.raw
        owner = hashlib.sha256(_key_of(request).encode()).hexdigest()
        read = self.cache.account(body, owner=owner, now=self.core.clock.now())
        blocks = [self._finished(block) for block in reply.blocks]
        return {
            "id": f"msg_{self.core.ids.word(24)}",
            "type": "message",
            "role": "assistant",
            "model": self.brain.models[0] if self.brain.models else body["model"],
            "content": blocks,
            "stop_reason": reply.reason,
            "stop_sequence": reply.stop_sequence,
            "stop_details": reply.stop_details,
            "container": None,
            "diagnostics": None,
            "usage": usage_of(read, sum(map(estimate, blocks)), reply, blocks),
        }

    def _finished(self, block: JsonObject) -> JsonObject:
        if block["type"] == "tool_use":
            return {"id": f"toolu_{self.core.ids.word(24)}", "input": {}, **block}
        if block["type"] == "thinking":
            return {"signature": signature_of(block["thinking"]), **block}
        return {"citations": None, **block} if block["type"] == "text" else dict(block)


def usage_of(read: Input, output: int, reply: Reply, blocks: list[JsonObject]) -> JsonObject:
    """Return the usage object; a brain without tokens overrides its counters with 0."""
    thinking = sum(estimate(block) for block in blocks if block["type"] == "thinking")
    usage: JsonObject = {
        "input_tokens": read.full,
        "output_tokens": output,
        "cache_creation_input_tokens": read.written_5m + read.written_1h,
        "cache_read_input_tokens": read.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": read.written_5m,
            "ephemeral_1h_input_tokens": read.written_1h,
        },
        "output_tokens_details": {"thinking_tokens": thinking},
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": None,
        "speed": None,
    }
    for name, value in reply.usage.items():
        usage[name] = value
        if name == "cache_creation_input_tokens":
            usage["cache_creation"] = {
                "ephemeral_5m_input_tokens": value,
                "ephemeral_1h_input_tokens": 0,
            }
    return usage


def _key_of(request: web.Request) -> str:
    bearer = request.headers.get("Authorization", "")
    if bearer.lower().startswith("bearer "):
        return bearer[7:].strip()
    return request.headers.get("x-api-key", "").strip()


async def _body(request: web.Request) -> JsonObject:
    raw = await request.read()
    if len(raw) > BODY_BYTES:
        raise Problem("request_too_large", "Request exceeds the maximum size")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise invalid("The request body is not valid JSON") from problem
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object")
    return body


def _params(request: web.Request) -> JsonObject:
    fault = request.get(FAULT)
    return fault.params if fault is not None else {}


def _planned_error(request: web.Request) -> None:
    params = _params(request)
    if "error" in params:
        raise Problem(
            params["error"],
            params.get("message", "Injected fault"),
            int(params.get("status", 0)),
            dict(params.get("headers", {})),
            dict(params.get("details", {})),
        )


def _spoiled(request: web.Request, message: JsonObject) -> JsonObject:
    """Change a message as a planned fault says."""
    params = _params(request)
    if "body" in params:
        return dict(params["body"])
    if params.get("malformed_tool_input"):
        message = {**message, "content": [_malformed(block) for block in message["content"]]}
    reason = params.get("stop_reason")
    if reason:
        message = {**message, "stop_reason": reason}
    if reason == "refusal":
        details = {"type": "refusal", "category": None, "explanation": "planned by the test"}
        message |= {"content": [], "stop_details": details}
    elif reason == "max_tokens" and message["content"]:
        message["content"] = [*message["content"][:-1], _shortened(message["content"][-1])]
    return message


def _malformed(block: JsonObject) -> JsonObject:
    if block["type"] != "tool_use":
        return block
    return {**block, "input": dict(list(block["input"].items())[1:])}


def _shortened(block: JsonObject) -> JsonObject:
    if block["type"] == "text":
        return {**block, "text": block["text"][: len(block["text"]) // 2]}
    return _malformed(block)


async def _stream(request: web.Request, message: JsonObject) -> web.StreamResponse:
    params = _params(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-cache",
            "request-id": request[REQUEST_ID],
        }
    )
    await response.prepare(request)
    events = list(events_of(message))
    for number, event in enumerate(events):
        if number == params.get("cut_after"):
            if request.transport is not None:
                request.transport.abort()
            return response
        if "stream_error" in params and number == len(events) // 2:
            problem = Problem(params["stream_error"], "Injected fault")
            await response.write(encode(problem.body(request[REQUEST_ID])))
            break
        await response.write(encode(event))
    await response.write_eof()
    return response
