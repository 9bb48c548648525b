"""Which deliveries matter, and what the state of an issue, as re-read, asks for.

When a run starts: the issue is open, carries the trigger label and neither stop nor pause, no run
is open, somebody who may write stands behind this text (bot.policy.control), and the last run
leaves room. After a run ended, the same text starts again only if the label is set anew, or if a
person had stopped it and has taken that back (reopened, labelled again). An edited text does,
unless the last run landed, left an open pull request, or was ended by a person's own commit: then
the next word is a person's. An edit during a run waits until that run has ended.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.control import Labelling
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.domain.subject import SubjectKey, SubjectKind
from bot.policy.commands import addressed
from bot.policy.control import PAUSE, STOP, TRIGGER, Hand, approved, renewed, swapped
from bot.policy.why import Why

BRANCH = "nightshift/issue-"
OUTAGES = frozenset({"credential", "unavailable", "rate-limited", "disk-full"})
"""Reasons of a parked run that pass without anybody touching the issue."""
MOST_RESUMES = 3

ALLOWED: Mapping[str, frozenset[str]] = {
    "issues": frozenset(
        {
            "opened",
            "edited",
            "labeled",
            "unlabeled",
            "closed",
            "reopened",
            "deleted",
            "transferred",
        }
    ),
    "issue_comment": frozenset({"created"}),
    "pull_request": frozenset(
        {"opened", "reopened", "closed", "synchronize", "labeled", "unlabeled"}
    ),
    "push": frozenset({""}),
    "repository": frozenset({"renamed", "archived", "unarchived", "deleted", "transferred"}),
    "installation": frozenset(
        {"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}
    ),
    "installation_repositories": frozenset({"added", "removed"}),
}
"""Every (event, action) that is stored; `push` has no action. An edited or deleted comment is not a
new one, so neither is here."""

_OUR_OWN = {
    "issues": frozenset({"labeled", "unlabeled", "closed"}),
    "issue_comment": frozenset({"created"}),
    "pull_request": frozenset({"labeled", "unlabeled"}),
}
"""What we cause ourselves. Our own pushes and pull requests do pass: they drive the queue."""

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", re.ASCII)
_LARGEST = 2**31


@dataclass(frozen=True, slots=True)
class StartRun:
    """Begin a run for this revision. The store decides between two that want the same."""

    issue: Issue
    priority: Priority
    approval: Labelling


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Say that a label stands for nothing, because the text was changed behind it."""

    issue: Issue
    approval: Labelling


@dataclass(frozen=True, slots=True)
class Admit:
    """Set the trigger label ourselves, if the author's share allows it, and begin."""

    issue: Issue


@dataclass(frozen=True, slots=True)
class StopRun:
    """End the open run before its next step."""

    run_id: str
    why: Why


@dataclass(frozen=True, slots=True)
class Reprioritise:
    """Move the run in its queue."""

    run_id: str
    priority: Priority


Action = Admit | AskAgain | StartRun | StopRun | Reprioritise


def subjects_of(
    event: str, action: str, payload: Mapping[str, object], *, own_id: int | None = None
) -> tuple[SubjectKey, ...]:
    """Return what to look at again: nothing for all that is not allowed or not understood.

    `own_id` is the numeric user id of our App's bot: what we did ourselves needs no second look.
    """
    if action not in ALLOWED.get(event, frozenset()):
        return ()
    if own_id is not None and _number(payload, "sender", "id") == own_id:  # noqa: SIM102
        if action in _OUR_OWN.get(event, frozenset()):
            return ()
    if event.startswith("installation"):
        number = _number(payload, "installation", "id")
        return (SubjectKey("", SubjectKind.INSTALLATION, number),) if number else ()
    repo = _at(payload, "repository", "full_name")
    if not isinstance(repo, str) or not _REPO.fullmatch(repo):
        return ()
    return tuple(_in_repository(event, payload, repo))


def _in_repository(event: str, payload: Mapping[str, object], repo: str) -> Iterable[SubjectKey]:
    """Yield the subjects of an event that belongs to one repository."""
    match event:
        case "issue_comment":
            number = _number(payload, "issue", "number")
            if number and addressed(_at(payload, "comment", "body")):
                yield SubjectKey(repo, SubjectKind.COMMENTS, number)
        case "issues":
            is_pull = isinstance(_at(payload, "issue", "pull_request"), Mapping)
            kind = SubjectKind.PULL if is_pull else SubjectKind.ISSUE
            if number := _number(payload, "issue", "number"):
                yield SubjectKey(repo, kind, number)
        case "pull_request":
            if number := _number(payload, "pull_request", "number"):
                yield SubjectKey(repo, SubjectKind.PULL, number)
            yield from _issue_of_branch(repo, _at(payload, "pull_request", "head", "ref"))
        case "push":
            ref = _at(payload, "ref")
            if ref == f"refs/heads/{_at(payload, 'repository', 'default_branch')}":
                yield SubjectKey(repo, SubjectKind.BRANCH, 0)
            elif isinstance(ref, str):
                yield from _issue_of_branch(repo, ref.removeprefix("refs/heads/"))
        case _:
            yield SubjectKey(repo, SubjectKind.REPOSITORY, 0)


