"""Runs: the one record of where every issue stands."""

import dataclasses
import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.room import Room
from bot.adapters.store.schema import APPROVALS, RUNS
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.errors import Conflict, Gone
from bot.wire import canonical, dump, load


class Runs:
    """At most one open run per issue. The priority here is what people last said, and wins."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def create_run(self, run: Run) -> bool:
        """Put a new run on record; False when its id is known or the issue has an open one."""
        now = self._room.clock()
        insert = self._room.insert(RUNS).values(
            id=run.id,
            repo=run.issue.repo,
            issue=run.issue.number,
            priority=int(run.priority),
            created_at=now,
            **self._columns(run, now),
        )
        query = insert.on_conflict_do_nothing()
        return await self._room.write(lambda connection: connection.execute(query).rowcount > 0)

    async def save_run(self, run: Run, expect_state: RunState | None = None) -> bool:
        """Replace a run's record, its priority apart; False when it is not in `expect_state`."""
        query = sa.update(RUNS).where(RUNS.c.id == run.id)
        if expect_state is not None:
            query = query.where(RUNS.c.state == expect_state.value)
        query = query.values(self._columns(run, self._room.clock()))

        def work(connection: sa.Connection) -> bool:
            if connection.execute(query).rowcount:
                return True
            known = connection.execute(sa.select(RUNS.c.id).where(RUNS.c.id == run.id)).first()
            if known is None:
                raise Gone(f"there is no run {run.id!r}")
            return False

        try:
            return await self._room.write(work)
        except IntegrityError as error:
            raise Conflict(f"{run.issue.slug} has another open run") from error

    async def run(self, id_: str) -> Run | None:
        """Return a run as it was last saved."""
        found = await self._select(RUNS.c.id == id_)
        return found[0] if found else None

    async def open_run(self, repo: str, issue: int) -> Run | None:
        """Return the issue's run that has not ended."""
        found = await self._select(
            sa.and_(RUNS.c.repo == repo, RUNS.c.issue == issue, RUNS.c.open.is_(True))
        )
        return found[0] if found else None

    async def runs(self, repo: str | None = None) -> tuple[Run, ...]:
        """Return all runs, oldest first."""
        return await self._select(sa.true() if repo is None else RUNS.c.repo == repo)

    async def waiting(self) -> tuple[tuple[str, Priority, float], ...]:
        """Return the runs in the queue: id, priority, and for how many seconds they have waited."""
        now = self._room.clock()
        query = (
            sa.select(RUNS.c.id, RUNS.c.priority, RUNS.c.created_at)
            .where(RUNS.c.state == RunState.QUEUED.value)
            .order_by(RUNS.c.created_at, RUNS.c.id)
        )
        return await self._room.read(
            lambda connection: tuple(
                (id_, Priority(level), now - at) for id_, level, at in connection.execute(query)
            )
        )

    async def in_state_for(self, state: RunState, seconds: float) -> tuple[str, ...]:
        """Return the ids of runs that have not moved out of a state for so many seconds."""
        query = (
            sa.select(RUNS.c.id)
            .where(RUNS.c.state == state.value, RUNS.c.updated_at < self._room.clock() - seconds)
            .order_by(RUNS.c.updated_at)
        )
        return await self._room.read(lambda connection: tuple(connection.execute(query).scalars()))

    async def begun_since(self, repo: str, issue: int, seconds: float) -> int:
        """Count the runs of one issue that were put on record in the last so many seconds."""
        query = (
            sa.select(sa.func.count())
            .select_from(RUNS)
            .where(
                RUNS.c.repo == repo,
                RUNS.c.issue == issue,
                RUNS.c.created_at > self._room.clock() - seconds,
            )
        )
        return await self._room.read(lambda connection: connection.execute(query).scalar_one())

    async def begun_by(self, repo: str, author_id: int, seconds: float) -> int:
        """Count the runs of one author's issues in the last so many seconds."""
        since = self._room.clock() - seconds
        found = await self._select(sa.and_(RUNS.c.repo == repo, RUNS.c.created_at > since))
        return sum(run.issue.author_id == author_id for run in found)

    async def approve_text(self, issue: str, event: int, revision: str) -> str:
        """Write down which revision an approval covers, and return it: the first word stays."""
        insert = self._room.insert(APPROVALS).values(issue=issue, event=event, revision=revision)
        query = self._approval(issue, event)

        def work(connection: sa.Connection) -> str:
            connection.execute(insert.on_conflict_do_nothing())
            return str(connection.execute(query).scalar_one())

        return await self._room.write(work)

    async def approved_text(self, issue: str, event: int) -> str | None:
        """Return the revision that an approval covers, empty for none, None when it is new."""
        query = self._approval(issue, event)
        found = await self._room.read(lambda connection: connection.execute(query).scalar())
        return None if found is None else str(found)

    @staticmethod
    def _approval(issue: str, event: int) -> sa.Select[Any]:
        c = APPROVALS.c
        return sa.select(c.revision).where(c.issue == issue, c.event == event)

    async def request_stop(self, run_id: str, why: str) -> None:
        """Ask a run to stop before its next irreversible step; the first reason stays."""
        query = sa.update(RUNS).where(RUNS.c.id == run_id, RUNS.c.stop == "").values(stop=why)
        await self._room.write(lambda connection: connection.execute(query))

    async def stop_requested(self, run_id: str) -> str:
        """Return why a run should stop, or an empty string."""
        query = sa.select(RUNS.c.stop).where(RUNS.c.id == run_id)
        return await self._room.read(lambda connection: connection.execute(query).scalar() or "")

    async def set_priority(self, run_id: str, priority: Priority) -> None:
        """Change how urgent a run is, in whatever state it is."""
        query = sa.update(RUNS).where(RUNS.c.id == run_id).values(priority=int(priority))
        await self._room.write(lambda connection: connection.execute(query))

    async def _select(self, condition: "sa.ColumnElement[bool]") -> tuple[Run, ...]:
        query = (
            sa.select(RUNS.c.data, RUNS.c.priority)
            .where(condition)
            .order_by(RUNS.c.created_at, RUNS.c.id)
        )

        def work(connection: sa.Connection) -> tuple[Run, ...]:
            return tuple(_run(data, priority) for data, priority in connection.execute(query))

        return await self._room.read(work)

    @staticmethod
    def _columns(run: Run, now: float) -> dict[str, object]:
        return {
            "state": run.state.value,
            "open": not run.state.ended,
            "data": canonical(dump(run)),
            "updated_at": now,
        }


def _run(data: str, priority: int) -> Run:
    return dataclasses.replace(load(Run, json.loads(data)), priority=Priority(priority))
