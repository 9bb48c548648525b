"""DBOS's own tables, as far as we read and write it ourselves. Contract-tested against the pin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa


class WorkState(StrEnum):
    """Where a workflow is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in {WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED}


_STATES = {
    "ENQUEUED": WorkState.QUEUED,
    "DELAYED": WorkState.QUEUED,
    "PENDING": WorkState.RUNNING,
    "SUCCESS": WorkState.DONE,
    "ERROR": WorkState.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": WorkState.FAILED,
    "CANCELLED": WorkState.CANCELLED,
}


_APP_PREFIX = "nightshift-"


def app_name(app: str) -> str:
    """Return what DBOS calls a role's app; it wants three letters and more."""
    return _APP_PREFIX + app


@dataclass(frozen=True, slots=True)
class Work:
    """One workflow as the database has it."""

    id: str
    name: str
    state: WorkState
    app: str
    queue: str
    priority: int
    executor: str
    created_at: float


class Rows:
    """Reads and the few guarded writes on `workflow_status` and `operation_outputs`."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        schema = None if database.dialect.name == "sqlite" else "dbos"
        self.steps = sa.table(
            "operation_outputs",
            *(sa.column(name) for name in ("workflow_uuid", "function_name", "error")),
            schema=schema,
        )
        columns = (
            "workflow_uuid name status application_name application_version queue_name priority "
            "executor_id parent_workflow_id created_at completed_at"
        )
        self.table = sa.table(
            "workflow_status",
            *(sa.column(name) for name in columns.split()),
            schema=schema,
        )

    def get(self, id_: str) -> Work | None:
        """Return one workflow, or None."""
        found = self._select(self.table.c.workflow_uuid == id_)
        return found[0] if found else None

    def listing(self, prefix: str) -> tuple[Work, ...]:
        """Return all whose id begins so, oldest first."""
        key = self.table.c.workflow_uuid
        # LIKE would ignore case on SQLite, and read `_` and `%` as wildcards.
        return self._select(sa.func.substr(key, 1, len(prefix)) == prefix)

    def ended(self, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that have ended."""
        if not ids:
            return set()
        query = sa.select(self.table.c.workflow_uuid).where(
            self.table.c.workflow_uuid.in_(ids), self.table.c.status.in_(self._names(ended=True))
        )
        with self._database.connect().execution_options(read=True) as connection:
            return set(connection.execute(query).scalars())

    def reprioritise(self, ids: Iterable[str], priority: int) -> int:
        """Move waiting work within its queue; what already runs is left alone."""
        query = (
            sa.update(self.table)
            .where(
                self.table.c.workflow_uuid.in_(list(ids)),
                self.table.c.status.in_(["ENQUEUED", "DELAYED"]),
            )
            .values(priority=priority)
        )
        with self._database.begin() as connection:
            return connection.execute(query).rowcount

    def drop_failed_step(self, workflow: str, name: str) -> int:
        """Forget that a step ended with an error, so that it runs again."""
        c = self.steps.c
        query = sa.delete(self.steps).where(
            c.workflow_uuid == workflow, c.function_name == name, c.error.is_not(None)
        )
        with self._database.begin() as connection:
            return connection.execute(query).rowcount

    def pending(self, app: str, version: str) -> tuple[tuple[str, str], ...]:
        """Return (workflow, executor) of everything this app runs anywhere."""
        query = sa.select(self.table.c.workflow_uuid, self.table.c.executor_id).where(
            # A bound parameter would defeat the partial index.
            self.table.c.status == sa.literal_column("'PENDING'"),
            self.table.c.application_name == app,
            self.table.c.application_version == version,
        )
        with self._database.connect().execution_options(read=True) as connection:
            return tuple((row[0], row[1] or "") for row in connection.execute(query))

    def forgettable(self, app: str, before: float, limit: int) -> tuple[str, ...]:
        """Return ended workflows older than `before` that no living parent still waits for."""
        parent = self.table.alias("parent")
        alive = sa.exists().where(
            parent.c.workflow_uuid == self.table.c.parent_workflow_id,
            parent.c.status.in_(self._names(ended=False)),
        )
        query = (
            sa.select(self.table.c.workflow_uuid)
            .where(
                self.table.c.application_name == app,
                self.table.c.status.in_(self._names(ended=True)),
                self.table.c.completed_at < int(before * 1000),
                ~alive,
            )
            .limit(limit)
        )
        with self._database.connect().execution_options(read=True) as connection:
            return tuple(connection.execute(query).scalars())

    def _select(self, condition: sa.ColumnElement[bool]) -> tuple[Work, ...]:
        c = self.table.c
        query = (
            sa.select(
                c.workflow_uuid,
                c.name,
                c.status,
                c.application_name,
                c.queue_name,
                c.priority,
                c.executor_id,
                c.created_at,
            )
            .where(condition)
            .order_by(c.created_at, c.workflow_uuid)
        )
        with self._database.connect().execution_options(read=True) as connection:
            return tuple(
                Work(
                    id=row[0],
                    name=row[1],
                    state=_STATES[row[2]],
                    app=(row[3] or "").removeprefix(_APP_PREFIX),
                    queue=row[4] or "",
                    priority=row[5],
                    executor=row[6] or "",
                    created_at=row[7] / 1000,
                )
                for row in connection.execute(query)
            )

    @staticmethod
    def _names(*, ended: bool) -> list[str]:
        return [name for name, state in _STATES.items() if state.ended is ended]
