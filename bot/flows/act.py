"""Does what was decided about an issue: begin a run, stop one, or move it in its queue."""

import logging

from bot import wire
from bot.domain.control import Labelling
from bot.domain.issue import Issue
from bot.domain.role import Lane
from bot.domain.run import Run, RunState
from bot.flows.admission import admit
from bot.flows.commands import asked_by
from bot.flows.control import hand_of
from bot.flows.server import Server
from bot.policy.control import PAUSE
from bot.policy.intake import (
    Action,
    Admit,
    AskAgain,
    Reprioritise,
    StartRun,
    StopRun,
    decide,
)
from bot.policy.story import CIRCLING, SWAPPED
from bot.policy.texts import marker, reply

log = logging.getLogger(__name__)
_CIRCLE_S, _MOST_BEGUN = 3600.0, 6
"""So many runs of one issue in so many seconds are a loop, whoever drives it."""


async def act(server: Server, action: Action) -> None:
    """Do one thing that was decided; a second time changes nothing."""
    match action:
        case Admit(issue):
            if await admit(server, issue):
                issue = await server.forge.issue(issue.repo, issue.number)
                for step in decide(issue, None, (), await hand_of(server, issue)):
                    await act(server, step)
        case AskAgain(issue, approval):
            await say_once(server, issue, f"swapped:{approval.id}", SWAPPED)
        case StartRun(issue, approval=approval) if await _too_often(server, issue):
            await server.forge.add_labels(issue.repo, issue.number, PAUSE)
            await say_once(server, issue, f"circle:{approval.id}", CIRCLING)
        case StartRun(issue, priority, approval):
            run = Run(
                id=f"{issue.slug}@{issue.revision}-{await _serial(server, issue)}",
                issue=issue,
                base="",
                priority=priority,
                state=RunState.QUEUED,
                approval=approval.id,
                approved_by=await _released_by(server, issue, approval),
            )
            if await server.store.create_run(run):
                await server.store.record_event(run.id, "queued", {"told": priority.name})
            await enqueue(server, run)
        case StopRun(run_id, why):
            await server.store.request_stop(run_id, why)
        case Reprioritise(run_id, priority):
            await server.store.set_priority(run_id, priority)
            await server.engine.reprioritise([f"issue:{run_id}"], priority)


async def say_once(server: Server, issue: Issue, name: str, text: str) -> None:
    """Comment on an issue that no run speaks for; once per name, and not while all is paused."""
    if await server.store.paused():
        return
    repo, number, mark = issue.repo, issue.number, marker(f"{name}:{issue.number}")

    async def look() -> int | None:
        found = await server.forge.find_comment(repo, number, mark)
        return found.id if found is not None else None

    async def make() -> int:
        return (await server.forge.create_comment(repo, number, reply(mark, text))).id

    await server.store.effect(f"{name}:{issue.slug}", "comment", {}, lookup=look, perform=make)


async def _released_by(server: Server, issue: Issue, approval: Labelling) -> str:
    """Name the person behind a label: ours was set because somebody said `retry`."""
    if approval.by.id != await server.forge.bot_id():
        return approval.by.login
    known = await server.store.runs(issue.repo)
    pulls = [r.pull for r in known if r.issue.number == issue.number and r.pull is not None]
    return await asked_by(server, issue, pulls) or approval.by.login


async def _too_often(server: Server, issue: Issue) -> bool:
    """Whether this issue goes in circles: then it waits, by a label that a person takes off."""
    begun = await server.store.begun_since(issue.repo, issue.number, _CIRCLE_S)
    if begun < _MOST_BEGUN:
        return False
    log.warning("%s began %d runs within an hour; it is paused", issue.slug, begun)
    return True


async def enqueue(server: Server, run: Run) -> None:
    """Put a run into the queue; a second time changes nothing."""
    payload, own = wire.dump(run), f"issue:{run.id}"
    await server.engine.enqueue(Lane.ISSUE, "issue", payload, id=own, priority=int(run.priority))


async def _serial(server: Server, issue: Issue) -> int:
    """Return the next number of a revision's runs: a workflow id is never used twice."""
    runs = await server.store.runs(issue.repo)
    return 1 + sum(
        run.issue.number == issue.number
        and run.issue.revision == issue.revision
        and run.state.ended
        for run in runs
    )
