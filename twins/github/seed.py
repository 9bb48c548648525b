"""How a test or a world fills the twin: people, Apps, repositories, installations."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from twins.github.access import ROLES
from twins.github.body import Body
from twins.github.events import emit_installation, ping
from twins.github.git_store import GitError
from twins.github.hub import Context, Hub
from twins.github.links import Links
from twins.github.problem import Problem
from twins.github.state import App, Hook, Installation, Kind, Repository, Token, User

JsonObject = dict[str, Any]
REPO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_-][A-Za-z0-9._-]*")
PEM = serialization.Encoding.PEM
EVENTS = (
    "push",
    "create",
    "fork",
    "delete",
    "issues",
    "issue_comment",
    "label",
    "milestone",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "check_run",
    "check_suite",
    "status",
    "repository",
)
PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
    "checks": "write",
    "statuses": "read",
}


class Seed:
    """Reads one seed document; what exists already is updated, not doubled."""

    def __init__(self, hub: Hub, links: Links) -> None:
        self._hub = hub
        self._links = links

    def plant(self, document: JsonObject) -> JsonObject:
        """Create everything named, and return ids, tokens and keys."""
        body = Body(document)
        known = {"users", "apps", "repos", "installations"}
        if unknown := sorted(set(document) - known):
            raise Problem(422, f"unknown seed key {unknown[0]!r}; known: {sorted(known)}")
        return {
            "users": self._each(body, "users", self._user),
            "apps": self._each(body, "apps", self._app),
            "repos": self._each(body, "repos", self._repo),
            "installations": self._each(body, "installations", self._installation),
        }

    @staticmethod
    def _each(body: Body, name: str, plant: Callable[[Body], JsonObject]) -> list[JsonObject]:
        return [plant(Body(item)) for item in body.items(name)]

    def account(self, login: str, kind: Kind = "User", number: int = 0) -> User:
        """Return the account of this login, made on the spot when there is none."""
        found = self._hub.world.user(login)
        if found is None:
            number = number or self._hub.number("user", 1001)
            found = User(number, login, kind, self._hub.now())
            self._hub.world.users[login.lower()] = found
        return found

    def _user(self, body: Body) -> JsonObject:
        kind: Kind = "Organization" if body.text("type") == "Organization" else "User"
        user = self.account(body.need("login", "User"), kind, body.integer("id"))
        user.site_admin = body.flag("site_admin", default=user.site_admin)
        value = body.text("token") or f"ghp_{self._hub.core.ids.word(36)}"
        self._hub.world.tokens[value] = Token(value, user)
        return {"login": user.login, "id": user.id, "token": value}

    def _app(self, body: Body) -> JsonObject:
        slug = body.need("slug", "App")
        private, public = keys(body.text("private_key_pem"))
        number = body.integer("id") or self._hub.number("app", 2001)
        app = App(
            id=number,
            slug=slug,
            client_id=f"Iv23li{self._hub.core.ids.word(14)}",
            owner=self.account(body.text("owner") or "github-twin"),
            bot=self.account(f"{slug}[bot]", "Bot"),
            public_key=public,
            permissions=body.object("permissions") or dict(PERMISSIONS),
            events=body.items("events") or list(EVENTS),
            hook=Hook(number * 10, body.text("webhook_url"), body.text("webhook_secret")),
            created_at=self._hub.now(),
        )
        self._hub.world.apps[number] = app
        ping(self._context(app.owner), app)
        identity = {"slug": slug, "id": number, "client_id": app.client_id}
        bot = {"login": app.bot.login, "id": app.bot.id}
        return {**identity, "private_key_pem": private, "bot": bot}

    def _repo(self, body: Body) -> JsonObject:
        full_name = body.need("full_name", "Repository")
        owner_login, _, name = full_name.partition("/")
        if not REPO_NAME.fullmatch(full_name):
            raise Problem(422, f"full_name must be owner/name, not {full_name!r}")
        owner = self.account(owner_login)
        repo = self._hub.world.repo(full_name) or self._import(body, owner, name)
        repo.settings.description = body.text("description") or repo.settings.description
        for login, role in body.object("collaborators").items():
            if role not in ROLES:
                raise Problem(422, f"unknown role {role!r}; known: {', '.join(ROLES)}")
            repo.collaborators[self.account(login).id] = role
        head = repo.refs.get(f"refs/heads/{repo.default_branch}")
        about = {"full_name": repo.full_name, "id": repo.id, "head": head}
        return {**about, "default_branch": repo.default_branch}

    def _import(self, body: Body, owner: User, name: str) -> Repository:
        git, source = self._hub.git, body.text("path")
        branch = body.text("default_branch") or "main"
        path = git.create(f"{owner.login}/{name}", branch)
        if source:
            try:
                git.import_from(path, Path(source).resolve())
            except GitError as error:
                raise Problem(422, f"cannot import {source}: {error}") from error
        refs = git.refs(path) if source else {}
        if source and f"refs/heads/{branch}" not in refs:
            raise Problem(422, f"{source} has no branch {branch!r}")
        now = self._hub.now()
        number = self._hub.number("repo", 500_001)
        private = body.flag("private")
        repo = Repository(number, owner, name, private, branch, path, now, now, refs=refs)
        self._hub.world.repos[repo.full_name.lower()] = repo
        return repo

    def _installation(self, body: Body) -> JsonObject:
        slug = str(body.value.get("app"))
        apps = self._hub.world.apps.values()
        app = next((one for one in apps if slug in (one.slug, str(one.id))), None)
        if app is None:
            raise Problem(422, f"no App {slug!r} to install")
        repos = [self._known(str(name)) for name in body.items("repos")]
        if not repos:
            raise Problem(422, "an installation needs at least one repository")
        number = body.integer("id") or self._hub.number("installation", 3001)
        ids = {repo.id for repo in repos}
        agreed = dict(app.permissions), list(app.events)
        one = Installation(number, app, repos[0].owner, ids, self._hub.now(), *agreed)
        self._hub.world.installations[number] = one
        emit_installation(self._context(one.account), one, repos)
        return {"id": number, "app": app.slug, "repos": [repo.full_name for repo in repos]}

    def _known(self, full_name: str) -> Repository:
        repo = self._hub.world.repo(full_name)
        if repo is None:
            raise Problem(422, f"no repository {full_name!r}")
        return repo

    def _context(self, user: User) -> Context:
        return Context(self._hub, user, None, self._links)


def keys(private_pem: str) -> tuple[str, bytes]:
    """Return a private key, made when none is given, and its public half."""
    public_form = serialization.PublicFormat.SubjectPublicKeyInfo
    if private_pem:
        try:
            # The full check of a key takes longer than everything else in a seed.
            given = serialization.load_pem_private_key(
                private_pem.encode(), None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError) as error:
            raise Problem(422, f"private_key_pem is no usable key: {error}") from error
        return private_pem, given.public_key().public_bytes(PEM, public_form)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(PEM, form, serialization.NoEncryption()).decode()
    return private, key.public_key().public_bytes(PEM, public_form)
