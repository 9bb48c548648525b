"""Who is alive: a lease per executor, a lock file against twins, and whose work is left over."""

import os
import re
import secrets
import socket
import time

import sqlalchemy as sa

from bot.adapters.database import create_tables, database_file, lock_file, try_lock
from bot.adapters.engine.rows import Rows, app_name
from bot.adapters.engine.settings import EngineSettings
from bot.errors import EnvironmentProblem

_METADATA = sa.MetaData()
_LEASES = sa.Table(
    "ns_leases",
    _METADATA,
    sa.Column("executor", sa.Text, primary_key=True),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("last_seen", sa.Float, nullable=False),
)


class Leases:
    """This executor's claim to its name, and the list of names that nobody claims any more."""

    def __init__(self, settings: EngineSettings, database: sa.Engine) -> None:
        self._settings = settings
        self._database = database
        self._rows = Rows(database)
        self._nonce = secrets.token_hex(8)
        self._lock: int | None = None
        self._orphans: dict[str, float] = {}

    def acquire(self) -> None:
        """Claim the executor's name, or refuse because another process has it.

        On one machine the kernel's file lock is the judge: it falls with its process, so a
        restart right after kill -9 is let in although the old lease still looks fresh.
        """
        if self._database.dialect.name == "sqlite":
            self._take_lock_file()
        create_tables(self._database, _METADATA)
        if self._lock is None:
            with self._database.begin() as connection:
                self._refuse_fresh_lease(connection)
        self.beat()

    def beat(self) -> None:
        """Say that this executor is alive."""
        values = {
            "app": self._settings.app,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "nonce": self._nonce,
            "last_seen": time.time(),
        }
        mine = _LEASES.c.executor == self._settings.executor
        with self._database.begin() as connection:
            if not connection.execute(sa.update(_LEASES).where(mine).values(values)).rowcount:
                connection.execute(
                    sa.insert(_LEASES).values(executor=self._settings.executor, **values)
                )

    def release(self) -> None:
        """Give the name back; the lease is dropped so that nobody waits for us."""
        with self._database.begin() as connection:
            connection.execute(
                sa.delete(_LEASES).where(
                    _LEASES.c.executor == self._settings.executor, _LEASES.c.nonce == self._nonce
                )
            )
        self.unlock()

    def unlock(self) -> None:
        """Let go of the lock file."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def left_over(self, version: str, running: frozenset[str]) -> list[tuple[str, str]]:
        """Return (workflow, executor) of work that nobody is doing.

        Either its executor has no fresh lease, or it is ours by name and has not been running
        here for a whole lease time (its task died while the database was away).
        """
        now = time.time()
        alive = self._alive(now - self._settings.lease_dead_s)
        abandoned, suspects = [], {}
        for workflow, executor in self._rows.pending(app_name(self._settings.app), version):
            if executor == self._settings.executor:
                if workflow not in running:
                    suspects[workflow] = self._orphans.get(workflow, now)
            elif executor not in alive:
                abandoned.append((workflow, executor))
        self._orphans = suspects
        return abandoned + [
            (workflow, self._settings.executor)
            for workflow, since in suspects.items()
            if now - since >= self._settings.lease_dead_s
        ]

    def _alive(self, since: float) -> frozenset[str]:
        query = sa.select(_LEASES.c.executor).where(_LEASES.c.last_seen >= since)
        with self._database.connect().execution_options(read=True) as connection:
            return frozenset(connection.execute(query).scalars())

    def _take_lock_file(self) -> None:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", self._settings.executor)
        path = database_file(self._settings.url).parent / f".{name}.lock"
        descriptor = lock_file(path)
        if not try_lock(descriptor):
            holder = os.pread(descriptor, 64, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise self._taken(f"process {holder or 'unknown'}")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock = descriptor

    def _refuse_fresh_lease(self, connection: sa.Connection) -> None:
        query = sa.select(_LEASES).where(_LEASES.c.executor == self._settings.executor)
        row = connection.execute(query).mappings().first()
        if row is None or row["last_seen"] < time.time() - self._settings.lease_dead_s:
            return
        if row["host"] == socket.gethostname() and not _exists(row["pid"]):
            return
        raise self._taken(f"process {row['pid']} on {row['host']}")

    def _taken(self, holder: str) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"{holder} already runs as {self._settings.executor!r}",
            means="Two processes with one name would do the same work twice.",
            remedy="stop the other one, or give this one a name of its own",
        )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
