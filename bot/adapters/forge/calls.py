"""How every method of the forge reaches GitHub: the right token, one retry on 401, whole lists."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.adapters.forge import shapes
from bot.adapters.forge.nouns import AppIdentity, Installation
from bot.adapters.forge.pace import Pace, Writer
from bot.adapters.forge.tokens import AppKey, Scope, Token, Tokens, call_as_app, permissions
from bot.adapters.forge.transport import Transport
from bot.errors import CredentialRefused, Gone, RateLimited, Rejected, Unavailable

API = permissions(
    checks="write", contents="read", issues="write", metadata="read", pull_requests="write"
)
LISTING = permissions(metadata="read")
MOST_PAGES = 100
Vars = Mapping[str, str]
NONE: Vars = MappingProxyType({})
_MOST_READS = 8
_GRAPHQL_WAIT_S = 60.0
_REPO = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+", re.ASCII)


@dataclass(slots=True)
class _Client:
    """What belongs to one installation alone."""

    transport: Transport
    writer: Writer
    reads: asyncio.Semaphore


class Calls:
    """The plumbing under the forge's methods."""

    def __init__(
        self,
        *,
        base_url: str,
        issuer: str,
        private_key: SecretStr,
        session: aiohttp.ClientSession,
        now: Callable[[], float],
        pace: Pace,
        timeout: float,
    ) -> None:
        self.now = now
        self.pace = pace
        self._base_url = base_url
        self._session = session
        self._timeout = timeout
        self._app_transport = self._transport(cached=False)
        self._app_writer = Writer(pace, now)
        self.key = AppKey(issuer, private_key, now)
        self.tokens = Tokens(self._app_transport, self.key, now)
        self._clients: dict[int, _Client] = {}
        self._installed: dict[str, int] = {}
        self._identity: AppIdentity | None = None
        self.known_labels: set[tuple[str, str]] = set()

    async def identity(self) -> AppIdentity:
        """Return who we are; asked once."""
        if self._identity is None:
            data, _ = await self.app_call("GET", "/app")
            self._identity = shapes.shape(shapes.app, data)
        return self._identity

    async def app_call(self, method: str, url: str) -> tuple[Any, str | None]:
        """Call as the App itself."""
        if method == "GET":
            return await call_as_app(self._app_transport, self.key, method, url)
        async with self._app_writer.turn():
            return await call_as_app(self._app_transport, self.key, method, url)

    async def app_pages(self, url: str, *, most: int = MOST_PAGES) -> list[Any]:
        """Return a whole list that only the App itself may read."""
        rows: list[Any] = []
        page: str | None = url
        for _ in range(most):
            data, page = await self.app_call("GET", page or url)
            rows += _rows(data, None, url)
            if page is None:
                return rows
        raise Rejected(f"GET {url} has more than {most} pages")

    async def scope(self, repo: str, wanted: tuple[tuple[str, str], ...] = API) -> Scope:
        """Return the narrowest token scope for work on one repository."""
        if not _REPO.fullmatch(repo):
            raise Rejected(f"`{repo}` is no repository name of the form owner/name")
        if repo not in self._installed:
            data, _ = await self.app_call("GET", f"/repos/{repo}/installation")
            found: Installation = shapes.shape(shapes.installation, data)
            if found.suspended:
                raise Gone(f"the App's installation on {found.account} is suspended")
            self._installed[repo] = found.id
        return Scope(self._installed[repo], repo.partition("/")[2], wanted)

    async def read(self, scope: Scope, url: str, url_vars: Vars = NONE) -> Any:  # noqa: ANN401  JSON
        """GET one thing."""
        data, _ = await self._call(scope, "GET", url, url_vars=url_vars)
        return data

    async def pages(
        self,
        scope: Scope,
        url: str,
        url_vars: Vars = NONE,
        *,
        key: str | None,
        most: int = MOST_PAGES,
    ) -> list[Any]:
        """GET a whole list; `key` names it inside the answer, None when the answer is the list.

        A list too long to be read whole is refused: a part of it must never pass for all.
        """
        rows: list[Any] = []
        page: str | None = url
        for _ in range(most):
            data, page = await self._call(scope, "GET", page or url, url_vars=url_vars)
            rows += _rows(data, key, url)
            if page is None:
                return rows
            url_vars = NONE
        raise Rejected(f"GET {url} has more than {most} pages; part of a list is not enough")

    async def write(
        self, scope: Scope, method: str, url: str, data: object = b"", url_vars: Vars = NONE
    ) -> Any:  # noqa: ANN401  JSON
        """Change something, when it is our turn."""
        answer, _ = await self._call(scope, method, url, data=data, url_vars=url_vars)
        return answer

    async def query(self, scope: Scope, document: str, variables: Mapping[str, object]) -> Any:  # noqa: ANN401  JSON
        """Ask in GraphQL; what it refuses comes with status 200 and is one of our errors."""
        url = self._base_url.rstrip("/")
        url = url.removesuffix("/v3") if url.endswith("/api/v3") else url
        body = {"query": document, "variables": dict(variables)}
        answer, _ = await self._call(scope, "POST", f"{url}/graphql", data=body, reads=True)
        errors = answer.get("errors") if isinstance(answer, dict) else [{}]
        if not errors:
            return answer.get("data")
        first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
        what = f"GraphQL answered {first.get('type', 'an error')}: {first.get('message', '')}"
        match first.get("type"):
            case "RATE_LIMITED" | "RATE_LIMIT":
                raise RateLimited(what, retry_at=self.now() + _GRAPHQL_WAIT_S)
            case "NOT_FOUND":
                raise Gone(what)
            case _:
                raise Unavailable(what)

    async def _call(
        self,
        scope: Scope,
        method: str,
        url: str,
        *,
        data: object = b"",
        url_vars: Vars = NONE,
        reads: bool = False,
    ) -> tuple[Any, str | None]:
        """Call with an installation token; a token that is turned down is replaced once."""
        client = self._client(scope.installation)
        token = await self._token(scope)

        async def send() -> tuple[Any, str | None]:
            value = token.value.get_secret_value()
            async with client.reads if reads or method == "GET" else client.writer.turn():
                return await client.transport.call(
                    method, url, url_vars=url_vars, data=data, token=value
                )

        try:
            return await send()
        except CredentialRefused:
            self.tokens.forget(scope, token)
            token = await self.tokens.get(scope)
            return await send()

    def _transport(self, *, cached: bool) -> Transport:
        return Transport(
            self._session,
            base_url=self._base_url,
            now=self.now,
            timeout=self._timeout,
            cached=cached,
        )

    def _client(self, installation: int) -> _Client:
        if installation not in self._clients:
            self._clients[installation] = _Client(
                self._transport(cached=True),
                Writer(self.pace, self.now),
                asyncio.Semaphore(_MOST_READS),
            )
        return self._clients[installation]

    async def _token(self, scope: Scope) -> Token:
        """Return a token; an installation that is gone is looked up anew next time."""
        try:
            return await self.tokens.get(scope)
        except Gone:
            gone = [
                repo for repo, number in self._installed.items() if number == scope.installation
            ]
            for repo in gone:
                self.forget_installation(repo)
            raise

    def forget_installation(self, repo: str) -> None:
        """Look the installation up again: the App was removed, re-installed or the name moved."""
        self._installed.pop(repo, None)


def _rows(data: object, key: str | None, url: str) -> list[Any]:
    """Take the list out of one page."""
    found = data.get(key) if key is not None and isinstance(data, dict) else data
    if not isinstance(found, list):
        raise Unavailable(f"GET {url} answered no list")
    return found
