"""Asks GitHub whose hand is on an issue: who set the labels that steer us, and who may write."""

import re
from dataclasses import replace

from bot.adapters.forge import Forge
from bot.adapters.store import Store, SubjectKey
from bot.domain.control import Labelling, Person
from bot.domain.issue import Issue
from bot.domain.subject import SubjectKind
from bot.flows.server import Server
from bot.policy.control import PAUSE_ALL, Hand, setters, steers, weigh

_SLUG = re.compile(r"([^#]+/[^#]+)#([0-9]+)")


async def hand_of(server: Server, issue: Issue) -> Hand:
    """Return what people with write permission have said by labels; nobody else counts.

    Which text an approval was first seen on is written down, paused or not.
    """
    forge = server.forge
    if not any(steers(label) for label in issue.labels):
        return Hand()
    put = setters(issue.labels, await forge.labellings(issue.repo, issue.number))
    people = {one.by for one in put} | {Person(issue.author, issue.author_id)}
    writers = {one.id for one in people if await may_write(forge, issue.repo, one)}
    hand = weigh(put, writers, issue.author_id)
    if hand.approval is None:
        return hand
    return replace(hand, revision=await _covered(server, issue, hand, hand.approval))


async def _covered(server: Server, issue: Issue, hand: Hand, approval: Labelling) -> str:
    """Return the revision that a label covers; none, if a stranger has changed it behind the label.

    The text was read before: an edit that is not seen here is not in it.
    """
    store = server.store
    known = await store.approved_text(issue.slug, approval.id)
    if known is not None:
        return known
    swapped = not hand.author_writes and await server.forge.edited_since(
        issue.repo, issue.number, approval
    )
    return await store.approve_text(issue.slug, approval.id, "" if swapped else issue.revision)


async def says(forge: Forge, repo: str, number: int, label: str) -> bool:
    """Whether a label is on, and was last set by somebody who may write."""
    if label.casefold() not in {one.casefold() for one in await forge.labels(repo, number)}:
        return False
    put = [
        one
        for one in await forge.labellings(repo, number)
        if one.label.casefold() == label.casefold()
    ]
    return bool(put) and await may_write(forge, repo, max(put, key=lambda one: one.id).by)


async def may_write(forge: Forge, repo: str, person: Person) -> bool:
    """Whether this very account may write now; our own App says only what such a person asked."""
    if person.id == await forge.bot_id():
        return True
    found = await forge.permission(repo, person.login)
    return found.writes and found.user_id == person.id


async def hold(server: Server, key: SubjectKey, issue: Issue | None, hand: Hand) -> None:
    """Hold every role while an issue, open or closed, carries the label.

    It takes somebody who may write to let go. An issue that cannot be read holds on as well: then
    it is `nightshift resume --all`.
    """
    source, store = f"{key.repo}#{key.number}", server.store
    if hand.pauses_all:
        await store.pause(source, f"the label set by {hand.pauses_all}")
    elif issue is not None and key in await holders(store) and await _lets_go(server.forge, issue):
        await store.resume(source)


async def _lets_go(forge: Forge, issue: Issue) -> bool:
    """Whether the label that holds everything was taken off by somebody who may write."""
    history = await forge.labellings(issue.repo, issue.number)
    held = [one for one in history if one.label.casefold() == PAUSE_ALL]
    last = max(held, key=lambda one: one.id, default=None)
    return last is not None and not last.on and await may_write(forge, issue.repo, last.by)


async def holders(store: Store) -> tuple[SubjectKey, ...]:
    """Name the issues whose label holds everything."""
    found = [_SLUG.fullmatch(pause.source) for pause in await store.pauses()]
    kind = SubjectKind.ISSUE.value
    return tuple(SubjectKey(one[1], kind, int(one[2])) for one in found if one)
