"""The switch that holds everything: no role begins a step while anybody has it pulled."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.adapters.store.room import Room
from bot.adapters.store.schema import PAUSES


@dataclass(frozen=True, slots=True)
class Pause:
    """One hand on the switch."""

    source: str
    """Who holds it: `owner` on the command line, or the `owner/name#number` of a labelled issue."""
    why: str


RUN = "run:"
"""Begins the source of a hold on one run alone."""


class Pauses:
    """Whoever pulls the switch lets go of it for himself; the last one sets everything free.

    A run can be held by itself, which holds nothing else.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    async def pause(self, source: str, why: str) -> bool:
        """Pull the switch; False when this hand is on it already."""
        insert = self._room.insert(PAUSES).values(source=source, why=why, at=self._room.clock())
        query = insert.on_conflict_do_nothing()
        return await self._room.write(lambda connection: connection.execute(query).rowcount > 0)

    async def resume(self, source: str) -> bool:
        """Let go; False when this hand was not on it."""
        query = sa.delete(PAUSES).where(PAUSES.c.source == source)
        return await self._room.write(lambda connection: connection.execute(query).rowcount > 0)

    async def pauses(self) -> tuple[Pause, ...]:
        """Return the hands on the switch, the first one first; nothing: work goes on."""
        query = (
            sa.select(PAUSES.c.source, PAUSES.c.why)
            .where(PAUSES.c.source.not_like(f"{RUN}%"))
            .order_by(PAUSES.c.at, PAUSES.c.source)
        )
        return await self._room.read(
            lambda connection: tuple(Pause(*row) for row in connection.execute(query))
        )

    async def paused(self) -> bool:
        """Whether any hand is on the switch."""
        return bool(await self.pauses())

    async def hold_run(self, run_id: str, *, on: bool) -> None:
        """Hold one run, or let it go on; saying so twice changes nothing."""
        source = f"{RUN}{run_id}"
        await (self.pause(source, "a label") if on else self.resume(source))

    async def run_held(self, run_id: str) -> bool:
        """Whether people hold this very run."""
        query = sa.select(PAUSES.c.source).where(PAUSES.c.source == f"{RUN}{run_id}")
        return (
            await self._room.read(lambda connection: connection.execute(query).first()) is not None
        )
