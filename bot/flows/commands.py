"""Obeys what people who may write say in comments, each comment once.

A command only moves labels, which everybody sees and the intake reads; or it is a question.
"""

from collections.abc import Sequence

from bot.adapters.forge import Comment
from bot.domain.control import Person
from bot.domain.issue import Issue
from bot.domain.run import Run
from bot.domain.subject import SubjectKind
from bot.errors import Gone, NightshiftError
from bot.flows.control import may_write
from bot.flows.people import given_back
from bot.flows.server import Server
from bot.policy.commands import Command, Mistake, Verb, objection, parse, relabel
from bot.policy.texts import marker, reply, scenarios_told, why_told
from bot.policy.why import Why

Said = Sequence[Command | Mistake]
_DONE = "+1"
"""The reaction that says: read and done. It also tells a fresh database what is done already."""


async def obey(server: Server, repo: str, number: int) -> bool:
    """Read the comments under an issue or pull request, and obey what was not obeyed yet.

    One that cannot be answered keeps no other from being obeyed. While everything is paused nothing
    is written; only a stop is noted, because it holds us back. Return whether all was done.
    """
    failed: NightshiftError | None = None
    paused, writers = await server.store.paused(), dict[Person, bool]()
    done = True
    for comment in await server.forge.comments(repo, number):
        said = parse(comment.body)
        by = Person(comment.author, comment.author_id)
        if not said or comment.app_id:
            continue
        if by not in writers:
            writers[by] = await may_write(server.forge, repo, by)
        if not writers[by]:
            continue
        if paused:
            done = False
            await _note_stop(server, repo, number, said)
            continue
        try:
            await _once(server, repo, number, comment, said)
        except NightshiftError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return done


async def obeyed(server: Server, repo: str, comment: Comment) -> bool:
    """Whether a comment has been answered already."""
    return await server.store.effect_done(_key(repo, comment))


def _key(repo: str, comment: Comment) -> str:
    return f"command:{repo}:{comment.id}"


async def _note_stop(server: Server, repo: str, number: int, said: Said) -> None:
    """Let a stop count before anything goes on; its label follows with the other commands."""
    if Command(Verb.STOP) in said:
        for run in await server.store.runs(repo):
            if not run.state.ended and number in {run.issue.number, run.pull}:
                await server.store.request_stop(run.id, Why.STOP_LABEL)


async def _once(server: Server, repo: str, number: int, comment: Comment, said: Said) -> None:
    async def nothing() -> None:
        return None  # every part of an answer looks for itself before it is repeated

    async def answer() -> bool:
        if not await server.forge.reacted(repo, comment.id, _DONE):
            told = [text for one in said if (text := await _answer(server, repo, number, one))]
            if told:
                await _reply(server, repo, number, comment, "\n\n".join(told))
            await server.forge.react(repo, comment.id, _DONE)
        return True

    key = _key(repo, comment)
    await server.store.effect(key, "command", {}, lookup=nothing, perform=answer)


async def _answer(server: Server, repo: str, number: int, said: Command | Mistake) -> str:
    """Do what one line says; return what there is to reply."""
    runs = [run for run in await server.store.runs(repo) if number in {run.issue.number, run.pull}]
    issue = runs[-1].issue.number if runs else number
    if isinstance(said, Mistake):
        return f"Not understood: {said.what}."
    if said.verb in {Verb.WHY, Verb.SCENARIOS}:
        return _told(said, runs)
    if against := objection(said, [await given_back(server, run) for run in runs[-1:]]):
        return f"Not now: {against}"
    await _relabel(server, repo, issue, said)
    return ""


async def asked_by(server: Server, issue: Issue, pulls: Sequence[int]) -> str:
    """Name who last said `retry` on an issue or its pull requests; empty when nobody did."""
    said = [
        comment
        for number in (issue.number, *pulls)
        for comment in await server.forge.comments(issue.repo, number)
        if Command(Verb.RETRY) in parse(comment.body) and not comment.app_id
    ]
    for comment in sorted(said, key=lambda one: one.id, reverse=True):
        by = Person(comment.author, comment.author_id)
        if await may_write(server.forge, issue.repo, by):
            return comment.author
    return ""


def _told(said: Command, runs: list[Run]) -> str:
    if not runs:
        return "No run has begun here: somebody who may write sets the label `nightshift`."
    return why_told(runs[-1]) if said.verb is Verb.WHY else scenarios_told(runs[-1])


async def _relabel(server: Server, repo: str, number: int, said: Command) -> None:
    try:
        issue = await server.forge.issue(repo, number)
    except Gone:
        return
    change = relabel(said, issue.labels)
    for name in change.off:
        await server.forge.remove_label(repo, number, name)
    if change.on:
        await server.forge.add_labels(repo, number, *change.on)
    # Our own labels come back as deliveries that nobody looks at.
    await server.store.mark_dirty(repo, SubjectKind.ISSUE, number)


async def _reply(server: Server, repo: str, number: int, comment: Comment, text: str) -> None:
    mark = marker(f"reply:{comment.id}")
    if await server.forge.find_comment(repo, number, mark) is None:
        await server.forge.create_comment(repo, number, reply(mark, text))
