"""The twin's own admin routes beside those of `twins.core`."""

from aiohttp import web

from twins.core.admin import ADMIN, read_json
from twins.github.checks import request_action
from twins.github.events import emit_installation, ping
from twins.github.hub import Context, Hub
from twins.github.links import Links
from twins.github.problem import Problem
from twins.github.seed import Seed
from twins.github.state import App
from twins.github.transport import Limits, Pace

LONGEST_WAIT_S = 30.0


class GitHubAdmin:
    """Seed, hook, deliveries, tokens and rate limit."""

    def __init__(self, hub: Hub, limits: Limits) -> None:
        self._hub = hub
        self._limits = limits

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the table of routes."""
        return [
            web.post(f"{ADMIN}/seed", self.seed),
            web.post(f"{ADMIN}/hook", self.hook),
            web.get(f"{ADMIN}/deliveries", self.deliveries),
            web.post(f"{ADMIN}/tokens/expire", self.expire_tokens),
            web.post(f"{ADMIN}/rate_limit", self.set_rate_limit),
            web.post(f"{ADMIN}/app", self.change_app),
            web.post(f"{ADMIN}/accept", self.accept),
            web.post(f"{ADMIN}/requested_action", self.click),
        ]

    async def seed(self, request: web.Request) -> web.Response:
        """Plant a seed document; the answer names ids, tokens and keys."""
        document = await read_json(request)
        try:
            planted = Seed(self._hub, Links.of(request)).plant(document)
        except Problem as problem:
            return web.json_response(problem.body(), status=problem.status)
        return web.json_response(planted, status=201)

    async def hook(self, request: web.Request) -> web.Response:
        """Set where an App's events go: `{"app": slug, "url": ..., "secret": ...}`."""
        order = await read_json(request)
        app = self._app(order.get("app"))
        if app is None:
            return _none("App")
        app.hook.url = str(order.get("url", app.hook.url))
        app.hook.secret = str(order.get("secret", app.hook.secret))
        ping(Context(self._hub, app.owner, None, Links.of(request)), app)
        return web.json_response({"id": app.hook.id, "url": app.hook.url})

    def _app(self, wanted: object) -> App | None:
        """Return the App named, or the only one when none is named."""
        apps = list(self._hub.world.apps.values())
        if wanted is None and len(apps) == 1:
            return apps[0]
        return next((app for app in apps if wanted in (app.slug, app.id)), None)

    async def change_app(self, request: web.Request) -> web.Response:
        """Let an App want other permissions or events: `{"app", "permissions", "events"}`."""
        order = await read_json(request)
        app = self._app(order.get("app"))
        if app is None:
            return _none("App")
        app.permissions = {**order.get("permissions", app.permissions)}
        app.events = [*order.get("events", app.events)]
        return web.json_response({"permissions": app.permissions, "events": app.events})

    async def accept(self, request: web.Request) -> web.Response:
        """Let the owner agree to what the App wants by now: `{"installation": id}`."""
        order = await read_json(request)
        one = self._hub.world.installations.get(order.get("installation", 0))
        if one is None:
            return _none("installation")
        one.permissions, one.events = dict(one.app.permissions), list(one.app.events)
        repos = [repo for repo in self._hub.world.repos.values() if repo.id in one.repo_ids]
        context = Context(self._hub, one.account, None, Links.of(request))
        emit_installation(context, one, repos, "new_permissions_accepted")
        return web.json_response({"permissions": one.permissions, "events": one.events})

    async def click(self, request: web.Request) -> web.Response:
        """Press a check run's button: `{"check_run": id, "identifier": ..., "login": ...}`."""
        order = await read_json(request)
        user = self._hub.world.user(str(order.get("login")))
        for repo in self._hub.world.repos.values():
            run = repo.runs.get(order.get("check_run", 0))
            known = [action["identifier"] for action in run.actions] if run else []
            if run and user and order.get("identifier") in known:
                context = Context(self._hub, user, None, Links.of(request))
                request_action(context, repo, run, order["identifier"])
                return web.json_response({"app": run.suite.app.slug})
        return _none("such button, or nobody to press it")

    async def deliveries(self, request: web.Request) -> web.Response:
        """Return the log (`?brief=1`: only a count); `?settle=SECONDS` waits for the last one."""
        text = request.query.get("settle", "0")
        seconds = float(text) if text.replace(".", "", 1).isdigit() else 0.0
        await self._hub.sender.settle(min(seconds, LONGEST_WAIT_S))
        log = [] if "brief" in request.query else [one.full() for one in self._hub.sender.log]
        return web.json_response({"pending": self._hub.sender.pending, "deliveries": log})

    async def expire_tokens(self, _: web.Request) -> web.Response:
        """Age every installation token past its hour, while the clock stays."""
        now = self._hub.now()
        aged = [t for t in self._hub.world.tokens.values() if t.installation is not None]
        for token in aged:
            token.expires_at = now
        return web.json_response({"expired": len(aged)})

    async def set_rate_limit(self, request: web.Request) -> web.Response:
        """Give everybody a fresh hour of so many calls; `content_per_minute` limits writes too."""
        order = await read_json(request)
        most = int(order.get("content_per_minute", 0))
        pace = Pace(most, int(order.get("status", 403))) if most else None
        self._limits.clear(int(order.get("limit", 5000)), pace)
        return web.json_response({"limit": self._limits.authenticated})


def _none(what: str) -> web.Response:
    return web.json_response({"message": f"no {what}"}, status=404)
