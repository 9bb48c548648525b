"""Notice, soon and cheaply, that a workflow has ended, whichever process ran it."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.engine.rows import Rows

log = logging.getLogger(__name__)

_TICK_S = 0.02
_SAFETY_S = 1.0


class Watch:
    """One look per tick for all waiters of this process together.

    On SQLite a look first asks `PRAGMA data_version`: it changes when any other connection commits
    and costs microseconds, so ticks can be short. Elsewhere every look is one query, at `poll_s`.
    """

    def __init__(self, database: sa.Engine, poll_s: float) -> None:
        self._database = database
        self._rows = Rows(database)
        self._sqlite = database.dialect.name == "sqlite"
        self._tick = min(_TICK_S, poll_s) if self._sqlite else poll_s
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}
        self._unseen = False
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "nightshift-watch")
        self._connection: sa.Connection | None = None
        self._version = -1
        self._looked_at = 0.0

    async def ended(self, id_: str, seconds: float) -> bool:
        """Wait until the workflow has ended; False when the time is up first."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(id_, set()).add(future)
        self._unseen = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), context=Context())
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await future
        except TimeoutError:
            return False
        finally:
            waiting = self._waiters.get(id_, set())
            waiting.discard(future)
            if not waiting:
                self._waiters.pop(id_, None)
        return True

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiters:
            ids, fresh, self._unseen = tuple(self._waiters), self._unseen, False
            try:
                found = await loop.run_in_executor(self._thread, self._look, ids, fresh)
            except SQLAlchemyError as error:
                log.warning("cannot see whether work has ended: %s", error)
                self._unseen = True
                await asyncio.sleep(_SAFETY_S)
                continue
            for id_ in found:
                for future in self._waiters.get(id_, ()):
                    if not future.done():
                        future.set_result(None)
            await asyncio.sleep(self._tick)

    def _look(self, ids: tuple[str, ...], fresh: bool) -> set[str]:  # noqa: FBT001  one caller
        changed = self._changed()
        overdue = time.monotonic() - self._looked_at > _SAFETY_S
        if not (fresh or changed or overdue):
            return set()
        self._looked_at = time.monotonic()
        return self._rows.ended(ids)

    def _changed(self) -> bool:
        if not self._sqlite:
            return True
        if self._connection is None:
            self._connection = self._database.connect().execution_options(
                isolation_level="AUTOCOMMIT", read=True
            )
        driver = self._connection.connection.driver_connection
        if driver is None:
            return True
        version = driver.execute("PRAGMA data_version").fetchone()[0]
        changed, self._version = version != self._version, version
        return bool(changed)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
