"""Reads an issue as it is now, and what we know of it: together they say what is to be done."""

from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.store import SubjectKey
from bot.domain.issue import Issue
from bot.domain.run import Run, RunState
from bot.errors import Gone
from bot.flows.act import enqueue
from bot.flows.admission import unasked
from bot.flows.control import hand_of, hold, says
from bot.flows.escaped import note_report
from bot.flows.people import given_back
from bot.flows.project import show, show_again, show_label
from bot.flows.server import Server
from bot.policy.control import TRIGGER, Hand, busy
from bot.policy.escaped import ESCAPED, reported
from bot.policy.intake import Action, Admit, StartRun, decide, paused, stopped

_BROKE_OFF = "a fault in Nightshift itself ended this run; the server's log tells where"


async def look_at_issue(server: Server, key: SubjectKey) -> tuple[Action, ...]:
    """Read an issue again, mend what can be mended, and say what is to be done about it."""
    issue = await _read(server, key)
    if issue is not None and reported(issue.labels):
        await hear_reports(server, key, pull=False)
    store = server.store
    running = await _running(server, key)
    known = [run for run in await store.runs(key.repo) if run.issue.number == key.number]
    if known and not await store.paused():
        await show_again(server, known)
        known[-1] = await given_back(server, known[-1])
    if running is not None and running.state is RunState.QUEUED:
        await enqueue(server, running)  # a crash may have come between the record and the queue
    if running is not None and issue is not None:
        await store.hold_run(running.id, on=paused(issue))
    hand = Hand()
    if issue is not None and (busy(issue.labels) or (running is None and not stopped(issue))):
        hand = await hand_of(server, issue)
    await hold(server, key, issue, hand)
    if issue is not None and not known and await unasked(server, issue):
        return (Admit(issue),)
    actions = decide(issue, running, [run for run in known if run.state.ended], hand)
    starts = any(isinstance(action, StartRun) for action in actions)
    if issue is not None and not starts and not await store.paused():
        await _heal(server, issue, running, known)
    return actions


async def _heal(server: Server, issue: Issue, running: Run | None, known: Sequence[Run]) -> None:
    """Put the label of state right while the issue is ours: people may have taken it off."""
    run = running or (known[-1] if known else None)
    if run is not None and TRIGGER in {label.casefold() for label in issue.labels}:
        await show_label(server, run)


async def hear_reports(server: Server, key: SubjectKey, *, pull: bool) -> None:
    """Propose a scenario for what landed under a number that a maintainer has labelled."""
    landed = [
        run
        for run in await server.store.runs(key.repo)
        if run.state is RunState.LANDED and key.number == (run.pull if pull else run.issue.number)
    ]
    if landed and await says(server.forge, key.repo, key.number, ESCAPED):
        for run in landed:
            await note_report(server, run)


async def _running(server: Server, key: SubjectKey) -> Run | None:
    """Return the issue's open run; one whose workflow broke off is closed first, and told."""
    store = server.store
    run = await store.open_run(key.repo, key.number)
    work = await server.engine.status(f"issue:{run.id}") if run else None
    if run is None or work is None or not work.state.ended or await store.paused():
        return run
    ended = replace(run, state=RunState.DROPPED, reason="error", detail=_BROKE_OFF)
    if await store.save_run(ended, run.state):  # False: it has just ended by itself
        await store.record_event(run.id, RunState.DROPPED, {"told": "error"})
        await show(server, ended)
    return await store.open_run(key.repo, key.number)


async def _read(server: Server, key: SubjectKey) -> Issue | None:
    try:
        return await server.forge.issue(key.repo, key.number)
    except Gone:
        return None
