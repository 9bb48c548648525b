"""Everything on record, behind one name."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from bot.adapters.store.blobs import Blobs
from bot.adapters.store.effects import Effects
from bot.adapters.store.inbox import Inbox
from bot.adapters.store.journal import Journal
from bot.adapters.store.pauses import RUN, Pauses
from bot.adapters.store.room import Room
from bot.adapters.store.runs import Runs
from bot.adapters.store.schema import BLOBS, DELIVERIES, EVENTS, PAUSES
from bot.adapters.store.spend import Spend


class Store(Inbox, Runs, Effects, Blobs, Spend, Journal, Pauses):
    """Open it in every role, on the same address as the engine. Safe to share by all tasks."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        room = Room(url, clock)
        self._room = room
        Effects.__init__(self, room)

    async def purge(self, older_than_s: float) -> int:
        """Forget deliveries, blobs and events of that age; runs, effects, money and landings stay.

        A delivery must be kept longer than GitHub may redeliver it (3 days), a blob longer than
        any run may last.
        """
        before = self._room.clock() - older_than_s
        queries = (
            sa.delete(DELIVERIES).where(DELIVERIES.c.received_at < before),
            sa.delete(BLOBS).where(BLOBS.c.created_at < before),
            sa.delete(EVENTS).where(EVENTS.c.at < before),
            # A run that people still hold is held again at the next look.
            sa.delete(PAUSES).where(PAUSES.c.at < before, PAUSES.c.source.like(f"{RUN}%")),
        )
        return await self._room.write(
            lambda connection: sum(connection.execute(query).rowcount for query in queries)
        )

    async def close(self) -> None:
        """Let go of the database."""
        await self._room.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
