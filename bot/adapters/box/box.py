"""One leased box: a work directory, and commands that run on it, each in fresh namespaces."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.adapters.box.client import LauncherHandle
from bot.adapters.box.limits import Limits
from bot.adapters.box.process import BoxProcess, BoxResult
from bot.errors import BoxUnavailable, UsageError

_COLLECT = (
    "find . -mindepth 1 \\( -name .git -o -name .jj \\) -prune -o"
    " \\( -type f -o -type d -o -type l \\) -printf '%P\\0' | LC_ALL=C sort -z |"
    " tar --create --file=- --format=gnu --no-recursion --hard-dereference"
    " --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u+rwX,go+rX,go-w,a-st"
    " --null --files-from=-"
)
"""Names without `./`; regular files, directories and symlinks only; no repository metadata."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A directory that the box sees read-only at `inside`. Its name shows in the box: be neutral.

    `host` lies below a root of the launcher; `inside` below /env, /wheels or /layers.
    """

    host: Path
    inside: str


class Box:
    """A leased slot. What runs in it can reach its work directory and nothing else."""

    def __init__(
        self,
        launcher: LauncherHandle,
        *,
        slot: int,
        uid: int,
        limits: Limits,
        places: Mapping[str, str],
    ) -> None:
        self._launcher = launcher
        self.slot = slot
        self.uid = uid
        """Who it runs as, seen from the host."""
        self.limits = limits
        self.places = places
        """Where /work, /tmp and /dev/shm are, as seen from inside; what is not there, is not."""

    async def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        private_fd: bool = False,
        listen: socket.socket | None = None,
        merge_stderr: bool = False,
        line_bytes: int = 1 << 20,
    ) -> BoxProcess:
        """Start a command and return while it runs.

        With `private_fd` it gets a channel on descriptor 3; with `listen`, a listening Unix socket
        on descriptor 4. Its standard input stays open until `feed` or the end.
        """
        process, channel = await self._spawn(
            argv, env, limits, private=private_fd, listen=listen, merge=merge_stderr
        )
        if channel is not None:
            await process.open_channel(channel, line_bytes)
        return process

    async def start_raw(self, argv: Sequence[str]) -> tuple[BoxProcess, socket.socket]:
        """Start a command and return the bare socket of its private channel."""
        process, channel = await self._spawn(argv, private=True)
        if channel is None:
            raise BoxUnavailable("the launcher gave no private channel")
        return process, channel

    async def _spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        *,
        private: bool = False,
        listen: socket.socket | None = None,
        merge: bool = False,
    ) -> tuple[BoxProcess, socket.socket | None]:
        chosen = limits or self.limits
        reply, streams = await self._launcher.request(
            "spawn",
            fds=[] if listen is None else [listen.fileno()],
            slot=self.slot,
            argv=list(argv),
            env=dict(env or {}),
            limits=chosen.plain(),
            merge=merge,
            private=private,
        )
        process = BoxProcess(self._launcher, reply["job"], streams, chosen, merge=merge)
        return process, socket.socket(fileno=streams[-1]) if private else None

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        merge_stderr: bool = False,
    ) -> BoxResult:
        """Run a command to its end."""
        process = await self.start(argv, env=env, limits=limits, merge_stderr=merge_stderr)
        feeding = asyncio.create_task(process.feed(stdin))
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await process.kill()
            raise
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    async def put(self, tar: bytes, *, limits: Limits | None = None) -> None:
        """Unpack a tar of a tree into the work directory, inside the box."""
        unpack = "exec tar --extract --file=- --no-same-owner --no-same-permissions"
        result = await self.run(
            ["/bin/sh", "-c", unpack], stdin=tar, limits=limits, merge_stderr=True
        )
        if result.exit_code != 0:
            raise UsageError(
                "the tree does not unpack in the box",
                means=_last_line(result.stdout),
                remedy="it must fit the box's size, inode and file limits",
            )

    async def get(self, *, max_bytes: int = 64 << 20) -> bytes:
        """Return the work directory as a tar, packed inside the box; raises UsageError if too big.

        Only regular files, directories and symlinks, without owners, times, set-id bits or
        repository metadata. What a symlink points to is for the reader to distrust.
        """
        limits = replace(self.limits, output_bytes=max_bytes)
        result = await self._collect(_COLLECT, limits)
        if result.exit_code != 0 and not result.truncated:  # unreadable modes: ours to repair
            result = await self._collect(f"chmod -R u+rwX . && {_COLLECT}", limits)
        if result.truncated:
            raise UsageError(
                f"the work directory is larger than {max_bytes >> 20} MB",
                remedy="delete what is not part of the change",
            )
        if result.exit_code != 0:
            raise UsageError(
                "the work directory cannot be collected", means=_last_line(result.stderr)
            )
        return result.stdout

    async def _collect(self, command: str, limits: Limits) -> BoxResult:
        script = f"set -o pipefail; {command}"
        return await self.run(["/bin/bash", "-c", script], limits=limits)

    async def get_file(self, path: str, *, max_bytes: int = 1 << 20) -> bytes | None:
        """Return one regular file of the work directory; None when absent or larger."""
        limits = replace(self.limits, output_bytes=max_bytes + 2)
        script = 'test -f "$1" && exec head -c "$2" -- "$1"'
        result = await self.run(
            ["/bin/sh", "-c", script, "sh", f"./{path}", str(max_bytes + 1)], limits=limits
        )
        if result.exit_code != 0 or len(result.stdout) > max_bytes:
            return None
        return result.stdout


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
