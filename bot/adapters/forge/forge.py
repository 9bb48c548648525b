"""The forge: everything Nightshift asks of GitHub, one method each."""

import time
from collections.abc import Callable

import aiohttp
from pydantic import SecretStr

from bot.adapters.forge import shapes
from bot.adapters.forge.calls import LISTING, Calls
from bot.adapters.forge.issues import IssueMethods
from bot.adapters.forge.nouns import (
    AppIdentity,
    GitAccess,
    HookDelivery,
    Installation,
    Repository,
)
from bot.adapters.forge.pace import Pace
from bot.adapters.forge.pulls import PullMethods
from bot.adapters.forge.tokens import Scope, permissions
from bot.errors import Gone

FETCH = permissions(contents="read", metadata="read")
PUSH = permissions(contents="write", metadata="read")


class Forge(IssueMethods, PullMethods):
    """One GitHub App on one GitHub host.

    `base_url` is the API's root: `https://api.github.com`, `https://ghe.example/api/v3` or a twin.
    `app_id` is the App's client id, or its numeric id. The session is the caller's to close.
    No spacing means a service on this machine: then writes are not counted either.
    """

    def __init__(
        self,
        *,
        base_url: str,
        app_id: str,
        private_key: SecretStr,
        session: aiohttp.ClientSession,
        write_spacing_s: float = 1.0,
        now: Callable[[], float] = time.time,
        timeout_s: float = 30.0,
    ) -> None:
        self._calls = Calls(
            base_url=base_url,
            issuer=app_id,
            private_key=private_key,
            session=session,
            now=now,
            pace=Pace(write_spacing_s) if write_spacing_s else Pace.unhurried(),
            timeout=timeout_s,
        )
        self._bot_id: int | None = None

    async def identity(self) -> AppIdentity:
        """Return who we are; CredentialRefused when GitHub does not know the key."""
        return await self._calls.identity()

    async def bot_id(self) -> int:
        """Return the numeric user id under which our own events arrive; asked once."""
        if self._bot_id is None:
            us = await self._calls.identity()
            data, _ = await self._calls.app_call("GET", f"/users/{us.slug}%5Bbot%5D")
            self._bot_id = shapes.shape(shapes.user_id, data)
        return self._bot_id

    async def installations(self) -> tuple[Installation, ...]:
        """Return every account that has installed the App."""
        rows = await self._calls.app_pages("/app/installations?per_page=100")
        return tuple(shapes.shape(shapes.installation, row) for row in rows)

    async def repositories(self, installation: Installation) -> tuple[Repository, ...]:
        """Return every repository the App may work on in an account."""
        url = "/installation/repositories?per_page=100"
        scope = Scope(installation.id, "", LISTING)
        rows = await self._calls.pages(scope, url, key="repositories")
        return tuple(shapes.shape(shapes.repository, row) for row in rows)

    async def repository(self, repo: str) -> Repository:
        """Return a repository as it is now."""
        scope = await self._calls.scope(repo)
        return shapes.shape(shapes.repository, await self._calls.read(scope, f"/repos/{repo}"))

    async def file(self, repo: str, path: str) -> bytes:
        """Return a file of the default branch, as it is there now.

        Gone when there is none, when it is no file, or when it is larger than GitHub hands out.
        """
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/contents/{{+path}}"
        data = await self._calls.read(scope, url, {"path": path})
        if not isinstance(data, dict) or data.get("encoding") != "base64":
            raise Gone(f"{path} of {repo} is no file, or larger than 1 MB")
        return shapes.shape(shapes.content, data)

    async def git_token(self, repo: str, *, push: bool = False) -> GitAccess:
        """Return what git needs: a token for this repository alone, read-only unless `push`."""
        scope = await self._calls.scope(repo, PUSH if push else FETCH)
        token = await self._calls.tokens.get(scope)
        url = (await self.repository(repo)).clone_url
        return GitAccess(url, "x-access-token", token.value, token.usable_until)

    async def deliveries(self, *, most_pages: int = 10) -> tuple[HookDelivery, ...]:
        """Return the latest attempts to deliver our webhooks, newest first.

        GitHub keeps three days. What `most_pages` leave out, the next sweep sees.
        """
        rows: list[object] = []
        page: str | None = "/app/hook/deliveries?per_page=100"
        for _ in range(most_pages):
            if page is None:
                break
            data, page = await self._calls.app_call("GET", page)
            rows += data if isinstance(data, list) else [data]
        return tuple(shapes.shape(shapes.hook_delivery, row) for row in rows)

    async def redeliver(self, delivery_id: int) -> None:
        """Ask GitHub to deliver again, under the same GUID."""
        await self._calls.app_call("POST", f"/app/hook/deliveries/{delivery_id}/attempts")

    def forget_installation(self, repo: str) -> None:
        """Look up again, on the next call, through which installation a repository is reached."""
        self._calls.forget_installation(repo)
