"""People win: read right before every step that cannot be taken back."""

import itertools
from dataclasses import replace

from bot.domain.run import Run, RunState
from bot.errors import Gone
from bot.flows.project import show
from bot.flows.server import GITHUB_RETRY, GITHUB_STEP_S, Server, branch_of
from bot.policy.intake import paused, stopped
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
    why = stopped(issue)
    if why is None and run.pull is not None:
        why = await _pull_is_ours(server, run, run.pull)
    if why is not None:
        return why.value
    return PAUSED if paused(issue) else ""


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


async def _pull_is_ours(server: Server, run: Run, pull: int) -> Why | None:
    """Say so when somebody closed the pull request, or pushed what our store does not hold."""
    seen = await server.forge.pull(run.issue.repo, pull)
    if seen.state != "open" and not seen.merged:
        return Why.PULL_CLOSED
    branch = branch_of(run.issue.number)
    tip = await server.tip(run.issue.repo, branch)
    if tip is not None and not await server.owns(run.issue.repo, branch, tip):
        return Why.HUMAN_COMMIT
    return None
