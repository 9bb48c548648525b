"""The durable engine of one process: workflows that survive kill -9 at any point.

A workflow function re-runs from its top after a crash; steps and children that had finished answer
from their checkpoints. So: no clock, randomness or reading outside a step, step names unique within
a workflow, and never `asyncio.gather` over branches of several steps.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    PortableWorkflowError,
)
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.database import as_typed, errors_typed, open_database
from bot.adapters.engine.attempt import attempt
from bot.adapters.engine.leases import Leases
from bot.adapters.engine.outcome import Json, error_envelope, opened
from bot.adapters.engine.quiet import Failed, quieten
from bot.adapters.engine.results import Results, outside
from bot.adapters.engine.rows import Rows, Work, app_name
from bot.adapters.engine.settings import EngineSettings, Queue, Retry
from bot.errors import Gone, NightshiftError

T = TypeVar("T")
Workflow = Callable[[Json], Awaitable[Json]]

log = logging.getLogger(__name__)

_WAIT = "wait "


@dataclass(slots=True)
class _Scope:
    """What the engine knows about the workflow that is running in this context."""

    workflow: str
    names: set[str] = field(default_factory=set)
    in_step: bool = False


class Engine:
    """One per process. Register workflows, `launch` inside the running loop, `close` at the end."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        # Version names are unique over all apps of a database.
        self._version = f"{settings.app}-{settings.version}"
        self._app = app_name(settings.app)
        self._workflows: dict[str, Workflow] = {}
        self._scope: ContextVar[_Scope | None] = ContextVar("nightshift_workflow", default=None)
        self._running: dict[str, set[asyncio.Task[object]]] = {}
        self._bodies: set[asyncio.Task[object]] = set()
        self._queues: dict[str, Queue] = {}
        self._closing = asyncio.Event()
        self._housekeeping: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------------------

    def workflow(self, name: str) -> Callable[[Workflow], Workflow]:
        """Register an async function under a name that must never change."""

        def register(function: Workflow) -> Workflow:
            if name in self._workflows:
                raise NightshiftError(f"two workflows are named {name!r}")
            self._workflows[name] = function
            return function

        return register

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
        self._results = Results(self._database, self.settings.poll_s)
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
            self._scope.set(_Scope(workflow))
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

    # -- from anywhere -----------------------------------------------------------------------------

    async def enqueue(
        self,
        queue: str,
        name: str,
        payload: Json,
        *,
        id: str,  # noqa: A002  the word everybody uses
        priority: int,
        app: str | None = None,
        partition: str | None = None,
    ) -> None:
        """Start a workflow of its own, once per id: a second call changes nothing."""
        options = self._options(queue, name, id, priority, app, partition)
        await outside(lambda: DBOS.enqueue_workflow_with_options_async(options, payload))

    async def send(self, id: str, topic: str, message: Json, *, key: str) -> None:  # noqa: A002
        """Put a message into a workflow's mailbox, once per key."""
        try:
            await outside(
                lambda: DBOS.send_async(id, message, topic, idempotency_key=f"{key}>{id}")
            )
        except dbos_error.DBOSNonExistentWorkflowError as error:
            raise Gone(f"no workflow {id!r} to send {topic!r} to") from error

    async def result(self, id: str, timeout_s: float) -> Json:  # noqa: A002
        """Wait for a workflow from outside one; inside, use `child`."""
        return await self._results.wait(id, timeout_s)

    async def status(self, id: str) -> Work | None:  # noqa: A002
        """Say where a workflow is; None when there is none."""
        with errors_typed():
            return await asyncio.to_thread(self._rows.get, id)

    async def listing(self, prefix: str) -> tuple[Work, ...]:
        """Return the workflows whose id begins so, oldest first."""
        with errors_typed():
            return await asyncio.to_thread(self._rows.listing, prefix)

    async def cancel(self, id: str) -> None:  # noqa: A002
        """Stop a workflow and its children: waiting ones at once, running ones within a second."""
        await self._results.cancel(id)

    async def reprioritise(self, ids: Iterable[str], priority: int) -> int:
        """Move waiting workflows within their queues; return how many."""
        with errors_typed():
            return await asyncio.to_thread(self._rows.reprioritise, tuple(ids), priority)

    async def purge(self, older_than_s: float, *, limit: int = 500) -> int:
        """Forget ended workflows of this app; their ids must never be used again."""
        before = time.time() - older_than_s
        with errors_typed():
            ids = await asyncio.to_thread(self._rows.forgettable, self._app, before, limit)
        if ids:
            await outside(lambda: DBOS.delete_workflows_async(list(ids)))
        return len(ids)

    # -- inside a workflow -------------------------------------------------------------------------

    async def step(
        self,
        name: str,
        fn: Callable[[], Awaitable[T]],
        *,
        kind: type[T],
        timeout_s: float,
        retry: Retry | None = None,
    ) -> T:
        """Run `fn` until it has once ended, checkpoint that, and return or raise the same for ever.

        A crash before the checkpoint runs it again, so its effects need keys of their own.
        """
        return opened(
            kind,
            await self._checkpoint(
                name, lambda: attempt(name, fn, kind=kind, timeout_s=timeout_s, retry=retry)
            ),
        )

    async def child(
        self,
        queue: str,
        name: str,
        payload: Json,
        *,
        id: str,  # noqa: A002
        priority: int,
        timeout_s: float,
        app: str | None = None,
        partition: str | None = None,
    ) -> Json:
        """Run a workflow, possibly of another app, and wait for its end; errors come back typed.

        When the time is up it is cancelled and Unavailable is raised. A child is two checkpoints,
        so children side by side belong into a workflow each, not into `asyncio.gather`.
        """
        self._inside(f"child {id}")
        options = self._options(queue, name, id, priority, app, partition)
        await DBOS.enqueue_workflow_with_options_async(options, payload)
        envelope = await self._checkpoint(
            f"{_WAIT}{id}", lambda: self._results.of_child(id, timeout_s)
        )
        return opened(object, envelope)

    async def sleep(self, seconds: float) -> None:
        """Sleep durably: after a crash only the rest is slept."""
        self._inside(None)
        await DBOS.sleep_async(seconds)

    async def recv(self, topic: str, timeout_s: float) -> Json | None:
        """Take the next message of a topic out of this workflow's mailbox; None when none came."""
        self._inside(None)
        return await DBOS.recv_async(topic, timeout_s)

    async def patch(self, name: str) -> bool:
        """Say whether this workflow began after the code change called `name`."""
        self._inside(None)
        return await DBOS.patch_async(name)

    # -- how -------------------------------------------------------------------------------------

    def _inside(self, name: str | None) -> _Scope:
        scope = self._scope.get()
        if scope is None or scope.in_step:
            raise NightshiftError("steps and children belong directly inside a workflow")
        if name is not None:
            if name in scope.names:
                raise NightshiftError(
                    f"{scope.workflow} uses the step name {name!r} twice",
                    means="After a crash one of them could get the other's answer.",
                    remedy="put a counter into the name",
                )
            scope.names.add(name)
        return scope

    async def _checkpoint(self, name: str, body: Callable[[], Awaitable[Json]]) -> Json:
        scope = self._inside(name)
        if self._closing.is_set():
            raise asyncio.CancelledError

        async def run() -> Json:
            self._scope.set(_Scope(scope.workflow, in_step=True))
            task = asyncio.current_task()
            if task is not None and not name.startswith(_WAIT):
                self._bodies.add(task)
                task.add_done_callback(self._bodies.discard)
            return await body()

        try:
            return await DBOS.run_step_async({"name": name, "preemptible": True}, run)
        except (SQLAlchemyError, PortableWorkflowError) as error:
            await self._interrupt(scope.workflow, name, error)
            raise

    async def _interrupt(self, workflow: str, name: str, error: Exception) -> None:
        """Leave a workflow to be taken up again: a checkpoint could not be written.

        Our steps return their errors, so an error that comes out of DBOS is its own. It even
        records a failed write of a result as the step's outcome, for ever; that row has to go.
        """
        log.warning("%s is interrupted at %r: %s", workflow, name, as_typed(error) or error)
        try:
            await asyncio.to_thread(self._rows.drop_failed_step, workflow, name)
        except SQLAlchemyError as again:
            log.warning("%s: %s", workflow, as_typed(again) or again)
        raise asyncio.CancelledError from error

    def _options(  # noqa: PLR0917  passed through from two public calls
        self,
        queue: str,
        name: str,
        id_: str,
        priority: int,
        app: str | None,
        partition: str | None,
    ) -> EnqueueOptions:
        if app is None or app == self.settings.app:
            self._check(queue, name, partition)
        options = EnqueueOptions(
            queue_name=queue,
            workflow_name=name,
            workflow_id=id_,
            priority=priority,
            application_name=app_name(app or self.settings.app),
        )
        if partition is not None:
            options["queue_partition_key"] = partition
        return options

    def _check(self, queue: str, name: str, partition: str | None) -> None:
        """Refuse what DBOS would accept and never run."""
        known = self._queues.get(queue)
        if known is None or name not in self._workflows:
            raise NightshiftError(f"{self.settings.app} does not serve {name!r} on {queue!r}")
        if known.partitioned is not (partition is not None):
            rule = "needs" if known.partitioned else "takes no"
            raise NightshiftError(f"queue {queue!r} {rule} partition")
