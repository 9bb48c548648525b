"""The life of one process's engine, around everything DBOS leaves open.

Order matters: the executor's name is claimed before DBOS takes up that name's work, queues exist
before anybody polls, and DBOS is destroyed last because it takes the loop's threads with it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.database import as_typed, errors_typed, open_database
from bot.adapters.engine.leases import Leases
from bot.adapters.engine.outcome import Json, error_envelope
from bot.adapters.engine.quiet import Failed, quieten
from bot.adapters.engine.results import Results
from bot.adapters.engine.rows import Rows, app_name
from bot.adapters.engine.settings import EngineSettings, Queue
from bot.errors import NightshiftError

Workflow = Callable[[Json], Awaitable[Json]]
Held = Callable[[], Awaitable[bool]]
"""Whether no step may begin now."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Scope:
    """What the engine knows about the workflow that is running in this context."""

    workflow: str
    names: set[str] = field(default_factory=set)
    in_step: bool = False


async def _free() -> bool:
    return False


class Life:
    """How an engine begins, keeps its work alive, and ends."""

    def __init__(self, settings: EngineSettings, *, held: Held = _free) -> None:
        self.settings = settings
        self._held = held
        # Version names are unique over all apps of a database.
        self._version = f"{settings.app}-{settings.version}"
        self._app = app_name(settings.app)
        self._workflows: dict[str, Workflow] = {}
        self._scope: ContextVar[Scope | None] = ContextVar("nightshift_workflow", default=None)
        self._running: dict[str, set[asyncio.Task[object]]] = {}
        self._bodies: set[asyncio.Task[object]] = set()
        self._queues: dict[str, Queue] = {}
        self._closing = asyncio.Event()
        self._housekeeping: asyncio.Task[None] | None = None

    def workflow(self, name: str) -> Callable[[Workflow], Workflow]:
        """Register an async function under a name that must never change."""

        def register(function: Workflow) -> Workflow:
            if name in self._workflows:
                raise NightshiftError(f"two workflows are named {name!r}")
            self._workflows[name] = function
            return function

        return register

    async def _is_held(self) -> bool:
        """Ask whether work is paused; a database that cannot say so now is asked again."""
        try:
            return await self._held()
        except NightshiftError as error:
            log.warning("nobody knows whether work is paused: %s", error.what)
            return True

    async def launch(self, queues: Sequence[Queue]) -> None:
        """Claim the executor's name, start serving the queues, and take up what a crash left."""
        quieten()
        self._queues = {queue.name: queue for queue in queues}
        with errors_typed():
            await asyncio.to_thread(self._open)
            try:
                await asyncio.to_thread(self._prepare, queues)
                self._dbos = DBOS(config=self._config())
                for name, function in self._workflows.items():
                    DBOS.workflow(name=name)(self._guarded(function))
                DBOS.listen_queues([queue.name for queue in queues])
                # On this very loop, else workflows would run on a loop of DBOS's own.
                DBOS.launch()
            except BaseException:
                await self._destroy()
                raise
        self._results = Results(self._database, self.settings.poll_s, self._is_held)
        self._housekeeping = asyncio.create_task(self._keep_house())

    async def close(self, *, drain_s: float = 0.0) -> None:
        """Stop: let running steps end for up to `drain_s`, leave the rest to the next launch."""
        if self._housekeeping is None:
            return
        self._closing.set()
        if self._bodies and drain_s > 0:
            await asyncio.wait(self._bodies, timeout=drain_s)
        self._housekeeping.cancel()
        await asyncio.wait({self._housekeeping})
        await self._cancel_running()
        await self._results.close()
        await self._destroy()
        self._housekeeping = None

    async def _destroy(self) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as thread:
            # In a thread: DBOS joins threads that wait for this loop.
            await loop.run_in_executor(thread, lambda: DBOS.destroy(destroy_registry=True))
            await self._cancel_running()
            await loop.run_in_executor(thread, self._release)
        loop.set_default_executor(ThreadPoolExecutor())  # DBOS leaves a dead one behind

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=self._app,
            application_version=self._version,
            executor_id=self.settings.executor,
            system_database_url=self.settings.url,
            system_database_engine=self._system,
            # The default is pickle: code execution for whoever can write the database.
            serializer=DBOSPortableJSONSerializer(),
            max_executor_threads=48,
            notification_listener_polling_interval_sec=self.settings.poll_s,
            log_level="WARNING",
        )

    def _open(self) -> None:
        self._database = open_database(self.settings.url)
        self._system = open_database(self.settings.url, implicit_begin=True)
        self._rows = Rows(self._database)
        self._leases = Leases(self.settings, self._database)

    def _prepare(self, queues: Sequence[Queue]) -> None:
        """Make everything a launch needs: name, tables, queues. Queues are served at once then."""
        self._leases.acquire()
        DBOS.migrate(self.settings.url)
        client = DBOSClient(
            system_database_engine=self._system,
            serializer=DBOSPortableJSONSerializer(),
            application_name=self._app,
        )
        try:
            for queue in queues:
                client.register_queue(
                    queue.name,
                    worker_concurrency=queue.worker_concurrency,
                    partition_concurrency=1 if queue.partitioned else None,
                    polling_interval_sec=self.settings.poll_s,
                    on_conflict="always_update",
                )
        finally:
            client.destroy()

    def _release(self) -> None:
        try:
            self._leases.release()
        except SQLAlchemyError as error:
            log.warning("the lease could not be given back: %s", error)
            self._leases.unlock()
        self._database.dispose()
        self._system.dispose()

    async def _cancel_running(self) -> None:
        tasks = {task for tasks in self._running.values() for task in tasks}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=10)

    def _guarded(self, function: Workflow) -> Workflow:
        async def run(payload: Json) -> Json:
            workflow, task = str(DBOS.workflow_id), asyncio.current_task()
            if self._closing.is_set() or task is None:
                raise asyncio.CancelledError
            self._running.setdefault(workflow, set()).add(task)
            self._scope.set(Scope(workflow))
            try:
                return await function(payload)
            except NightshiftError as error:
                raise Failed(error, error_envelope(error)) from None
            except SQLAlchemyError as error:
                # Not this workflow's fault: it stays on record as running and is queued again.
                log.warning("%s is interrupted: %s", workflow, as_typed(error) or error)
                raise asyncio.CancelledError from error
            finally:
                self._running[workflow].discard(task)
                if not self._running[workflow]:
                    del self._running[workflow]

        return run

    async def _keep_house(self) -> None:
        """Beat, and put work back into its queue when nobody is doing it."""
        while True:
            await asyncio.sleep(self.settings.lease_beat_s)
            running = frozenset(self._running)
            try:
                await asyncio.to_thread(self._leases.beat)
                found = await asyncio.to_thread(self._leases.left_over, self._version, running)
                for workflow, executor in found:
                    log.warning("%s was left behind by %s: queued again", workflow, executor)
                    await asyncio.to_thread(
                        # Private, guarded by the old executor's name, contract-tested.
                        self._dbos._sys_db.reenqueue_for_recovery,  # noqa: SLF001
                        workflow,
                        [executor],
                        "_dbos_internal_queue",
                    )
            except SQLAlchemyError as error:
                log.warning("housekeeping waits for the database: %s", as_typed(error) or error)
