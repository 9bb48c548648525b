"""Dirty subjects become runs: re-read GitHub, decide, act. A webhook only hints, a little earlier.

Whatever was lost, doubled or reordered on the way, the same sweep finds the same state.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.adapters.store import Delivery, Subject, SubjectKey
from bot.domain.run import RunState
from bot.domain.subject import SubjectKind
from bot.errors import Gone, NightshiftError
from bot.flows.act import act
from bot.flows.commands import obey
from bot.flows.escaped import note_reverts
from bot.flows.look import hear_reports, look_at_issue
from bot.flows.server import Server
from bot.flows.sweep import ask_again, sweep
from bot.policy.intake import Action, StartRun
from bot.web.intake import Delivery as Received

log = logging.getLogger(__name__)
_OWNER = "intake"
_LEASE_S = 60.0
_DEBOUNCE_S = 1.0
"""A burst of deliveries about one thing, or a handful of issues filed together, is read once."""
_TICK_S = 5.0
_MOST_AT_ONCE = 64
_LATE_S = 1800.0
"""A landing that takes longer is looked at by a person: proving it anew takes minutes."""
_SOONER_S = 60.0
_ASK_AGAIN_S = 300.0
"""How often GitHub's own log is searched for deliveries that never arrived."""


@dataclass(frozen=True, slots=True)
class _Decided:
    subject: Subject
    actions: tuple[Action, ...]


class _Timer:
    """Tells when something is due that is done now and then."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next = -math.inf

    def due(self) -> bool:
        return time.monotonic() >= self._next

    def again(self, *, sooner: bool = False) -> None:
        """Count from now; `sooner` after a failure, so that it is not waited for a whole period."""
        self._next = time.monotonic() + (
            min(_SOONER_S, self._period_s) if sooner else self._period_s
        )


class Intake:
    """The only worker on the inbox of one installation."""

    def __init__(self, server: Server, *, sweep_s: float) -> None:
        self._server = server
        self._sweep_s = sweep_s
        self._wake = asyncio.Event()
        self._trouble: dict[str, str] = {}
        self._unheard: set[SubjectKey] = set()
        """Where somebody has said something while everything was paused."""
        self.own_id: int | None = None
        """The bot's numeric user id, once GitHub has told it: what it did needs no second look."""

    async def record(self, received: Received) -> bool:
        """Put a delivery on disk with the subjects it makes dirty; wake the worker."""
        subjects = [SubjectKey(s.repo, s.kind.value, s.number) for s in received.subjects]
        repo = subjects[0].repo if subjects else ""
        delivery = Delivery(received.guid, received.event, received.action, repo, received.body)
        new = await self._server.store.record_delivery(delivery, subjects)
        self._wake.set()
        return new

    async def health(self) -> dict[str, str]:
        """Return what is wrong by part, nothing when all is well."""
        store = self._server.store
        wrong = dict(self._trouble)
        if dead := await store.dead_letters():
            wrong["inbox"] = f"{len(dead)} subjects could not be read"
        late = await store.in_state_for(RunState.TRAIN, _LATE_S)
        if late and not await store.paused():
            wrong["train"] = f"{late[0]} has waited to land for over {_LATE_S / 60:.0f} minutes"
        return wrong

    async def held(self) -> tuple[str, ...]:
        """Say who keeps everything paused, and why."""
        return tuple(f"{one.source}: {one.why}" for one in await self._server.store.pauses())

    async def run(self) -> None:
        """Work until cancelled. An outage of GitHub only makes it wait."""
        sweeping = _Timer(self._sweep_s)
        asking = _Timer(min(_ASK_AGAIN_S, self._sweep_s))
        while True:
            if sweeping.due():
                await self._careful("sweep", self._sweep)
                sweeping.again(sooner="sweep" in self._trouble)
            await self._careful("settle", partial(self.settle, quiet_s=_DEBOUNCE_S))
            if asking.due():
                asking.again()
                await self._careful("ask again", self._ask_again)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_DEBOUNCE_S)

    async def _careful(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do one part of the work; what keeps it from being done keeps nothing else."""
        try:
            await work()
            self._trouble.pop(name, None)
        except NightshiftError as error:
            self._trouble[name] = error.what
            log.warning("intake: %s waits: %s", name, error.what)

    async def _sweep(self) -> None:
        if self.own_id is None:
            self.own_id = await self._server.forge.bot_id()
        failed = await sweep(self._server)
        self._trouble.pop("repositories", None)
        if failed:  # the others were read: no reason to read them all again sooner
            self._trouble["repositories"] = "; ".join(failed)[:500]

    async def _ask_again(self) -> None:
        await ask_again(self._server)

    async def settle(self, *, quiet_s: float = 0.0) -> None:
        """Read every dirty subject, then act on the most urgent first.

        What came in within the last `quiet_s` waits for the next time: a burst is seen as a whole.
        """
        await self._hear()
        decided: list[_Decided] = []
        while len(decided) < _MOST_AT_ONCE:
            subject = await self._server.store.lease_subject(_OWNER, _LEASE_S, quiet_s=quiet_s)
            if subject is None:
                break
            try:
                decided.append(_Decided(subject, await self._look(subject.key)))
            except Gone:  # nothing is there to be looked at, and nobody to tell
                await self._server.store.finish_subject(subject, subject.seq)
            except NightshiftError as error:
                await self._server.store.fail_subject(subject, error.what)
        for one in sorted(decided, key=lambda d: _urgency(d.actions)):
            try:
                for action in one.actions:
                    await act(self._server, action)
            except NightshiftError as error:
                await self._server.store.fail_subject(one.subject, error.what)
            else:
                await self._server.store.finish_subject(one.subject, one.subject.seq)

    async def _hear(self) -> None:
        """Look again, once nothing is paused, where somebody spoke meanwhile."""
        if self._unheard and not await self._server.store.paused():
            while self._unheard:
                key = self._unheard.pop()
                await self._server.store.mark_dirty(key.repo, key.kind, key.number)

    async def _look(self, key: SubjectKey) -> tuple[Action, ...]:
        if key.kind in {SubjectKind.INSTALLATION, SubjectKind.REPOSITORY}:
            await sweep(self._server)
            return ()
        if key.kind == SubjectKind.BRANCH:
            await note_reverts(self._server, key.repo)
            return ()
        if key.kind == SubjectKind.COMMENTS:
            if not await obey(self._server, key.repo, key.number):
                self._unheard.add(key)
            return ()
        if key.kind == SubjectKind.PULL:
            await hear_reports(self._server, key, pull=True)
            return ()
        return await look_at_issue(self._server, key)


def _urgency(actions: Sequence[Action]) -> int:
    urgent = [int(a.priority) for a in actions if isinstance(a, StartRun)]
    return min(urgent, default=0)
