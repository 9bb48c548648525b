"""What every table module stands on: one database, one clock, two threads."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.database import create_tables, errors_typed, open_database
from bot.adapters.store.schema import METADATA

T = TypeVar("T")
Json = Any  # what json.loads returns has no narrower type


class Room:
    """Run short transactions in threads, so that the loop never waits for a disk or a lock."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._database = open_database(url)
        self._threads = ThreadPoolExecutor(2, "nightshift-store")
        with errors_typed():
            create_tables(self._database, METADATA)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction that no other writer interleaves."""
        return await self._in_thread(self._write, work)

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` on one consistent snapshot, without a lock."""
        return await self._in_thread(self._read, work)

    async def close(self) -> None:
        """Let go of the database."""
        await asyncio.to_thread(self._threads.shutdown)
        self._database.dispose()

    def insert(self, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
        """Return an INSERT that knows ON CONFLICT."""
        if self._database.dialect.name == "sqlite":
            return sqlite.insert(table)
        return postgresql.insert(table)

    async def _in_thread(
        self,
        how: Callable[[Callable[[sa.Connection], T]], T],
        work: Callable[[sa.Connection], T],
    ) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, how, work)

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        with errors_typed(), self._database.begin() as connection:
            return work(connection)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        with (
            errors_typed(),
            self._database.connect().execution_options(read=True) as connection,
        ):
            return work(connection)
