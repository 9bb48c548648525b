"""An HTTP client in the role of the browser: opens pages, presses buttons, counts clicks."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

from bot.supervise import CODE


class _Forms(HTMLParser):
    """Collects the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the form and its filled-in fields; boxes stay unticked."""
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        if tag == "input" and found.get("type") != "checkbox" and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""


@dataclass
class Browser:
    """One window."""

    session: aiohttp.ClientSession
    url: str = ""
    status: int = 0
    text: str = ""
    clicks: int = 0
    seen: list[str] = field(default_factory=list)

    async def open(self, url: str) -> None:
        """Type an address."""
        async with self.session.get(url) as response:
            await self._show(response)

    async def click(self, **changed: str) -> None:
        """Press the page's button."""
        forms = _Forms()
        forms.feed(self.text)
        assert forms.action, self.text
        self.clicks += 1
        target = urljoin(self.url, forms.action)
        async with self.session.post(target, data=forms.fields | changed) as response:
            await self._show(response)

    async def _show(self, response: aiohttp.ClientResponse) -> None:
        self.seen += [str(one.url) for one in (*response.history, response)]
        self.url, self.status, self.text = str(response.url), response.status, await response.text()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Open a window."""
    jar = aiohttp.CookieJar(unsafe=True)  # addresses of loopback may set cookies too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session)


@dataclass
class Command:
    """`nightshift ...` as a process of its own."""

    process: asyncio.subprocess.Process
    said: str = ""

    async def until(self, pattern: str) -> str:
        """Read on until a line matches; return what the pattern caught."""
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            while line := (await self.process.stdout.readline()).decode():
                self.said += line
                if match := re.search(pattern, line):
                    return match[1]
        raise AssertionError(self.said)

    async def ended(self) -> tuple[int, str]:
        """Return exit code and everything said."""
        async with asyncio.timeout(120):
            out, _ = await self.process.communicate()
        self.said += out.decode()
        return self.process.returncode or 0, self.said


async def nightshift(*argv: str) -> Command:
    """Start a command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *argv),
        cwd=CODE,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Command(process)


async def set_up(twin_url: str, config: Path, state: Path, *more: str) -> tuple[Browser, str]:
    """Go the whole way once; return the window and what the command said."""
    folders = ("--config", str(config), "--state", str(state))
    command = await nightshift("setup", "--host", twin_url, "--no-browser", *folders, *more)
    page = await command.until(r"(http://127\.0\.0\.1:\d+/\S+)")
    async with browser() as window:
        await window.open(page)
        await window.click()
        await window.click()
        code, said = await command.ended()
        assert code == 0, said
        await window.click()
    return window, said
