"""Asks GitHub whose hand is on an issue: who set the labels that steer us, and who may write."""

import re
from dataclasses import replace

from bot.adapters.forge import Forge
from bot.adapters.store import Store, SubjectKey
from bot.domain.control import Person
from bot.domain.issue import Issue
from bot.domain.subject import SubjectKind
from bot.flows.server import Server
from bot.policy.control import Hand, setters, steers, weigh

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
    seen = await server.store.approved_text(issue.slug, hand.approval.id, issue.revision)
    return replace(hand, revision=seen)


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


async def hold(store: Store, key: SubjectKey, hand: Hand) -> None:
    """Hold every role while an issue, open or closed, carries the label; let go afterwards."""
    source = f"{key.repo}#{key.number}"
    if hand.pauses_all:
        await store.pause(source, f"the label set by {hand.pauses_all}")
    elif key in await holders(store):
        await store.resume(source)


async def holders(store: Store) -> tuple[SubjectKey, ...]:
    """Name the issues whose label holds everything."""
    found = [_SLUG.fullmatch(pause.source) for pause in await store.pauses()]
    kind = SubjectKind.ISSUE.value
    return tuple(SubjectKey(one[1], kind, int(one[2])) for one in found if one)
