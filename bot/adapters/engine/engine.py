"""The durable engine of one process: workflows that survive kill -9 at any point.

A workflow function re-runs from its top after a crash; steps and children that had finished answer
from their checkpoints. So: no clock, randomness or reading outside a step, step names unique within
a workflow, and never `asyncio.gather` over branches of several steps.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from dbos import (
    DBOS,
    EnqueueOptions,
    PortableWorkflowError,
)
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.database import as_typed, errors_typed
from bot.adapters.engine.attempt import attempt
from bot.adapters.engine.life import Life, Scope
from bot.adapters.engine.outcome import Json, opened
from bot.adapters.engine.results import outside
from bot.adapters.engine.rows import Work, app_name
from bot.adapters.engine.settings import Retry
from bot.errors import Gone, NightshiftError

T = TypeVar("T")

log = logging.getLogger(__name__)

_WAIT = "wait "


class Engine(Life):
    """One per process. Register workflows, `launch` inside the running loop, `close` at the end."""

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
        with errors_typed():
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

    def _inside(self, name: str | None) -> Scope:
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
        if not name.startswith(_WAIT):
            await self._until_free(scope.workflow, name)
        if self._closing.is_set():
            raise asyncio.CancelledError

        async def run() -> Json:
            self._scope.set(Scope(scope.workflow, in_step=True))
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

    async def _until_free(self, workflow: str, name: str) -> None:
        """Wait before a step while somebody holds everything; waiting for a child costs nothing."""
        told = False
        while not self._closing.is_set() and await self._is_held():
            if not told:
                log.info("%s is held before %r", workflow, name)
                told = True
            await asyncio.sleep(self.settings.poll_s)

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
