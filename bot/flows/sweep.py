"""What repairs itself on a timer: whatever webhooks were lost, the same state is found.

Sweeps only mark subjects dirty, as deliveries do: there is no second way to act.
"""

import logging
import time

from bot.adapters.forge import Repository
from bot.domain.subject import SubjectKind
from bot.errors import Gone, NightshiftError, Rejected
from bot.flows.admission import mission_of
from bot.flows.commands import obeyed
from bot.flows.control import holders
from bot.flows.project import owed
from bot.flows.server import Server
from bot.policy.ageing import aged
from bot.policy.commands import addressed
from bot.policy.control import PAUSE_ALL, TRIGGER
from bot.policy.escaped import ESCAPED
from bot.policy.lost import Attempt, lost

log = logging.getLogger(__name__)
_KEPT_S = 30 * 86_400.0
"""How long deliveries, blobs, events and ended workflows stay; runs and landings stay for good."""


async def sweep(server: Server) -> tuple[str, ...]:
    """Mark everything that may concern us dirty, as if every webhook had been lost.

    Return what could not be read: one account or repository never hides the others.
    """
    failed: list[str] = []
    for installation in await server.forge.installations():
        if installation.suspended:
            continue
        try:
            found = await server.forge.repositories(installation)
        except NightshiftError as error:
            failed.append(f"{installation.account}: {error.what}")
            continue
        for repo in found:
            try:
                await _repository(server, repo)
            except NightshiftError as error:
                failed.append(f"{repo.full_name}: {error.what}")
    for line in failed:
        log.warning("could not be swept: %s", line)
    await _records(server)
    return tuple(failed)


async def _records(server: Server) -> None:
    """Mark what our own records ask for, and forget what is old."""
    store = server.store
    for run in await store.runs():
        if not run.state.ended:
            await store.mark_dirty(run.issue.repo, SubjectKind.ISSUE, run.issue.number)
            if run.pull is not None:
                await store.mark_dirty(run.issue.repo, SubjectKind.COMMENTS, run.pull)
    for letter in await store.dead_letters():  # given up during an outage that is over by now
        await store.mark_dirty(letter.key.repo, letter.key.kind, letter.key.number)
    late = await owed(server)
    for run in await store.runs() if late else ():
        if run.id in late:
            await store.mark_dirty(run.issue.repo, SubjectKind.ISSUE, run.issue.number)
    for key in await holders(store):
        await store.mark_dirty(key.repo, key.kind, key.number)
    for id_, priority, waited_s in await store.waiting():
        await server.engine.reprioritise([f"issue:{id_}"], aged(priority, waited_s))
    await store.purge(_KEPT_S)
    await server.engine.purge(_KEPT_S)


async def _repository(server: Server, repo: Repository) -> None:
    if repo.archived:
        return
    store, forge, name = server.store, server.forge, repo.full_name
    for issue in await forge.open_issues(name, TRIGGER):
        await store.mark_dirty(name, SubjectKind.ISSUE, issue.number)
        await store.mark_dirty(name, SubjectKind.COMMENTS, issue.number)
    await _comments(server, name)
    mission = await mission_of(server, name)
    if mission is not None and mission.takes_all:
        for issue in await forge.open_issues(name):
            await store.mark_dirty(name, SubjectKind.ISSUE, issue.number)
    for number, pull in await forge.labelled(name, PAUSE_ALL):
        if not pull:
            await store.mark_dirty(name, SubjectKind.ISSUE, number)
    if await store.landings(name):
        await store.mark_dirty(name, SubjectKind.BRANCH, 0)
        for number, pull in await forge.labelled(name, ESCAPED):
            await store.mark_dirty(name, SubjectKind.PULL if pull else SubjectKind.ISSUE, number)


async def _comments(server: Server, repo: str) -> None:
    """Find what was said to us anywhere, also where no label and no run is."""
    for number, comment in await server.forge.latest_comments(repo):
        if addressed(comment.body) and not await obeyed(server, repo, comment):
            await server.store.mark_dirty(repo, SubjectKind.COMMENTS, number)


async def ask_again(server: Server) -> int:
    """Let GitHub repeat the deliveries that never arrived; return how many were asked for."""
    if await server.store.paused():
        return 0
    try:
        log_of_github = await server.forge.deliveries()
    except Gone:  # the App has no webhook: nothing was sent, so nothing is lost
        return 0
    tried = [
        Attempt(one.id, one.guid, one.event, one.action, one.arrived, one.delivered_at.timestamp())
        for one in log_of_github
    ]
    asked = 0
    for attempt in lost(tried, time.time()):
        try:
            await server.forge.redeliver(attempt)
            asked += 1
        except (Gone, Rejected) as error:  # too old, or not ours to ask for: the next one may be
            log.warning("a lost delivery stays lost: %s", error.what)
    if asked:
        log.info("asked GitHub for %d lost deliveries", asked)
    return asked
