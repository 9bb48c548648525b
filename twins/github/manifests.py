"""An App made from a manifest: the pages a person clicks through, and the code they end in.

    POST /settings/apps/new?state=S            the manifest, as a form; shows what is asked for
    POST /organizations/ORG/settings/apps/new  the same, for an organisation
    POST /settings/apps                        the click: makes the App, redirects with a code
    GET  /apps/SLUG/installations/new          which repositories
    POST /apps/SLUG/installations              the click: installs it

Who is signed in stands in the cookie `dotcom_user`, as on the real pages; without it, the first
person of the world.
"""

from html import escape
from urllib.parse import urlencode

from aiohttp import web

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import app_body
from twins.github.events import emit_installation
from twins.github.hub import Context, Hub
from twins.github.links import Links
from twins.github.manifest import Manifest, read_manifest
from twins.github.pages import page
from twins.github.problem import Problem, not_found
from twins.github.seed import keys
from twins.github.state import App, Conversion, Hook, Installation, Repository, User

CODE_LIFE_S = 3600
CREATED = 201


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [Operation("POST", "/app-manifests/{code}/conversions", convert)]


def convert(call: Call) -> Reply:
    """Exchange a code, once and within its hour, for the App and all its secrets."""
    found = call.hub.world.conversions.pop(call.arg("code"), None)
    if found is None or found.expires_at <= call.hub.now():
        raise not_found()
    return Reply(CREATED, {**app_body(call.links, found.app), **found.secrets})


