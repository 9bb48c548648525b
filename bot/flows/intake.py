"""Dirty subjects become runs: re-read GitHub, decide, act. A webhook only hints, a little earlier.

Whatever was lost, doubled or reordered on the way, the same sweep finds the same state.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot import wire
from bot.adapters.store import Delivery, Subject, SubjectKey
from bot.domain.control import Labelling
from bot.domain.issue import Issue
from bot.domain.role import Lane
from bot.domain.run import Run, RunState
from bot.domain.subject import SubjectKind
from bot.errors import Gone, NightshiftError, Unavailable
from bot.flows.admission import admit, unasked
from bot.flows.commands import asked_by, obey
from bot.flows.control import hand_of, hold, says
from bot.flows.escaped import note_report, note_reverts
from bot.flows.people import given_back
from bot.flows.project import project, show_label
from bot.flows.server import Server
from bot.flows.sweep import ask_again, sweep
from bot.policy.control import PAUSE, Hand, busy
from bot.policy.escaped import ESCAPED, reported
from bot.policy.intake import Action, Admit, Reprioritise, StartRun, StopRun, decide, stopped
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
_CIRCLE_S, _MOST_BEGUN = 3600.0, 6
"""So many runs of one issue in so many seconds are a loop, whoever drives it."""
_ASK_AGAIN_S = 300.0
"""How often GitHub's own log is searched for deliveries that never arrived."""
_BROKE_OFF = "a fault in Nightshift itself ended this run; the server's log tells where"


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
        if failed:
            raise Unavailable("; ".join(failed)[:500])

    async def _ask_again(self) -> None:
        await ask_again(self._server)

    async def settle(self, *, quiet_s: float = 0.0) -> None:
        """Read every dirty subject, then act on the most urgent first.

        What came in within the last `quiet_s` waits for the next time: a burst is seen as a whole.
        """
        if self._unheard and not await self._server.store.paused():
            while self._unheard:
                key = self._unheard.pop()
                await self._server.store.mark_dirty(key.repo, key.kind, key.number)
        decided: list[_Decided] = []
        while len(decided) < _MOST_AT_ONCE:
            subject = await self._server.store.lease_subject(_OWNER, _LEASE_S, quiet_s=quiet_s)
            if subject is None:
                break
            try:
                decided.append(_Decided(subject, await self._look(subject.key)))
            except NightshiftError as error:
                await self._server.store.fail_subject(subject, error.what)
        for one in sorted(decided, key=lambda d: _urgency(d.actions)):
            try:
                for action in one.actions:
                    await self._act(action)
            except NightshiftError as error:
                await self._server.store.fail_subject(one.subject, error.what)
            else:
                await self._server.store.finish_subject(one.subject, one.subject.seq)

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
            await self._hear_reports(key, pull=True)
            return ()
        return await self._look_at_issue(key)

    async def _look_at_issue(self, key: SubjectKey) -> tuple[Action, ...]:
        issue = await self._read(key)
        if issue is not None and reported(issue.labels):
            await self._hear_reports(key, pull=False)
        store = self._server.store
        running = await self._running(key)
        known = [run for run in await store.runs(key.repo) if run.issue.number == key.number]
        if known and not await store.paused():
            known[-1] = await given_back(self._server, known[-1])
        if running is not None and running.state is RunState.QUEUED:
            await self._enqueue(running)  # a crash may have come between the record and the queue
        if running is not None and issue is not None and not await store.paused():
            await show_label(self._server, running)
        hand = Hand()
        if issue is not None and (busy(issue.labels) or (running is None and not stopped(issue))):
            hand = await hand_of(self._server, issue)
        await hold(store, key, hand)
        if issue is not None and not known and await unasked(self._server, issue):
            return (Admit(issue),)
        return decide(issue, running, [run for run in known if run.state.ended], hand)

    async def _hear_reports(self, key: SubjectKey, *, pull: bool) -> None:
        """Propose a scenario for what landed under a number that a maintainer has labelled."""
        landed = [
            run
            for run in await self._server.store.runs(key.repo)
            if run.state is RunState.LANDED
            and key.number == (run.pull if pull else run.issue.number)
        ]
        if landed and await says(self._server.forge, key.repo, key.number, ESCAPED):
            for run in landed:
                await note_report(self._server, run)

    async def _running(self, key: SubjectKey) -> Run | None:
        """Return the issue's open run; one whose workflow broke off is closed first, and told."""
        store = self._server.store
        run = await store.open_run(key.repo, key.number)
        work = await self._server.engine.status(f"issue:{run.id}") if run else None
        if run is None or work is None or not work.state.ended or await store.paused():
            return run
        ended = replace(run, state=RunState.DROPPED, reason="error", detail=_BROKE_OFF)
        if await store.save_run(ended, run.state):  # False: it has just ended by itself
            await store.record_event(run.id, RunState.DROPPED, {"told": "error"})
            await project(self._server, ended)
        return await store.open_run(key.repo, key.number)

    async def _read(self, key: SubjectKey) -> Issue | None:
        try:
            return await self._server.forge.issue(key.repo, key.number)
        except Gone:
            return None

    async def _act(self, action: Action) -> None:
        server = self._server
        match action:
            case Admit(issue):
                if await admit(server, issue):
                    issue = await server.forge.issue(issue.repo, issue.number)
                    for step in decide(issue, None, (), await hand_of(server, issue)):
                        await self._act(step)
            case StartRun(issue) if await self._too_often(issue):
                await server.forge.add_labels(issue.repo, issue.number, PAUSE)
            case StartRun(issue, priority, approval):
                run = Run(
                    id=f"{issue.slug}@{issue.revision}-{await self._serial(issue)}",
                    issue=issue,
                    base="",
                    priority=priority,
                    state=RunState.QUEUED,
                    approval=approval.id,
                    approved_by=await self._released_by(issue, approval),
                )
                if await server.store.create_run(run):
                    await server.store.record_event(run.id, "queued", {"told": priority.name})
                await self._enqueue(run)
            case StopRun(run_id, why):
                await server.store.request_stop(run_id, why)
            case Reprioritise(run_id, priority):
                await server.store.set_priority(run_id, priority)
                await server.engine.reprioritise([f"issue:{run_id}"], priority)

    async def _released_by(self, issue: Issue, approval: Labelling) -> str:
        """Name the person behind a label: ours was set because somebody said `retry`."""
        server = self._server
        if approval.by.id != await server.forge.bot_id():
            return approval.by.login
        known = await server.store.runs(issue.repo)
        pulls = [r.pull for r in known if r.issue.number == issue.number and r.pull is not None]
        return await asked_by(server, issue, pulls) or approval.by.login

    async def _too_often(self, issue: Issue) -> bool:
        """Whether this issue goes in circles: then it waits, by a label that a person takes off."""
        begun = await self._server.store.begun_since(issue.repo, issue.number, _CIRCLE_S)
        if begun < _MOST_BEGUN:
            return False
        log.warning("%s began %d runs within an hour; it is paused", issue.slug, begun)
        return True

    async def _enqueue(self, run: Run) -> None:
        """Put a run into the queue; a second time changes nothing."""
        payload, own = wire.dump(run), f"issue:{run.id}"
        await self._server.engine.enqueue(
            Lane.ISSUE, "issue", payload, id=own, priority=int(run.priority)
        )

    async def _serial(self, issue: Issue) -> int:
        """Return the next number of a revision's runs: a workflow id is never used twice."""
        runs = await self._server.store.runs(issue.repo)
        return 1 + sum(
            run.issue.number == issue.number
            and run.issue.revision == issue.revision
            and run.state.ended
            for run in runs
        )


def _urgency(actions: Sequence[Action]) -> int:
    urgent = [int(a.priority) for a in actions if isinstance(a, StartRun)]
    return min(urgent, default=0)
