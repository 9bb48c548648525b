"""What GitHub puts around every answer: limits, ETags, ids and media types."""

import hashlib
import json
import math
from collections import defaultdict, deque
from dataclasses import dataclass
from email.utils import formatdate

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
from twins.github.times import moment

WINDOW_S = 3600
MINUTE_S = 60
SEARCHES, SEARCHES_OF_NOBODY = 30, 10
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READS = frozenset({"GET", "HEAD"})
API_VERSION = "2022-11-28"
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

    def handler(self, operation: Operation) -> Handler:
        """Return the aiohttp handler of one operation."""

        async def handle(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            return self._answer(operation, request, raw)

        return handle

    def _answer(self, operation: Operation, request: web.Request, raw: bytes) -> web.Response:
        now = self._hub.core.clock.now()
        actor, headers, link = ANONYMOUS, {}, ""
        try:
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
            link = call.link_header
            if call.accepted and actor.installation:
                headers["x-accepted-github-permissions"] = call.accepted.replace("; ", ",")
        except Problem as problem:
            reply = Reply(problem.status, problem.body(), problem.headers)
        if link:
            headers["Link"] = link
        allowance = self.limits.of(actor, now, operation.resource)
        return self._finish(request, reply, allowance, headers)

    def _finish(
        self, request: web.Request, reply: Reply, allowance: Allowance, headers: dict[str, str]
    ) -> web.Response:
        raw = reply.body if isinstance(reply.body, bytes) else _dump(reply)
        headers |= self._common(request, reply) | reply.headers
        free = _is_free(request)
        if request.method in READS and reply.status == web.HTTPOk.status_code:
            etag = f'"{hashlib.sha256(raw).hexdigest()}"'
            headers["ETag"] = f"W/{etag}"
            headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            changed = _last_change(reply)
            if changed is not None:
                headers["Last-Modified"] = formatdate(changed, usegmt=True)
            if _is_known(request, etag, changed):
                reply, raw, free = Reply(304), b"", True
                headers.pop("Content-Type", None)
        if not free:
            allowance.used = min(allowance.used + reply.cost, allowance.limit)
        return web.Response(
            status=reply.status, body=raw or None, headers=headers | allowance.headers()
        )

    def _common(self, request: web.Request, reply: Reply) -> dict[str, str]:
        version = request.headers.get("X-GitHub-Api-Version", API_VERSION)
        # Counted, not drawn: how often somebody asks must not change the ids that are drawn.
        number = self._hub.number("request")
        headers = {
            "Server": "github.com",
            "x-github-media-type": f"github.v3; format={reply.media_type}",
            "x-github-api-version-selected": version,
            "x-github-request-id": f"{number % 65536:04X}:{number:06X}:{int(self._hub.now()):08X}",
            "Vary": "Accept, Authorization, Cookie",
        }
        if reply.body is not None:
            headers["Content-Type"] = TYPES.get(reply.media_type, reply.media_type)
        return headers


def _last_change(reply: Reply) -> float | None:
    """Return when an issue, a comment or the like was last touched; lists have no such moment."""
    match reply.body:
        case {"full_name": _}:
            return None  # settings of repositories change without a new moment
        case {"updated_at": str(at)}:
            return moment(at)
        case _:
            return None


def _is_known(request: web.Request, etag: str, changed: float | None) -> bool:
    """Tell whether the caller has this already; what it knows by tag outranks its date."""
    if "If-None-Match" in request.headers:
        return etag in request.headers["If-None-Match"]
    since = request.if_modified_since
    return since is not None and changed is not None and changed <= since.timestamp()


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
