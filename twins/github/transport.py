"""What GitHub puts around every answer: limits, ETags, ids and media types."""

import json
import math
from collections import defaultdict, deque
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from twins.core.server import ENTRY
from twins.github.access import ANONYMOUS, Actor
from twins.github.api import Call, Operation, Reply
from twins.github.auth import authenticate
from twins.github.auto_merge import settle
from twins.github.git_store import GitError
from twins.github.hub import Hub
from twins.github.links import Links
from twins.github.problem import Problem
from twins.github.validators import Seen

WINDOW_S = 3600
MINUTE_S = 60
SEARCHES, SEARCHES_OF_NOBODY = 30, 10
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READS = frozenset({"GET", "HEAD"})
# The first is what a caller who names none gets.
API_VERSIONS = ("2022-11-28", "2026-03-10")
NO_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent "
    "header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required)"
    ". Check https://developer.github.com for other possible causes.\n"
)
TYPES = {
    "json": "application/json; charset=utf-8",
    "diff": "application/vnd.github.diff; charset=utf-8",
    "patch": "application/vnd.github.patch; charset=utf-8",
    "raw": "application/vnd.github.raw; charset=utf-8",
    "sha": "application/vnd.github.sha; charset=utf-8",
}


@dataclass(slots=True)
class Allowance:
    """What one caller has left in its hour."""

    limit: int
    used: int
    reset: int
    resource: str = "core"

    def headers(self) -> dict[str, str]:
        """Return the five headers."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.used)),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-resource": self.resource,
        }


@dataclass(frozen=True, slots=True)
class Pace:
    """The secondary limit: so many writes a minute, and how the one too many is refused."""

    content_per_minute: int
    status: int = 403


class Limits:
    """The primary rate limit, counted per token owner in hours of the virtual clock.

    The secondary one is off until a test asks for it: real GitHub does not publish it exactly.
    """

    def __init__(self) -> None:
        self.authenticated = 5000
        self.anonymous = 60
        self.pace: Pace | None = None
        self._left: dict[tuple[str, str], Allowance] = {}
        self._writes: dict[str, deque[float]] = defaultdict(deque)

    def too_fast(self, actor: Actor, now: float) -> Problem | None:
        """Count one write of somebody; return the refusal when it is one too many."""
        if self.pace is None:
            return None
        recent = self._writes[actor.bucket]
        while recent and recent[0] <= now - MINUTE_S:
            recent.popleft()
        if len(recent) < self.pace.content_per_minute:
            recent.append(now)
            return None
        wait = max(1, math.ceil(recent[0] + MINUTE_S - now))
        return Problem(
            self.pace.status,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try "
            "again.",
            headers={"Retry-After": str(wait)},
        )

    def of(self, actor: Actor, now: float, resource: str = "core") -> Allowance:
        """Return the caller's allowance, a new one when its hour is over."""
        key = actor.bucket, resource
        found = self._left.get(key)
        if found is None or found.reset <= now:
            limit, window = self._full(actor, resource)
            found = self._left[key] = Allowance(limit, 0, int(now) + window, resource)
        return found

    def _full(self, actor: Actor, resource: str) -> tuple[int, int]:
        """Return a fresh allowance: so many points for so many seconds."""
        is_nobody = actor.kind == "anonymous"
        if resource == "search":
            return (SEARCHES_OF_NOBODY if is_nobody else SEARCHES), MINUTE_S
        return (self.anonymous if is_nobody else self.authenticated), WINDOW_S

    def clear(self, authenticated: int = 5000, pace: Pace | None = None) -> None:
        """Give everybody a fresh hour and a fresh minute."""
        self.authenticated, self.pace = authenticated, pace
        self._left.clear()
        self._writes.clear()


