"""The one way to open the shared database; `engine` and `store` both stand on it.

SQLite lives in one file that up to three OS users share through a group. The directory is 2770, the
file 0660; SQLite gives its `-wal` and `-shm` companions the file's mode and the setgid directory
gives them the group, so no umask matters. A local disk is needed: WAL does not work over a network.
"""

import errno
import fcntl
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import DiskFull, EnvironmentProblem, NightshiftError, SettingsError, Unavailable

_OLD_UNIXEPOCH = (3, 42)
_SETUP_SECONDS = 30.0
_CONNECT_SECONDS = 60.0


def open_database(url: str, *, pool: int = 2, implicit_begin: bool = False) -> sa.Engine:
    """Return an engine whose every write transaction is serialised and durable.

    With `implicit_begin` transactions begin as the DBOS library expects: at the first write, by the
    driver. Without, they begin at once (BEGIN IMMEDIATE), so that what was read is still true when
    it is written; readers that ask for `execution_options(read=True)` take no lock.
    """
    parsed = _address(url)
    if parsed.get_backend_name() == "sqlite":
        path = database_file(url)
        try:
            _create(path)
        except OSError as error:
            raise as_typed(error) or EnvironmentProblem(
                f"the database {path} cannot be created: {error.strerror}",
                remedy=f"make {path.parent} a directory that this user may write",
            ) from error
        engine = sa.create_engine(
            parsed, pool_size=pool, max_overflow=0, pool_timeout=60, poolclass=sa.QueuePool
        )
        sa.event.listen(engine, "connect", _sqlite_connection(implicit_begin=implicit_begin))
        if not implicit_begin:
            sa.event.listen(engine, "begin", _begin)
        return engine
    parsed = parsed.set(drivername="postgresql+psycopg")
    return sa.create_engine(
        parsed, pool_size=max(pool, 4), pool_timeout=60, creator=_patient_postgres(parsed)
    )


def database_file(url: str) -> Path:
    """Return the file behind a SQLite URL."""
    name = _address(url).database
    if not name or name == ":memory:":
        raise SettingsError(
            f"the database address {url!r} names no file",
            means="Three processes share the database, so it cannot live in memory.",
            remedy="use sqlite:////absolute/path/nightshift.db or postgresql://...",
        )
    return Path(name)


def _address(url: str) -> sa.URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(
            "the database address is neither sqlite:///... nor postgresql://...",
            remedy="use sqlite:////absolute/path/nightshift.db or postgresql://user@host/name",
        )
    return parsed


def create_tables(database: sa.Engine, metadata: sa.MetaData) -> None:
    """Create what is missing, however many processes do so at the same time."""
    with database.begin() as connection:
        one_at_a_time(connection, "schema")
        metadata.create_all(connection)


def one_at_a_time(connection: sa.Connection, name: str) -> None:
    """Serialise read-then-write transactions of one name; on SQLite all writers are serial."""
    if connection.dialect.name == "postgresql":
        key = zlib.crc32(f"nightshift {name}".encode())
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


@contextmanager
def errors_typed() -> Iterator[None]:
    """Turn what the driver raises into the errors everybody knows."""
    try:
        yield
    except SQLAlchemyError as error:
        typed = as_typed(error)
        if typed is None:
            raise
        raise typed from error


def as_typed(error: BaseException) -> NightshiftError | None:
    """Name a database failure, or return None when it is a fault of ours."""
    if isinstance(error, PoolTimeout):
        return Unavailable("no database connection became free within 60 s")
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return _sqlite_typed(original)
    if isinstance(original, OSError) and original.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _disk_full(original)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Unavailable(f"the database went away: {original}")
    return None


def _sqlite_typed(error: sqlite3.Error) -> NightshiftError | None:
    primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return _disk_full(error)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Unavailable(f"the database stayed locked: {error}")
    if primary in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
        return EnvironmentProblem(
            f"the database file cannot be written: {error}",
            means="Its disk is failing or full, or its directory is not group-writable (2770).",
            remedy="look at free space and permissions of the state directory",
        )
    return None


def _disk_full(error: BaseException) -> DiskFull:
    return DiskFull(
        f"the database could not grow: {error}",
        means="What was committed before is intact.",
        remedy="free some space; Nightshift goes on by itself where it stopped",
    )


def _sqlite_connection(*, implicit_begin: bool) -> Callable[[Any, Any], None]:
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE" if implicit_begin else None
        for pragma in (
            "busy_timeout=30000",
            "foreign_keys=ON",
            "journal_mode=WAL",
            "synchronous=FULL",  # NORMAL may lose commits on power loss: a paid call repeated
        ):
            connection.execute(f"PRAGMA {pragma}")
        if sqlite3.sqlite_version_info < _OLD_UNIXEPOCH:
            # DBOS asks unixepoch('subsec') on Python 3.12; before SQLite 3.42 that is NULL.
            connection.create_function("unixepoch", 1, lambda _: time.time())

    return connected


def _begin(connection: sa.Connection) -> None:
    read = connection.get_execution_options().get("read", False)
    connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")


def _create(path: Path) -> None:
    """Create directory and file with group modes, once, whoever of several processes is first.

    An existing file is never opened here: closing any descriptor of a SQLite file drops the locks
    that other connections of this process hold on it.
    """
    if path.exists() and path.stat().st_size > 0:
        return
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o2770)
    with locked(path.parent / f".{path.name}.setup", seconds=_SETUP_SECONDS):
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR)
            os.fchmod(descriptor, 0o660)
            os.close(descriptor)
        # Switching to WAL ignores the busy timeout, so it is done under the lock.
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA user_version=1")
        finally:
            connection.close()


@contextmanager
def locked(path: Path, *, seconds: float) -> Iterator[int]:
    """Hold the file's lock for a moment; the kernel frees it when this process dies."""
    descriptor = lock_file(path)
    deadline = time.monotonic() + seconds
    try:
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise Unavailable(f"{path} stayed locked for {seconds:.0f} s")
            time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


def lock_file(path: Path) -> int:
    """Open a lock file that the whole group may lock."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o660)
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, 0o660)
    return descriptor


def try_lock(descriptor: int) -> bool:
    """Take the lock if nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _patient_postgres(url: sa.URL) -> Callable[[], Any]:
    """Connect with retries: DBOS itself gives up on a name that does not resolve for a moment."""
    import psycopg  # noqa: PLC0415  only a Postgres installation pays for it

    target = url.set(drivername="postgresql").render_as_string(hide_password=False)

    def connect() -> Any:  # noqa: ANN401  SQLAlchemy asks for a driver connection
        deadline = time.monotonic() + _CONNECT_SECONDS
        while True:
            try:
                return psycopg.connect(
                    target, options="-c idle_in_transaction_session_timeout=60000"
                )
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)

    return connect
