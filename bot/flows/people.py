"""People win: read right before every step that cannot be taken back."""

import itertools
from dataclasses import replace

from bot.domain.run import Run, RunState
from bot.errors import Gone
from bot.flows.control import may_write
from bot.flows.project import show
from bot.flows.server import GITHUB_RETRY, GITHUB_STEP_S, Server, branch_of
from bot.policy.control import PAUSE, STOP
from bot.policy.intake import paused, stopped
from bot.policy.reviews import objecting
from bot.policy.why import Why

PAUSED = "paused"
_PAUSE_S = 15.0
"""How often a paused run looks whether it may go on."""


async def wanted(server: Server, run: Run) -> str:
    """Return an empty string while people still want this run, else the reason to stop."""
    asked = await server.store.stop_requested(run.id)
    if asked:
        return asked
    try:
        if (await server.forge.repository(run.issue.repo)).archived:
            return Why.ARCHIVED.value
    except Gone:
        return Why.REPOSITORY_GONE.value
    try:
        issue = await server.forge.issue(run.issue.repo, run.issue.number)
    except Gone:
        return Why.GONE.value
    if why := stopped(issue):
        return why.value
    said = await _said_on_pull(server, run, run.pull) if run.pull is not None else ""
    return said or (PAUSED if paused(issue) else "")


async def still_wanted(server: Server, run: Run, point: str) -> str:
    """Ask the same durably, once per point of a run; a pause label makes it wait here."""
    for asked in itertools.count():
        why = await ask_once(server, run, f"{point}:{asked}")
        if why != PAUSED:
            return why
        await server.engine.sleep(_PAUSE_S)
    raise AssertionError("unreachable: the counter never ends")


async def ask_once(server: Server, run: Run, point: str) -> str:
    """Ask durably, and do not wait: the answer may be `paused`."""
    return await server.engine.step(
        f"wanted:{point}",
        lambda: wanted(server, run),
        kind=str,
        timeout_s=GITHUB_STEP_S,
        retry=GITHUB_RETRY,
    )


async def given_back(server: Server, run: Run) -> Run:
    """End a run by people's hand once they have closed the pull request that it left to them."""
    if run.state is not RunState.OPENED or run.pull is None:
        return run
    try:
        seen = await server.forge.pull(run.issue.repo, run.pull)
    except Gone:
        return run
    if seen.state == "open" or seen.merged:
        return run
    closed = replace(run, state=RunState.STOPPED, reason=Why.PULL_CLOSED, detail="")
    if await server.store.save_run(closed, RunState.OPENED):
        await server.store.record_event(run.id, RunState.STOPPED, {"told": Why.PULL_CLOSED})
        await show(server, closed)
    return closed


async def _said_on_pull(server: Server, run: Run, number: int) -> str:
    """Read the pull request as people left it: a reason to stop, PAUSED, or nothing."""
    repo = run.issue.repo
    seen = await server.forge.pull(repo, number)
    labels = {label.casefold() for label in seen.labels}
    if seen.state != "open" and not seen.merged:
        return Why.PULL_CLOSED
    if seen.base_ref != (await server.forge.repository(repo)).default_branch:
        return Why.RETARGETED
    if STOP in labels:
        return Why.STOP_LABEL
    branch = branch_of(run.issue.number)
    tip = await server.tip(repo, branch)
    if tip is not None and not await server.owns(repo, branch, tip):
        return Why.HUMAN_COMMIT
    if PAUSE in labels or seen.draft or await _objected(server, repo, number):
        return PAUSED
    return ""


async def _objected(server: Server, repo: str, number: int) -> bool:
    """Whether somebody who may write has asked for changes and not taken it back."""
    for person in objecting(await server.forge.reviews(repo, number)):
        if await may_write(server.forge, repo, person):
            return True
    return False
