"""Deliveries as they came, and the subjects they made dirty."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.adapters.store.room import Room
from bot.adapters.store.schema import DELIVERIES, SUBJECTS

MOST_ATTEMPTS = 5
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook delivery: a hint that something changed, never the truth about it."""

    guid: str
    event: str
    action: str
    repo: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """What is to be read again: an issue, a pull request, or a whole repository (number 0)."""

    repo: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A dirty subject on lease. Hand `seq` back: what came later keeps it dirty."""

    key: SubjectKey
    seq: int
    owner: str
    attempts: int
    """How often it was leased without being finished, this time included."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A subject that was given up; any new delivery or sweep mark revives it."""

    key: SubjectKey
    attempts: int
    error: str


class Inbox:
    """Many deliveries of one subject become one re-read, and none is lost."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def record_delivery(self, delivery: Delivery, subjects: Sequence[SubjectKey]) -> bool:
        """Put it on disk and mark its subjects dirty, in one transaction; False for a duplicate."""
        body = gzip.compress(delivery.body, mtime=0)

        def work(connection: sa.Connection) -> bool:
            insert = self._room.insert(DELIVERIES).values(
                guid=delivery.guid,
                event=delivery.event,
                action=delivery.action,
                repo=delivery.repo,
                body_gz=body,
                received_at=self._room.clock(),
            )
            if not connection.execute(insert.on_conflict_do_nothing()).rowcount:
                return False
            for key in subjects:
                self._mark(connection, key)
            return True

        return await self._room.write(work)

    async def delivery(self, guid: str) -> Delivery | None:
        """Return a delivery byte for byte, while it is kept."""

        def work(connection: sa.Connection) -> Delivery | None:
            query = sa.select(DELIVERIES).where(DELIVERIES.c.guid == guid)
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            return Delivery(row.guid, row.event, row.action, row.repo, gzip.decompress(row.body_gz))

        return await self._room.read(work)

    async def mark_dirty(self, repo: str, kind: str, number: int) -> None:
        """Ask for a re-read without a delivery: how sweeps repair what was never delivered."""
        key = SubjectKey(repo, kind, number)
        await self._room.write(lambda connection: self._mark(connection, key))

    async def lease_subject(
        self, owner: str, seconds: float, *, quiet_s: float = 0.0
    ) -> Subject | None:
        """Take the subject that has been dirty longest, at least `quiet_s`; None when none is."""
        c = SUBJECTS.c

        def work(connection: sa.Connection) -> Subject | None:
            now = self._room.clock()
            oldest = (
                sa.select(SUBJECTS)
                .where(
                    c.dirty_seq > c.done_seq,
                    c.lease_until <= now,
                    c.attempts < MOST_ATTEMPTS,
                    c.dirty_since <= now - quiet_s,
                )
                .order_by(c.dirty_since, c.repo, c.kind, c.number)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            row = connection.execute(oldest).one_or_none()
            if row is None:
                return None
            key = SubjectKey(row.repo, row.kind, row.number)
            connection.execute(
                sa.update(SUBJECTS)
                .where(_is(key))
                .values(lease_owner=owner, lease_until=now + seconds, attempts=c.attempts + 1)
            )
            return Subject(key, row.dirty_seq, owner, row.attempts + 1)

        return await self._room.write(work)

    async def renew_subject(self, subject: Subject, seconds: float) -> bool:
        """Keep a lease; False when somebody else has it by now."""
        return await self._update(subject, lease_until=self._room.clock() + seconds)

    async def finish_subject(self, subject: Subject, seq: int) -> bool:
        """Say that everything up to `seq` was seen; False when the lease was lost meanwhile."""
        return await self._update(
            subject, done_seq=seq, lease_owner="", lease_until=0.0, attempts=0, error=""
        )

    async def fail_subject(self, subject: Subject, why: str) -> bool:
        """Give it back, to be tried again after a growing pause; True when that was the last time.

        What came in meanwhile counts as news and starts the count again.
        """
        pause = min(2.0**subject.attempts, _LONGEST_PAUSE_S)
        until = self._room.clock() + pause
        news = SUBJECTS.c.dirty_seq > subject.seq
        attempts = sa.case((news, 0), else_=SUBJECTS.c.attempts)
        await self._update(
            subject, lease_owner="", lease_until=until, error=why[:500], attempts=attempts
        )
        return subject.attempts >= MOST_ATTEMPTS

    async def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what was given up, for people to see."""
        c = SUBJECTS.c
        query = (
            sa.select(SUBJECTS)
            .where(
                c.dirty_seq > c.done_seq,
                c.attempts >= MOST_ATTEMPTS,
                # Until then a worker may be busy with the last attempt.
                c.lease_until <= self._room.clock(),
            )
            .order_by(c.repo, c.kind, c.number)
        )

        def work(connection: sa.Connection) -> tuple[DeadLetter, ...]:
            return tuple(
                DeadLetter(SubjectKey(row.repo, row.kind, row.number), row.attempts, row.error)
                for row in connection.execute(query)
            )

        return await self._room.read(work)

    def _mark(self, connection: sa.Connection, key: SubjectKey) -> None:
        c, now = SUBJECTS.c, self._room.clock()
        dead = sa.and_(c.attempts >= MOST_ATTEMPTS, c.lease_until <= now)
        insert = self._room.insert(SUBJECTS).values(
            repo=key.repo,
            kind=key.kind,
            number=key.number,
            dirty_seq=1,
            done_seq=0,
            dirty_since=now,
            lease_owner="",
            lease_until=0.0,
            attempts=0,
        )
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[c.repo, c.kind, c.number],
                set_={
                    "dirty_seq": c.dirty_seq + 1,
                    # The first mark counts: a subject under constant fire must not starve.
                    "dirty_since": sa.case((c.dirty_seq > c.done_seq, c.dirty_since), else_=now),
                    "attempts": sa.case((dead, 0), else_=c.attempts),
                },
            )
        )

    async def _update(self, subject: Subject, **values: object) -> bool:
        query = (
            sa.update(SUBJECTS)
            .where(
                _is(subject.key),
                SUBJECTS.c.lease_owner == subject.owner,
                SUBJECTS.c.attempts == subject.attempts,  # the very lease, not a later one
            )
            .values(values)
        )
        return await self._room.write(lambda connection: connection.execute(query).rowcount > 0)


def _is(key: SubjectKey) -> "sa.ColumnElement[bool]":
    c = SUBJECTS.c
    return sa.and_(c.repo == key.repo, c.kind == key.kind, c.number == key.number)
