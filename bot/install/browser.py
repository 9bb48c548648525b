"""The local page of the manifest flow: shows the form, and takes the code that comes back.

It listens on loopback only, behind a path that only the person at the terminal was told, and takes
one code, which has to carry the random state of this very form.
"""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from html import escape

from aiohttp import web

from bot.errors import NightshiftError
from bot.install.host import Host
from bot.install.made import CODE, MadeApp
from bot.install.page import form, page
from bot.policy.app import PERMISSIONS, Registration, manifest

Finish = Callable[[str], Awaitable[MadeApp]]


class ManifestFlow:
    """One person's way from the form to the App; `done` ends with it, or with what went wrong."""

    def __init__(self, host: Host, org: str, wanted: Registration, finish: Finish) -> None:
        self._new = f"{host.web}/organizations/{org}" if org else host.web
        self._wanted = wanted
        self._finish = finish
        self._state = secrets.token_urlsafe(24)
        self._door = secrets.token_urlsafe(12)
        self._taken = False
        self.url = ""
        self.done: asyncio.Future[MadeApp] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Listen on a free port of loopback."""
        app = web.Application()
        app.router.add_get(f"/{self._door}", self._show)
        app.router.add_get(f"/{self._door}/made", self._made)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/{self._door}"
            yield
        finally:
            await runner.cleanup()

    async def _show(self, _: web.Request) -> web.Response:
        wanted = replace(self._wanted, redirect_url=f"{self.url}/made")
        rows = "".join(
            f"<tr><td>{escape(one.name)}</td><td>{one.level}</td><td>{escape(one.why)}</td></tr>"
            for one in PERMISSIONS
            if one.needed or wanted.optional
        )
        action = f"{self._new}/settings/apps/new"
        return form(action, self._state, manifest(wanted), f"<table>{rows}</table>")

    async def _made(self, request: web.Request) -> web.Response:
        """Take the code if it is ours, and go on to the page where the App is installed."""
        code, state = request.query.get("code", ""), request.query.get("state", "")
        if not hmac.compare_digest(state.encode(), self._state.encode()):
            return page(
                "Not from this form",
                "<p>The state does not match, so this code is not taken. Begin again with the "
                "address in the terminal.</p>",
                status=400,
            )
        if self._taken or not CODE.fullmatch(code):
            why = "There is no usable code in this address, or it was taken already."
            return page("No code", f"<p>{why} The terminal says how it stands.</p>", status=400)
        self._taken = True
        try:
            app = await self._finish(code)
        except NightshiftError as error:
            self.done.set_exception(error)
            return page("That did not work", f"<pre>{escape(str(error))}</pre>", status=502)
        self.done.set_result(app)
        raise web.HTTPFound(app.install_url)
