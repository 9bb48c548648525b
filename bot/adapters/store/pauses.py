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


class Pauses:
    """Whoever pulls the switch lets go of it for himself; the last one sets everything free."""

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
        query = sa.select(PAUSES.c.source, PAUSES.c.why).order_by(PAUSES.c.at, PAUSES.c.source)
        return await self._room.read(
            lambda connection: tuple(Pause(*row) for row in connection.execute(query))
        )

    async def paused(self) -> bool:
        """Whether any hand is on the switch."""
        return bool(await self.pauses())
