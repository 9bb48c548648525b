"""One writer per store: a lock for the tasks of this process and a flock for other processes."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator
from pathlib import Path

from bot.errors import Unavailable


class StoreLock:
    """Held around every jj command that can write.

    A killed holder leaves nothing behind; what it started holds the lock on until it has ended.
    """

    def __init__(self, path: Path, *, patience: float = 120) -> None:
        self._path = path
        self._patience = patience
        self._tasks = asyncio.Lock()
        self.held: tuple[int, ...] = ()

    @contextlib.asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """Wait for both locks, within a deadline."""
        try:
            async with asyncio.timeout(self._patience):
                await self._tasks.acquire()
        except TimeoutError as problem:
            raise self._busy() from problem
        try:
            with self._path.open("w", encoding="ascii") as file:
                await self._flock(file.fileno())
                self.held = (file.fileno(),)
                try:
                    yield
                finally:
                    self.held = ()
        finally:
            self._tasks.release()

    async def _flock(self, file: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as problem:
                if loop.time() > deadline:
                    raise self._busy() from problem
                await asyncio.sleep(0.02)
            else:
                return

    def _busy(self) -> Unavailable:
        return Unavailable(
            f"{self._path} was held for more than {self._patience:.0f} s",
            means="another process works on the same store",
        )
