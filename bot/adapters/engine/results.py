"""How a workflow ended, asked from another one or from outside, in whichever process it ran."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import TypeVar

import sqlalchemy as sa
from dbos import DBOS, PortableWorkflowError, WorkflowHandleAsync
from dbos import error as dbos_error

from bot.adapters.engine.outcome import Json, broken_text, error_envelope, read_error
from bot.adapters.engine.rows import Rows
from bot.adapters.engine.watch import Watch
from bot.errors import Conflict, Gone, NightshiftError, Unavailable

T = TypeVar("T")
_SLICE_S = 5.0
"""How exactly the time is counted in which nobody may work."""


async def outside(call: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run a DBOS call as if from outside any workflow: not checkpointed, legal in a step."""
    return await asyncio.create_task(call(), context=Context())


class Results:
    """Waiting for ends, and reading them."""

    def __init__(
        self, database: sa.Engine, poll_s: float, held: Callable[[], Coroutine[None, None, bool]]
    ) -> None:
        self._held = held
        self._rows = Rows(database)
        self._watch = Watch(database, poll_s)
        self._poll_s = poll_s

    async def close(self) -> None:
        """Stop watching."""
        await self._watch.close()

    async def wait(self, id_: str, timeout_s: float) -> Json:
        """Return the result or raise the error; Unavailable when the time is up."""
        if not await self._watch.ended(id_, timeout_s):
            raise _late(id_, timeout_s)
        return await outside(lambda: self._read(id_))

    async def of_child(self, id_: str, timeout_s: float) -> Json:
        """Return a child's end as an envelope; one that is late is cancelled."""
        work = await asyncio.to_thread(self._rows.get, id_)
        # The child's own birth makes the deadline durable. SQLite keeps whole seconds of it.
        deadline = (work.created_at if work else time.time()) + timeout_s + 1.0
        if await self._held():  # nobody knows for how long: we may have been started just now
            deadline = max(deadline, time.time() + timeout_s)
        while not await self._watch.ended(id_, min(_SLICE_S, deadline - time.time())):
            if await self._held():
                deadline += _SLICE_S  # nobody is late who may not work
            elif time.time() >= deadline:
                await self.cancel(id_)
                break
        try:
            return {"value": await outside(lambda: self._read(id_))}
        except Conflict as error:
            cancelled_late = time.time() >= deadline
            return error_envelope(_late(id_, timeout_s) if cancelled_late else error)
        except NightshiftError as error:
            return error_envelope(error)

    async def cancel(self, id_: str) -> None:
        """Cancel a workflow with all its children; one that has ended stays as it is."""
        await outside(lambda: DBOS.cancel_workflow_async(id_, cancel_children=True))

    async def _read(self, id_: str) -> Json:
        try:
            handle: WorkflowHandleAsync[Json] = await DBOS.retrieve_workflow_async(id_)
            return await handle.get_result(polling_interval_sec=self._poll_s)
        except dbos_error.DBOSAwaitedWorkflowCancelledError as error:
            raise Conflict(f"{id_} was cancelled") from error
        except dbos_error.DBOSNonExistentWorkflowError as error:
            raise Gone(f"there is no workflow {id_!r}") from error
        except dbos_error.DBOSAwaitedWorkflowMaxRecoveryAttemptsExceeded as error:
            raise broken_text(id_, "it was taken up too many times and never ended") from error
        except PortableWorkflowError as error:
            data = error.data
            if isinstance(data, dict) and isinstance(data.get("error"), dict):
                raise read_error(data["error"]) from error
            raise broken_text(id_, f"{error.name}: {error.message}") from error


def _late(id_: str, timeout_s: float) -> Unavailable:
    return Unavailable(f"{id_} has not ended within {timeout_s:g} s")
