"""The outbox: one outward mutation per key, whatever dies in between."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

import sqlalchemy as sa

from bot.adapters.store.room import Json, Room
from bot.adapters.store.schema import EFFECTS
from bot.wire import canonical


class Effects:
    """Write down the intention, do it, write down the result; look before doing it again."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def effect(
        self,
        key: str,
        kind: str,
        args: Json,
        *,
        lookup: Callable[[], Awaitable[Json | None]],
        perform: Callable[[], Awaitable[Json]],
    ) -> Json:
        """Return the result of the one time this was done.

        `lookup` finds the effect in the outside world, or None; it is asked only when an earlier
        try was cut off. One process at a time may use a key: the server, which owns all effects.
        """
        async with self._busy.setdefault(key, asyncio.Lock()):
            new, done = await self._room.write(lambda c: self._begin(c, key, kind, args))
            if done is not None:
                return json.loads(done)
            result = None if new else await lookup()
            if result is None:
                result = await perform()
            await self._room.write(lambda c: self._finish(c, key, result))
            return result

    async def effect_done(self, key: str) -> bool:
        """Whether an effect was begun and finished."""
        query = sa.select(EFFECTS.c.key).where(EFFECTS.c.key == key, EFFECTS.c.state == "done")
        return await self._room.read(lambda c: c.execute(query).first()) is not None

    async def pending_effects(self, kind: str = "") -> tuple[str, ...]:
        """Return the keys that were begun and never finished, oldest first, of one kind or all."""
        pending = EFFECTS.c.state == "pending"
        query = (
            sa.select(EFFECTS.c.key)
            .where(sa.and_(pending, EFFECTS.c.kind == kind) if kind else pending)
            .order_by(EFFECTS.c.created_at, EFFECTS.c.key)
        )
        return await self._room.read(lambda c: tuple(c.execute(query).scalars()))

    def _begin(
        self, connection: sa.Connection, key: str, kind: str, args: Json
    ) -> tuple[bool, str | None]:
        insert = self._room.insert(EFFECTS).values(
            key=key,
            kind=kind,
            args=canonical(args),
            state="pending",
            created_at=self._room.clock(),
        )
        if connection.execute(insert.on_conflict_do_nothing()).rowcount:
            return True, None
        query = sa.select(EFFECTS.c.result).where(EFFECTS.c.key == key, EFFECTS.c.state == "done")
        return False, connection.execute(query).scalar()

    def _finish(self, connection: sa.Connection, key: str, result: Json) -> None:
        connection.execute(
            sa.update(EFFECTS)
            .where(EFFECTS.c.key == key)
            .values(state="done", result=canonical(result), done_at=self._room.clock())
        )
