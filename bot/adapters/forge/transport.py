"""One gidgethub client per installation: bytes, deadlines, a bounded cache and our errors."""

import contextlib
import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from gidgethub.abc import GitHubAPI

from bot.adapters.forge.refusals import refusal
from bot.errors import RateLimited, Unavailable

CacheRow = tuple[str | None, str | None, Any, str | None]
JSON = "application/json"
API_VERSION = "2022-11-28"
_PASSED_ON = ("etag", "last-modified", "link")
_LARGEST = 64 * 1024 * 1024


class EtagCache(MutableMapping[str, CacheRow]):
    """Remembers answers by address; bounded, and nobody can change what it holds."""

    def __init__(self, size: int = 2000) -> None:
        self._size = size
        self._rows: OrderedDict[str, CacheRow] = OrderedDict()

    def __getitem__(self, url: str) -> CacheRow:
        row = self._rows[url]
        self._rows.move_to_end(url)
        return copy.deepcopy(row)

    def __setitem__(self, url: str, row: CacheRow) -> None:
        self._rows[url] = copy.deepcopy(row)
        self._rows.move_to_end(url)
        if len(self._rows) > self._size:
            self._rows.popitem(last=False)

    def __delitem__(self, url: str) -> None:
        del self._rows[url]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._rows))

    def __len__(self) -> int:
        return len(self._rows)


class Transport(GitHubAPI):
    """Sends one request and raises only errors of bot.errors."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        now: Callable[[], float],
        timeout: float = 30.0,
        cached: bool = True,
    ) -> None:
        super().__init__("nightshift", base_url=base_url, cache=EtagCache() if cached else None)
        self._session = session
        self._now = now
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._limit: RateLimited | None = None
        """What GitHub last asked for; until then nothing more is sent with this credential."""
        self.drift = 0.0
        """By how many seconds GitHub's clock is ahead of ours, as its last answer showed."""

    async def call(
        self,
        method: str,
        url: str,
        *,
        url_vars: Mapping[str, str] | None = None,
        data: object = b"",
        token: str | None = None,
        jwt: str | None = None,
    ) -> tuple[Any, str | None]:
        """Return the decoded body and the address of the next page."""
        headers = {"x-github-api-version": API_VERSION}
        accept = "application/vnd.github+json"
        try:
            body, more, _ = await self._make_request(
                method, url, url_vars or {}, data, accept, jwt, token, extra_headers=headers
            )
        except ValueError as error:
            raise Unavailable(f"{method} {url} answered with broken JSON") from error
        if more is not None and _origin(more) != _origin(self.base_url):
            raise Unavailable(f"{method} {url} names a next page on another host")
        return body, more

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request. Redirects are not followed: a token goes where it was meant to."""
        call = f"{method} {urlsplit(url).path}"
        if self._limit is not None and self._now() < (self._limit.retry_at or 0):
            raise RateLimited(self._limit.what, retry_at=self._limit.retry_at)
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                content = await _read(answer)
            self._look_at_the_clock(answer.headers.get("Date", ""))
        except TimeoutError as error:
            raise Unavailable(f"{call} got no answer in {self._timeout.total:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(
                f"{call} did not get through: {error or type(error).__name__}"
            ) from error
        wrong = refusal(answer.status, answer.headers, content, call=call, now=self._now())
        if isinstance(wrong, RateLimited):
            self._limit = wrong
        if wrong is not None:
            raise wrong
        if content and answer.content_type != JSON:
            raise Unavailable(f"{call} answered {answer.content_type}, not JSON")
        # gidgethub trips over odd limit headers and charsets, so it only sees what it needs.
        passed = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        return answer.status, {"content-type": JSON, **passed}, content

    def _look_at_the_clock(self, date: str) -> None:
        # No date, or none that can be read or meant.
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            self.drift = parsedate_to_datetime(date).timestamp() - self._now()

    async def sleep(self, seconds: float) -> None:
        """Refuse: waiting is the engine's business."""
        raise NotImplementedError(f"no call may sleep, not even {seconds} s")


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > _LARGEST:
            raise aiohttp.ClientPayloadError("the answer is larger than any list can be")
    return bytes(content)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
