"""Shows a run on GitHub: one label, one comment on the issue, one on the PR, the check's end.

A projection of the database: it can be repeated at any time, and mends what people changed.
"""

import contextlib
import logging
from collections.abc import Sequence

from bot.domain.run import Run, RunState
from bot.errors import Gone, Rejected
from bot.flows.publish import show_check
from bot.flows.server import Server
from bot.policy.texts import (
    STATE_LABELS,
    evidence,
    issue_comment,
    state_label,
)

log = logging.getLogger(__name__)
_QUIET = frozenset(
    {
        RunState.QUEUED,
        RunState.TRIAGING,
        RunState.PUBLISHING,
        RunState.SEALING,
        RunState.TRAIN,
    }
)
"""States that pass quickly or look like the one before: no call and no notification for them."""
_UNLABELLED = frozenset({RunState.QUEUED, RunState.TRIAGING})

_SHOW = "show"
_CONCLUSION = {RunState.LANDED: "success", RunState.OPENED: "neutral"}
"""How the check ends; every other end is a failure."""


async def show(server: Server, run: Run) -> None:
    """Project a run; an end that could not be shown is kept in the outbox until it is."""
    if not run.state.ended:
        await project(server, run)
        return

    async def unknown() -> None:
        return None

    async def make() -> bool:
        await project(server, run)
        return True

    await server.store.effect(_end_of(run), _SHOW, {}, lookup=unknown, perform=make)


async def show_again(server: Server, known: Sequence[Run]) -> None:
    """Show the end that an issue's last run still owes; what is out of date by now is dropped."""

    async def moot() -> bool:
        return True

    ids = {run.id for run in known}
    for key in await server.store.pending_effects(_SHOW):
        if key == _end_of(known[-1]):
            await show(server, known[-1])
        elif _run_of(key) in ids:
            await server.store.effect(key, _SHOW, {}, lookup=moot, perform=moot)


async def owed(server: Server) -> tuple[str, ...]:
    """Name the runs whose end GitHub does not show yet."""
    return tuple(map(_run_of, await server.store.pending_effects(_SHOW)))


def _end_of(run: Run) -> str:
    return f"{_SHOW}:{run.id}:{run.state.value}"


def _run_of(key: str) -> str:
    return key.removeprefix(f"{_SHOW}:").rpartition(":")[0]


async def project(server: Server, run: Run) -> None:
    """Bring GitHub up to the run's state, where it would look different from before.

    What people have deleted is not shown any more, and that stops nothing: whether the run may go
    on is asked elsewhere (bot.flows.people).
    """
    if run.state in _QUIET:
        return
    parts = [show_label, _tell_issue]
    if run.state.ended and run.pull is not None and run.attempts:
        parts += [_tell_pull, _close_pull, _end_check]
    for part in parts:
        try:
            await part(server, run)
        except Gone:
            continue
        except Rejected as refused:  # archived or locked: a run still comes to its end
            log.warning("%s cannot be shown: %s", run.issue.slug, refused.what)


async def show_label(server: Server, run: Run) -> None:
    """Leave the one label that mirrors the state; what people changed about it is mended."""
    if run.state in _UNLABELLED:
        return
    repo, label = run.issue.repo, state_label(run.state)
    await server.forge.ensure_label(repo, label)
    await server.forge.set_state_label(repo, run.issue.number, label.name, STATE_LABELS)


async def _tell_issue(server: Server, run: Run) -> None:
    """Say on the issue where it stands."""
    await _comment(server, run, run.issue.number, issue_comment(run))


async def _tell_pull(server: Server, run: Run) -> None:
    """Say on the pull request what its end rests on.

    Only then, because people are told of a comment once: when it is made.
    """
    if run.pull is not None:
        await _comment(server, run, run.pull, evidence(run))


async def _comment(server: Server, run: Run, number: int, body: str) -> None:
    """Make the one comment that begins with this marker, or rewrite it; each run looks once.

    Deleted by a person, it stays away for the rest of this run.
    """
    repo, marker = run.issue.repo, body.partition("\n")[0]

    async def look() -> int | None:
        found = await server.forge.find_comment(repo, number, marker)
        return found.id if found is not None else None

    fresh = False

    async def make() -> int:
        nonlocal fresh
        known = await look()
        fresh = known is None
        return known or (await server.forge.create_comment(repo, number, body)).id

    key = f"comment:{run.id}:{number}"
    made = await server.store.effect(key, "comment", {}, lookup=look, perform=make)
    if not fresh:
        with contextlib.suppress(Gone):
            await server.forge.update_comment(repo, int(made), body)


async def _close_pull(server: Server, run: Run) -> None:
    """Close what will never be merged; a pull request that a person is to judge stays open."""
    if run.pull is not None and run.state is RunState.DROPPED:
        await server.forge.update_pull(run.issue.repo, run.pull, state="closed")


async def _end_check(server: Server, run: Run) -> None:
    """Complete the check: it is never left hanging."""
    commit = run.landed_commit or run.attempts[-1].commit
    await show_check(server, run, commit, _CONCLUSION.get(run.state, "failure"))
