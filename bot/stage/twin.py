"""One twin as a process of its own."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.errors import EnvironmentProblem, PortInUse
from bot.supervise import CODE

_READY_S = 20.0
_STOP_S = 5.0
_OURS = ("nightshift", "AsyncAnthropic", "PyGithub", "git/")
"""How the programs of a stage name themselves; a person may try a twin with any other."""


class Twin:
    """A started twin; `admin` talks to the routes that the real service does not have."""

    def __init__(self, process: asyncio.subprocess.Process, ready: dict[str, Any]) -> None:
        self._process = process
        self.url = str(ready["url"])
        # Where it speaks HTTPS as well, if it does: `url`, and the authority `ca` to trust.
        self.tls: dict[str, str] = ready.get("tls", {})

    @classmethod
    async def start(cls, module: str, *arguments: str, log: Path, port: int = 0) -> Self:
        """Start `python -m module` on a port of loopback and wait for its ready line."""
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                "setpriv",  # of util-linux, as the box needs it too: a twin dies with its show
                "--pdeathsig",
                "TERM",
                sys.executable,
                "-m",
                module,
                "--port",
                str(port),
                *arguments,
                cwd=CODE,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=sink,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(_READY_S):
                line = await process.stdout.readline() if process.stdout else b""
                return cls(process, json.loads(line))
        except asyncio.CancelledError:
            await _end(process)
            raise
        except (TimeoutError, ValueError, KeyError):
            await _end(process)
            raise _not_started(module, log) from None

    async def admin(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        """Call an admin route and return its JSON."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.request(method, f"{self.url}/_twin/{path}", json=body) as response,
        ):
            response.raise_for_status()
            return await response.json()

    async def unmodelled(self) -> tuple[str, ...]:
        """Return what our programs have asked of the twin that it does not model, each once."""
        entries = await self.admin("GET", "journal?unmodelled=1")
        asked = [f"{e['method']} {e['path']}" for e in entries if e["client"].startswith(_OURS)]
        return tuple(dict.fromkeys(asked))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def ended(self) -> int:
        """Wait until the process ends by itself; return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                async with asyncio.timeout(_STOP_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


def _not_started(module: str, log: Path) -> EnvironmentProblem:
    said = log.read_text(errors="replace").strip().rpartition("\n")[2]
    if said.startswith(f"{PortInUse.slug}: "):
        what, _, remedy = said.removeprefix(f"{PortInUse.slug}: ").partition("; ")
        return PortInUse(what, remedy=remedy)
    return EnvironmentProblem(f"the twin {module} did not start", remedy=f"read {log}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill one that never became a twin."""
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        process.kill()
    await process.wait()
