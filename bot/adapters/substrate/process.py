"""One child process: bounded in time, never through a shell, dead before we go on."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.errors import ToolMissing, Unavailable

T = TypeVar("T")

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
    keep: Sequence[int] = (),
) -> Done:
    """Run one command to its end; past the deadline or on cancellation its whole group is killed.

    Returns, raises or is cancelled only when the child is dead, so a lock held around it is safe.
    `keep` are open files that the child holds, too: a lock then outlives us until it has ended.
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
            pass_fds=keep,
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
            f"{Path(argv[0]).name} {_verb(argv)} did not end within {timeout:.0f} s",
            means="the machine is overloaded, or the other side hangs",
        ) from problem
    finally:
        if not talk.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await finish(talk)
    return Done(child.returncode or 0, out, err.decode("utf-8", "replace"))


async def finish(work: Awaitable[T]) -> T:
    """Wait for work that cannot be stopped; a cancellation counts only once it has ended."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return task.result()


def _verb(argv: Sequence[str]) -> str:
    """Name the subcommand for a message, without option values."""
    return next((word for word in argv[1:] if word.isalpha()), "")
