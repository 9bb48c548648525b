"""One child process: bounded in time, never through a shell, dead before we go on."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ToolMissing, Unavailable

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Done:
    """How a child ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text; undecodable bytes survive a round trip."""
        return self.out.decode("utf-8", "surrogateescape")


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float,  # noqa: ASYNC109  the deadline also covers reaping, which wait_for cannot do
) -> Done:
    """Run one command to its end; past the deadline or on cancellation its whole group is killed.

    Returns, raises or is cancelled only when the child is dead, so a lock held around it is safe.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError) as problem:
        raise ToolMissing(
            f"cannot start {argv[0]}: {problem.strerror}", remedy="run `make setup`"
        ) from problem
    talk = asyncio.ensure_future(child.communicate(stdin))
    try:
        async with asyncio.timeout(timeout):
            out, err = await asyncio.shield(talk)
    except TimeoutError as problem:
        raise Unavailable(
            f"{Path(argv[0]).name} {argv_verb(argv)} did not end within {timeout:.0f} s",
            means="the machine is overloaded, or the other side hangs",
        ) from problem
    finally:
        if not talk.done():
            await _bury(child, talk)
    return Done(child.returncode or 0, out, err.decode("utf-8", "replace"))


async def _bury(
    child: asyncio.subprocess.Process, talk: asyncio.Future[tuple[bytes, bytes]]
) -> None:
    """Kill the group and wait for it, even when we are cancelled again meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    while not talk.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([talk], timeout=10)


def argv_verb(argv: Sequence[str]) -> str:
    """Name the subcommand for a message, without option values."""
    return next((word for word in argv[1:] if word.isalpha()), "")