class Transport:
    """Turns operations into aiohttp handlers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.limits = Limits()
        self._seen = Seen()

    def clear(self) -> None:
        """Forget who asked how often, and what was shown."""
        self.limits.clear()
        self._seen.clear()

    def handler(self, operation: Operation) -> Handler:
        """Return the aiohttp handler of one operation."""

        async def handle(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            return self._answer(operation, request, raw)

        return handle

    def _answer(self, operation: Operation, request: web.Request, raw: bytes) -> web.Response:
        if not request.headers.get("User-Agent", "").strip():
            return web.Response(status=403, text=NO_AGENT, content_type="text/html")
        now = self._hub.core.clock.now()
        actor, headers = ANONYMOUS, {}
        call: Call | None = None
        try:
            if operation.resource != "graphql":
                _check_version(request)
            header = request.headers.get("Authorization", "")
            actor = authenticate(self._hub.world, self._hub.core.clock, header)
            request[ENTRY].notes["actor"] = _name(actor)
            allowance = self.limits.of(actor, now, operation.resource)
            if allowance.used >= allowance.limit and not _is_free(request):
                raise _exhausted(actor, operation.resource)
            if _is_write(request, operation) and (refused := self.limits.too_fast(actor, now)):
                raise refused
            call = Call(request, self._hub, actor, Links.of(request), raw)
            reply = _handled(operation, call)
            if request.method in WRITES:
                settle(self._hub, call.links)
            if call.link_header:
                headers["Link"] = call.link_header
        except Problem as problem:
            reply = Reply(problem.status, problem.body(), problem.headers)
        if call is not None and call.accepted and _is_told(actor, reply):
            headers["x-accepted-github-permissions"] = call.accepted
        allowance = self.limits.of(actor, now, operation.resource)
        known = (actor.bucket, str(request.url), request.headers.get("Accept", ""))
        return self._finish(request, reply, allowance, headers, known)

    def _finish(
        self,
        request: web.Request,
        reply: Reply,
        allowance: Allowance,
        headers: dict[str, str],
        key: tuple[str, ...],
    ) -> web.Response:
        raw = reply.body if isinstance(reply.body, bytes) else _dump(reply)
        headers |= self._common(request, reply) | reply.headers
        free = _is_free(request)
        if request.method in READS and reply.status == web.HTTPOk.status_code:
            validators = self._seen.validators(key, raw, reply.body, self._hub.now())
            headers |= validators.headers()
            headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            if validators.are_known(request):
                reply, raw, free = Reply(304), b"", True
                headers.pop("Content-Type", None)
        if not free:
            allowance.used = min(allowance.used + reply.cost, allowance.limit)
        return web.Response(
            status=reply.status, body=raw or None, headers=headers | allowance.headers()
        )

    def _common(self, request: web.Request, reply: Reply) -> dict[str, str]:
        # Counted, not drawn: how often somebody asks must not change the ids that are drawn.
        number = self._hub.number("request")
        headers = {
            "Server": "github.com",
            "x-github-media-type": f"github.v3; format={reply.media_type}",
            "x-github-api-version-selected": _version(request),
            "x-github-request-id": f"{number % 65536:04X}:{number:06X}:{int(self._hub.now()):08X}",
            "Vary": "Accept, Authorization, Cookie",
        }
        if reply.body is not None:
            headers["Content-Type"] = TYPES.get(reply.media_type, reply.media_type)
        return headers


def _version(request: web.Request) -> str:
    return request.headers.get("X-GitHub-Api-Version", API_VERSIONS[0])


def _check_version(request: web.Request) -> None:
    """Refuse a version of the API that there is not."""
    version = _version(request)
    if version not in API_VERSIONS:
        *older, newest = (f'"{one}"' for one in API_VERSIONS)
        raise Problem(
            400,
            f'The version you specified in the "X-GitHub-API-Version" request header, "{version}", '
            "is not a supported version. The following versions are currently supported: "
            f"{newest} (most recent), {', '.join(older)}.",
        )


def _is_told(actor: Actor, reply: Reply) -> bool:
    """Tell whether to say which permissions are enough: to Apps, and to people who lack them."""
    refused = reply.status == web.HTTPForbidden.status_code
    return actor.installation is not None or (refused and actor.kind != "anonymous")


def _is_write(request: web.Request, operation: Operation) -> bool:
    """Tell whether a call creates content; of a GraphQL document only its engine can say."""
    return request.method in WRITES and operation.resource != "graphql"


def _is_free(request: web.Request) -> bool:
    """Tell whether a call costs nothing and is answered even when nothing is left."""
    return request.path.endswith("/rate_limit")


def _handled(operation: Operation, call: Call) -> Reply:
    """Run a handler; a name that git will not take is the caller's mistake."""
    try:
        return operation.handler(call)
    except GitError as error:
        raise Problem(422, f"GitRPC: {error}") from error


def _dump(reply: Reply) -> bytes:
    if reply.body is None:
        return b""
    if isinstance(reply.body, str):
        return reply.body.encode()
    return json.dumps(reply.body, separators=(",", ":")).encode()


def _name(actor: Actor) -> str:
    if actor.user is not None:
        return actor.user.login
    return f"app:{actor.app.slug}" if actor.app else "anonymous"


class Exhausted(Problem):
    """The end of an hour's allowance; GraphQL says so beside its data, with status 200."""

    def body(self) -> dict[str, object]:
        """Return the JSON that explains the refusal."""
        if self.status != web.HTTPOk.status_code:
            return super().body()
        return {"errors": [{"type": "RATE_LIMITED", "message": self.message}]}


def _exhausted(actor: Actor, resource: str) -> Problem:
    status = 200 if resource == "graphql" else 403
    return Exhausted(status, f"API rate limit exceeded for {actor.bucket}.")
