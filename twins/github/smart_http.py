"""git clone, fetch and push through `git http-backend`, on the same repositories REST uses.

Traps, each met before: aiohttp inflates gzip bodies and leaves the header; a client may go away
before code after the last byte runs; large pushes come in chunks after a small probe.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

from aiohttp import web

from twins.core.server import ENTRY, Unmodelled
from twins.github.access import ANONYMOUS, Actor, accepts, may_modify, may_see
from twins.github.auth import authenticate
from twins.github.governance import Guard
from twins.github.guard import guard_of, missing_checks
from twins.github.hub import Context, Hub
from twins.github.links import Links
from twins.github.problem import Problem
from twins.github.pushes import observe
from twins.github.state import Pull, Repository

TIMEOUT_S = 300.0
CHUNK = 2**16
PUSH, FETCH = "git-receive-pack", "git-upload-pack"


class SmartHttp:
    """Serves `/{owner}/{repo}[.git]/info/refs` and the two pack services."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._live: set[asyncio.subprocess.Process] = set()

    async def close(self) -> None:
        """End every git still running, also for clients that have gone."""
        for process in list(self._live):
            _kill(process)
            await process.wait()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the table of routes."""
        base = "/{owner}/{repo}"
        return [
            web.get(base + "/info/refs", self.info_refs),
            web.post(base + "/{service:git-(?:upload|receive)-pack}", self.pack),
        ]

    async def info_refs(self, request: web.Request) -> web.StreamResponse:
        """Advertise refs; the dumb protocol is not served."""
        service = request.query.get("service", "")
        if service not in {PUSH, FETCH}:
            raise Unmodelled
        return await self._serve(request, service, "/info/refs")

    async def pack(self, request: web.Request) -> web.StreamResponse:
        """Exchange objects."""
        service = request.match_info["service"]
        return await self._serve(request, service, f"/{service}")

    async def _serve(self, request: web.Request, service: str, below: str) -> web.StreamResponse:
        owner, name = request.match_info["owner"], request.match_info["repo"]
        repo = self._hub.world.repo(f"{owner}/{name.removesuffix('.git')}")
        actor = self._who(request)
        refused = self._refusal(actor, repo, service)
        if refused is not None or repo is None:
            return refused or _plain(404, "Repository not found.")
        env = self._environment(request, repo, actor, below)
        if service == FETCH or below == "/info/refs":
            return await self._stream(request, env)
        return await self._push(request, repo, actor, env)

    def _who(self, request: web.Request) -> Actor:
        try:
            header = request.headers.get("Authorization", "")
            actor = authenticate(self._hub.world, self._hub.core.clock, header)
        except Problem:
            return Actor("refused")
        request[ENTRY].notes["actor"] = actor.user.login if actor.user else "anonymous"
        return actor

    def _environment(
        self, request: web.Request, repo: Repository, actor: Actor, below: str
    ) -> dict[str, str]:
        env = {
            **self._hub.git.env,
            "GIT_PROJECT_ROOT": str(repo.path.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repo.path.name}{below}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        if actor.user is not None:
            env["REMOTE_USER"] = actor.user.login
            env |= self._hub.git.guarding(_guards(repo, actor), self._only(repo, actor))
        # No CONTENT_LENGTH and no encoding: the body reaches us inflated, and git (2.39) spins for
        # ever when a client goes away before the length it promised. The end of input says enough.
        return env

    def _only(self, repo: Repository, actor: Actor) -> list[str]:
        """Return the refs that a maintainer of another repository may push to; empty: all."""
        if accepts(actor, repo, "contents", "write"):
            return []
        return [f"refs/heads/{one.head_ref}" for one in self._lent(repo, actor)]

    def _lent(self, repo: Repository, actor: Actor) -> list[Pull]:
        """Return pull requests from here whose authors let the maintainers push."""
        return [
            issue.pull
            for home in self._hub.world.repos.values()
            for issue in home.issues.values()
            if issue.pull is not None
            and issue.state == "open"
            and issue.pull.head_repo is repo
            and may_modify(actor, home, issue.pull)
        ]

    def _refusal(self, actor: Actor, repo: Repository | None, service: str) -> web.Response | None:
        """Return why not, in the order GitHub checks: credentials, sight, permission."""
        if actor.kind == "refused":
            return _challenge(
                "Invalid username or token. Password authentication is not supported."
            )
        hidden = repo is None or not may_see(actor, repo)
        if actor is ANONYMOUS and (hidden or service == PUSH):
            return _challenge("No anonymous write access.")
        if hidden or repo is None:
            return _plain(404, "Repository not found.")
        level = "write" if service == PUSH else "read"
        lent = service == PUSH and self._lent(repo, actor)
        if not accepts(actor, repo, "contents", level) and not lent:
            login = actor.user.login if actor.user else "app"
            return _plain(403, f"Permission to {repo.full_name}.git denied to {login}.")
        return None

    async def _stream(self, request: web.Request, env: dict[str, str]) -> web.StreamResponse:
        async with self._backend(env) as process, asyncio.timeout(TIMEOUT_S):
            async with _feeding(request, process):
                status, headers = await _read_headers(process)
                response = web.StreamResponse(status=status, headers=headers)
                await response.prepare(request)
                while chunk := await _out(process).read(CHUNK):
                    await response.write(chunk)
            await response.write_eof()
            return response

    async def _push(
        self, request: web.Request, repo: Repository, actor: Actor, env: dict[str, str]
    ) -> web.StreamResponse:
        """Let git take the objects, tell what changed, and only then answer."""
        try:
            async with self._backend(env) as process, asyncio.timeout(TIMEOUT_S):
                async with _feeding(request, process):
                    status, headers = await _read_headers(process)
                    body = await _out(process).read()
                await process.wait()
        finally:
            # Even a push whose client went away may have moved refs.
            if actor.user is not None:
                observe(Context(self._hub, actor.user, actor.app, Links.of(request)), repo)
        return web.Response(status=status, headers=headers, body=body)

    @contextlib.asynccontextmanager
    async def _backend(self, env: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
        starting = asyncio.create_task(_start(self._hub.git.git, env))
        try:
            # Cancelled in the middle, asyncio would wait for a git that waits for its input.
            process = await asyncio.shield(starting)
            self._live.add(process)
            yield process
        finally:
            process = await starting
            if process.returncode is None:
                _kill(process)
            await process.wait()
            self._live.discard(process)


def _guards(repo: Repository, actor: Actor) -> str:
    """Return what the update hook enforces: a line per guarded branch, with the green commits."""
    lines = []
    for ref in sorted(repo.refs):
        guard = guard_of(repo, ref.removeprefix("refs/heads/"), actor)
        if guard == Guard():
            continue
        shas = {run.head_sha for run in repo.runs.values()} | {s.sha for s in repo.statuses}
        green = sorted(sha for sha in shas if not missing_checks(repo, sha, guard))
        words = [
            "shut"
            if guard.shut
            else "pull"
            if guard.pull
            else "checks"
            if guard.checks
            else "open",
            "forward" if not guard.force_pushes else "any",
            "kept" if not guard.deletions else "deletable",
        ]
        lines.append(" ".join([ref, *words, ",".join(green)]))
    return "\n".join(lines)


def _challenge(text: str) -> web.Response:
    return web.Response(
        status=401, text=text + "\n", headers={"WWW-Authenticate": 'Basic realm="GitHub"'}
    )


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")


async def _start(git: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        git,
        "http-backend",
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        limit=CHUNK,
    )


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _out(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise ConnectionError("git http-backend has no output")
    return process.stdout


@contextlib.asynccontextmanager
async def _feeding(
    request: web.Request, process: asyncio.subprocess.Process
) -> AsyncIterator[None]:
    """Feed the body beside whatever the caller does, and never beyond it."""
    feeder = asyncio.create_task(_feed(request, process))
    try:
        yield
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)


async def _feed(request: web.Request, process: asyncio.subprocess.Process) -> None:
    """Pass the body on piece by piece; git may stop reading whenever it has seen enough."""
    if process.stdin is None:
        return
    try:
        async for chunk in request.content.iter_chunked(CHUNK):
            process.stdin.write(chunk)
            await process.stdin.drain()
    finally:
        # A client that goes away in the middle must not leave git waiting for the rest.
        process.stdin.close()


async def _read_headers(process: asyncio.subprocess.Process) -> tuple[int, dict[str, str]]:
    """Read the CGI header block."""
    status, headers = 200, {}
    while line := (await _out(process).readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value.strip()
    return status, headers
