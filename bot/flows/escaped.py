"""A landing that people took back or complain about becomes a proposal for a hidden scenario.

The server notices and asks; the validator writes. Only what stands on GitHub already goes across.
"""

from bot import wire
from bot.adapters.store import Landing
from bot.domain.priority import Priority
from bot.domain.role import Lane, Role
from bot.domain.run import Run
from bot.domain.work import ProposeRequest
from bot.flows.server import Server
from bot.policy.authorise import claimed
from bot.policy.escaped import reverted

_LOOKED_AT = 1000
"""Commits of main that are read for reverts, from its tip back."""


async def note_reverts(server: Server, name: str) -> None:
    """Look for reverts of our landings on the default branch; once per landing, however often."""
    landings = {landing.post: landing for landing in await server.store.landings(name)}
    if not landings:
        return
    repo = await server.forge.repository(name)
    tip = await server.fetch(repo)
    messages = await (await server.git(name)).messages(tip, most=_LOOKED_AT)
    for landed, by in reverted(messages, landings).items():
        run = await server.store.run(landings[landed].run_id)
        if run is not None:
            await _propose(server, landings[landed], run, f"commit {by} reverts it")


async def note_report(server: Server, run: Run) -> None:
    """Take a maintainer's label at its word, for what this run has landed."""
    for landing in await server.store.landings(run.issue.repo):
        if landing.run_id == run.id:
            await _propose(server, landing, run, "a maintainer labelled it as escaped")


async def _propose(server: Server, landing: Landing, run: Run, why: str) -> None:
    request = ProposeRequest(
        repo=landing.repo,
        issue=run.issue.number,
        title=run.issue.title,
        body=run.issue.body,
        landed=landing.post,
        run_id=run.id,
        why=why,
        verdicts=tuple(claimed(v).id for attempt in run.attempts for v in attempt.verdicts),
    )
    await server.engine.enqueue(
        Lane.VALIDATE,
        "propose",
        wire.dump(request),
        id=f"propose:{landing.repo}:{landing.post}",
        priority=int(Priority.P3),
        app=Role.VALIDATOR.app,
    )
