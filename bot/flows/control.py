"""Asks GitHub whose hand is on an issue: who set the labels that steer us, and who may write."""

from bot.adapters.forge import Forge
from bot.domain.control import Person
from bot.domain.issue import Issue
from bot.policy.control import Hand, setters, weigh


async def hand_of(forge: Forge, issue: Issue) -> Hand:
    """Return what people with write permission have said by labels; nobody else counts."""
    put = setters(issue.labels, await forge.labellings(issue.repo, issue.number))
    if not put:
        return Hand()
    people = {one.by for one in put} | {Person(issue.author, issue.author_id)}
    writers = {one.id for one in people if await may_write(forge, issue.repo, one)}
    return weigh(put, writers, issue.author_id)


async def may_write(forge: Forge, repo: str, person: Person) -> bool:
    """Whether this very account may write now; our own App says only what such a person asked."""
    if person.id == await forge.bot_id():
        return True
    found = await forge.permission(repo, person.login)
    return found.writes and found.user_id == person.id
