"""What happened, in order, for people: run events, and every move of a main branch."""

import json
from dataclasses import dataclass

import sqlalchemy as sa

from bot.adapters.store.room import Json, Room
from bot.adapters.store.schema import EVENTS, LANDINGS
from bot.errors import Rejected
from bot.wire import canonical

_LARGEST_EVENT = 16_000


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a run."""

    id: int
    run_id: str
    at: float
    kind: str
    data: Json


@dataclass(frozen=True, slots=True)
class Landing:
    """One move of a main branch by us, and what entitled us to it."""

    repo: str
    pre: str
    post: str
    tree: str
    verdict: str
    """Id of the verdict that let it in."""
    run_id: str


class Journal:
    """Append only."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def record_event(self, run_id: str, kind: str, data: Json) -> int:
        """Append an event and return its id."""
        text = canonical(data)
        if len(text) > _LARGEST_EVENT:
            raise Rejected(f"an event {kind!r} of {len(text)} characters belongs into a blob")
        query = (
            sa.insert(EVENTS)
            .values(run_id=run_id, at=self._room.clock(), kind=kind, data=text)
            .returning(EVENTS.c.id)
        )
        return await self._room.write(lambda connection: connection.execute(query).scalar_one())

    async def events(
        self, after_id: int = 0, *, run_id: str | None = None, limit: int = 500
    ) -> tuple[Event, ...]:
        """Return what happened after an event, oldest first."""
        query = sa.select(EVENTS).where(EVENTS.c.id > after_id).order_by(EVENTS.c.id).limit(limit)
        if run_id is not None:
            query = query.where(EVENTS.c.run_id == run_id)

        def work(connection: sa.Connection) -> tuple[Event, ...]:
            return tuple(
                Event(row.id, row.run_id, row.at, row.kind, json.loads(row.data))
                for row in connection.execute(query)
            )

        return await self._room.read(work)

    async def record_landing(self, landing: Landing) -> bool:
        """Write a landing down, once per commit; False when it was known."""
        insert = self._room.insert(LANDINGS).values(
            repo=landing.repo,
            post=landing.post,
            pre=landing.pre,
            tree=landing.tree,
            verdict=landing.verdict,
            run_id=landing.run_id,
            at=self._room.clock(),
        )
        query = insert.on_conflict_do_nothing()
        return await self._room.write(lambda connection: connection.execute(query).rowcount > 0)

    async def landings(self, repo: str) -> tuple[Landing, ...]:
        """Return every landing of a repository, oldest first."""
        query = (
            sa.select(LANDINGS)
            .where(LANDINGS.c.repo == repo)
            .order_by(LANDINGS.c.at, LANDINGS.c.post)
        )

        def work(connection: sa.Connection) -> tuple[Landing, ...]:
            return tuple(
                Landing(row.repo, row.pre, row.post, row.tree, row.verdict, row.run_id)
                for row in connection.execute(query)
            )

        return await self._room.read(work)
