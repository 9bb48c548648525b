"""One aiohttp process per twin: shared middlewares, admin routes, start and stop.

Order of the middlewares, outermost first: journal, faults, the twin's own, 501 for the unmodelled.
Admin routes under `/_twin/` pass none of them.
"""

import asyncio
import errno
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from twins.core.admin import Admin, is_admin
from twins.core.core import Core
from twins.core.faults import Fault
from twins.core.journal import Entry
from twins.core.tls import Tls

ENTRY: web.RequestKey[Entry] = web.RequestKey("entry", Entry)
FAULT: web.RequestKey[Fault] = web.RequestKey("fault", Fault)
PORT_IN_USE = 4
CLIENT_GONE = 499
BODY_LIMIT = 64 * 2**20
# Bodies of these kinds are streams that only their handler may read.
UNREAD = ("application/x-git", "multipart/")


class Unmodelled(Exception):
    """The real service may know this call; the twin does not."""


def make_app(
    core: Core,
    *,
    routes: Iterable[web.AbstractRouteDef],
    admin: Iterable[web.AbstractRouteDef] = (),
    on_reset: Callable[[], Awaitable[None]] | None = None,
    middlewares: Iterable[Middleware] = (),
) -> web.Application:
    """Return the twin as an application; paths in `admin` already start with `/_twin/`."""
    app = web.Application(
        middlewares=[
            _journalling(core),
            _faulting(core),
            *(_not_for_admin(one) for one in middlewares),
            _refusing_unmodelled(core),
        ],
        client_max_size=BODY_LIMIT,
    )
    app.add_routes(Admin(core, on_reset).routes())
    app.add_routes(admin)
    app.add_routes(routes)

    async def dated(_: web.BaseRequest, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(core.clock.now(), usegmt=True)

    app.on_response_prepare.append(dated)
    return app


def _not_for_admin(middleware: Middleware) -> Middleware:
    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await (handler(request) if is_admin(request) else middleware(request, handler))

    return guarded


def _journalling(core: Core) -> Middleware:
    @web.middleware
    async def journalling(request: web.Request, handler: Handler) -> web.StreamResponse:
        entry = core.journal.open(
            at=core.clock.now(),
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=request.headers,
        )
        request[ENTRY] = entry
        started = time.perf_counter()
        try:
            if not request.content_type.startswith(UNREAD):
                entry.body = core.journal.excerpt(await request.read())
            response = await handler(request)
        except web.HTTPException as refusal:
            entry.status = refusal.status
            raise
        else:
            entry.status = 0 if _is_cut(request) else response.status
            return response
        finally:
            entry.ms = round((time.perf_counter() - started) * 1000, 3)

    return _not_for_admin(journalling)


def _is_cut(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _faulting(core: Core) -> Middleware:
    @web.middleware
    async def faulting(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = core.faults.for_request(request.method, request.path)
        if fault is None:
            return await handler(request)
        request[FAULT] = fault
        request[ENTRY].faulted = True
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.when == "after":
            answer = await handler(request)
            return _spoiled(request, fault) or answer
        return _spoiled(request, fault) or await handler(request)

    return _not_for_admin(faulting)


def _spoiled(request: web.Request, fault: Fault) -> web.Response | None:
    """Return what the fault answers instead, or nothing when it only delays or sets params."""
    if fault.cut:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=CLIENT_GONE)
    if not fault.status:
        return None
    body = {"message": "Injected fault"} if fault.body is None else fault.body
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json; charset=utf-8"} | fault.headers
    return web.Response(status=fault.status, text=text, headers=headers)


def _refusing_unmodelled(core: Core) -> Middleware:
    @web.middleware
    async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is None:
            try:
                return await handler(request)
            except Unmodelled:
                pass
        request[ENTRY].unmodelled = True
        message = f"{core.name} does not model {request.method} {request.path}"
        return web.json_response({"message": message, "unmodelled": True}, status=501)

    return _not_for_admin(refusing)


def run(
    app: web.Application, *, port: int = 0, host: str = "127.0.0.1", tls: Tls | None = None
) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. One JSON line on stdout means ready.

    With `tls` the same twin also listens on a second port, which speaks HTTPS.
    """
    try:
        sock = socket.create_server((host, port), backlog=512)
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        what = f"port-in-use: {host}:{port} is taken" if taken else f"environment: {error}"
        sys.stderr.write(f"{what}; choose another port or use --port 0\n")
        return PORT_IN_USE
    asyncio.run(_serve(app, sock, tls))
    return 0


async def _serve(app: web.Application, sock: socket.socket, tls: Tls | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, sock).start()
        host, port = sock.getsockname()[:2]
        ready: dict[str, object] = {"url": f"http://{host}:{port}", "pid": os.getpid()}
        if tls is not None:
            ready["tls"] = {"url": await _also_secure(runner, host, tls), "ca": str(tls.ca)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


async def _also_secure(runner: web.AppRunner, host: str, tls: Tls) -> str:
    """Open the port that speaks HTTPS; return its URL, by name, as certificates are."""
    sock = socket.create_server((host, 0), backlog=512)
    await web.SockSite(runner, sock, ssl_context=tls.context).start()
    return f"https://localhost:{sock.getsockname()[1]}"