class ManifestPages:
    """What a browser sees between the operator's form and an installed App."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the table of routes."""
        return [
            web.post("/settings/apps/new", self.review),
            web.post("/organizations/{org}/settings/apps/new", self.review),
            web.post("/settings/apps", self.create),
            web.get("/apps/{slug}/installations/new", self.choose),
            web.post("/apps/{slug}/installations", self.install),
            web.get("/settings/installations/{number:[0-9]+}", self.installed),
        ]

    async def review(self, request: web.Request) -> web.Response:
        """Show what the manifest asks for, and one button."""
        text = str((await request.post()).get("manifest", ""))
        owner = self._owner(request.match_info.get("org"), request)
        try:
            manifest = read_manifest(text)
        except Problem as problem:
            return _refused(problem)
        asked = "".join(
            f"<li>{escape(name)}: {escape(level)}</li>"
            for name, level in manifest.permissions.items()
        )
        hidden = "".join(
            f"<input type='hidden' name='{name}' value='{escape(value)}'>"
            for name, value in {
                "manifest": text,
                "state": request.query.get("state", ""),
                "owner": owner.login,
            }.items()
        )
        body = (
            f"<p>owned by {escape(owner.login)}</p><ul>{asked}</ul>"
            f"<form method='post' action='/settings/apps'>{hidden}"
            f"<input name='name' value='{escape(manifest.name)}'>"
            f"<button>Create GitHub App for {escape(owner.login)}</button></form>"
        )
        return page("Create GitHub App", body)

    async def create(self, request: web.Request) -> web.Response:
        """Make the App, and send the browser back with a code."""
        form = await request.post()
        person, login = self._person(request), str(form.get("owner", ""))
        owner = self._owner(None if login == person.login else login, request)
        try:
            manifest = read_manifest(str(form.get("manifest", "")))
            app, secrets = self._make(owner, manifest, str(form.get("name") or manifest.name))
        except Problem as problem:
            return _refused(problem)
        code = self._hub.core.ids.hex(40)
        expires = self._hub.now() + CODE_LIFE_S
        self._hub.world.conversions[code] = Conversion(app, secrets, expires)
        state = str(form.get("state", ""))
        query = {"code": code} | ({"state": state} if state else {})
        raise web.HTTPFound(f"{manifest.redirect_url}?{urlencode(query)}")

    def _make(
        self, owner: User, manifest: Manifest, name: str
    ) -> tuple[App, dict[str, str | None]]:
        hub, slug = self._hub, "-".join(name.lower().split())
        if any(app.slug == slug for app in hub.world.apps.values()):
            raise Problem(422, f"Name {name} is already taken")
        private, public = keys("")
        number = hub.number("app", 2001)
        secret = hub.core.ids.hex(40) if manifest.hook_active else None
        bot = User(hub.number("user", 1001), f"{slug}[bot]", "Bot", hub.now())
        hub.world.users[bot.login.lower()] = bot
        app = App(
            id=number,
            slug=slug,
            client_id=f"Iv23li{hub.core.ids.word(14)}",
            owner=owner,
            bot=bot,
            public_key=public,
            permissions={"metadata": "read", **manifest.permissions},
            events=manifest.events,
            hook=Hook(number * 10, manifest.hook_url, secret or "", manifest.hook_active),
            created_at=hub.now(),
            public=manifest.public,
        )
        hub.world.apps[number] = app
        secrets = {"client_secret": hub.core.ids.hex(40), "webhook_secret": secret, "pem": private}
        return app, secrets

    async def choose(self, request: web.Request) -> web.Response:
        """Offer the account's repositories."""
        app, repos = self._app(request), self._repos(request)
        boxes = "".join(
            f"<label><input type='checkbox' name='repo' value='{escape(repo.full_name)}'>"
            f"{escape(repo.full_name)}</label><br>"
            for repo in repos
        )
        body = (
            f"<form method='post' action='/apps/{app.slug}/installations'>{boxes}"
            "<button>Install</button></form>"
        )
        return page(f"Install {app.slug}", body)

    async def install(self, request: web.Request) -> web.Response:
        """Install on what was chosen, or on everything when nothing was."""
        app, offered = self._app(request), self._repos(request)
        chosen = set((await request.post()).getall("repo", []))
        repos = [repo for repo in offered if not chosen or repo.full_name in chosen]
        repos = [repo for repo in repos if repo.owner is repos[0].owner]
        if not repos:
            return _refused(Problem(422, "There is no repository to install on"))
        number = self._hub.number("installation", 3001)
        ids = {repo.id for repo in repos}
        agreed = dict(app.permissions), list(app.events)
        one = Installation(number, app, repos[0].owner, ids, self._hub.now(), *agreed)
        self._hub.world.installations[number] = one
        context = Context(self._hub, self._person(request), None, Links.of(request))
        emit_installation(context, one, repos)
        raise web.HTTPFound(f"/settings/installations/{number}")

    async def installed(self, request: web.Request) -> web.Response:
        """Show where an App is installed."""
        one = self._hub.world.installations.get(int(request.match_info["number"]))
        if one is None:
            raise web.HTTPNotFound(text="no such installation")
        return page(f"{one.app.slug} is installed on {one.account.login}", "")

    def _person(self, request: web.Request) -> User:
        """Return who is signed in."""
        world = self._hub.world
        login = request.cookies.get("dotcom_user", "")
        people = (user for user in world.users.values() if user.kind == "User")
        found = world.user(login) if login else next(people, None)
        if found is None:
            raise web.HTTPFound("/login")
        return found

    def _owner(self, login: str | None, request: web.Request) -> User:
        """Return whose App it will be; an organisation nobody knows does not exist."""
        person = self._person(request)
        if login is None:
            return person
        org = self._hub.world.user(login)
        if org is None or org.kind != "Organization":
            raise web.HTTPNotFound(text="no such organisation")
        return org

    def _app(self, request: web.Request) -> App:
        slug = request.match_info["slug"]
        for app in self._hub.world.apps.values():
            if app.slug == slug:
                return app
        raise web.HTTPNotFound(text="no such App")

    def _repos(self, request: web.Request) -> list[Repository]:
        """Return what may be chosen: a private App stays with its owner."""
        app, person = self._app(request), self._person(request)
        homes = (app.owner, person) if app.public else (app.owner,)
        return [repo for repo in self._hub.world.repos.values() if repo.owner in homes]


def _refused(problem: Problem) -> web.Response:
    return page("Invalid GitHub App configuration", f"<p>{escape(problem.message)}</p>", status=422)