def _issue_of_branch(repo: str, ref: object) -> Iterable[SubjectKey]:
    """Yield the issue that one of our branches works on."""
    if isinstance(ref, str) and (match := re.fullmatch(rf"{BRANCH}([1-9]\d{{0,8}})", ref)):
        yield SubjectKey(repo, SubjectKind.ISSUE, int(match[1]))


def _at(payload: object, *path: str) -> object:
    """Return what stands at a path of a payload, None where there is nothing."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def _number(payload: Mapping[str, object], *path: str) -> int:
    """Return a positive number, 0 for anything else."""
    found = _at(payload, *path)
    plain = isinstance(found, int) and not isinstance(found, bool)
    return found if plain and isinstance(found, int) and 0 < found < _LARGEST else 0


def stopped(issue: Issue | None) -> Why | None:
    """Say why no step may be taken for this issue any more; asked before every irreversible one."""
    if issue is None:
        return Why.GONE
    labels = {label.casefold() for label in issue.labels}
    if STOP in labels:
        return Why.STOP_LABEL
    if issue.state != "open":
        return Why.CLOSED
    if TRIGGER not in labels:
        return Why.UNLABELLED
    return None


def paused(issue: Issue) -> bool:
    """Whether a person asks us to wait."""
    return PAUSE in {label.casefold() for label in issue.labels}


def decide(
    issue: Issue | None, open_run: Run | None, ended: Sequence[Run], hand: Hand
) -> tuple[Action, ...]:
    """Return what to do now.

    `issue` is as just re-read, None when it is gone or hidden; `ended` are its earlier runs, oldest
    first; `hand` is whose word stands behind its labels.
    """
    why = stopped(issue)
    if open_run is not None:
        return _running(open_run, why, hand)
    if issue is None or why is not None or paused(issue) or hand.approval is None:
        return ()
    if swapped(hand):
        return (AskAgain(issue, hand.approval),)
    if not approved(issue, hand) or not _may_start(issue, ended, hand):
        return ()
    return (StartRun(issue, hand.priority, hand.approval),)


def _running(run: Run, why: Why | None, hand: Hand) -> tuple[Action, ...]:
    """Decide for an issue whose run goes on.

    In the train a closed issue stops nothing here: our own landing closes it, and the train asks
    `stopped` itself right before it moves main.
    """
    if why is not None:
        landing = why is Why.CLOSED and run.state is RunState.TRAIN
        return () if landing else (StopRun(run.id, why),)
    if hand.priority is not run.priority:
        return (Reprioritise(run.id, hand.priority),)
    return ()


def _may_start(issue: Issue, ended: Sequence[Run], hand: Hand) -> bool:
    """Whether the earlier runs leave room for one more."""
    last = _last_word(ended)
    if last is None:
        return True
    if last.state is RunState.STOPPED:
        return _taken_back(last, hand)
    if last.state in {RunState.LANDED, RunState.OPENED}:
        return False
    return last.issue.revision != issue.revision or renewed(last, hand)


_OVER = {Why.GONE, Why.REPOSITORY_GONE, Why.ARCHIVED, Why.UNLABELLED, Why.STOP_LABEL}
"""Stops that nobody but people who may label, or who own the repository, can take back."""


def _taken_back(last: Run, hand: Hand) -> bool:
    """Whether a stop is over, now that the issue is open, labelled and not stopped again.

    Anybody may open his own closed issue again; after that it takes somebody who may write.
    """
    if last.reason == Why.CLOSED:
        return hand.author_writes or renewed(last, hand)
    if last.reason in {Why.PULL_CLOSED, Why.RETARGETED}:
        return renewed(last, hand)
    return last.reason in _OVER


def _last_word(ended: Sequence[Run]) -> Run | None:
    """Return the ended run that decides about a new one.

    A run that an outage or a refused key has parked does not count, three times over: the next
    sweep tries again, so that nothing waits for a person who was asleep.
    """
    if not ended:
        return None
    last = ended[-1]
    same = [run for run in ended if run.issue.revision == last.issue.revision]
    if last.state is RunState.PARKED and last.reason in OUTAGES and len(same) <= MOST_RESUMES:
        return None
    return last
