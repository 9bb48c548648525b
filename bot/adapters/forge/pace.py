"""One write at a time, with room between, and never more content than GitHub allows."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.errors import RateLimited

_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to write. GitHub's own bounds are 80 a minute and 500 an hour, and not to be asked.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    spacing: float = 1.0
    """Seconds between two writes."""
    per_minute: int = 70
    per_hour: int = 450

    @classmethod
    def unhurried(cls) -> "Pace":
        """Return no pace at all, for a service on this machine."""
        return cls(spacing=0.0, per_minute=10**9, per_hour=10**9)


class Writer:
    """The only way to write for one installation."""

    def __init__(self, pace: Pace, now: Callable[[], float]) -> None:
        self._pace = pace
        self._now = now
        self._lock = asyncio.Lock()
        self._free_at = 0.0
        self._made: deque[float] = deque()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn to write; RateLimited at once when the hour or minute is used up."""
        async with self._lock:
            self._count()
            wait = self._free_at - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                self._free_at = time.monotonic() + self._pace.spacing

    def _count(self) -> None:
        """Count one write against both buckets."""
        now = self._now()
        while self._made and self._made[0] <= now - _HOUR:
            self._made.popleft()
        for allowed, window in ((self._pace.per_minute, _MINUTE), (self._pace.per_hour, _HOUR)):
            recent = [made for made in self._made if made > now - window]
            if len(recent) >= allowed:
                free_at = (recent[-allowed] if allowed else now) + window
                raise RateLimited(f"{allowed} writes in {window:g} s are used up", retry_at=free_at)
        self._made.append(now)
