"""People win: read right before every step that cannot be taken back."""

from bot.domain.run import Run
from bot.errors import Gone
from bot.flows.server import Server, branch_of
from bot.policy.intake import Why, stopped


async def wanted(server: Server, run: Run) -> str:
    """Return an empty string while people still want this run, else the reason to stop."""
    asked = await server.store.stop_requested(run.id)
    if asked:
        return asked
    try:
        issue = await server.forge.issue(run.issue.repo, run.issue.number)
    except Gone:
        return Why.GONE.value
    why = stopped(issue)
    return why.value if why else await _branch_is_ours(server, run)


async def _branch_is_ours(server: Server, run: Run) -> str:
    """Say so when the branch stands on a commit that our own store does not hold."""
    if run.pull is None:
        return ""
    tip = await server.tip(run.issue.repo, branch_of(run.issue.number))
    if tip is not None and not await (await server.git(run.issue.repo)).has(tip):
        return Why.HUMAN_COMMIT.value
    return ""
