"""Money: reserved before it is spent, counted for ever when nobody says what became of it."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.adapters.database import one_at_a_time
from bot.adapters.store.room import Room
from bot.adapters.store.schema import SPEND

_EPSILON = 1e-9  # sums of floats: 0.1 + 0.2 must fit into 0.3


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to spend up to `usd` once. A crash leaves it counted at its full amount."""

    id: str
    run_id: str
    usd: float


class Spend:
    """Two limits, per run and per day of all runs together (UTC). Zero means forbidden."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def reserve(
        self, run_id: str, usd: float, limit_usd: float, *, day_limit_usd: float
    ) -> Reservation | None:
        """Reserve before a model call; None when either limit forbids it."""
        if limit_usd <= 0 or day_limit_usd <= 0 or not usd >= 0:
            return None
        reservation = Reservation(secrets.token_hex(12), run_id, usd)

        def work(connection: sa.Connection) -> Reservation | None:
            one_at_a_time(connection, "spend")
            now = self._room.clock()
            day = _day(now)
            of_run = _sum(connection, SPEND.c.run_id == run_id)
            of_day = _sum(connection, SPEND.c.day == day)
            if of_run + usd > limit_usd + _EPSILON or of_day + usd > day_limit_usd + _EPSILON:
                return None
            connection.execute(
                sa.insert(SPEND).values(
                    id=reservation.id, run_id=run_id, day=day, reserved_usd=usd, at=now
                )
            )
            return reservation

        return await self._room.write(work)

    async def settle(self, reservation: Reservation, usd: float) -> None:
        """Replace the reserved amount by what it really cost; the first answer stays."""
        query = (
            sa.update(SPEND)
            .where(SPEND.c.id == reservation.id, SPEND.c.spent_usd.is_(None))
            .values(spent_usd=usd)
        )
        await self._room.write(lambda connection: connection.execute(query))

    async def spent(self, run_id: str) -> float:
        """Return what a run has cost, open reservations included."""
        return await self._room.read(lambda c: _sum(c, SPEND.c.run_id == run_id))

    async def spent_today(self) -> float:
        """Return what this day (UTC) has cost, open reservations included."""
        day = _day(self._room.clock())
        return await self._room.read(lambda c: _sum(c, SPEND.c.day == day))


def _sum(connection: sa.Connection, condition: "sa.ColumnElement[bool]") -> float:
    amount = sa.func.coalesce(SPEND.c.spent_usd, SPEND.c.reserved_usd)
    return float(connection.execute(sa.select(sa.func.sum(amount)).where(condition)).scalar() or 0)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
