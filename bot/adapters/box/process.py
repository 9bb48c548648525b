"""A command that runs in a box, and what came of it."""

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from typing import Any

from bot.adapters.box.client import LauncherHandle
from bot.adapters.box.limits import Limits
from bot.errors import UsageError

_CHUNK = 65_536
_LAST_BYTES_S = 5.0


@dataclass(frozen=True, slots=True)
class BoxResult:
    """What came of one command."""

    exit_code: int | None
    """None: the box ended it (time), or it never started."""
    stdout: bytes
    stderr: bytes
    truncated: bool
    """Something was cut out of the middle of a stream."""
    timed_out: bool
    wall_s: float
    cpu_s: float
    started: bool
    """False: the box itself could not be built, so nothing ran."""


class Capture:
    """Reads a pipe to its end and keeps the head and the tail: a flood is never buffered."""

    def __init__(self, fd: int, keep: int) -> None:
        self._fd = fd
        self._head_size = keep - keep // 2
        self._tail_size = keep // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        os.set_blocking(fd, False)
        asyncio.get_running_loop().add_reader(fd, self._readable)

    def _readable(self) -> None:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return
        self.total += len(chunk)
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        if len(self._tail) > 2 * self._tail_size + _CHUNK:
            del self._tail[: -self._tail_size or None]

    def close(self) -> None:
        """Stop reading."""
        if not self.done.done():
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self.done.set_result(None)

    @property
    def truncated(self) -> bool:
        """Whether there was more than is kept."""
        return self.total > self._head_size + self._tail_size

    def content(self) -> bytes:
        """Return what was kept, with a line that says how much is missing between."""
        if not self.truncated:
            return bytes(self._head + self._tail)
        tail = bytes(self._tail[-self._tail_size :]) if self._tail_size else b""
        cut = self.total - len(self._head) - len(tail)
        return bytes(self._head) + b"\n[... %d bytes cut ...]\n" % cut + tail


class BoxProcess:
    """A running command, with a private channel when one was asked for.

    Inside the box the channel is descriptor 3, which the command gets and nobody else can open.
    """

    def __init__(
        self, launcher: LauncherHandle, job: int, streams: list[int], limits: Limits, *, merge: bool
    ) -> None:
        self._launcher = launcher
        self._job = job
        self._stdin = streams[0]
        self._out = Capture(streams[1], limits.output_bytes)
        self._err = None if merge else Capture(streams[2], limits.output_bytes)
        self._exit = launcher.exit_of(job)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open_channel(self, sock: socket.socket, limit: int) -> None:
        """Take our end of the private channel."""
        sock.settimeout(0)
        self._reader, self._writer = await asyncio.open_connection(sock=sock, limit=limit)

    async def feed(self, data: bytes) -> None:
        """Write to the command's standard input and close it; a command may stop reading early."""
        loop = asyncio.get_running_loop()
        fd, self._stdin = self._stdin, -1
        if fd < 0:
            return
        try:
            os.set_blocking(fd, False)
            view = memoryview(data)
            while view:
                try:
                    view = view[os.write(fd, view[:_CHUNK]) :]
                except BlockingIOError:
                    await self._writable(loop, fd)
                except BrokenPipeError:
                    return
        finally:
            os.close(fd)

    async def _writable(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        """Wait until the command reads, or has ended."""
        ready = asyncio.Event()
        loop.add_writer(fd, ready.set)
        waiting = asyncio.ensure_future(ready.wait())
        either: list[asyncio.Future[Any]] = [waiting, self._exit]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_writer(fd)
            waiting.cancel()

    async def write(self, data: bytes, *, timeout_s: float = 30.0) -> None:
        """Send over the private channel; raises TimeoutError or ConnectionError."""
        if self._writer is None:
            raise UsageError("this process has no private channel")
        async with asyncio.timeout(timeout_s):
            self._writer.write(data)
            await self._writer.drain()

    async def readline(self, *, timeout_s: float = 30.0) -> bytes:
        """Read one line from the private channel; empty at the end.

        Raises TimeoutError, and ValueError for a line longer than the channel allows.
        """
        if self._reader is None:
            raise UsageError("this process has no private channel")
        async with asyncio.timeout(timeout_s):
            return await self._reader.readline()

    async def kill(self) -> None:
        """End it and everything it started."""
        if not self._exit.done():
            await self._launcher.request("kill", job=self._job)

    async def wait(self) -> BoxResult:
        """Wait for the end, which the launcher guarantees; raises BoxUnavailable if it dies."""
        try:
            end = await asyncio.shield(self._exit)
            await self._drain()
        finally:
            await self.close()
        captures = [self._out] if self._err is None else [self._out, self._err]
        return BoxResult(
            exit_code=end.exit_code,
            stdout=self._out.content(),
            stderr=b"" if self._err is None else self._err.content(),
            truncated=any(capture.truncated for capture in captures),
            timed_out=end.timed_out,
            wall_s=end.wall_s,
            cpu_s=end.cpu_s,
            started=end.started,
        )

    async def _drain(self) -> None:
        """Read what is still in the pipes: every writer is dead by now."""
        captures = [self._out] if self._err is None else [self._out, self._err]
        await asyncio.wait({capture.done for capture in captures}, timeout=_LAST_BYTES_S)

    async def close(self) -> None:
        """Let go of every descriptor."""
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1
        self._out.close()
        if self._err is not None:
            self._err.close()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._writer.wait_closed()
            self._writer = None
        self._launcher.forget(self._job)
